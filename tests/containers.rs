//! Containers, with a real engine: podman, by its own name and by that of docker.

use std::time::Duration;
use tests::*;

/// Writes lines, and ends with 5 when it is asked to; by itself within a minute.
const TALKS: &str = "i=0; trap 'echo bye; exit 5' TERM; \
    while [ $i -lt 500 ]; do i=$((i+1)); echo line $i; sleep 0.1; done";

#[test]
fn a_command_that_runs_a_container_is_known_by_what_its_engine_says() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let record = home.start(&web, engine.run("podman", &["-d"], TALKS));
    let container = format!("bgrun-{web}");
    assert_eq!(record["container"]["engine"], "podman");
    assert_eq!(record["container"]["name"], *container);
    assert!(record.text("command").contains(" run -d "), "as it was said: {record:#}");
    home.until_out(&web, "line 3");
    let record = home.ls(&web);
    assert_eq!(
        (record.status(), record["container"]["status"].as_str()),
        ("running", Some("running"))
    );
    assert_eq!(engine.inspect(&container, "{{.State.Status}}"), "running");
    let answer = home.kill([&web]).only().clone();
    assert_eq!((answer.text("outcome"), answer.status()), ("stopped", "stopped"));
    assert_eq!(engine.inspect(&container, "{{.State.Status}}"), "exited");
    let record = home.ls(&web);
    assert_eq!((record.number("exit_code"), record.text("exit_reason")), (5, "stop"));
    assert_eq!(record["container"]["status"], "exited");
    assert!(home.out(&web).ends_with("bye\n"), "{}", home.out(&web));
    let answer = home.kill([&web, "--delete"]).only().clone();
    assert_eq!(answer["deleted"], true);
    assert_eq!(engine.inspect(&container, "{{.State.Status}}"), "", "it was removed");
    home.must_be_clean();
}

#[test]
fn a_line_of_shell_runs_a_container_too_and_docker_is_an_engine() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let own = engine.name("own");
    let docker = engine.own_docker();
    let words = engine.run(&docker, &["-d", "--name", &own], "echo \"$1\"; exit 3");
    let line = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let line = format!("{line} sh \"$PWD\"");
    home.verb("run", [&*web, "--command", &line]).ok();
    let record = home.until(&web, "failed");
    assert_eq!(record.number("exit_code"), 3);
    assert_eq!(record["container"], json!({"engine": "docker", "name": own, "status": "exited"}));
    assert_eq!(home.out(&web).trim(), home.path().to_str().unwrap());
}

#[test]
fn what_is_no_container_has_none_and_no_engine_is_asked() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let docker = engine.own_docker();
    home.start("web", [&*docker, "version"]);
    home.start_sleep("other");
    let all = home.all();
    assert!(all.iter().all(|record| record["container"].is_null()), "{all:#?}");
    assert_eq!(engine.lists(), 0);
}

#[test]
fn one_question_to_the_engine_is_enough_for_all_its_containers() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let docker = engine.own_docker();
    let names = ["a", "b", "c"].map(|name| engine.name(name));
    for name in &names {
        home.start(name, engine.run(&docker, &["-d"], TALKS));
    }
    for name in &names {
        home.until_out(name, "line 1");
    }
    let before = engine.lists();
    let all = home.all();
    assert_eq!(engine.lists(), before + 1);
    assert!(all.iter().all(|record| record["container"]["status"] == "running"), "{all:#?}");
    home.kill(["--all", "--delete"]);
}

#[test]
fn a_container_that_is_started_again_finds_its_name_free() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let argv = engine.run("podman", &["-d", "--name", &web], TALKS);
    home.start(&web, &argv);
    home.until_out(&web, "line 1");
    let first = engine.inspect(&web, "{{.Id}}");
    home.verb("run", [&*web]).code(5);
    let record = home.verb("run", [&*web, "--restart", "--json"]).json();
    assert_eq!(record.number("run"), 2);
    home.until_out(&web, "bye\nline 1");
    let second = engine.inspect(&web, "{{.Id}}");
    assert_ne!(first, second);
    home.kill([&web]);
    home.verb("run", [&*web, "--quiet"]).ok();
    assert_ne!(engine.inspect(&web, "{{.Id}}"), second);
    home.kill([&*web, "--delete"]);
}

