//! Readiness: how it is found out, who waits for it, and what finding out leaves behind.

use std::time::Duration;
use tests::*;

/// Long enough for what must not happen.
const A_MOMENT: Duration = Duration::from_millis(300);

fn is_ready(home: &Home, name: &str) -> bool {
    home.ls(name)["ready"] == json!(true)
}

/// Starts `script` with the probe `ready`.
#[track_caller]
fn start(home: &Home, name: &str, ready: &str, script: &str) -> Value {
    home.verb("run", [name, "--ready", ready, "--json", "--", "sh", "-c", script]).json()
}

/// The processes of ours that look whether something is ready.
fn probers(supervisor: i32) -> Vec<i32> {
    let is_prober = |pid: &i32| {
        let cmdline = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&cmdline).contains("--probe")
    };
    children_of(supervisor).into_iter().filter(is_prober).collect()
}

#[test]
fn without_a_probe_nobody_looks_and_nothing_is_said() {
    let home = Home::new();
    let record = home.start_sleep("web");
    assert_eq!((&record["ready"], &record["ready_at"]), (&Value::Null, &Value::Null));
    assert_eq!(children_of(record.supervisor()), [record.pid()]);
    assert!(!home.verb("ls", [""; 0]).ok().out().contains("ready"));
}

#[test]
fn a_port_is_ready_when_the_tree_listens() {
    let home = Home::new();
    let listens = program("listens");
    // What listens is a grandchild, and only after a while.
    let script = format!("mkfifo gate; read line < gate; {listens} 0 & wait");
    let record = start(&home, "web", "port", &script);
    assert_eq!(record["ready_probe"], "port");
    assert_eq!((&record["ready"], &record["ready_at"]), (&json!(false), &Value::Null));
    eventually("somebody looks", || probers(record.supervisor()).len() == 1);
    let wait = home.verb("wait", ["web", "--for", "ready"]).spawn();
    holds_for(A_MOMENT, "it is not ready", || !is_ready(&home, "web") && wait.life.is_alive());
    assert!(home.verb("ls", [""; 0]).ok().out().contains("running (not ready)"));
    std::fs::write(home.at("gate"), "go\n").unwrap();
    assert_eq!(wait.done().ok().out(), "web: ready\n");
    let record = home.ls("web");
    assert!(record.text("ready_at") > record.text("timestamp"), "{record:#}");
    assert_eq!(record["status"], "running");
    assert_eq!(record["ports"].as_array().map(Vec::len), Some(1));
    eventually("whoever looked has left", || probers(record.supervisor()).is_empty());
    let shown = home.verb("ls", ["--details", "web"]).ok().out();
    assert!(shown.contains("(port)") && !shown.contains("not ready"), "{shown}");
}

#[test]
fn another_port_or_another_process_is_not_it() {
    let home = Home::new();
    home.start("other", [program("listens").as_str(), "0"]);
    let port: u16 = home.until_out("other", "\n").trim().parse().unwrap();
    start(&home, "web", &format!("port:{port}"), &format!("exec {} 0", program("listens")));
    home.until_out("web", "\n");
    holds_for(A_MOMENT, "somebody else listens there", || !is_ready(&home, "web"));
    let own: u16 = home.out("web").trim().parse().unwrap();
    home.kill(["web"]);
    let script = format!("exec {} {own}", program("listens"));
    start(&home, "web", &format!("port:{own}"), &script);
    home.verb("wait", ["web", "--for", "ready"]).ok();
}

#[test]
fn a_line_of_this_run_makes_it_ready_on_either_stream() {
    let home = Home::new();
    for (name, redirect) in [("out", ""), ("err", ">&2")] {
        let script = format!(
            "echo begin {redirect}; read line < {name}.gate; echo 'up in 7 ms' {redirect}; sleep 60"
        );
        home.sh(&format!("mkfifo {name}.gate")).ok();
        start(&home, name, r"log:^up in \d+ ms$", &script);
        holds_for(A_MOMENT, "it has not said so", || !is_ready(&home, name));
        std::fs::write(home.at(&format!("{name}.gate")), "go\n").unwrap();
        home.verb("wait", [name, "--for", "ready"]).ok();
        // The next run has yet to say it: what an earlier one said does not count.
        home.verb("run", [name, "--restart"]).ok();
        holds_for(A_MOMENT, "the line is of the run before", || !is_ready(&home, name));
        std::fs::write(home.at(&format!("{name}.gate")), "go\n").unwrap();
        home.verb("wait", [name, "--for", "ready"]).ok();
    }
}

#[test]
fn a_command_makes_it_ready_when_it_ends_with_0() {
    let home = Home::new();
    let dir = home.dir("app");
    let probe = "cmd:echo $WORD $BGRUN_NAME > seen; (sleep 58 &) ; test -e up";
    home.verb("run", ["web", "-e", "WORD=hello", "-d"])
        .arg(&dir)
        .args(["--ready", probe, "--", "sleep", "60"])
        .ok();
    eventually("it is tried", || dir.join("seen").exists());
    holds_for(A_MOMENT, "it does not succeed", || !is_ready(&home, "web"));
    std::fs::write(dir.join("up"), "").unwrap();
    home.verb("wait", ["web", "--for", "ready"]).ok();
    assert_eq!(std::fs::read_to_string(dir.join("seen")).unwrap(), "hello web\n");
    let record = home.ls("web");
    assert_eq!(record["processes"], 1, "the command is not of its tree");
    eventually("nothing is left of the tries", || {
        descendants_of(record.supervisor()) == [record.pid()]
    });
}

