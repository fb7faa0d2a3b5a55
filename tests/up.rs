//! `bgrun up` and `bgrun down`: everything becomes as the project file says.

use std::fs;
use std::path::Path;
use tests::*;

const SHOP: &str = r#"
group = "shop"

[process.db]
command = "echo accepts connections; exec sleep 60"
ready = "log:accepts"

[process.web]
command = ["sleep", "60"]
after = ["db"]
env = { PORT = 3000 }

[process.mail]
command = ["sleep", "60"]
"#;

fn write(dir: &Path, text: &str) {
    fs::write(dir.join("bgrun.toml"), text).expect("a file can be written");
}

/// A home whose own directory has a project file.
fn project(text: &str) -> Home {
    let home = Home::new();
    write(home.path(), text);
    home
}

/// Each name with the action in the answer.
fn actions(answer: &Value) -> Vec<String> {
    let all = answer.as_array().unwrap_or_else(|| panic!("no array: {answer:#}"));
    all.iter().map(|one| format!("{} {}", one.name(), one.text("action"))).collect()
}

#[track_caller]
fn plan(home: &Home) -> Vec<String> {
    actions(&home.verb("up", ["--dry-run", "--json"]).json())
}

#[test]
fn everything_is_started_in_its_order_and_a_second_time_changes_nothing() {
    let home = project(SHOP);
    let output = home.bgrun(["up"]).ok();
    let said: Vec<String> =
        output.out().lines().map(|line| line.split(", pid").next().unwrap().to_owned()).collect();
    assert_eq!(said, ["db: started", "web: started", "mail: started"]);
    let (db, web) = (home.ls("db"), home.ls("web"));
    assert!(web.text("timestamp") >= db.text("ready_at"));
    assert_eq!(web["group"], "shop");
    assert_eq!(web["workdir"], home.path().canonicalize().unwrap().to_str().unwrap());
    assert_eq!(environ_of(web.pid())["PORT"], "3000");
    assert!(web.text("project").ends_with("/bgrun.toml"));

    let before: Vec<i64> = home.all().iter().map(|one| one.number("run")).collect();
    assert_eq!(home.bgrun(["up"]).ok().out(), "db: unchanged\nweb: unchanged\nmail: unchanged\n");
    assert_eq!(plan(&home), ["db keep", "web keep", "mail keep"]);
    let after: Vec<i64> = home.all().iter().map(|one| one.number("run")).collect();
    assert_eq!(before, after);
    assert_eq!(home.ls("web").pid(), web.pid());
}

#[test]
fn only_what_has_changed_is_restarted() {
    let home = project(SHOP);
    home.verb("up", [""; 0]).ok();
    let before = home.all();
    write(home.path(), &SHOP.replace("PORT = 3000", "PORT = 4000, DEBUG = 1"));
    assert_eq!(plan(&home), ["db keep", "web restart", "mail keep"]);
    let output = home.verb("up", ["--dry-run"]).ok().out();
    assert_eq!(output, "db: keep\nweb: restart (env)\nmail: keep\n");
    let answer = home.verb("up", ["--json"]).json();
    assert_eq!(actions(&answer), ["db keep", "web restart", "mail keep"]);
    assert_eq!(answer[1]["changes"], json!(["env"]));
    assert_eq!(answer[1]["run"], 2);
    assert_eq!(answer[0]["pid"], before[0]["pid"]);
    assert_eq!(environ_of(home.ls("web").pid())["PORT"], "4000");
    // What is taken out of the file has its default again.
    write(
        home.path(),
        &SHOP.replace("group = \"shop\"", "").replace("ready = \"log:accepts\"", ""),
    );
    let answer = home.verb("up", ["--json"]).json();
    assert_eq!(actions(&answer), ["db restart", "web restart", "mail restart"]);
    assert_eq!(answer[0]["changes"], json!(["group", "ready"]));
    assert_eq!((&answer[0]["ready_probe"], &answer[0]["group"]), (&Value::Null, &Value::Null));
    assert!(!environ_of(home.ls("web").pid()).contains_key("DEBUG"));
    assert_eq!(plan(&home), ["db keep", "web keep", "mail keep"]);
}

#[test]
fn what_was_stopped_or_has_died_is_started() {
    let home = project(SHOP);
    home.verb("up", [""; 0]).ok();
    home.kill(["web"]);
    Life::of(home.ls("mail").pid()).kill();
    home.until("mail", "failed");
    assert_eq!(plan(&home), ["db keep", "web start", "mail start"]);
    home.verb("up", [""; 0]).ok();
    assert!(home.all().iter().all(|one| one.status() == "running"));
}

#[test]
fn drift_is_put_right() {
    let home = project(SHOP);
    home.verb("up", [""; 0]).ok();
    home.verb("run", ["web", "--restart", "-e", "PORT=1", "--keep-alive"]).ok();
    let answer = home.verb("up", ["--json"]).json();
    assert_eq!(answer[1]["changes"], json!(["env", "keep_alive"]));
    assert_eq!(home.ls("web")["keep_alive"], "never");
}

