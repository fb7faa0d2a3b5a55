//! What a supervisor has begun and could not write down any more: killed between the two, or on
//! a full disk. It is one instance, found by all.

use std::fs;
use tests::*;

/// How a shell tells that a program was killed by SIGKILL.
const KILLED: i32 = 128 + 9;

/// Where a restart is executed and not written down: at once, and after a pause.
const WINDOWS: [(&str, i64); 2] = [("supervise:between-runs", 2), ("supervise:after-pause", 3)];

/// Starts `web`, whose supervisor is killed in the `window` before run `last`, which lives.
#[track_caller]
fn begun_unseen(window: &str, last: i64) -> Home {
    let home = Home::with_faults();
    home.sh("mkfifo gate").ok();
    let script = format!(
        "[ $BGRUN_RUN = 1 ] && read line < gate
        [ $BGRUN_RUN = {last} ] || exit 3; echo up; exec sleep 60"
    );
    let call = home.verb("run", ["web", "--keep-alive", "--backoff", "50ms..50ms", "--json", "--"]);
    let call = call.args(["sh", "-c", &script]).env("BGRUN_FAULT", format!("{window}:kill9"));
    let supervisor = Life::of(call.json().supervisor());
    fs::write(home.at("gate"), "go\n").expect("it is read from");
    supervisor.must_end();
    home.until_out("web", "up");
    home
}

#[test]
fn it_is_running_and_not_started_twice() {
    for (window, last) in WINDOWS {
        let home = begun_unseen(window, last);
        assert_eq!(home.ls("web").status(), "running", "{window}");
        home.verb("run", ["web"]).code(5);
        home.verb("guard", [""; 0]).ok();
        let web = home.ls("web");
        assert_eq!((web.status(), &web["supervised"]), ("running", &json!(true)), "{window}");
        assert_eq!((web.number("run"), web.number("restarts")), (last, last - 1), "{web:#}");
        assert_eq!(home.instances("web"), 1, "{window}");
        home.kill(["web"]);
        home.must_be_clean();
    }
}

#[test]
fn it_is_stopped() {
    for (window, last) in WINDOWS {
        let home = begun_unseen(window, last);
        let stopped = home.kill(["web"]);
        assert_eq!(stopped.only()["outcome"], "stopped", "{window}");
        home.must_be_clean();
        assert_eq!(home.ls("web").status(), "stopped", "{window}");
        assert_eq!(home.kill(["web"]).only()["outcome"], "already-stopped", "{window}");
    }
}

#[test]
fn it_is_restarted() {
    for (window, last) in WINDOWS {
        let home = begun_unseen(window, last);
        let web = home.verb("run", ["web", "--restart", "--json", "--", "sleep", "60"]).json();
        assert_eq!(home.instances("web"), 1, "{window}");
        assert_eq!(home.ls("web").pid(), web.pid());
    }
}

#[test]
fn it_is_found_though_the_stop_was_killed_too() {
    for (window, last) in WINDOWS {
        let home = begun_unseen(window, last);
        home.verb("kill", ["web"]).env("BGRUN_FAULT", "kill:after-wish:kill9").code(KILLED);
        assert_eq!(home.ls("web").status(), "stopping", "{window}");
        home.verb("run", ["web"]).code(5);
        assert_eq!(home.instances("web"), 1, "{window}");
        home.age_the_last_stop();
        home.verb("guard", [""; 0]).ok();
        home.must_be_clean();
        assert_eq!(home.ls("web").status(), "stopped", "{window}");
    }
}

#[test]
fn it_is_found_though_it_is_not_kept_alive_any_more() {
    for (window, last) in WINDOWS {
        let home = begun_unseen(window, last);
        home.verb("guard", ["--off", "web"]).ok();
        assert_eq!(home.ls("web").status(), "running", "{window}");
        home.verb("run", ["web"]).code(5);
        home.kill(["web"]);
        home.must_be_clean();
    }
}

#[test]
fn a_stop_in_a_pause_leaves_nothing_due() {
    let home = Home::new();
    let call = home.verb("run", ["web", "--keep-alive", "--backoff", "60s..60s", "--"]);
    call.args(["sh", "-c", "exit 3"]).ok();
    home.until("web", "backoff");
    home.kill(["web"]);
    let web = home.ls("web");
    assert_eq!((web.status(), &web["next_restart_at"]), ("stopped", &Value::Null), "{web:#}");
    assert_eq!(home.kill(["web"]).only()["outcome"], "already-stopped");
    home.verb("run", ["web", "--", "sleep", "60"]).ok();
    assert_eq!(home.ls("web").status(), "running");
}