#[test]
fn an_address_makes_it_ready_when_it_answers_well() {
    let home = Home::new();
    let server = home.script(
        "server",
        "#!/usr/bin/python3 -u
import http.server, os, threading, time
threading.Thread(target=lambda: (time.sleep(55), os._exit(0)), daemon=True).start()
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == '/health' and os.path.exists('well') else 503)
        self.end_headers()
server = http.server.HTTPServer(('127.0.0.1', int(os.environ.get('PORT', '0'))), Answers)
print(server.server_port)
server.serve_forever()
",
    );
    home.start("first", [server.as_str()]);
    let port = home.until_out("first", "\n").trim().to_owned();
    home.kill(["first"]);
    home.verb("run", ["web", "-e", &format!("PORT={port}"), "--ready"])
        .args([&format!("http://localhost:{port}/health"), "--", &server])
        .ok();
    home.until_out("web", "\n");
    holds_for(A_MOMENT, "it is not well", || !is_ready(&home, "web"));
    std::fs::write(home.at("well"), "").unwrap();
    home.verb("wait", ["web", "--for", "ready"]).ok();
}

#[test]
fn a_time_makes_it_ready() {
    let home = Home::new();
    let output = home.verb("run", ["web", "--ready", "after:300ms", "--wait", "--", "sleep", "60"]);
    let output = output.ok();
    assert!(output.elapsed >= Duration::from_millis(300), "{:?}", output.elapsed);
    assert!(is_ready(&home, "web"));
}

#[test]
fn a_wait_for_readiness_has_three_ends() {
    let home = Home::new();
    let run = |name: &str, ready: &str, wait: &str, script: &str| {
        home.verb("run", [name, "--ready", ready, wait, "--", "sh", "-c", script]).run()
    };
    let ready = run("well", "log:hello", "--wait", "echo hello; sleep 60");
    assert!(ready.ok().out().starts_with("well: running, pid "));
    let ended = run("ill", "log:hello", "--wait=30s", "echo 'no database' >&2; exit 3");
    let ended = ended.expect_code(1).says("no database").says("ended before it was ready");
    assert!(ended.err().contains("exit code 3"), "{ended}");
    let late = run("late", "log:hello", "--wait=200ms", "sleep 60");
    late.expect_code(124).says("is not ready after 200ms").says("hint:");
    assert_eq!(home.ls("late").status(), "running", "it goes on");
    // The same of what runs already.
    home.verb("run", ["well", "--if-absent", "--wait"]).ok();
    home.verb("run", ["late", "--if-absent", "--wait=100ms"]).code(124);
}

#[test]
fn who_waits_for_readiness_learns_of_an_end() {
    let home = Home::new();
    home.sh("mkfifo gate").ok();
    start(&home, "web", "log:never", "read line < gate; exit 7");
    let wait = home.verb("wait", ["web", "--for", "ready", "--json"]).spawn();
    holds_for(A_MOMENT, "it waits", || wait.life.is_alive());
    std::fs::write(home.at("gate"), "go\n").unwrap();
    let output = wait.done().expect_code(1).says("ended before it was ready: exit code 7");
    let answer = output.json();
    assert_eq!(answer.only()["outcome"], "ended");
    assert_eq!(answer.only()["awaited"]["exit_code"], 7);
    home.verb("wait", ["web", "--for", "ready"]).code(1);
    assert_eq!(home.ls("web")["ready_at"], Value::Null);
}

