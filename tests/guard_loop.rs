//! `bgrun guard --loop`: it acts when something dies, and sleeps otherwise.

use std::time::Duration;
use tests::*;

/// Ends a process behind the back of bgrun: first who would see it, then itself.
#[track_caller]
fn lose(record: &Value) {
    // Without a moment in between, in which a guard that stays would have it adopted.
    let lives = [record.supervisor(), record.pid()].map(Life::of);
    lives.iter().for_each(Life::kill);
    lives.iter().for_each(|life| life.must_end());
}

#[track_caller]
fn start_kept_sleep(home: &Home, name: &str) -> Value {
    home.verb("run", [name, "--keep-alive", "--json", "--", "sleep", "60"]).json()
}

/// A guard that stays.
#[track_caller]
fn stay(home: &Home, args: &[&str]) -> Running {
    home.verb("guard", ["--loop"]).args(args).spawn()
}

#[track_caller]
fn until_run(home: &Home, name: &str, run: i64) -> Value {
    eventually_some(&format!("{name} is in run {run}"), || {
        Some(home.ls(name)).filter(|r| r.status() == "running" && r.number("run") == run)
    })
}

/// How often the threads of a process were switched to and fro; it changes with each wake-up.
fn switches(pid: i32) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it lives").flatten();
    let mut switches: Vec<String> = tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok())
        .flat_map(|status| {
            let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    switches.sort();
    switches
}

#[test]
fn a_loss_is_put_right_at_once_and_told_as_a_line_of_json() {
    let home = Home::new();
    let web = start_kept_sleep(&home, "web");
    let guard = stay(&home, &["--json"]);
    lose(&web);
    let web = until_run(&home, "web", 2);
    guard.until_it_says("\"start\"");
    // What was started by the guard is looked after as well.
    lose(&web);
    until_run(&home, "web", 3);
    eventually("two lines", || guard.out().lines().count() >= 2);
    guard.life.signal(Signal::TERM);
    let output = guard.done().ok();
    for line in output.json_lines() {
        assert_eq!(line.name(), "web");
        assert!(["start", "adopt"].contains(&line.text("action")), "{line:#}");
        assert_eq!(line["error"], Value::Null);
    }
    assert_eq!(output.err(), "");
}

#[test]
fn what_comes_later_is_guarded_too() {
    let home = Home::new();
    let guard = stay(&home, &[]);
    // Started before or after its first look: either way it is known.
    let web = start_kept_sleep(&home, "web");
    lose(&web);
    until_run(&home, "web", 2);
    guard.until_it_says("web: ");
    let plain = home.start_sleep("plain");
    lose(&plain);
    eventually("it is lost", || home.ls("plain").status() == "lost");
    home.verb("guard", ["--on", "plain"]).ok();
    until_run(&home, "plain", 2);
    guard.until_it_says("plain: started again (lost)\n");
    home.kill(["--delete", "--all"]);
    guard.life.signal(Signal::INT);
    guard.done().expect_code(130);
    home.must_be_clean();
}

#[test]
fn what_loses_its_supervisor_is_adopted() {
    let home = Home::new();
    let plain = home.start_sleep("plain");
    let guard = stay(&home, &[]);
    let supervisor = Life::of(plain.supervisor());
    supervisor.kill();
    guard.until_it_says("plain: adopted\n");
    let record = home.ls("plain");
    assert_eq!((record.pid(), record["supervised"].as_bool()), (plain.pid(), Some(true)));
}

#[test]
fn memory_is_looked_at_in_its_time() {
    let home = Home::new();
    let guard = stay(&home, &["200ms"]);
    home.verb("run", ["api", "--", "sleep", "60"]).env("BGR_MEMORY_LIMIT", "1k").ok();
    guard.until_it_says("api: restarted (memory-limit, ");
    eventually("again and again", || guard.out().lines().count() >= 3);
    home.kill(["api"]);
    let said = settled("it is left alone", || guard.out());
    holds_for(Duration::from_millis(500), "it stays so", || guard.out() == said);
    assert_eq!(home.ls("api").status(), "stopped");
}

#[test]
fn it_sleeps_while_nothing_happens() {
    let home = Home::new();
    for n in 0..3 {
        start_kept_sleep(&home, &format!("p{n}"));
    }
    home.start("writes", ["sh", "-c", "for i in $(seq 1000); do echo $i; sleep 0.05; done"]);
    let guard = stay(&home, &["1s"]);
    let pid = guard.pid();
    let settled = settled("it has gone to sleep", || switches(pid));
    holds_for(Duration::from_millis(2500), "it sleeps", || switches(pid) == settled);
}

#[test]
fn it_is_the_only_one() {
    let home = Home::new();
    let web = start_kept_sleep(&home, "web");
    let guard = stay(&home, &[]);
    lose(&web);
    until_run(&home, "web", 2);
    let output = home.verb("guard", [""; 0]).ok();
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output}");
    assert_eq!(home.verb("guard", ["--json"]).json(), json!([]));
    home.verb("guard", ["--loop"]).ok().says("another guard");
    // Its lock goes with it.
    guard.life.kill();
    lose(&home.ls("web"));
    assert_eq!(home.verb("guard", [""; 0]).ok().out(), "web: started again (lost)\n");
}