#[test]
fn a_container_that_crashes_is_kept_alive_with_its_name() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let argv = engine.run("podman", &["-d"], "echo up; sleep 0.3; exit 7");
    let flags = ["--keep-alive", "--backoff", "10ms..10ms", "--max-restarts", "2"];
    home.verb("run", [&*web]).args(flags).arg("--").args(argv).ok();
    let record = home.until(&web, "failed");
    assert_eq!((record.number("run"), record.number("exit_code")), (3, 7));
    assert_eq!(home.out(&web), "up\nup\nup\n", "{}", home.err(&web));
}

#[test]
fn a_strangers_container_of_the_same_name_is_left_alone() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let theirs = engine.run("--log-level=error", &["-d", "--name", &web], "exit 0");
    engine.podman(theirs.iter().map(String::as_str)).ok();
    let id = engine.inspect(&web, "{{.Id}}");
    let ours = engine.run("podman", &["-d", "--name", &web], TALKS);
    let refused = home.verb("run", [&*web, "--"]).args(&ours).code(1);
    refused.says("is there already, and not of ours").says("hint: give another --name");
    assert_eq!(engine.inspect(&web, "{{.Id}}"), id);
    assert!(home.find(&web).is_none(), "nothing was stored");
    // Also one that takes the place of ours later on.
    engine.podman(["rm", &web]).ok();
    home.start(&web, &ours);
    home.until_out(&web, "line 1");
    home.kill([&web]);
    engine.podman(["rm", &web]).ok();
    engine.podman(theirs.iter().map(String::as_str)).ok();
    let id = engine.inspect(&web, "{{.Id}}");
    home.verb("run", [&*web]).code(1).says("not of ours");
    assert_eq!(home.ls(&web)["container"]["status"], "absent");
    home.kill([&*web, "--delete"]);
    assert_eq!(engine.inspect(&web, "{{.Id}}"), id);
}

#[test]
fn a_container_that_does_not_want_to_end_is_killed_by_its_engine_in_time() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    home.start(&web, engine.run("podman", &["-d"], "trap '' TERM; echo ready; sleep 60"));
    home.until_out(&web, "ready");
    let output = home.verb("kill", ["--json", "--timeout", "1s", &web]).ok();
    assert!(output.elapsed < Duration::from_secs(6), "{output}");
    assert_eq!(output.json().only().text("outcome"), "killed");
    assert_eq!(home.ls(&web).number("exit_code"), 137);
    home.must_be_clean();
}

#[test]
fn a_signal_goes_to_the_container_and_not_to_its_client() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let script = "trap 'echo again' HUP; echo ready; i=0; \
        while [ $i -lt 500 ]; do i=$((i+1)); sleep 0.1; done";
    home.start(&web, engine.run("podman", &["-d"], script));
    home.until_out(&web, "ready");
    let answer = home.kill([&*web, "--signal", "HUP"]);
    assert_eq!(answer.only().text("outcome"), "signalled");
    home.until_out(&web, "again");
    assert_eq!(home.ls(&web).status(), "running");
    home.kill([&*web, "--timeout", "0s"]);
    home.verb("kill", [&*web, "--signal", "HUP"]).code(3);
}

#[test]
fn a_port_of_a_container_is_the_processs_port() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let web = engine.name("web");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let script = format!("trap 'exit 0' TERM; nc -l -p {free} & wait");
    home.start(&web, engine.run("podman", &["-d"], &script));
    eventually("its port is seen", || home.ls(&web)["ports"] == json!([free]));
    home.kill([&web]);
    assert_eq!(home.ls(&web)["ports"], json!([]));
}

#[test]
fn clean_forgets_stopped_containers_and_leaves_running_ones() {
    let home = Home::new();
    let engine = Engine::new(&home);
    let [up, down] = ["up", "down"].map(|name| engine.name(name));
    home.start(&up, engine.run("podman", &["-d"], TALKS));
    home.start(&down, engine.run("podman", &["-d"], "exit 0"));
    home.until(&down, "exited");
    home.kill(["--clean"]);
    assert_eq!(home.all().len(), 1);
    assert_eq!(engine.inspect(&format!("bgrun-{down}"), "{{.Id}}"), "");
    assert_eq!(home.ls(&up).status(), "running");
    let dry = home.kill([&*up, "--dry-run"]);
    assert_eq!(dry.only().text("outcome"), "dry-run");
    home.kill([&*up, "--delete"]);
}
