//! Order: what a process comes after is started before it and waited for.

use std::time::{Duration, Instant};
use tests::*;

const A_MOMENT: Duration = Duration::from_millis(300);

/// Stores a process that does not run yet.
#[track_caller]
fn store(home: &Home, name: &str, flags: &[&str], script: &str) {
    home.verb("run", [name, "--quiet"]).args(flags).args(["--", "sh", "-c", script]).ok();
    home.kill([name]);
    home.until(name, "stopped");
}

fn start_of(home: &Home, name: &str) -> String {
    home.ls(name).text("timestamp").to_owned()
}

#[test]
fn what_comes_first_is_started_first_and_waited_for() {
    let home = Home::new();
    home.sh("mkfifo gate").ok();
    store(&home, "db", &["--ready", "log:^up$"], "read line < gate; echo up; sleep 60");
    let run = home.verb("run", ["web", "--after", "db", "--", "sleep", "60"]).spawn();
    home.until("db", "running");
    holds_for(A_MOMENT, "it waits", || run.life.is_alive() && home.find("web").is_none());
    std::fs::write(home.at("gate"), "go\n").unwrap();
    let output = run.done().ok();
    assert!(output.out().starts_with("web: running, pid "), "{output}");
    assert_eq!(output.out().lines().count(), 1, "only what was asked for is told");
    let record = home.ls("web");
    assert_eq!(record["after"], json!(["db"]));
    assert!(record.text("timestamp") >= home.ls("db").text("ready_at"));
    assert!(home.verb("ls", ["--details", "web"]).ok().out().contains("after      db"));
}

#[test]
fn it_is_stored_and_obeyed_at_every_start() {
    let home = Home::new();
    store(&home, "db", &[], "sleep 60");
    home.verb("run", ["web", "--after", "db", "--", "sleep", "60"]).ok();
    home.kill(["--all"]);
    home.verb("run", ["web"]).ok();
    assert_eq!(home.ls("db").status(), "running");
    home.kill(["db"]);
    assert_eq!(home.ls("web").status(), "running", "a stop of what came first stops nothing else");
    home.verb("run", ["web", "--restart"]).ok();
    assert_eq!(home.ls("db").status(), "running");
    home.kill(["db"]);
    home.verb("run", ["web", "--restart", "--after", ""]).ok();
    assert_eq!(home.ls("web")["after"], json!([]));
    assert_eq!(home.ls("db").status(), "stopped", "it comes after nothing any more");
}

#[test]
fn a_chain_is_started_from_its_far_end() {
    let home = Home::new();
    store(&home, "a", &["--ready", "after:50ms"], "sleep 60");
    store(&home, "c", &[], "sleep 60");
    store(&home, "b", &["--after", "a"], "sleep 60");
    home.kill(["a"]);
    home.verb("run", ["d", "--after", "b:running", "--after", "c", "--", "sleep", "60"]).ok();
    let record = home.ls("a");
    assert!(start_of(&home, "b").as_str() >= record.text("ready_at"));
    assert!(start_of(&home, "d") >= start_of(&home, "b"));
    assert!(start_of(&home, "d") >= start_of(&home, "c"));
}

#[test]
fn several_share_what_they_come_after() {
    let home = Home::new();
    store(&home, "db", &["--ready", "after:200ms"], "sleep 60");
    for name in ["one", "two"] {
        store(&home, name, &[], "sleep 60");
    }
    let spec = json!([
        {"name": "one", "command": "sleep 60", "after": ["db"]},
        {"name": "two", "command": "sleep 60", "after": ["db"]},
    ]);
    home.verb("run", ["-", "--json"]).stdin(spec.to_string()).ok();
    assert_eq!(home.ls("db")["run"], 2, "it was started once");
    home.kill(["--all"]);
    // The same from two terminals at once.
    let both = ["one", "two"].map(|name| home.verb("run", [name]).spawn());
    for run in both {
        run.done().ok();
    }
    assert_eq!(home.ls("db")["run"], 3);
}

