//! What the dashboard can do beside starting and stopping: change a spec, send a signal, rotate
//! logs, fetch, look after everything.

use tests::*;

/// A process with a setting of each kind, started by the command line.
fn shop(home: &Home) -> Value {
    let words = ["web", "--json", "--group", "shop", "-e", "A=1", "-e", "SECRET=s3cret"];
    let rest = ["--memory-limit", "1g", "--after", "db", "--", "sleep", "60"];
    home.start_sleep("db");
    home.verb("run", words).args(rest).json()
}

#[test]
fn a_process_is_changed_and_the_change_is_taken_back() {
    let home = Home::new();
    let before = shop(&home);
    let dashboard = Dashboard::start(&home);
    let patch =
        json!({"argv": ["sleep", "61"], "memory_limit_bytes": 5_000_000, "env": {"B": "2"}});
    let changed = dashboard.ok("POST /api/change/web", &patch);
    assert_eq!((changed.status(), &changed["argv"]), ("running", &json!(["sleep", "61"])));
    assert_eq!(changed.number("memory_limit_bytes"), 5_000_000);
    assert_eq!(changed["env_keys"], json!(["A", "B", "SECRET"]));
    assert_eq!((&changed["group"], &changed["after"]), (&json!("shop"), &json!(["db"])));
    assert_eq!(changed["workdir"], before["workdir"], "not where the dashboard is");
    assert_eq!(changed.number("run"), 2);
    assert!(!changed.to_string().contains("s3cret"), "no secret travels");

    let undo = format!("POST /api/undo/{}", changed.text("undo"));
    let back = dashboard.ok(&undo, &json!({}));
    assert_eq!((back.status(), &back["argv"]), ("running", &before["argv"]));
    assert_eq!(back["memory_limit_bytes"], before["memory_limit_bytes"]);
    let env = dashboard.get("/api/processes/web/env")["env"].clone();
    assert_eq!(
        (&env["A"], &env["SECRET"], &env["B"]),
        (&json!("1"), &json!("s3cret"), &Value::Null)
    );
    dashboard.refused(&undo, &json!({}), 404);
}

#[test]
fn null_takes_away_and_all_else_stays() {
    let home = Home::new();
    shop(&home);
    let dashboard = Dashboard::start(&home);
    let gone =
        json!({"group": null, "memory_limit_bytes": null, "after": null, "env": {"A": null}});
    let changed = dashboard.ok("POST /api/change/web", &gone);
    for none in ["group", "memory_limit_bytes"] {
        assert_eq!(changed[none], Value::Null, "{none}");
    }
    assert_eq!((&changed["after"], &changed["env_keys"]), (&json!([]), &json!(["SECRET"])));
    assert_eq!(changed["argv"], json!(["sleep", "60"]));
    let env = dashboard.get("/api/processes/web/env")["env"].clone();
    assert_eq!((&env["SECRET"], &env["A"]), (&json!("s3cret"), &Value::Null));
    assert!(env["PATH"].is_string(), "its caller's environment is its own still: {env}");
}

#[test]
fn what_does_not_run_is_changed_without_being_started() {
    let home = Home::new();
    shop(&home);
    home.kill(["web"]);
    let dashboard = Dashboard::start(&home);
    let changed = dashboard.ok("POST /api/change/web", &json!({"keep_alive": "always"}));
    assert_eq!((changed.status(), &changed["keep_alive"]), ("stopped", &json!("always")));
    let undo = format!("POST /api/undo/{}", changed.text("undo"));
    let back = dashboard.ok(&undo, &json!({}));
    assert_eq!((back.status(), &back["keep_alive"]), ("stopped", &json!("never")));
    let started = dashboard.ok("POST /api/change/web?start=true", &json!({"group": null}));
    assert_eq!((started.status(), &started["group"]), ("running", &Value::Null));
}

#[test]
fn a_change_that_cannot_be_changes_nothing() {
    let home = Home::new();
    let before = shop(&home);
    let dashboard = Dashboard::start(&home);
    dashboard.refused("POST /api/change/nobody", &json!({"group": "x"}), 404);
    for (patch, status) in [
        (json!({"argv": ["/does/not/exist"]}), 422),
        (json!({"workdir": "/does/not/exist"}), 422),
        (json!({"name": "other"}), 422),
        (json!({"status": "stopped"}), 422),
        (json!({"memory_limit_bytes": "much"}), 422),
        (json!({"stop_signal": "LOUD"}), 422),
        (json!({"ready_probe": "log:("}), 422),
        (json!({"env": "A=1"}), 422),
        (json!([]), 422),
    ] {
        dashboard.refused("POST /api/change/web", &patch, status);
    }
    let now = home.ls("web");
    assert_eq!((now.pid(), &now["argv"]), (before.pid(), &before["argv"]));
}

