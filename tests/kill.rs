//! `bgrun kill`: what it answers, what it changes, and what it leaves alone.

use std::time::Duration;
use tests::programs::IGNORES_TERM;
use tests::*;

/// Starts a process that SIGTERM does not end.
#[track_caller]
fn start_stubborn(home: &Home, name: &str, flags: &[&str]) -> Value {
    let call = home.verb("run", [name, "--json"]).args(flags);
    let record = call.args(["--", "sh", "-c", IGNORES_TERM]).json();
    home.until_out(name, "ready");
    record
}

#[test]
fn a_stopped_process_is_reported_with_its_outcome() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let process = Life::of(record.pid());
    let output = home.verb("kill", ["web", "--json"]).ok();
    assert!(!process.is_alive());
    assert!(output.elapsed < Duration::from_secs(2), "{:?}", output.elapsed);
    let answer = output.json().only().clone();
    assert_eq!(answer["name"], "web");
    assert_eq!(answer["outcome"], "stopped");
    assert_eq!(answer["deleted"], false);
    assert_eq!(answer["survivors"], json!([]));
    assert!(answer.number("waited_ms") >= 0);
    assert_eq!(answer["status"], "stopped");
    assert_eq!(answer["wanted"], "down");
    assert_eq!(answer["run"], 1);
    home.must_be_clean();
}

#[test]
fn text_output_is_one_line_per_process() {
    let home = Home::new();
    home.start_sleep("one");
    home.start_sleep("two");
    let output = home.verb("kill", ["one", "two"]).ok();
    let out = output.out();
    let lines: Vec<&str> = out.lines().collect();
    assert!(matches!(lines[..], [a, b] if a.contains("one") && b.contains("two")), "{output}");
}

#[test]
fn stopping_what_is_stopped_is_0() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    assert_eq!(home.kill(["web"]).only()["outcome"], "already-stopped");
    home.start("ended", ["true"]);
    home.until("ended", "exited");
    assert_eq!(home.kill(["ended"]).only()["outcome"], "already-stopped");
    assert_eq!(home.ls("ended")["exit_code"], 0, "its end stays what it was");
}

