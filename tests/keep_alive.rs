//! Restart policies: what is started again, when, with what, and who has the last word.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tests::*;

/// The first pause between two runs; what comes sooner came without a pause.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Ends its first run with 3, and stays in the second.
const FAILS_ONCE: &str = "[ -e failed ] && exec sleep 60; : > failed; exit 3";

#[track_caller]
fn start(home: &Home, policy: &str, argv: &[&str]) -> Value {
    home.verb("run", ["web", "--json", policy, "--"]).args(argv).json()
}

#[track_caller]
fn start_script(home: &Home, policy: &str, script: &str) -> Value {
    start(home, policy, &["sh", "-c", script])
}

/// The record once its run `number` runs.
#[track_caller]
fn until_run(home: &Home, number: i64) -> Value {
    eventually_some(&format!("run {number} runs"), || {
        Some(home.ls("web")).filter(|web| web["run"] == number && web.status() == "running")
    })
}

/// Kills the main process of the present run, and returns the record of the next one.
#[track_caller]
fn crash(home: &Home) -> Value {
    let record = home.ls("web");
    Life::of(record.pid()).kill();
    until_run(home, record.number("run") + 1)
}

#[test]
fn after_a_crash_the_next_run_begins_at_once() {
    let home = Home::new();
    let first = start(&home, "--keep-alive", &["sleep", "60"]);
    assert_eq!((first["keep_alive"].as_str(), first.number("run")), (Some("always"), 1));
    let begun = Instant::now();
    let second = crash(&home);
    assert!(begun.elapsed() < FIRST_PAUSE, "{:?}", begun.elapsed());
    assert_ne!(second.pid(), first.pid());
    assert_eq!(second.supervisor(), first.supervisor(), "the same supervisor goes on");
    assert_eq!((second.number("run"), second.number("restarts")), (2, 1));
    assert_eq!(second["exit_signal"], "SIGKILL");
    assert_eq!(second["exit_code"], Value::Null);
    assert_eq!(second["exit_reason"], "signal");
    assert!(second.text("ended_at") >= first.text("timestamp"));
    assert!(second.text("timestamp") >= second.text("ended_at"));
    assert_eq!(second["next_restart_at"], Value::Null);
    assert!(is_alive(second.pid()));
}

#[test]
fn after_an_exit_with_3_the_next_run_begins_at_once() {
    for policy in ["--keep-alive", "--keep-alive=always", "--keep-alive=on-failure"] {
        let home = Home::new();
        let begun = Instant::now();
        start_script(&home, policy, FAILS_ONCE);
        let second = until_run(&home, 2);
        assert!(begun.elapsed() < FIRST_PAUSE, "{policy}: {:?}", begun.elapsed());
        assert_eq!((second.number("exit_code"), second.text("exit_reason")), (3, "exit"));
        assert_eq!(second["exit_signal"], Value::Null);
        assert_eq!(second["restarts"], 1);
    }
}

#[test]
fn always_also_means_after_an_exit_with_0() {
    let home = Home::new();
    start_script(&home, "--keep-alive", "[ -e ran ] && exec sleep 60; : > ran");
    assert_eq!(until_run(&home, 2)["exit_code"], 0);
}

#[test]
fn on_failure_is_not_after_an_exit_with_0() {
    let home = Home::new();
    start(&home, "--keep-alive=on-failure", &["true"]);
    let record = home.until("web", "exited");
    assert_eq!((record.number("run"), record.number("restarts")), (1, 0));
    assert_eq!(
        (record["keep_alive"].as_str(), record["wanted"].as_str()),
        (Some("on-failure"), Some("up"))
    );
    home.must_be_clean();
    assert_eq!(home.ls("web")["run"], 1);
}

#[test]
fn never_is_never_and_the_default() {
    for policy in ["--keep-alive=never", "--json"] {
        let home = Home::new();
        home.verb("run", ["web", policy, "--", "sh", "-c", "exit 3"]).ok();
        let record = home.until("web", "failed");
        assert_eq!((record.number("run"), record.text("keep_alive")), (1, "never"));
        home.must_be_clean();
        assert_eq!(home.ls("web")["run"], 1);
    }
}