#[test]
fn the_line_of_a_change_does_the_same_as_the_change() {
    let home = Home::new();
    shop(&home);
    let dashboard = Dashboard::start(&home);
    let set = json!({"command": "sleep 62; true", "keep_alive": "on-failure", "env": {"B": "x y"},
        "max_restarts": 3, "ready_probe": "after:1ms", "stop_exit_codes": [7]});
    let checked = dashboard.ok("POST /api/check?change=web", &set);
    assert_eq!(checked["problems"], json!([]));
    let changes = ["command", "ready", "env", "keep_alive", "max_restarts", "stop_exit_codes"];
    assert_eq!(checked["changes"], json!(changes));
    assert_eq!(home.ls("web").number("run"), 1, "nothing was done yet");
    home.sh(checked.text("line")).ok();
    let now = home.ls("web");
    assert_eq!((&now["command"], &now["argv"]), (&json!("sleep 62; true"), &Value::Null));
    assert_eq!((&now["keep_alive"], now.number("max_restarts")), (&json!("on-failure"), 3));
    let same = dashboard.ok("POST /api/check?change=web", &set);
    assert_eq!(same["changes"], json!([]), "the line did all of it");

    let gone = dashboard.ok("POST /api/check?change=web", &json!({"group": null}));
    assert_eq!(gone["changes"], json!(["group"]));
    let line = gone.text("line");
    assert!(line.contains("--reset") && !line.contains("s3cret"), "{line}");
    let wrong = dashboard.ok("POST /api/check?change=web", &json!({"workdir": "/no/such/place"}));
    assert_eq!(wrong["problems"].only()["field"], "workdir");
    dashboard.refused("POST /api/check?change=nobody", &json!({}), 404);
    // A name that is in use is told before the start.
    let twice = dashboard.ok("POST /api/check", &json!({"name": "web", "argv": ["sleep", "1"]}));
    assert!(twice["problems"].only().text("message").contains("already running"), "{twice}");
}

#[test]
fn a_signal_is_sent_to_one_or_to_all_of_a_tree() {
    let home = Home::new();
    let script = "trap 'echo parent' USR1; \
        (trap 'echo child' USR1; echo both; while :; do sleep 0.02; done) & \
        while :; do wait; done";
    home.start("web", ["bash", "-c", script]);
    home.until_out("web", "both");
    let dashboard = Dashboard::start(&home);
    let path = "POST /api/signal/web";
    let record = dashboard.ok(path, &json!({"signal": "usr1"}));
    assert_eq!((record.name(), record.status()), ("web", "running"));
    home.until_out("web", "parent");
    assert!(!home.out("web").contains("child"));
    dashboard.ok(path, &json!({"signal": "SIGUSR1", "tree": true}));
    home.until_out("web", "child");
    let error = dashboard.refused(path, &json!({"signal": "LOUD"}), 422);
    assert!(error.contains("LOUD"), "{error}");
    dashboard.refused(path, &json!({}), 422);
    dashboard.refused("POST /api/signal/nobody", &json!({"signal": "HUP"}), 404);
    home.kill(["web"]);
    dashboard.refused(path, &json!({"signal": "HUP"}), 409);
}

#[test]
fn logs_are_rotated_and_read_on() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "seq 1 5000; exec sleep 60"]);
    home.until_out("web", "5000\n");
    let dashboard = Dashboard::start(&home);
    let rotated = dashboard.ok("POST /api/rotate/web", &json!({}));
    assert!(rotated[0].number("archived_bytes") > 0, "{rotated}");
    assert_eq!(dashboard.get("/api/logs/web?lines=1").text("text"), "5000\n");
    dashboard.refused("POST /api/rotate/nobody", &json!({}), 404);
}

#[test]
fn a_stop_takes_no_longer_than_it_may() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"]);
    home.until_out("web", "deaf");
    let dashboard = Dashboard::start(&home);
    let killed = dashboard.ok("POST /api/stop/web?timeout_ms=0", &json!({}));
    assert_eq!(killed["outcome"], "killed");
}

#[test]
fn a_restart_may_free_ports_and_fetch_first() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    assert_eq!(dashboard.ok("POST /api/restart/web?force=true", &json!({})).number("run"), 2);
    // It is in no work tree: nothing is stopped.
    let error = dashboard.refused("POST /api/restart/web?fetch=true", &json!({}), 409);
    assert!(error.contains("git"), "{error}");
    assert_eq!(home.ls("web").number("run"), 2);
}

#[test]
fn a_look_at_everything_starts_what_was_lost() {
    let home = Home::new();
    home.verb("run", ["web", "--keep-alive", "--", "sleep", "60"]).ok();
    let dashboard = Dashboard::start(&home);
    assert_eq!(dashboard.ok("POST /api/guard", &json!({})), json!([]));
    let record = home.ls("web");
    home.sh(&format!("kill -9 {} {}", record.number("supervisor_pid"), record.pid())).ok();
    home.until("web", "lost");
    let done = dashboard.ok("POST /api/guard", &json!({}));
    assert_eq!(done.only().name(), "web");
    home.until("web", "running");
}