#[test]
fn records_on_stdin_are_started_in_their_order() {
    let home = Home::new();
    let spec = json!([
        {"name": "web", "command": "sleep 60", "after": ["api"]},
        {"name": "api", "command": "sleep 60", "after": ["db", "migrate:exited"]},
        {"name": "migrate", "command": "sleep 0.1", "after": ["db"]},
        {"name": "db", "command": "sleep 60", "ready": "after:100ms"},
        {"name": "alone", "command": "sleep 60"},
    ]);
    let told = home.verb("run", ["-", "--json"]).stdin(spec.to_string()).json();
    let names: Vec<&str> = told.as_array().unwrap().iter().map(|one| one.name()).collect();
    assert_eq!(names, ["web", "api", "migrate", "db", "alone"], "told as they were named");
    assert!(start_of(&home, "migrate").as_str() >= home.ls("db").text("ready_at"));
    assert!(start_of(&home, "api").as_str() >= home.ls("migrate").text("ended_at"));
    assert!(start_of(&home, "web") >= start_of(&home, "api"));
    assert!(start_of(&home, "alone") < start_of(&home, "api"), "it waits for nobody");
    // A list as it is printed says the same, and everything runs: nothing is waited for.
    let stack = home.verb("ls", ["--json", "--env"]).ok().out();
    home.verb("run", ["-", "--if-absent"]).stdin(stack).ok();
}

#[test]
fn a_job_is_waited_for_until_it_has_ended_well() {
    let home = Home::new();
    home.sh("mkfifo gate").ok();
    store(&home, "migrate", &[], "read code < gate; echo \"code $code\" >&2; exit $code");
    let run = home.verb("run", ["web", "--after", "migrate:exited", "--", "sleep", "60"]).spawn();
    home.until("migrate", "running");
    holds_for(A_MOMENT, "it waits", || run.life.is_alive());
    std::fs::write(home.at("gate"), "3\n").unwrap();
    let output = run.done().expect_code(1).says("code 3");
    assert!(
        output.err().contains("web: comes after migrate, which ended with exit code 3"),
        "{output}"
    );
    assert!(home.find("web").is_none());

    let run = home.verb("run", ["web", "--after", "migrate:exited", "--", "sleep", "60"]).spawn();
    home.until("migrate", "running");
    std::fs::write(home.at("gate"), "0\n").unwrap();
    run.done().ok();
    // What has done its work is not done again.
    home.verb("run", ["web", "--restart"]).ok();
    assert_eq!(home.ls("migrate").status(), "exited");
    assert_eq!(home.ls("migrate")["run"], 3);
}

#[test]
fn what_never_gets_ready_is_told_of() {
    let home = Home::new();
    store(
        &home,
        "db",
        &["--ready", "log:never"],
        "echo 'no disk' >&2; [ -e stay ] && sleep 60; exit 4",
    );
    let web = ["web", "--after", "db", "--wait=300ms", "--", "sleep", "60"];
    let output = home.verb("run", web).code(1).says("no disk");
    assert!(output.err().contains("comes after db, which ended before it was ready"), "{output}");
    std::fs::write(home.at("stay"), "").unwrap();
    home.verb("run", web).code(124).says("comes after db, which is not ready in time");
    assert!(home.find("web").is_none());
    assert_eq!(home.ls("db").status(), "running");
    home.kill(["db"]);
    home.verb("run", ["db", "--ready", "", "--", "no-such-program"]).code(127);
}

#[test]
fn what_cannot_be_started_keeps_others_from_being_started() {
    let home = Home::new();
    let tool = home.script("tool", "#!/bin/sh\nsleep 60\n");
    home.start("db", [tool.as_str()]);
    home.kill(["db"]);
    std::fs::remove_file(&tool).unwrap();
    let output = home.verb("run", ["web", "--after", "db", "--", "sleep", "60"]).code(1);
    assert!(output.err().contains("comes after db, which was not started"), "{output}");
    assert!(output.err().contains("not found"), "and why: {output}");
    let spec = json!([
        {"name": "web", "command": "sleep 60", "after": ["api"]},
        {"name": "api", "argv": ["no-such-program"]},
        {"name": "other", "command": "sleep 60"},
    ]);
    let told = home.verb("run", ["-", "--json"]).stdin(spec.to_string()).code(1).json();
    assert_eq!(told[0]["error"], "comes after api, which was not started");
    assert_eq!(told[2].status(), "running");
}

