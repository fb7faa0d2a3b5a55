//! The flag spelling of the older tool of the same name keeps working.
//!
//! End to end where the verb exists; where it does not yet, a script in its place shows what would
//! have been called.

use tests::*;

/// A copy of the dispatcher alone; every verb beside it prints its own name and its arguments.
struct Stubs {
    home: Home,
}

impl Stubs {
    fn new() -> Self {
        let home = Home::new();
        home.dir("stubs");
        std::fs::copy(home.tools().join("bgrun"), home.at("stubs/bgrun"))
            .expect("it can be copied");
        for verb in ["run", "ls", "logs", "kill", "watch", "guard", "dash"] {
            let print = format!("#!/bin/sh\nprintf '%s\\n' {verb} \"$@\"\n");
            home.script(&format!("stubs/bgrun-{verb}"), &print);
        }
        Self { home }
    }

    /// The verb that is called for these arguments, and what it is given.
    #[track_caller]
    fn called(&self, args: &[&str]) -> Vec<String> {
        let output = self.home.call(self.home.at("stubs/bgrun")).args(args).ok();
        output.out().lines().map(String::from).collect()
    }
}

#[test]
fn every_option_calls_its_verb_with_its_values() {
    let stubs = Stubs::new();
    let start = ["--name", "web", "--command", "node x", "--directory", "/srv"];
    // What is typed; the verb; what that verb must be given, in any order.
    let table: [(&[&str], &str, &[&str]); 32] = [
        (&start, "run", &["web", "node x", "/srv"]),
        (&["-n", "web", "-c", "node x", "-d", "/srv"], "run", &["web", "node x", "/srv"]),
        (&["--name=web", "--command=node x"], "run", &[]),
        (&[&start[..], &["--force"]].concat(), "run", &["web", "--force"]),
        (&[&start[..], &["-f"]].concat(), "run", &["web", "--force"]),
        (&[&start[..], &["--fetch"]].concat(), "run", &["web", "--fetch"]),
        (&[&start[..], &["--config", "x.toml"]].concat(), "run", &["--config", "x.toml"]),
        (&[&start[..], &["--stdout", "/o"]].concat(), "run", &["--stdout", "/o"]),
        (&[&start[..], &["--stderr", "/e"]].concat(), "run", &["--stderr", "/e"]),
        (&[&start[..], &["--logs-dir", "/l"]].concat(), "run", &["--logs-dir", "/l"]),
        (&["web", "--stop"], "kill", &["web"]),
        (&["--stop", "web"], "kill", &["web"]),
        (&["--stop=web"], "kill", &["web"]),
        (&["--restart", "web"], "run", &["--restart", "web"]),
        (&["web", "--restart"], "run", &["--restart", "web"]),
        (&["--delete", "web"], "kill", &["--delete", "web"]),
        (&["--clean"], "kill", &["--clean"]),
        (&["--nuke"], "kill", &["--nuke"]),
        (&["--stop-all"], "kill", &["--all"]),
        (&["--restart-all"], "run", &["--restart"]),
        (&["--kill-port", "3000"], "kill", &["--port", "3000"]),
        (&["--guard", "web"], "guard", &["web"]),
        (&["--guard-off", "web"], "guard", &["web"]),
        (&["--json"], "ls", &["--json"]),
        (&["-j"], "ls", &["--json"]),
        (&["--filter", "prod"], "ls", &["prod"]),
        (&["--json", "--filter", "prod"], "ls", &["--json", "prod"]),
        (&["web", "--logs"], "logs", &["web"]),
        (&["web", "--logs", "--log-stdout"], "logs", &["web", "--stdout"]),
        (&["web", "--logs", "--log-stderr", "--lines", "7"], "logs", &["web", "--stderr", "7"]),
        (&["--dashboard"], "dash", &[]),
        (&["--dashboard", "--port", "3001"], "dash", &["--port", "3001"]),
    ];
    for (typed, verb, given) in table {
        let called = stubs.called(typed);
        assert_eq!(called[0], verb, "{typed:?} -> {called:?}");
        for word in given {
            assert!(
                called[1..].iter().any(|arg| arg == word),
                "no {word}: {typed:?} -> {called:?}"
            );
        }
    }
}

