//! How runs end: codes, signals and reasons are recorded, and a run lasts as long as its tree.

use tests::programs::DAEMONIZES;
use tests::*;

#[track_caller]
fn ended(home: &Home, script: &str, status: &str) -> Value {
    home.start("web", ["sh", "-c", script]);
    let record = home.until("web", status);
    assert_eq!(record["pid"], Value::Null);
    assert_eq!(record["uptime_ms"], Value::Null);
    assert!(record.text("ended_at") >= record.text("timestamp"));
    record
}

#[test]
fn an_exit_with_0_is_exited() {
    let record = ended(&Home::new(), "exit 0", "exited");
    assert_eq!(record["exit_code"], 0);
    assert_eq!(record["exit_signal"], Value::Null);
    assert_eq!(record["exit_reason"], "exit");
}

#[test]
fn every_other_exit_code_is_failed_and_recorded() {
    for code in [1, 3, 77, 126, 255] {
        let record = ended(&Home::new(), &format!("exit {code}"), "failed");
        assert_eq!(record["exit_code"], code);
        assert_eq!(record["exit_signal"], Value::Null);
        assert_eq!(record["exit_reason"], "exit");
    }
}

#[test]
fn a_signal_is_recorded_by_its_name() {
    for name in ["KILL", "SEGV", "TERM", "USR1"] {
        let record = ended(&Home::new(), &format!("kill -{name} $$"), "failed");
        assert_eq!(record["exit_signal"], format!("SIG{name}"));
        assert_eq!(record["exit_code"], Value::Null, "a code is not made of a signal");
        assert_eq!(record["exit_reason"], "signal");
    }
}

#[test]
fn a_failed_process_stays_down_and_its_supervisor_leaves() {
    let home = Home::new();
    let record = ended(&home, "exit 1", "failed");
    assert_eq!(record["restarts"], 0);
    assert_eq!(record["next_restart_at"], Value::Null);
    home.must_be_clean();
}

#[test]
fn a_stop_is_not_a_failure() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    let record = home.ls("web");
    assert_eq!(record.status(), "stopped");
    assert_eq!(record["wanted"], "down");
    assert_eq!(record["exit_reason"], "stop");
    assert_eq!(record["exit_signal"], "SIGTERM");
}

