//! `bgrun logs --expect`: 0 and the line when it is there, 124 when it does not come, 3 when
//! the process ends first; never a line missed.

use std::fs;
use std::time::Duration;
use tests::*;

/// A call that waits for a line of `web`.
fn expect(home: &Home, pattern: &str) -> Call {
    home.verb("logs", ["web", "--expect", pattern, "--timeout", "20s"])
}

#[test]
fn a_line_that_was_written_before_is_seen_at_once() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo listening on 80; exec sleep 60"]);
    home.until_out("web", "80");
    let output = expect(&home, "listening on [0-9]+").ok();
    assert_eq!(output.out(), "listening on 80\n");
    assert_eq!(output.err(), "");
}

#[test]
fn a_line_that_comes_is_waited_for() {
    let home = Home::new();
    let script = "echo no; while [ ! -e go ]; do sleep 0.02; done; echo ready; exec sleep 60";
    home.start("web", ["sh", "-c", script]);
    let waiting = expect(&home, "^ready").spawn();
    home.until_out("web", "no");
    fs::write(home.at("go"), "").unwrap();
    assert_eq!(waiting.done().ok().out(), "ready\n");
}

#[test]
fn both_streams_of_several_processes_count() {
    let home = Home::new();
    home.start_sleep("db");
    home.start("web", ["sh", "-c", "echo ready >&2; exec sleep 60"]);
    let output = home.verb("logs", ["db", "web", "--expect", "ready", "--timeout", "20s"]).ok();
    assert_eq!(output.out(), "web ! ready\n");
    let output = home.verb("logs", ["*", "--json", "--expect", "ready"]).ok();
    assert_eq!(output.json()["stream"], "stderr");
}

#[test]
fn a_prompt_has_no_end_of_line() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "printf 'login: '; exec sleep 60"]);
    assert_eq!(expect(&home, "login: $").ok().out().trim_end(), "login:");
}

#[test]
fn what_an_earlier_run_wrote_does_not_count() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "[ $BGRUN_RUN = 2 ] || echo ready; exec sleep 60"]);
    expect(&home, "ready").ok();
    home.verb("run", ["web", "--restart"]).ok();
    home.verb("logs", ["web", "--expect", "ready", "--timeout", "300ms"]).code(124).says("web");
}

#[test]
fn a_process_that_ends_first_is_3_and_its_last_words_count() {
    let home = Home::new();
    let script = "while [ ! -e go ]; do sleep 0.02; done; printf 'last words'";
    home.start("web", ["sh", "-c", script]);
    let waiting = [expect(&home, "never").spawn(), expect(&home, "last words").spawn()];
    // Both are at work before it ends.
    holds_for(Duration::from_millis(300), "they wait", || {
        waiting.iter().all(|one| one.life.is_alive())
    });
    fs::write(home.at("go"), "").unwrap();
    let [never, last] = waiting;
    never.done().expect_code(3).says("web");
    assert_eq!(last.done().ok().out().trim_end(), "last words");
    home.until("web", "exited");
    expect(&home, "never").code(3);
    assert_eq!(expect(&home, "last").ok().out().trim_end(), "last words");
}

#[test]
fn the_end_of_an_unsupervised_process_is_noticed() {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done"]);
    let supervisor = Life::of(record["supervisor_pid"].as_i64().unwrap() as i32);
    home.sh(&format!("kill -9 {}", supervisor.pid)).ok();
    supervisor.must_end();
    let waiting = expect(&home, "never").spawn();
    fs::write(home.at("go"), "").unwrap();
    waiting.done().expect_code(3);
}

#[test]
fn a_process_that_is_deleted_meanwhile_is_3() {
    let home = Home::new();
    home.start_sleep("web");
    let waiting = expect(&home, "never").spawn();
    holds_for(Duration::from_millis(200), "it waits", || waiting.life.is_alive());
    home.kill(["web", "--delete"]);
    waiting.done().expect_code(3);
}

#[test]
fn it_waits_without_working() {
    let home = Home::new();
    home.start_sleep("web");
    let waiting = expect(&home, "never").spawn();
    let wakeups = || status_field(waiting.pid(), "voluntary_ctxt_switches").unwrap();
    let settled = settled("it has gone to sleep", wakeups);
    holds_for(Duration::from_millis(700), "it sleeps", || wakeups() == settled);
}

#[test]
fn no_line_of_a_busy_writer_is_missed() {
    let home = Home::new();
    for run in 1..=5 {
        home.verb("run", ["web", "--restart", "--"])
            .args([program("sequence"), "20000".into(), "40000".into()])
            .ok();
        let line = format!("line {:010}", run * 3999);
        assert_eq!(expect(&home, &line).ok().out(), format!("{line}\n"));
    }
}

#[test]
fn steps_are_expected_one_after_the_other_with_a_cursor() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo step; echo done; echo step; exec sleep 60"]);
    home.until_out("web", "done\nstep\n");
    let next = |pattern: &str, code| {
        let args = ["web", "--new", "--cursor", "ci", "--timeout", "300ms", "--expect", pattern];
        home.verb("logs", args).code(code)
    };
    next("step", 0);
    next("done", 0);
    next("step", 0);
    next("step", 124);
}