#[test]
fn an_unknown_policy_is_a_usage_error() {
    let home = Home::new();
    home.verb("run", ["web", "--keep-alive=sometimes", "--", "true"]).code(2);
    assert!(home.find("web").is_none());
}

#[test]
fn the_environment_can_ask_for_it() {
    let home = Home::new();
    let call = home.verb("run", ["web", "--json", "--", "sh", "-c", FAILS_ONCE]);
    let record = call.env("BGR_KEEP_ALIVE", "true").json();
    assert_eq!(record["keep_alive"], "always");
    assert_eq!(until_run(&home, 2)["env"]["BGR_KEEP_ALIVE"], "true");
}

#[test]
fn the_policy_is_stored_and_can_be_changed() {
    let home = Home::new();
    start(&home, "--keep-alive=on-failure", &["sleep", "60"]);
    home.kill(["web"]);
    assert_eq!(home.verb("run", ["web", "--json"]).json()["keep_alive"], "on-failure");
    home.kill(["web"]);
    let call = home.verb("run", ["web", "--json", "--keep-alive=never"]);
    let record = call.json();
    assert_eq!(record["keep_alive"], "never");
    Life::of(record.pid()).kill();
    home.until("web", "failed");
    home.must_be_clean();
}

#[test]
fn a_second_quick_failure_is_followed_by_a_pause() {
    let home = Home::new();
    start_script(&home, "--keep-alive", "exit 3");
    let pausing = home.until("web", "backoff");
    assert_eq!((pausing.number("run"), pausing.number("restarts")), (2, 1));
    assert_eq!((pausing["pid"].clone(), pausing["uptime_ms"].clone()), (Value::Null, Value::Null));
    assert_eq!(
        (pausing["wanted"].as_str(), pausing["supervised"].as_bool()),
        (Some("up"), Some(true))
    );
    assert_eq!(pausing["exit_code"], 3);
    assert!(pausing.text("next_restart_at") > pausing.text("ended_at"));
    let third =
        eventually_some("the pause ends", || Some(home.ls("web")).filter(|web| web["run"] == 3));
    assert_eq!(third["restarts"], 2);
    assert!(third.text("timestamp") >= pausing.text("next_restart_at"), "not too early");
}

#[test]
fn a_kill_during_the_pause_wins_at_once() {
    let home = Home::new();
    start_script(&home, "--keep-alive", "exit 3");
    let pausing = home.until("web", "backoff");
    let output = home.verb("kill", ["web"]).ok();
    assert!(output.elapsed < FIRST_PAUSE, "{:?}", output.elapsed);
    home.must_be_clean();
    let stopped = home.ls("web");
    assert_eq!((stopped.status(), stopped.text("wanted")), ("stopped", "down"));
    assert_eq!(stopped["next_restart_at"], Value::Null);
    holds_for(2 * FIRST_PAUSE, "it stays down", || {
        let now = home.ls("web");
        now.status() == "stopped" && now["run"] == pausing["run"]
    });
}

#[test]
fn a_start_during_the_pause_begins_at_once_and_counts_anew() {
    let home = Home::new();
    start_script(&home, "--keep-alive", "exit 3");
    home.until("web", "backoff");
    let call = home.verb("run", ["web", "--restart", "--json", "--", "sleep", "60"]);
    let record = call.json();
    assert_eq!((record.status(), record.number("restarts")), ("running", 0));
    assert_eq!(record["run"], 3);
    holds_for(2 * FIRST_PAUSE, "nothing else is started", || {
        home.ls("web")["pid"] == record["pid"]
    });
    assert_eq!(home.living().len(), 2, "the process and its supervisor");
}

#[test]
fn logs_are_appended_to_over_all_runs() {
    let home = Home::new();
    let script = "echo out $BGRUN_RUN; echo err $BGRUN_RUN >&2; [ $BGRUN_RUN -gt 2 ] && exec sleep 60; exit 3";
    start_script(&home, "--keep-alive", script);
    until_run(&home, 3);
    home.until_out("web", "out 3");
    assert_eq!(home.out("web"), "out 1\nout 2\nout 3\n");
    assert_eq!(home.err("web"), "err 1\nerr 2\nerr 3\n");
}