#[test]
fn a_circle_is_shown_and_nothing_is_started() {
    let home = Home::new();
    let output = home.verb("run", ["web", "--after", "web", "--", "sleep", "60"]).code(2);
    assert!(output.err().contains("web → web"), "{output}");
    store(&home, "a", &[], "sleep 60");
    store(&home, "b", &["--after", "a"], "sleep 60");
    home.kill(["a"]);
    let output = home.verb("run", ["a", "--after", "b"]).code(2);
    assert!(output.err().contains("a → b → a"), "{output}");
    let spec = json!([
        {"name": "x", "command": "sleep 60", "after": ["y"]},
        {"name": "y", "command": "sleep 60", "after": ["z:running"]},
        {"name": "z", "command": "sleep 60", "after": ["x"]},
        {"name": "w", "command": "sleep 60"},
    ]);
    let output = home.verb("run", ["-"]).stdin(spec.to_string()).code(2);
    assert!(output.err().contains("x → y → z → x"), "{output}");
    assert!(home.all().iter().all(|one| one.status() == "stopped"), "{:#?}", home.all());
    assert_eq!(home.all().len(), 2);
}

#[test]
fn an_unknown_name_is_refused() {
    let home = Home::new();
    store(&home, "db", &[], "sleep 60");
    let web = |after: &str| home.verb("run", ["web", "--after", after, "--", "sleep", "60"]);
    web("bd").code(4).says("did you mean 'db'?");
    web("db:redy").code(4).says("NAME:ready");
    web("../db").code(2);
    assert_eq!(home.all().len(), 1);
    web("db").ok();
    home.kill(["--all"]);
    home.kill(["db", "--delete"]);
    home.verb("run", ["web"]).code(4).says("web: comes after 'db'");
}

#[test]
fn the_shells_variable_says_it_too() {
    let home = Home::new();
    store(&home, "db", &["--ready", "after:50ms"], "sleep 60");
    store(&home, "cache", &[], "sleep 60");
    let web =
        home.verb("run", ["web", "--", "sleep", "60"]).env("BGR_DEPENDS_ON", "db, cache:running");
    web.ok();
    assert_eq!(home.ls("web")["after"], json!(["db", "cache:running"]));
    assert_eq!(home.ls("web")["env"]["BGR_DEPENDS_ON"], "db, cache:running");
    assert_eq!(home.ls("db")["after"], json!([]), "it says so of web alone");
    assert_eq!(home.ls("cache").status(), "running");
    home.kill(["--all"]);
    home.verb("run", ["web"]).ok();
    assert_eq!(home.ls("db").status(), "running", "it is recorded");
}

#[test]
fn what_bgrun_starts_again_waits_for_nobody() {
    let home = Home::new();
    store(&home, "db", &["--ready", "log:never"], "sleep 60");
    home.verb("run", ["web", "--keep-alive", "--after", "db:running", "--", "sleep", "60"]).ok();
    home.kill(["db"]);
    Life::of(home.ls("web").pid()).kill();
    eventually("it is started again", || home.ls("web")["run"] == 2);
    let record = home.until("web", "running");
    Life::of(record.supervisor()).kill();
    Life::of(record.pid()).kill();
    home.until("web", "lost");
    home.kill(["db", "--delete"]);
    home.verb("guard", [""; 0]).ok();
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn what_runs_already_is_left_alone_with_what_it_comes_after() {
    let home = Home::new();
    store(&home, "db", &["--ready", "log:never"], "sleep 60");
    home.start_sleep("web");
    let begun = Instant::now();
    home.verb("run", ["web", "--if-absent", "--after", "db"]).ok();
    home.verb("run", ["web", "--after", "db"]).code(5);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(home.ls("db").status(), "stopped");
    // Named together, one that runs is there for the other.
    home.verb("run", ["api", "--after", "web", "--", "sleep", "60"]).ok();
    home.kill(["api"]);
    home.verb("run", ["web", "api"]).code(1).says("already running");
    assert_eq!(home.ls("api").status(), "running");
}
