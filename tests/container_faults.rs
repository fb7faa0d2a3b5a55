//! Containers whose clients, supervisors or engines fail: what runs on is seen, and what
//! nobody knows is not guessed.

use std::fs;
use std::time::Duration;
use tests::*;

const TALKS: &str = "i=0; trap 'echo bye; exit 5' TERM; \
    while [ $i -lt 500 ]; do i=$((i+1)); echo line $i; sleep 0.1; done";

/// A container that talks, under the `docker` of this home.
fn start(home: &Home, engine: &Engine, name: &str) -> Value {
    let docker = engine.own_docker();
    let record = home.start(name, engine.run(&docker, &["-d"], TALKS));
    home.until_out(name, "line 2");
    record
}

/// The number in the last line of a log.
fn last_line(home: &Home, name: &str) -> u32 {
    let out = home.out(name);
    let last = out.lines().rfind(|line| line.starts_with("line ")).unwrap_or("line 0");
    last["line ".len()..].parse().expect("a number")
}

#[test]
fn a_container_that_loses_its_client_runs_on_and_gets_another() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let client = start(&home, &engine, &web).pid();
    let id = engine.inspect(&format!("bgrun-{web}"), "{{.Id}}");
    Life::of(client).kill();
    assert_eq!(home.ls(&web).status(), "running");
    let seen = last_line(&home, &web);
    eventually("its output goes on", || last_line(&home, &web) > seen + 5);
    let record = home.ls(&web);
    assert!(record["supervised"] == true && record.pid() != client, "{record:#}");
    assert_eq!(record.number("run"), 1);
    assert_eq!(engine.inspect(&format!("bgrun-{web}"), "{{.Id}}"), id);
    let out = home.out(&web);
    for number in 1..=seen + 5 {
        assert!(out.contains(&format!("line {number}\n")), "line {number} is lost:\n{out}");
    }
    // The client that is there now does not know the code; the engine does.
    home.kill([&web]);
    let record = home.ls(&web);
    assert_eq!((record.number("exit_code"), record.text("exit_reason")), (5, "stop"));
    home.must_be_clean();
}

#[test]
fn a_container_without_client_and_supervisor_is_running_and_is_adopted_by_the_guard() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let record = start(&home, &engine, &web);
    for pid in [record.supervisor(), record.pid()] {
        Life::of(pid).kill();
    }
    let seen = last_line(&home, &web);
    let record = home.ls(&web);
    assert_eq!((record.status(), &record["supervised"]), ("running", &json!(false)));
    home.verb("run", [&*web]).code(5).says("already running");
    home.verb("guard", [""; 0]).ok();
    let record = home.ls(&web);
    assert_eq!((record.status(), &record["supervised"]), ("running", &json!(true)));
    eventually("what it wrote meanwhile is in the log", || last_line(&home, &web) > seen + 5);
    let out = home.out(&web);
    assert!((1..=seen + 5).all(|number| out.contains(&format!("line {number}\n"))), "{out}");
    home.kill([&web]);
    assert_eq!(home.ls(&web).number("exit_code"), 5);
    home.must_be_clean();
}

#[test]
fn a_container_that_lost_its_supervisor_is_stopped_all_the_same() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let record = start(&home, &engine, &web);
    Life::of(record.supervisor()).kill();
    assert_eq!(home.ls(&web).status(), "running");
    let answer = home.kill([&web]);
    assert_eq!(answer.only().text("outcome"), "stopped");
    assert_eq!(engine.inspect(&format!("bgrun-{web}"), "{{.State.Status}}"), "exited");
    assert_eq!(home.ls(&web).number("exit_code"), 5);
    home.must_be_clean();
}

#[test]
fn a_supervisor_that_is_shut_down_has_the_container_stopped() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let record = start(&home, &engine, &web);
    Life::of(record.supervisor()).signal(Signal::TERM);
    let record = home.until(&web, "lost");
    assert_eq!((record.text("exit_reason"), record.number("exit_code")), ("shutdown", 5));
    assert_eq!(record["container"]["status"], "exited");
}

#[test]
fn an_engine_that_is_down_says_nothing_of_its_containers() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    start(&home, &engine, &web);
    fs::write(home.at("engine"), "echo Cannot connect to the daemon >&2; exit 1\n").unwrap();
    let output = home.verb("ls", ["--json", &*web]).ok();
    assert!(output.err().contains("engine unreachable"), "{output}");
    let record = output.json().only().clone();
    assert_eq!((record.status(), &record["container"]["status"]), ("running", &Value::Null));
    // Stopping is tried, and not claimed: its container lives on.
    let output = home.verb("kill", ["--json", &*web]).code(1);
    let answer = output.json().only().clone();
    assert!(answer.text("error").contains("engine unreachable"), "{output}");
    assert_eq!(answer.text("outcome"), "survivors");
    let refused = home.verb("kill", ["--json", "--delete", &*web]).run();
    assert_ne!(refused.code, 0, "{refused}");
    assert!(home.find(&web).is_some(), "what may run is not forgotten");
    home.verb("run", [&*web]).run().says("engine unreachable");
    fs::remove_file(home.at("engine")).unwrap();
    home.kill([&*web, "--delete"]);
    assert_eq!(engine.inspect(&format!("bgrun-{web}"), "{{.Id}}"), "");
    home.must_be_clean();
}

#[test]
fn an_engine_that_hangs_keeps_the_list_waiting_for_a_while_and_no_longer() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    start(&home, &engine, &web);
    fs::write(home.at("engine"), "exec sleep 30\n").unwrap();
    let output = home.verb("ls", ["--json", &*web]).ok();
    assert!(output.elapsed < Duration::from_secs(8), "{output}");
    assert!(output.err().contains("gave no answer"), "{output}");
    assert_eq!(output.json().only()["container"]["status"], Value::Null);
    fs::remove_file(home.at("engine")).unwrap();
    home.kill([&*web, "--delete"]);
}

#[test]
fn an_engine_that_is_down_is_an_error_of_run() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let docker = engine.own_docker();
    fs::write(home.at("engine"), "echo Cannot connect to the daemon >&2; exit 1\n").unwrap();
    let refused = home.verb("run", [&*web, "--"]).args(engine.run(&docker, &[], TALKS)).code(1);
    refused.says("engine unreachable").says("Cannot connect to the daemon");
    assert!(home.find(&web).is_none());
    home.verb("run", [&*web, "-c", "/nowhere/podman run x"]).code(127);
}