#[test]
fn every_run_is_ready_anew() {
    let home = Home::new();
    let script = "[ -e slow ] && sleep 60; touch slow; echo up; sleep 60";
    let record = home
        .verb("run", ["web", "--keep-alive", "--ready", "log:up", "--json", "--wait", "--"])
        .args(["sh", "-c", script])
        .json();
    assert!(record["ready_at"].is_string(), "{record:#}");
    Life::of(record.pid()).kill();
    eventually("it is started again", || home.ls("web")["run"] == 2);
    let again = home.until("web", "running");
    assert_eq!(again["ready_at"], Value::Null);
    eventually("somebody looks again", || probers(again.supervisor()).len() == 1);
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn a_stop_ends_the_looking_too() {
    let home = Home::new();
    let record = start(&home, "web", "cmd:sleep 50", "sleep 60");
    eventually("it is tried", || descendants_of(record.supervisor()).len() > 2);
    let stopped = home.kill(["web"]);
    assert_eq!(stopped.only()["outcome"], "stopped");
    home.must_be_clean();
}

#[test]
fn a_new_supervisor_goes_on_looking() {
    let home = Home::new();
    home.sh("mkfifo gate").ok();
    let record = start(&home, "web", "log:up", "read line < gate; echo up; sleep 60");
    let lookers = probers(record.supervisor());
    Life::of(record.supervisor()).kill();
    eventually("who looked leaves with it", || lookers.iter().all(|pid| !is_alive(*pid)));
    home.verb("guard", [""; 0]).ok();
    assert_eq!(home.ls("web")["supervised"], true);
    assert_eq!(home.ls("web").pid(), record.pid());
    std::fs::write(home.at("gate"), "go\n").unwrap();
    home.verb("wait", ["web", "--for", "ready", "--timeout", "15s"]).ok();
}

#[test]
fn a_killed_looker_harms_nothing() {
    let home = Home::new();
    let record = start(&home, "web", "log:never", "sleep 60");
    for pid in probers(record.supervisor()) {
        Life::of(pid).kill();
    }
    eventually("it has left", || probers(record.supervisor()).is_empty());
    let now = home.ls("web");
    assert_eq!(
        (now.status(), now.pid(), now.supervisor()),
        ("running", record.pid(), record.supervisor())
    );
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn a_program_that_daemonizes_gets_ready_as_the_daemon() {
    let home = Home::new();
    let script =
        format!("(setsid sh -c 'read line < gate; exec {} 0' &) ; exit 0", program("listens"));
    home.sh("mkfifo gate").ok();
    start(&home, "web", "port", &script);
    holds_for(A_MOMENT, "it does not listen", || !is_ready(&home, "web"));
    std::fs::write(home.at("gate"), "go\n").unwrap();
    home.verb("wait", ["web", "--for", "ready", "--timeout", "15s"]).ok();
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn a_rotated_log_is_read_on() {
    let home = Home::new();
    home.sh("mkfifo gate").ok();
    let script = "seq 100000; echo begun; read line < gate; echo up; sleep 60";
    start(&home, "web", "log:^up$", script);
    home.until_out("web", "begun");
    home.verb("logs", ["web", "--rotate"]).ok();
    holds_for(A_MOMENT, "it has not said so", || !is_ready(&home, "web"));
    std::fs::write(home.at("gate"), "go\n").unwrap();
    home.verb("wait", ["web", "--for", "ready", "--timeout", "15s"]).ok();
}

#[test]
fn a_locked_store_does_not_hide_that_it_is_ready() {
    let home = Home::new();
    home.sh("mkfifo gate").ok();
    start(&home, "web", "log:up", "read line < gate; echo up; sleep 60");
    let database = open_database(&home.database());
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    std::fs::write(home.at("gate"), "go\n").unwrap();
    home.verb("wait", ["web", "--for", "ready", "--timeout", "15s"]).ok();
    assert!(is_ready(&home, "web"), "the lock file tells it");
    database.execute_batch("ROLLBACK").unwrap();
    home.kill(["web"]);
    let stopped = home.ls("web");
    assert!(stopped["ready_at"].is_string(), "the store has it with the end of the run");
    assert_eq!(stopped["ready"], json!(false), "what does not run is not ready");
}

#[test]
fn what_is_no_probe_is_refused_before_anything_starts() {
    let home = Home::new();
    for (probe, why) in [
        ("soon", "port:3000"),
        ("port:0", "not a port"),
        ("log:(", "unclosed group"),
        ("https://localhost/", "http://"),
        ("after:x", "not a duration"),
        ("cmd:", "shell command"),
    ] {
        home.verb("run", ["web", "--ready", probe, "--", "sleep", "60"]).code(2).says(why);
    }
    let record = json!([{"name": "web", "command": "sleep 60", "ready": "soon"}]).to_string();
    home.verb("run", ["-"]).stdin(record).code(2).says("item 1");
    assert!(home.all().is_empty());
}

#[test]
fn a_probe_is_stored_replaced_and_taken_away() {
    let home = Home::new();
    start(&home, "web", "after:0", "sleep 60");
    home.verb("wait", ["web", "--for", "ready"]).ok();
    let again = home.verb("run", ["web", "--restart", "--json"]).json();
    assert_eq!(again["ready_probe"], "after:0");
    let other = home.verb("run", ["web", "--restart", "--ready", "after:1h", "--json"]).json();
    assert_eq!(other["ready_probe"], "after:1h");
    let none = home.verb("run", ["web", "--restart", "--ready", "", "--json"]).json();
    assert_eq!(none["ready_probe"], Value::Null);
    let stack = home.verb("ls", ["--json", "--env"]).ok().out();
    home.kill(["web", "--delete"]);
    home.verb("run", ["-"]).stdin(stack.replace("\"ready\":null", "\"ready\":\"port\"")).ok();
    assert_eq!(home.ls("web")["ready_probe"], "port");
}

#[test]
fn who_waits_for_what_the_user_stops_is_told() {
    let home = Home::new();
    home.verb("run", ["web", "--ready", "port:1", "--", "sleep", "60"]).ok();
    let wait = home.verb("wait", ["web", "--for", "ready"]).spawn();
    let is_asleep =
        || status_field(wait.pid(), "State").is_some_and(|state| state.starts_with('S'));
    eventually("it waits", is_asleep);
    home.kill(["web"]);
    assert_eq!(wait.done().code, 1);
}
