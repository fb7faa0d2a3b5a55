//! Idle costs nothing: no wake-ups, no process without a managed one.

use std::time::Duration;
use tests::*;

/// How often a process was switched to and fro; it changes with each wake-up.
fn switches(pid: i32) -> (Option<String>, Option<String>) {
    let field = |name| status_field(pid, name);
    (field("voluntary_ctxt_switches"), field("nonvoluntary_ctxt_switches"))
}

#[test]
fn a_supervisor_sleeps_while_nothing_happens() {
    let home = Home::new();
    let supervisors: Vec<i32> =
        (0..5).map(|n| home.start_sleep(&format!("p{n}")).supervisor()).collect();
    let all = || -> Vec<_> { supervisors.iter().map(|pid| switches(*pid)).collect() };
    let settled = settled("they have gone to sleep", all);
    holds_for(Duration::from_millis(1500), "they sleep", || all() == settled);
}

#[test]
fn there_is_one_supervisor_per_process_and_none_without() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let mut living = home.living();
    living.sort_unstable();
    let mut expected = [record.pid(), record.supervisor()];
    expected.sort_unstable();
    assert_eq!(living, expected, "no daemon beside them");
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn a_supervisor_has_one_thread() {
    let home = Home::new();
    let record = home.start_sleep("web");
    assert_eq!(status_field(record.supervisor(), "Threads").as_deref(), Some("1"));
}

#[test]
fn a_process_that_closes_its_output_makes_nobody_spin() {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", "exec sleep 60 >&- 2>&-"]);
    let settled = settled("it has gone to sleep", || switches(record.supervisor()));
    holds_for(Duration::from_millis(500), "it sleeps", || switches(record.supervisor()) == settled);
}

#[test]
fn a_supervisor_gives_back_the_memory_that_a_restart_took() {
    let home = Home::new();
    let record = home.verb("run", ["web", "--json", "--keep-alive", "--", "sleep", "60"]).json();
    let supervisor = record.supervisor();
    let own_kib = || {
        let rollup = std::fs::read_to_string(format!("/proc/{supervisor}/smaps_rollup"));
        let rollup = rollup.expect("the memory of a supervisor");
        let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:"));
        let words = line.and_then(|line| line.split_whitespace().next());
        words.and_then(|kib| kib.parse::<u64>().ok()).expect("a number")
    };
    let before = settled("it has gone to sleep", own_kib);
    Life::of(record.pid()).kill();
    home.until_run("web", 2);
    let after = settled("it has gone to sleep again", own_kib);
    assert!(after <= before + 64, "{before} KiB before, {after} KiB after");
}
