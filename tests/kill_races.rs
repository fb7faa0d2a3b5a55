//! A stop, while somebody else starts the same process, or works on its logs.

use tests::*;

/// Waits until a tool that was told to has stopped in its tracks.
fn until_halted(tool: &Running) {
    eventually("it has halted", || {
        status_field(tool.pid(), "State").is_some_and(|state| state.starts_with('T'))
    });
}

/// The runs of web, the latest first: number, exit code, reason.
fn runs(home: &Home) -> Vec<(i64, Value, Value)> {
    let details = home.verb("ls", ["web", "--details", "--json"]).json().only().clone();
    let runs = details["runs"].as_array().expect("runs").clone();
    let row =
        |run: &Value| (run.number("run"), run["exit_code"].clone(), run["exit_reason"].clone());
    runs.iter().map(row).collect()
}

#[test]
fn the_end_of_a_run_is_not_taken_for_that_of_a_run_that_was_started_meanwhile() {
    let home = Home::with_faults();
    home.start("web", ["sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.02; done"]);
    home.until_out("web", "up");
    // Without a supervisor only the stop itself sees how it ends.
    let supervisor = Life::of(home.ls("web").supervisor());
    supervisor.kill();
    let stop = home.verb("kill", ["web"]).env("BGRUN_FAULT", "kill:before-record:stop").spawn();
    until_halted(&stop);
    home.verb("run", ["web", "--", "sleep", "60"]).ok();
    stop.life.signal(Signal::CONT);
    stop.done().ok();
    let web = home.ls("web");
    assert_eq!((web.status(), web.number("run")), ("running", 2), "{web:#}");
    let runs = runs(&home);
    assert_eq!(runs[0], (2, Value::Null, Value::Null), "it runs: {runs:?}");
    let first = (&runs[1].1, &runs[1].2);
    let is_true =
        first == (&json!(7), &json!("stop")) || first == (&Value::Null, &json!("unknown"));
    assert!(is_true, "{runs:?}");
    // And whoever stops it next sees its own end.
    home.kill(["web"]);
    assert_eq!(home.ls("web")["exit_signal"], "SIGTERM");
    home.must_be_clean();
}

#[test]
fn a_tool_that_works_on_a_log_is_not_taken_for_its_process() {
    let home = Home::with_faults();
    home.start("web", ["sh", "-c", "seq 5000; while :; do sleep 0.02; done"]);
    home.until_out("web", "5000");
    let supervisor = Life::of(home.ls("web").supervisor());
    supervisor.kill();
    // It has the log open for writing, and halts there.
    let rotate = home.verb("logs", ["web", "--rotate"]);
    let rotate = rotate.env("BGRUN_FAULT", "rotate:after-collapse:stop").spawn();
    until_halted(&rotate);
    home.verb("kill", ["web", "--timeout", "5s"]).ok();
    assert!(rotate.life.is_alive(), "it was taken for the process");
    rotate.life.signal(Signal::CONT);
    rotate.done().ok();
    home.must_be_clean();
}

#[test]
fn what_is_started_while_a_stop_looks_away_is_left_alone() {
    let home = Home::with_faults();
    let first = home.start_sleep("web");
    let stop = home.verb("kill", ["web"]).env("BGRUN_FAULT", "kill:after-signal:stop").spawn();
    until_halted(&stop);
    Life::of(first.supervisor()).must_end();
    let next = home.verb("run", ["web", "--json"]).json();
    stop.life.signal(Signal::CONT);
    stop.done().ok();
    let web = home.ls("web");
    assert_eq!((web.status(), web.pid(), web.text("wanted")), ("running", next.pid(), "up"));
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn between_the_stop_and_the_start_of_a_restart_nobody_else_starts_it() {
    let home = Home::with_faults();
    home.start_sleep("web");
    let call = home.verb("run", ["web", "--restart", "--json"]);
    let restart = call.env("BGRUN_FAULT", "run:before-commit:stop").spawn();
    until_halted(&restart);
    home.verb("run", ["web"]).code(5);
    home.verb("run", ["web", "--if-absent"]).ok();
    assert_eq!(home.ls("web").status(), "starting");
    restart.life.signal(Signal::CONT);
    restart.done().ok();
    let web = home.ls("web");
    assert_eq!((web.status(), web.number("run")), ("running", 2), "{web:#}");
}

#[test]
fn a_stop_and_a_start_at_once_leave_what_came_last() {
    let home = Home::new();
    home.start_sleep("web");
    for round in 0..60 {
        let stop = home.verb("kill", ["web"]).spawn();
        let start = home.verb("run", ["web", "--if-absent"]).spawn();
        stop.done().ok();
        // 3: it was stopped while it was about to be started.
        let start = start.done();
        assert!([0, 3].contains(&start.code), "{start}");
        let web = home.ls("web");
        let is = (web.status(), web.text("wanted"));
        assert!([("running", "up"), ("stopped", "down")].contains(&is), "round {round}: {web:#}");
        home.verb("run", ["web", "--if-absent"]).ok();
    }
}