#[test]
fn a_script_that_forks_is_healthy() {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", "sleep 60 & wait"]);
    eventually("both count", || home.ls("web")["processes"] == 2);
    assert_eq!(home.ls("web").pid(), record.pid());
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn a_daemon_is_followed_when_its_parent_leaves() {
    let home = Home::new();
    home.start("web", ["sh", "-c", &format!("echo $$; {DAEMONIZES}")]);
    let parent: i32 = home.until_out("web", "\n").trim().parse().unwrap();
    let followed = eventually_some("the daemon is the process now", || {
        Some(home.ls("web")).filter(|now| now["pid"].is_i64() && now.pid() != parent)
    });
    assert_eq!(followed.status(), "running");
    assert_eq!(followed["run"], 1, "it is the same run");
    let daemon = Life::of(followed.pid());
    assert_eq!(home.kill(["web"]).only()["outcome"], "stopped");
    assert!(!daemon.is_alive());
    home.must_be_clean();
}

#[test]
fn a_run_ends_with_the_last_of_its_tree() {
    let home = Home::new();
    let script = "mkfifo gate; (cat gate >/dev/null) & exit 0";
    home.start("web", ["sh", "-c", script]);
    eventually("the child is left", || {
        let record = home.ls("web");
        record.status() == "running" && record["processes"] == 1
    });
    std::fs::write(home.at("gate"), "open").unwrap();
    let record = home.until("web", "exited");
    assert_eq!(record["exit_code"], 0, "of the main process");
    home.must_be_clean();
}

#[test]
fn the_oldest_descendant_is_followed() {
    let home = Home::new();
    let script = "sleep 60 & echo $!; sleep 0.2; sleep 60 & exit 0";
    home.start("web", ["sh", "-c", script]);
    let oldest: i32 = home.until_out("web", "\n").trim().parse().unwrap();
    eventually("the oldest is the process now", || home.ls("web")["pid"] == oldest);
}

#[test]
fn what_a_failed_process_leaves_behind_is_stopped() {
    let home = Home::new();
    let script = "setsid sleep 60 & echo $!; exit 9";
    home.start("web", ["sh", "-c", script]);
    let record = home.until("web", "failed");
    assert_eq!(record["exit_code"], 9);
    home.must_be_clean();
}

#[test]
fn sigterm_to_the_supervisor_is_a_shutdown() {
    for signal in [Signal::TERM, Signal::HUP] {
        let home = Home::new();
        let record = home.start("web", ["sh", "-c", "sleep 60 & sleep 60"]);
        let process = Life::of(record.pid());
        Life::of(record.supervisor()).signal(signal);
        process.must_end();
        home.must_be_clean();
        let record = home.ls("web");
        assert_eq!(record.status(), "lost");
        assert_eq!(record["wanted"], "up");
        assert_eq!(record["exit_reason"], "shutdown");
        assert_eq!(home.verb("run", ["web", "--json"]).json().status(), "running");
    }
}

#[test]
fn runs_are_counted_and_the_last_end_stays_known_while_running() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "exit 7"]);
    home.until("web", "failed");
    let record = home.verb("run", ["web", "--json", "--", "sleep", "60"]).json();
    assert_eq!(record["run"], 2);
    assert_eq!(record["exit_code"], 7, "the end of the last finished run");
    assert_eq!(record.status(), "running");
}

#[test]
fn an_end_is_never_shown_as_a_start() {
    let home = Home::new();
    for _ in 0..40 {
        let record = home.verb("run", ["web", "--json", "--if-absent", "--", "sleep", "60"]).json();
        Life::of(record.pid()).kill();
        let after = eventually_some("it does not run any more", || {
            Some(home.ls("web")).filter(|web| web.status() != "running")
        });
        assert_eq!((after.status(), after.text("exit_signal")), ("failed", "SIGKILL"), "{after:#}");
    }
}

#[test]
fn what_is_seen_to_have_ended_can_be_started_again_at_once() {
    let home = Home::new();
    home.start("web", ["true"]);
    for round in 0..40 {
        if round % 2 == 0 {
            home.verb("wait", ["web"]).ok();
        } else {
            home.until("web", "exited");
        }
        home.verb("run", ["web"]).ok();
    }
}

#[test]
fn a_daemon_that_forks_again_while_it_is_looked_for_is_followed() {
    let home = Home::with_faults();
    home.sh("mkfifo gate").ok();
    // The first child is seen in the list of children, and has passed the run on when it is
    // looked at.
    let script = "(read line < gate; sleep 60 & exit 0) & exit 0";
    let call = home.verb("run", ["web", "--quiet", "--", "sh", "-c", script]);
    call.env("BGRUN_FAULT", "tree:between-looks:stop").ok();
    let record = home.ls("web");
    let supervisor = Life::of(record.supervisor());
    let is_halted =
        || status_field(record.supervisor(), "State").is_some_and(|state| state.starts_with('T'));
    eventually("the supervisor has halted", is_halted);
    let first = children_of(record.supervisor());
    std::fs::write(home.at("gate"), "go\n").unwrap();
    eventually("its place is taken", || {
        let now = children_of(record.supervisor());
        now.iter().any(|pid| !first.contains(pid))
    });
    supervisor.signal(Signal::CONT);
    eventually("the daemon is the process now", || {
        let web = home.ls("web");
        web.status() == "running" && web["pid"].is_i64() && !first.contains(&web.pid())
    });
    // It would halt again at every look.
    supervisor.kill();
    home.kill(["web"]);
    home.must_be_clean();
}