#[test]
fn watching_is_asked_for_by_either_spelling() {
    let stubs = Stubs::new();
    for flag in ["--watch", "-w"] {
        let called = stubs.called(&["--name", "web", "--command", "node x", flag]);
        assert!(["run", "watch"].contains(&called[0].as_str()), "{called:?}");
        assert!(called.iter().any(|arg| arg == "web"), "{called:?}");
    }
}

#[test]
fn guarding_on_and_off_differ() {
    let stubs = Stubs::new();
    let on = stubs.called(&["--guard", "web"]);
    let off = stubs.called(&["--guard-off", "web"]);
    assert!(on.contains(&"--on".into()) && off.contains(&"--off".into()), "{on:?} {off:?}");
}

#[test]
fn a_forgotten_name_is_asked_for_by_the_verb_that_was_meant() {
    let home = Home::new();
    home.bgrun(["--guard-off"]).code(2).says("--off");
    home.bgrun(["--logs"]).code(2).says("no process is named");
    home.bgrun(["--lines", "3"]).code(2).says("no process is named");
    home.bgrun(["--name"]).code(2).says("--name");
    for flag in ["--stop", "--restart", "--delete"] {
        home.bgrun([flag]).code(2).says("nothing to");
    }
    assert!(home.all().is_empty());
}

#[test]
fn the_new_spelling_is_not_translated() {
    let stubs = Stubs::new();
    let typed = ["run", "web", "--", "node", "--stop", "--name", "x", "--restart-all"];
    assert_eq!(stubs.called(&typed), typed);
}

#[test]
fn a_process_is_started_listed_read_stopped_and_deleted() {
    let home = Home::new();
    home.dir("app");
    let command = "echo from $(basename $(pwd)); echo oops >&2; sleep 60";
    home.bgrun(["--name", "web", "--command", command, "--directory", "app"]).ok();
    let pid = home.ls("web").pid();
    home.until_out("web", "from app");
    eventually("stderr is written", || home.err("web") == "oops\n");

    let list = home.bgrun(["--json"]).json();
    assert_eq!(list.only()["status"], "running");
    assert_eq!(list.only()["name"], "web");
    assert_eq!(home.bgrun(["web", "--logs", "--log-stdout"]).ok().out(), "from app\n");
    assert_eq!(home.bgrun(["web", "--logs", "--log-stderr", "--lines", "1"]).ok().out(), "oops\n");
    assert!(home.bgrun(["--name", "web"]).ok().out().contains("running"), "its details");

    home.bgrun(["--restart", "web"]).ok();
    assert_ne!(home.ls("web").pid(), pid);
    home.bgrun(["-n", "web", "-c", "sleep 60", "-f"]).ok();
    assert_eq!(home.ls("web")["run"], 3);
    home.bgrun(["--stop", "web"]).ok();
    assert_eq!(home.ls("web").status(), "stopped");
    home.bgrun(["--delete", "web"]).ok();
    assert!(home.all().is_empty());
}

#[test]
fn all_are_stopped_restarted_and_forgotten() {
    let home = Home::new();
    home.start_sleep("one");
    home.start_sleep("two");
    home.bgrun(["--stop-all"]).ok();
    assert!(home.all().iter().all(|record| record.status() == "stopped"));
    home.bgrun(["--restart-all"]).ok();
    assert!(home.all().iter().all(|record| record.status() == "running"));
    home.bgrun(["one", "--stop"]).ok();
    home.bgrun(["--clean"]).ok();
    assert_eq!(home.all().len(), 1);
    home.bgrun(["--nuke"]).ok();
    assert!(home.all().is_empty());
}

#[test]
fn a_group_of_the_environment_is_filtered_by() {
    let home = Home::new();
    home.bgrun(["--name", "web", "--command", "sleep 60"]).env("BGR_GROUP", "prod").ok();
    home.bgrun(["--name", "dev", "--command", "sleep 60"]).ok();
    let prod = home.bgrun(["--json", "--filter", "prod"]).json();
    assert_eq!(prod.only()["name"], "web");
}

#[test]
fn a_port_is_freed() {
    let home = Home::new();
    home.start("web", [program("listens"), "0".into()]);
    let port = home.until_out("web", "\n").trim().to_owned();
    home.bgrun(["--kill-port", &port]).ok();
    assert_eq!(home.ls("web").status(), "stopped");
}