#[test]
fn a_dry_run_does_nothing() {
    let home = project(SHOP);
    let output = home.verb("up", ["--dry-run"]).ok();
    assert_eq!(output.out(), "db: start\nweb: start\nmail: start\n");
    assert!(home.all().is_empty());
}

#[test]
fn a_name_brings_what_it_comes_after() {
    let home = project(SHOP);
    let answer = home.verb("up", ["web", "--json", "--wait=30s"]).json();
    assert_eq!(actions(&answer), ["db start", "web start"]);
    assert!(home.find("mail").is_none());
    home.verb("up", ["wbe"]).code(4).says("did you mean 'web'?");
}

#[test]
fn what_runs_already_is_waited_for_too() {
    let home =
        project("[process.web]\ncommand = 'read x < gate; echo up; sleep 60'\nready = 'log:up'\n");
    home.sh("mkfifo gate").ok();
    home.verb("up", [""; 0]).ok();
    home.verb("up", ["--wait=200ms"]).code(124).says("web: is not ready after 200ms");
    let up = home.verb("up", ["--wait"]).spawn();
    fs::write(home.at("gate"), "go\n").unwrap();
    assert_eq!(up.done().ok().out(), "web: unchanged\n");
    assert!(home.ls("web")["ready_at"].is_string());
}

#[test]
fn what_left_the_file_is_named_and_removed_when_asked() {
    let home = project(SHOP);
    home.verb("up", [""; 0]).ok();
    home.start_sleep("other");
    write(home.path(), SHOP.split("[process.mail]").next().unwrap());
    assert_eq!(plan(&home), ["db keep", "web keep", "mail orphan"]);
    let output = home.verb("up", [""; 0]).ok().says("mail: is no longer in bgrun.toml");
    assert!(output.err().contains("--remove-orphans"));
    assert_eq!(home.ls("mail").status(), "running");
    let answer = home.verb("up", ["--remove-orphans", "--json"]).json();
    assert_eq!(actions(&answer), ["db keep", "web keep", "mail stop"]);
    assert!(home.find("mail").is_none());
    assert_eq!(home.ls("other").status(), "running", "it was never of this file");
}

#[test]
fn down_stops_all_in_the_opposite_order() {
    let home = project(SHOP);
    home.verb("up", [""; 0]).ok();
    home.start_sleep("other");
    let output = home.bgrun(["down"]).ok();
    let order: Vec<String> =
        output.out().lines().map(|line| line.split(": stopped").next().unwrap().into()).collect();
    assert_eq!(order.len(), 3, "{output}");
    assert_eq!(order[2], "db", "the first is stopped last");
    assert!(home.ls("web").text("ended_at") <= home.ls("db").text("ended_at"));
    assert_eq!(home.ls("other").status(), "running");
    home.bgrun(["down"]).ok();
    home.verb("up", ["web"]).ok();
    let answer = home.bgrun(["down", "web", "--json"]).json();
    assert_eq!(answer.only()["outcome"], "stopped");
    assert_eq!(home.ls("db").status(), "running", "only what is named");
    home.bgrun(["down", "--delete"]).ok();
    assert_eq!(home.all().len(), 1);
    home.bgrun(["down"]).ok().says("no process of this project");
}

#[test]
fn a_job_is_done_once() {
    let text = r#"
[process.build]
command = "mkdir -p made; printf '#!/bin/sh\nexec sleep 60\n' > made/server; chmod +x made/server"

[process.web]
command = ["./made/server"]
after = "build:exited"
"#;
    let home = project(text);
    home.verb("up", [""; 0]).ok();
    assert_eq!(home.ls("build").status(), "exited");
    assert_eq!(home.ls("web").status(), "running", "what the job makes is there in time");
    assert_eq!(plan(&home), ["build keep", "web keep"]);
    home.kill(["web"]);
    home.verb("up", [""; 0]).ok();
    assert_eq!(home.ls("build")["run"], 1);
}

#[test]
fn the_file_is_found_from_below_and_paths_are_relative_to_it() {
    let text = r#"
[process.web]
command = "pwd; echo $WORD; exec sleep 60"
directory = "app"
env_files = "words.env"
logs_dir = "logs"
"#;
    let home = project(text);
    fs::create_dir_all(home.at("app/deep")).unwrap();
    fs::write(home.at("words.env"), "WORD=hello\n").unwrap();
    home.verb("up", [""; 0]).cwd(home.at("app/deep")).ok();
    let log = home.at("logs/web-out.txt");
    eventually("it has written", || fs::read_to_string(&log).is_ok_and(|t| t.contains("hello")));
    assert!(fs::read_to_string(&log).unwrap().starts_with(home.at("app").to_str().unwrap()));
    // A change of what is read at a start is a change too.
    fs::write(home.at("words.env"), "WORD=bye\n").unwrap();
    assert_eq!(plan(&home), ["web restart"]);
    let named = home.verb("up", ["--dry-run", "-f"]).arg(home.at("bgrun.toml")).cwd("/");
    assert_eq!(named.ok().out(), "web: restart (env)\n");
    home.verb("up", [""; 0]).cwd("/").code(4).says("no bgrun.toml");
    home.verb("up", ["-f", "none.toml"]).code(4).says("none.toml");
}