#[test]
fn an_unknown_name_is_4_with_the_nearest() {
    let home = Home::new();
    home.start_sleep("web");
    let output = home.verb("kill", ["--json", "wbe"]).code(4).says("web");
    let answer = output.json();
    assert_eq!(answer.only()["name"], "wbe");
    assert!(answer.only()["error"].is_string());
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn all_names_are_tried_and_the_worst_decides_the_code() {
    let home = Home::new();
    for name in ["one", "two"] {
        home.start_sleep(name);
    }
    let answer = home.verb("kill", ["--json", "none", "one", "two"]).code(4).json();
    assert_eq!(answer.as_array().unwrap().len(), 3);
    assert_eq!(home.ls("one").status(), "stopped");
    assert_eq!(home.ls("two").status(), "stopped");
}

#[test]
fn globs_and_groups_and_all_select() {
    let home = Home::new();
    for (name, group) in [("api-1", "shop"), ("api-2", "shop"), ("web", "blog"), ("x", "blog")] {
        home.verb("run", [name, "--group", group, "--", "sleep", "60"]).ok();
    }
    let status = |name| home.ls(name).status().to_owned();
    assert_eq!(home.kill(["api-*"]).as_array().unwrap().len(), 2);
    assert_eq!([status("api-1"), status("web")], ["stopped", "running"]);
    home.kill(["@blog"]);
    assert_eq!(status("web"), "stopped");
    home.verb("run", ["web"]).ok();
    home.kill(["--group", "blog"]);
    assert_eq!(status("web"), "stopped");
    home.verb("run", ["web"]).ok();
    home.kill(["--all"]);
    assert!(home.all().iter().all(|record| record.status() == "stopped"));
    home.must_be_clean();
}

#[test]
fn a_glob_or_group_without_match_is_0_with_a_note() {
    let home = Home::new();
    home.start_sleep("web");
    for selector in ["api-*", "@shop"] {
        let output = home.verb("kill", ["--json", selector]).ok();
        assert_eq!(output.json(), json!([]));
        assert_ne!(output.err(), "", "a note about {selector}");
    }
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn nothing_to_stop_must_be_said() {
    let home = Home::new();
    home.start_sleep("web");
    home.verb("kill", [""; 0]).code(2);
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn all_of_nothing_is_0() {
    assert_eq!(Home::new().kill(["--all"]), json!([]));
}

#[test]
fn who_ignores_sigterm_is_killed_after_the_timeout() {
    let home = Home::new();
    start_stubborn(&home, "web", &[]);
    let output = home.verb("kill", ["--json", "--timeout", "500ms", "web"]).ok();
    assert_eq!(output.json().only()["outcome"], "killed");
    assert!(output.json().only().number("waited_ms") >= 500);
    assert!(output.elapsed >= Duration::from_millis(500), "{:?}", output.elapsed);
    assert!(output.elapsed <= Duration::from_millis(1500), "{:?}", output.elapsed);
    let record = home.ls("web");
    assert_eq!(record.status(), "stopped");
    assert_eq!(record["exit_signal"], "SIGKILL");
    assert_eq!(record["exit_reason"], "stop");
    home.must_be_clean();
}

#[test]
fn the_timeout_is_stored_with_the_process() {
    let home = Home::new();
    start_stubborn(&home, "web", &["--stop-timeout", "300ms"]);
    let output = home.verb("kill", ["--json", "web"]).ok();
    assert_eq!(output.json().only()["outcome"], "killed");
    assert!(output.elapsed <= Duration::from_millis(1300), "{:?}", output.elapsed);
}

#[test]
fn a_timeout_of_0_kills_at_once() {
    let home = Home::new();
    start_stubborn(&home, "web", &[]);
    let output = home.verb("kill", ["--json", "--timeout", "0", "web"]).ok();
    assert_eq!(output.json().only()["outcome"], "killed");
    assert!(output.elapsed <= Duration::from_secs(1), "{:?}", output.elapsed);
}

#[test]
fn the_stop_signal_is_stored_with_the_process() {
    let home = Home::new();
    let script = "trap 'echo got INT; exit 0' INT; trap 'echo got TERM' TERM; echo ready; \
                  for i in $(seq 500); do sleep 0.1; done";
    home.verb("run", ["web", "--stop-signal", "SIGINT", "--", "bash", "-c", script]).ok();
    home.until_out("web", "ready");
    home.kill(["web"]);
    assert_eq!(home.out("web"), "ready\ngot INT\n");
    let record = home.ls("web");
    assert_eq!(record.status(), "stopped", "asked to, whatever its code");
    assert_eq!(record["exit_code"], 0);
    assert_eq!(record["exit_reason"], "stop");
}

#[test]
fn a_process_that_is_paused_is_continued_to_stop() {
    let home = Home::new();
    let record = home
        .start("web", ["sh", "-c", "trap 'echo bye; exit 0' TERM; echo ready; sleep 60 & wait"]);
    home.until_out("web", "ready");
    Life::of(record.pid()).signal(Signal::STOP);
    eventually("it is paused", || {
        status_field(record.pid(), "State").is_some_and(|state| state.starts_with('T'))
    });
    let output = home.verb("kill", ["--json", "web"]).ok();
    assert_eq!(output.json().only()["outcome"], "stopped");
    assert!(output.elapsed < Duration::from_secs(5), "{:?}", output.elapsed);
    assert!(home.out("web").contains("bye"), "it could say good-bye");
}

#[test]
fn a_signal_reaches_the_main_process_and_changes_nothing_else() {
    let home = Home::new();
    let script = "trap 'echo main got it' USR1; \
                  sh -c 'trap \"echo child got it\" USR1; echo ready; for i in $(seq 500); do sleep 0.1; done' & \
                  for i in $(seq 500); do sleep 0.1; done";
    let before = home.start("web", ["bash", "-c", script]);
    home.until_out("web", "ready");
    for (count, spelling) in ["USR1", "SIGUSR1", "10"].into_iter().enumerate() {
        home.verb("kill", ["--signal", spelling, "web"]).ok();
        eventually("main got it", || home.out("web").matches("main got it").count() == count + 1);
    }
    assert!(!home.out("web").contains("child got it"));
    home.verb("kill", ["--signal", "USR1", "--tree", "web"]).ok();
    home.until_out("web", "child got it");
    let after = home.ls("web");
    assert_eq!(after["wanted"], "up");
    assert_eq!(after.status(), "running");
    assert_eq!(after.pid(), before.pid());
}

#[test]
fn a_deadly_signal_is_an_end_of_its_own_and_no_stop() {
    let home = Home::new();
    home.start_sleep("web");
    home.verb("kill", ["--signal", "KILL", "web"]).ok();
    let record = home.until("web", "failed");
    assert_eq!(record["exit_signal"], "SIGKILL");
    assert_eq!(record["exit_reason"], "signal");
    assert_eq!(record["wanted"], "up");
}

#[test]
fn a_signal_to_what_is_not_running_is_3() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    home.verb("kill", ["--signal", "HUP", "web"]).code(3).says("web");
}

#[test]
fn an_unknown_signal_or_duration_is_a_usage_error() {
    let home = Home::new();
    home.start_sleep("web");
    for args in
        [["--signal", "NOSUCH"], ["--signal", "0x1"], ["--timeout", "soon"], ["--timeout", "-1s"]]
    {
        home.verb("kill", args).arg("web").code(2);
    }
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn dry_run_shows_what_would_be_done_and_does_nothing() {
    let home = Home::new();
    let record = home.start_sleep("web");
    for args in [["web"].as_slice(), &["--all"], &["--nuke"], &["--delete", "web"]] {
        let answer = home.verb("kill", ["--json", "--dry-run"]).args(args).json();
        assert_eq!(answer.only()["outcome"], "dry-run", "{args:?}");
        assert_eq!(answer.only()["deleted"], false, "{args:?}");
    }
    let now = home.ls("web");
    assert_eq!(now["wanted"], "up");
    assert_eq!(now.pid(), record.pid());
}

#[test]
fn a_stale_record_is_refused_and_nothing_is_signalled() {
    let home = Home::new();
    let old = home.start_sleep("web");
    let new = home.verb("run", ["web", "--restart", "--json"]).json();
    home.start_sleep("other");
    let input = format!("{old}\n{}", home.ls("other"));
    let answer = home.verb("kill", ["--json", "-"]).stdin(input).code(6).json();
    assert_eq!(answer[0]["outcome"], "stale");
    assert_eq!(answer[1]["outcome"], "stopped", "the others are still tried");
    assert_eq!(home.ls("web").pid(), new.pid());
    assert_eq!(home.ls("web")["wanted"], "up");
    // Stale is worse than unknown.
    home.verb("kill", ["-"]).stdin(format!("{old}\n{{\"name\": \"none\"}}")).code(6);
}

#[test]
fn json_prints_nothing_but_json() {
    let home = Home::new();
    start_stubborn(&home, "web", &["--stop-timeout", "100ms"]);
    let output = home.verb("kill", ["--json", "none", "web", "@none"]).code(4);
    assert!(output.json().is_array());
}
