//! `bgrun guard` against another guard, and against its user, who always wins.

use std::fs;
use tests::*;

/// Ends a process behind the back of bgrun: first who would see it, then itself.
#[track_caller]
fn lose(record: &Value) {
    for pid in [record.supervisor(), record.pid()] {
        Life::of(pid).kill();
    }
}

#[track_caller]
fn start_kept_sleep(home: &Home, name: &str) -> Value {
    home.verb("run", [name, "--keep-alive", "--json", "--", "sleep", "60"]).json()
}

/// What the kernel calls a process; nothing when it has gone.
fn comm(pid: i32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned()
}

#[test]
fn two_guards_at_once_start_each_thing_once() {
    let home = Home::new();
    let names = ["web", "db"];
    names.iter().for_each(|name| drop(start_kept_sleep(&home, name)));
    for round in 1..=50 {
        home.all().iter().for_each(lose);
        let guards = [(); 2].map(|()| home.verb("guard", ["--json"]).spawn());
        let outputs = guards.map(|guard| guard.done().ok());
        let done: usize =
            outputs.iter().map(|output| output.json().as_array().map_or(0, Vec::len)).sum();
        assert_eq!(done, names.len(), "round {round}: {}\n{}", outputs[0], outputs[1]);
        for name in names {
            let record = home.ls(name);
            let state = (record.status(), record.number("run"), record.number("restarts"));
            assert_eq!(state, ("running", round + 1, round), "{record:#}");
            assert_eq!(home.instances(name), 1);
        }
    }
}

#[test]
fn a_kill_wins_against_the_guard() {
    let home = Home::new();
    for round in 0..100 {
        let web = start_kept_sleep(&home, "web");
        lose(&web);
        let guard = home.verb("guard", [""; 0]).spawn();
        // A little later each time, so that it meets the guard everywhere.
        let pause = format!("sleep 0.0{:02}; exec bgrun-kill --timeout 5s web", round % 50);
        let kill = home.sh(&pause).run();
        let guard = guard.done().ok();
        assert_eq!(kill.code, 0, "round {round}: {kill}\n{guard}");
        let record = home.ls("web");
        assert_eq!(record.status(), "stopped", "round {round}: {record:#}\n{kill}\n{guard}");
        home.must_be_clean();
    }
}

#[test]
fn a_kill_wins_against_a_guard_that_stays() {
    let home = Home::new();
    let guard = home.verb("guard", ["--loop"]).spawn();
    for round in 0..40 {
        lose(&start_kept_sleep(&home, "web"));
        let pause = format!("sleep 0.{:03}; exec bgrun-kill --timeout 5s web", round * 5);
        home.sh(&pause).ok();
        // For a moment the guard may hold the lock of what it would have adopted.
        home.until("web", "stopped");
        eventually("only the guard lives", || home.living() == [guard.pid()]);
    }
    // After the last stop the guard has a last look.
    let is_look = |pid: &i32| ["bgrun-guard", "bgrun-ls", ""].contains(&comm(*pid).as_str());
    let only_the_guard = || home.living().iter().all(is_look);
    holds_for(std::time::Duration::from_millis(500), "nothing comes back", only_the_guard);
    assert_eq!(guard.err(), "");
}

#[test]
fn what_is_deleted_does_not_come_back() {
    let home = Home::new();
    for round in 0..40 {
        let web = start_kept_sleep(&home, "web");
        lose(&web);
        let guard = home.verb("guard", [""; 0]).spawn();
        let pause = format!("sleep 0.0{:02}; exec bgrun-kill --delete web", round % 50);
        let kill = home.sh(&pause).run();
        let guard = guard.done().ok();
        // A start that goes on holds the lock: it is stopped, and then to be deleted again.
        if home.find("web").is_some() {
            assert_eq!(kill.code, 1, "round {round}: {kill}\n{guard}");
            home.kill(["--delete", "web"]);
        }
        assert!(home.find("web").is_none(), "round {round}: {kill}\n{guard}");
        home.must_be_clean();
        home.verb("guard", [""; 0]).ok();
        assert!(home.find("web").is_none() && home.living().is_empty());
    }
}
