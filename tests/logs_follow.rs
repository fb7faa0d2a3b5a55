//! `bgrun logs -f`: every line as it is written, through restarts, renames and truncation.

use std::fs;
use std::time::Duration;
use tests::*;

fn numbered(lines: std::ops::RangeInclusive<u32>) -> String {
    lines.map(|n| format!("line {n:010}\n")).collect()
}

#[test]
fn following_shows_every_line_once_and_in_order() {
    let home = Home::new();
    home.start("web", [program("sequence"), "3000".into(), "2000".into()]);
    let follower = home.verb("logs", ["-f", "-n", "all", "--stdout", "web"]).spawn();
    follower.until_it_says("line 0000003000");
    assert_eq!(follower.out(), numbered(1..=3000));
}

#[test]
fn following_several_processes_tells_them_apart() {
    let home = Home::new();
    let script =
        "for i in $(seq 50); do echo $BGRUN_NAME $i; echo $BGRUN_NAME err $i >&2; done; sleep 60";
    let follower = {
        home.start("one", ["sh", "-c", "sleep 60"]);
        home.start("two", ["sh", "-c", script]);
        home.verb("logs", ["-f", "one", "two"]).spawn()
    };
    follower.until_it_says("two err 50");
    home.verb("run", ["one", "--restart", "--", "sh", "-c", script]).ok();
    follower.until_it_says("one err 50");
    follower.until_it_says("one 50");
    for line in follower.out().lines().filter(|line| !line.is_empty()) {
        let name = if line.contains("one ") { "one" } else { "two" };
        assert!(line.starts_with(name), "{line}");
    }
}

#[test]
fn ctrl_c_ends_only_the_follower() {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", "echo hello; exec sleep 60"]);
    let mut terminal = Terminal::of(home.verb("logs", ["-f", "web"]), 80);
    terminal.until_it_shows("hello");
    terminal.types("\x03");
    assert_eq!(terminal.exit_code(), 130);
    assert!(is_alive(record.pid()));
}

#[test]
fn a_follower_goes_on_with_the_next_run() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo run $BGRUN_RUN; exec sleep 60"]);
    let follower = home.verb("logs", ["-f", "--stdout", "web"]).spawn();
    follower.until_it_says("run 1\n");
    home.verb("run", ["web", "--restart"]).ok();
    follower.until_it_says("run 2\n");
    assert_eq!(follower.out(), "run 1\nrun 2\n");
}

#[test]
fn a_part_of_a_line_is_shown_when_it_is_complete_or_at_once_but_never_twice() {
    let home = Home::new();
    let script = "printf begin; while [ ! -e go ]; do sleep 0.02; done; echo ' end'; exec sleep 60";
    home.start("web", ["sh", "-c", script]);
    let follower = home.verb("logs", ["-f", "--stdout", "web"]).spawn();
    home.until_out("web", "begin");
    fs::write(home.at("go"), "").unwrap();
    follower.until_it_says("end\n");
    assert_eq!(follower.out(), "begin end\n");
}

#[test]
fn a_renamed_log_is_followed_by_its_successor() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo before; exec sleep 60"]);
    let follower = home.verb("logs", ["-f", "--stdout", "web"]).spawn();
    follower.until_it_says("before\n");
    let log = home.out_path("web");
    fs::rename(&log, log.with_extension("old")).unwrap();
    fs::write(&log, "after\n").unwrap();
    follower.until_it_says("after\n");
    assert_eq!(follower.out().matches("before").count(), 1);
    assert!(follower.life.is_alive());
}

#[test]
fn a_truncated_log_is_followed_from_its_new_beginning() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo a long line before; while [ ! -e go ]; do sleep 0.02; done; echo after; exec sleep 60"]);
    let follower = home.verb("logs", ["-f", "--stdout", "web"]).spawn();
    follower.until_it_says("before\n");
    fs::File::options().write(true).open(home.out_path("web")).unwrap().set_len(0).unwrap();
    fs::write(home.at("go"), "").unwrap();
    follower.until_it_says("after\n");
    assert!(follower.life.is_alive());
}

#[test]
fn a_follower_sleeps_until_there_is_something_to_read() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo hello; exec sleep 60"]);
    let follower = home.verb("logs", ["-f", "web"]).spawn();
    follower.until_it_says("hello");
    let wakeups = || status_field(follower.pid(), "voluntary_ctxt_switches").unwrap();
    let settled = settled("it has gone to sleep", wakeups);
    holds_for(Duration::from_millis(700), "it sleeps", || wakeups() == settled);
}

#[test]
fn a_reader_that_leaves_ends_the_follower() {
    let home = Home::new();
    home.start("web", [program("sequence"), "20000".into(), "400".into()]);
    let output = home.sh("bgrun logs -f web | head -n 3 >/dev/null").run();
    assert_eq!(output.err(), "");
    assert!(output.elapsed < Duration::from_secs(5), "{:?}", output.elapsed);
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn a_follower_of_a_deleted_process_leaves() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo hello; exec sleep 60"]);
    let follower = home.verb("logs", ["-f", "web"]).spawn();
    follower.until_it_says("hello");
    home.kill(["--delete", "web"]);
    // It may end or wait for a successor; it may not spin.
    let cpu_ticks = || -> u64 {
        let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", follower.pid())) else {
            return 0;
        };
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    let before = cpu_ticks();
    holds_for(Duration::from_millis(500), "it does not spin", || cpu_ticks() < before + 20);
}