#[test]
fn a_name_of_another_project_is_refused() {
    let home = project(SHOP);
    home.verb("up", [""; 0]).ok();
    let other = home.dir("other");
    write(&other, "[process.web]\ncommand = 'sleep 60'\n[process.new]\ncommand = 'sleep 60'\n");
    let output = home.verb("up", [""; 0]).cwd(&other).code(5);
    assert!(output.err().contains("web: is a process of"), "{output}");
    assert!(home.find("new").is_none(), "nothing was touched");
    assert_eq!(home.ls("web")["run"], 1);
    home.bgrun(["down"]).cwd(&other).ok().says("web: left alone");
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn what_was_started_by_hand_here_is_taken_over() {
    let home = project("[process.web]\ncommand = ['sleep', '60']\n");
    let record = home.start_sleep("web");
    assert_eq!(home.verb("up", [""; 0]).ok().out(), "web: unchanged\n");
    assert_eq!(home.ls("web").pid(), record.pid());
    home.verb("run", ["api", "--", "sleep", "60"]).cwd(home.dir("elsewhere")).ok();
    write(home.path(), "[process.api]\ncommand = ['sleep', '60']\n");
    home.verb("up", [""; 0]).code(5).says("elsewhere");
}

#[test]
fn what_is_wrong_in_the_file_is_told_with_its_place() {
    let home = project("[process.web]\ncommand = 'sleep 60'\nredy = 'port'\n");
    let output = home.verb("up", [""; 0]).code(2).says("hint: did you mean 'ready'?");
    assert!(output.err().contains("bgrun.toml, line 3, column 1: unknown key 'redy'"), "{output}");
    write(home.path(), "[process.web\n");
    home.verb("up", [""; 0]).code(2).says("line 1");
    write(
        home.path(),
        "[process.web]\ncommand = ['no-such-program']\n[process.x]\ncommand = 'true'\n",
    );
    home.verb("up", [""; 0]).code(1).says("web: no-such-program: command not found");
    home.verb("up", ["--dry-run"]).code(1).says("not found");
    assert!(home.all().is_empty(), "nothing was started: {:#?}", home.all());
    write(home.path(), "[process.web]\ncommand = 'sleep 60'\nafter = 'db'\n");
    home.verb("up", [""; 0]).code(1).says("comes after 'db', and no process has this name");
}

#[test]
fn a_file_without_a_process_is_said_to_be_one() {
    let home = project("");
    home.verb("up", [""; 0]).ok().says("there is no process in");
    let home = project("[services.web]\ncommand = 'sleep 60'\n");
    home.verb("up", [""; 0]).code(2).says("[process.NAME]");
}

#[test]
fn what_fails_is_told_and_the_others_are_started() {
    let text = r#"
[process.bad]
command = "echo 'no disk' >&2; exit 3"
ready = "log:up"

[process.web]
command = "sleep 60"
after = "bad"

[process.fine]
command = "sleep 60"
"#;
    let home = project(text);
    let output = home.verb("up", [""; 0]).code(1).says("no disk");
    assert!(output.err().contains("web: comes after bad, which ended before it was ready"));
    assert!(output.out().contains("fine: started, pid"), "{output}");
    assert_eq!(home.ls("fine").status(), "running");
    let answer = home.verb("up", ["--json"]).code(1).json();
    assert!(answer[1]["error"].is_string(), "{answer:#}");
}

#[test]
fn run_says_what_would_be_different() {
    let home = Home::new();
    home.verb("run", ["web", "--group", "shop", "-e", "A=1", "--", "sleep", "60"]).ok();
    let said = |args: &[&str]| home.verb("run", args).ok().out();
    assert_eq!(said(&["web", "--restart", "--dry-run"]), "web: would be restarted\n");
    let other = said(&["web", "--restart", "--dry-run", "-e", "A=2", "--", "sleep", "61"]);
    assert_eq!(other, "web: would be restarted with another command, env\n");
    assert_eq!(said(&["web", "--if-absent", "--dry-run"]), "web: already running\n");
    home.verb("run", ["web", "--dry-run"]).code(5);
    let new = home.verb("run", ["api", "--dry-run", "--json", "--", "true"]).json();
    assert_eq!((new.text("action"), &new["is_new"]), ("start", &json!(true)));
    home.verb("run", ["api", "--dry-run", "--", "no-such-program"]).code(127);
    assert_eq!(home.all().len(), 1);
    assert_eq!(home.ls("web")["run"], 1);
    // What is forgotten of it has its default.
    home.verb("run", ["web", "--restart", "--reset"]).ok();
    let record = home.ls("web");
    assert_eq!((&record["group"], &record["env_keys"]), (&Value::Null, &json!([])));
    assert_eq!(record["argv"], json!(["sleep", "60"]));
}
