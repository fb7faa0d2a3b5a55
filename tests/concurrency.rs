//! Many at once: starts, stops and writers that meet.

use std::collections::BTreeSet;
use tests::*;

/// Makes all calls at once and waits for them.
#[track_caller]
fn at_once(calls: impl IntoIterator<Item = Call>) -> Vec<Output> {
    let running: Vec<Running> = calls.into_iter().map(Call::spawn).collect();
    running.into_iter().map(Running::done).collect()
}

fn count(outputs: &[Output], code: i32) -> usize {
    outputs.iter().filter(|output| output.code == code).count()
}

#[track_caller]
fn assert_codes(outputs: &[Output], expected: &[(i32, usize)]) {
    for (code, times) in expected {
        let strange = outputs.iter().find(|o| expected.iter().all(|(code, _)| o.code != *code));
        assert!(strange.is_none(), "{}", strange.expect("just seen"));
        assert_eq!(count(outputs, *code), *times, "calls that ended with {code}");
    }
}

/// The processes `sleep` that live in the home.
fn sleeps(home: &Home) -> usize {
    let comm = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    home.living().iter().filter(|pid| comm(pid) == "sleep\n").count()
}

#[test]
fn of_twenty_starts_of_one_name_one_wins_and_nineteen_hear_that_it_exists() {
    let home = Home::new();
    let outputs = at_once((0..20).map(|_| home.verb("run", ["web", "--", "sleep", "60"])));
    assert_codes(&outputs, &[(0, 1), (5, 19)]);
    assert_eq!(sleeps(&home), 1);
    assert_eq!(home.all().len(), 1);
}

#[test]
fn of_twenty_starts_of_a_stopped_name_one_wins() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    let outputs = at_once((0..20).map(|_| home.verb("run", ["web"])));
    assert_codes(&outputs, &[(0, 1), (5, 19)]);
    assert_eq!(sleeps(&home), 1);
}

#[test]
fn twenty_starts_with_if_absent_all_succeed_with_the_same_process() {
    let home = Home::new();
    let call = || home.verb("run", ["web", "--if-absent", "--json", "--", "sleep", "60"]);
    let outputs = at_once((0..20).map(|_| call()));
    assert_codes(&outputs, &[(0, 20)]);
    let pids: BTreeSet<i64> = outputs.iter().filter_map(|o| o.json()["pid"].as_i64()).collect();
    assert_eq!(pids.len(), 1, "{pids:?}");
    assert_eq!(sleeps(&home), 1);
}

#[test]
fn of_many_that_insist_on_a_new_name_all_succeed_one_after_the_other() {
    for insist in ["--force", "--restart"] {
        let home = Home::new();
        let call = || home.verb("run", ["web", insist, "--json", "--", "sleep", "60"]);
        let outputs = at_once((0..8).map(|_| call()));
        assert_codes(&outputs, &[(0, 8)]);
        assert_eq!(sleeps(&home), 1);
        assert_eq!(home.ls("web")["run"], 8);
    }
}

#[test]
fn restarts_of_two_processes_in_opposite_orders_do_not_wait_for_each_other() {
    let home = Home::new();
    home.start_sleep("a");
    home.start_sleep("b");
    let begun = std::time::Instant::now();
    for _ in 0..10 {
        let orders = [["a", "b"], ["b", "a"]];
        let outputs = at_once(orders.map(|names| home.verb("run", ["--restart"]).args(names)));
        assert_codes(&outputs, &[(0, 2)]);
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(50), "{:?}", begun.elapsed());
    assert_eq!(sleeps(&home), 2);
}

#[test]
fn ten_restarts_at_once_leave_one_instance() {
    let home = Home::new();
    home.start_sleep("web");
    let outputs = at_once((0..10).map(|_| home.verb("run", ["web", "--restart"])));
    for output in &outputs {
        // Whose process is stopped by the next restart at once has failed, and says so.
        assert!([0, 1, 5].contains(&output.code), "{output}");
    }
    assert!(count(&outputs, 0) >= 1);
    assert_eq!(home.ls("web").status(), "running");
    assert_eq!(sleeps(&home), 1);
}

#[test]
fn ten_stops_at_once_all_succeed() {
    let home = Home::new();
    home.start_sleep("web");
    let outputs = at_once((0..10).map(|_| home.verb("kill", ["web", "--json"])));
    assert_codes(&outputs, &[(0, 10)]);
    for output in &outputs {
        let outcome = output.json().only().text("outcome").to_owned();
        assert!(["stopped", "already-stopped"].contains(&outcome.as_str()), "{output}");
    }
    home.must_be_clean();
}

#[test]
fn a_stop_that_meets_a_start_leaves_a_state_that_is_true() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    for _ in 0..10 {
        at_once([home.verb("run", ["web"]), home.verb("kill", ["web"])]);
        eventually_ok(|| {
            let record = home.ls("web");
            let is_true = match record.status() {
                "running" => record["wanted"] == "up" && sleeps(&home) == 1,
                "stopped" => record["wanted"] == "down" && sleeps(&home) == 0,
                _ => false,
            };
            is_true.then_some(()).ok_or_else(|| format!("{} sleeps, {record:#}", sleeps(&home)))
        });
        home.kill(["web"]);
    }
}

#[test]
fn a_deletion_that_meets_a_start_leaves_no_process_without_a_row() {
    let home = Home::new();
    for _ in 0..10 {
        home.verb("run", ["web", "--if-absent", "--", "sleep", "60"]).ok();
        let start = home.verb("run", ["web", "--restart", "--", "sleep", "60"]);
        at_once([home.verb("kill", ["--delete", "web"]), start]);
        eventually("rows and processes agree", || {
            let rows = home.all();
            let running = rows.iter().filter(|row| row.status() == "running").count();
            running == sleeps(&home)
        });
    }
}

#[test]
fn two_hundred_writers_all_succeed() {
    let home = Home::new();
    home.start("first", ["true"]);
    let names: Vec<String> = (0..200).map(|n| format!("p{n}")).collect();
    for names in names.chunks(50) {
        let outputs =
            at_once(names.iter().map(|name| home.verb("run", [name, "--", "sh", "-c", "exit 4"])));
        assert_codes(&outputs, &[(0, names.len())]);
    }
    eventually("every end is recorded", || {
        let failed = home.all().iter().filter(|record| record["exit_code"] == 4).count();
        failed == 200
    });
    assert_eq!(home.all().len(), 201);
}

#[test]
fn the_first_twenty_calls_of_a_new_home_all_succeed() {
    let home = Home::new();
    let outputs = at_once((0..20).map(|n| match n % 2 {
        0 => home.verb("ls", ["--json"]),
        _ => home.verb("run", [&format!("p{n}"), "--", "sleep", "60"]),
    }));
    assert_codes(&outputs, &[(0, 20)]);
    assert_eq!(home.all().len(), 10);
}

#[test]
fn lists_during_a_change_show_each_process_once() {
    let home = Home::new();
    home.start_sleep("web");
    for _ in 0..20 {
        let restart = home.verb("run", ["web", "--restart"]).spawn();
        while restart.life.is_alive() {
            let all = home.all();
            assert_eq!(all.len(), 1, "{all:#?}");
            let statuses = ["starting", "running", "stopping", "stopped"];
            assert!(statuses.contains(&all[0].status()), "{:#}", all[0]);
        }
        restart.done().ok();
    }
}
