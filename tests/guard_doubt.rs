//! `bgrun guard` when something is in its way: a supervisor that is dying, a store that cannot be
//! read or was lost.

use std::fs;
use tests::*;

#[track_caller]
fn kept(home: &Home, name: &str) -> Value {
    home.verb("run", [name, "--keep-alive", "--json", "--", "sleep", "60"]).json()
}

/// Takes the database away, as if it had never been.
fn lose_the_store(home: &Home) {
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(home.state().join(format!("bgr_v2.sqlite{suffix}"))).expect("it is there");
    }
}

#[test]
fn a_supervisor_that_is_only_just_dying_is_one_that_died() {
    let home = Home::new();
    let web = kept(&home, "web");
    for round in 0..20 {
        // The kernel takes a moment, and holds the lock until then: it is not waited for here.
        Life::of(home.ls("web").supervisor()).signal(Signal::KILL);
        assert_eq!(home.verb("guard", [""; 0]).ok().out(), "web: adopted\n");
        let now = home.ls("web");
        assert_eq!((now.pid(), &now["supervised"]), (web.pid(), &json!(true)), "round {round}");
    }
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn a_store_that_cannot_be_read_is_a_failure_while_something_is_down() {
    let home = Home::new();
    let web = kept(&home, "web");
    lose_the_store(&home);
    fs::write(home.database(), "no database".repeat(1000)).expect("it can be written");
    home.verb("guard", [""; 0]).ok();
    for pid in [web.supervisor(), web.pid()] {
        Life::of(pid).kill();
    }
    home.verb("guard", [""; 0]).code(7);
}

#[test]
fn what_ended_while_the_store_was_lost_is_started_again() {
    let home = Home::with_faults();
    let call = home.verb("run", ["web", "--keep-alive", "--json", "--", "sleep", "60"]);
    let web = call.env("BGRUN_FAULT", "supervise:after-journal:kill9").json();
    lose_the_store(&home);
    Life::of(web.pid()).kill();
    Life::of(web.supervisor()).must_end();
    assert_eq!(home.ls("web")["exit_signal"], "SIGKILL", "the lock file has it");
    home.verb("guard", [""; 0]).ok();
    let web = home.ls("web");
    assert_eq!((web.status(), web.number("run")), ("running", 2));
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn a_policy_for_what_does_not_run_says_so() {
    let home = Home::new();
    home.verb("run", ["web", "--", "false"]).ok();
    home.until("web", "failed");
    home.verb("guard", ["--on", "web"]).ok().says("'bgrun run web' starts it");
    home.verb("run", ["up", "--", "sleep", "60"]).ok();
    assert_eq!(home.verb("guard", ["--on", "up"]).ok().err(), "");
}
