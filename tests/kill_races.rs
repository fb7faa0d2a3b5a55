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