#[test]
fn a_restart_keeps_environment_directory_and_umask() {
    let home = Home::new();
    let script = format!(
        "umask 027; cd {}; FROM_CALLER='a b' exec bgrun run web --keep-alive -e GIVEN=x=y -- {}",
        home.dir("somewhere").display(),
        program("show-state"),
    );
    home.sh(&script).ok();
    let mut seen = Vec::new();
    for run in 1..=2 {
        let pid = until_run(&home, run).pid();
        let state: Value = eventually_some("it shows its state", || {
            serde_json::from_str(home.out("web").lines().nth(seen.len())?).ok()
        });
        assert_eq!(state["pid"], pid);
        let mut environment: BTreeMap<String, String> = environ_of(pid);
        assert_eq!(environment.remove("BGRUN_RUN"), Some(run.to_string()));
        assert_eq!(environment.get("FROM_CALLER").map(String::as_str), Some("a b"));
        assert_eq!(environment.get("GIVEN").map(String::as_str), Some("x=y"));
        assert!(state.text("cwd").ends_with("/somewhere"));
        assert_eq!(state["umask"], "0027");
        let inherited = ["umask", "cwd", "terminal", "blocked", "ignored", "open", "parent"];
        let inherited = inherited.map(|field| state[field].clone());
        seen.push((environment, inherited));
        Life::of(pid).kill();
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn what_a_crash_leaves_behind_is_gone_before_the_next_run() {
    let home = Home::new();
    let script = "setsid sleep 60 & echo $!; [ -e failed ] && wait; : > failed; exit 3";
    start_script(&home, "--keep-alive", script);
    let second = until_run(&home, 2);
    home.until_out("web", "\n");
    let left: i32 = home.out("web").lines().next().unwrap().parse().unwrap();
    assert!(!is_alive(left));
    eventually("the second run is whole", || home.ls("web")["processes"] == 2);
    assert!(is_alive(second.pid()));
}

/// `web`, whose program goes away while it runs, and is killed then.
#[track_caller]
fn vanished(home: &Home, limit: &str) -> String {
    let script = home.script("server", "#!/bin/sh\necho ready\nexec sleep 60\n");
    let policy = ["--keep-alive", "--backoff", "10ms..50ms", "--max-restarts", limit];
    home.verb("run", ["web"]).args(policy).args(["--", &script]).ok();
    home.until_out("web", "ready");
    std::fs::rename(&script, home.at("away")).expect("it can be moved");
    Life::of(home.ls("web").pid()).kill();
    script
}

#[test]
fn a_command_that_has_vanished_is_not_tried_for_ever() {
    let home = Home::new();
    vanished(&home, "3");
    let record = home.until("web", "failed");
    assert_eq!((record.text("exit_reason"), record.number("run")), ("exec", 4));
    assert_eq!((record["exit_code"].clone(), record["wanted"].as_str()), (Value::Null, Some("up")));
    home.must_be_clean();
}

#[test]
fn a_command_that_was_away_for_a_moment_is_started_again() {
    let home = Home::new();
    let script = vanished(&home, "1000");
    eventually("it was tried", || home.ls("web")["exit_reason"] == "exec");
    std::fs::rename(home.at("away"), script).unwrap();
    home.until("web", "running");
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn a_pause_ends_in_nothing_once_it_is_not_kept_alive_any_more() {
    let home = Home::new();
    let call = home.verb("run", ["web", "--keep-alive", "--backoff", "2s..2s", "--"]);
    call.args(["sh", "-c", "exit 3"]).ok();
    let run = home.until("web", "backoff").number("run");
    home.verb("guard", ["--off", "web"]).ok();
    let web = home.until("web", "failed");
    assert_eq!((web.number("run"), &web["next_restart_at"]), (run, &Value::Null));
    home.must_be_clean();
}

/// A start of `web`, which fails again and again; its record once it has given up.
#[track_caller]
fn given_up(home: &Home, limit: &[&str]) -> Value {
    let call = home.verb("run", ["web", "--keep-alive", "--backoff", "10ms..20ms"]).args(limit);
    call.args(["--", "sh", "-c", "echo $BGRUN_RUN; sleep 0.1; exit 3"]).ok();
    let record = home.until("web", "failed");
    home.must_be_clean();
    assert_eq!((record.text("wanted"), record.number("exit_code")), ("up", 3));
    assert_eq!(record["next_restart_at"], Value::Null);
    record
}

#[test]
fn it_gives_up_after_so_many_restarts_in_a_row_or_within_a_window() {
    for (limit, window) in [("3", Value::Null), ("3/60s", json!(60_000))] {
        let home = Home::new();
        let record = given_up(&home, &["--max-restarts", limit]);
        assert_eq!(home.out("web"), "1\n2\n3\n4\n");
        assert_eq!((record.number("run"), record.number("restarts")), (4, 3));
        assert_eq!((record.number("max_restarts"), &record["restart_window_ms"]), (3, &window));
    }
}

#[test]
fn without_being_told_it_gives_up_after_ten_in_a_row() {
    let home = Home::new();
    let record = given_up(&home, &[]);
    assert_eq!((record.number("run"), record.number("restarts")), (11, 10));
    let details = home.verb("ls", ["--details", "web"]).ok();
    assert!(details.out().starts_with("web  failed (3), gave up after 10 restarts\n"), "{details}");
    // The guard brings back what was lost, not what has given up.
    home.verb("guard", [""; 0]).ok();
    assert_eq!(home.ls("web")["run"], 11);
    let again = home.verb("run", ["web", "--json", "--", "sleep", "60"]).json();
    assert_eq!((again.number("run"), again.number("restarts")), (12, 0));
}

#[test]
fn some_exit_codes_mean_that_it_shall_not_be_started_again() {
    let home = Home::new();
    let script = "sleep 0.1; [ -e failed ] && exit 42; : > failed; exit 3";
    let call = home.verb("run", ["web", "--keep-alive", "--stop-exit-code", "42"]);
    call.args(["--", "sh", "-c", script]).ok();
    let record = home.until("web", "failed");
    assert_eq!((record.number("run"), record.number("exit_code")), (2, 42));
    home.must_be_clean();
}

#[test]
fn a_supervisor_sleeps_again_after_a_restart_and_during_a_pause() {
    let home = Home::new();
    start(&home, "--keep-alive", &["sleep", "60"]);
    let supervisor = crash(&home).supervisor();
    let switches = |pid: i32| {
        let field = |name| status_field(pid, name);
        (field("voluntary_ctxt_switches"), field("nonvoluntary_ctxt_switches"))
    };
    let asleep = settled("it has gone to sleep", || switches(supervisor));
    holds_for(Duration::from_secs(3), "it sleeps", || switches(supervisor) == asleep);

    // The third and further pauses are long enough to be looked at.
    home.verb("run", ["web", "--restart", "--", "sh", "-c", "exit 3"]).ok();
    let pausing = eventually_some("a pause of 2 s", || {
        Some(home.ls("web")).filter(|web| web.status() == "backoff" && web["run"] == 5)
    });
    let supervisor = pausing.supervisor();
    let asleep = settled("it has gone to sleep", || switches(supervisor));
    holds_for(Duration::from_millis(1000), "it sleeps", || switches(supervisor) == asleep);
}

#[test]
fn a_kill_always_wins_against_a_crash_loop() {
    let home = Home::new();
    for round in 0..100 {
        // The crash comes before, during and after the kill.
        let script = format!("sleep 0.{:03}; exit 3", round % 50);
        start_script(&home, "--keep-alive", &script);
        home.verb("kill", ["web"]).ok();
        home.must_be_clean();
        let record = home.ls("web");
        assert_eq!((record.status(), record.text("wanted")), ("stopped", "down"), "{record:#}");
    }
    let last = home.ls("web");
    holds_for(2 * FIRST_PAUSE, "it stays down", || home.ls("web")["run"] == last["run"]);
    home.must_be_clean();
}
