//! Rotation: by size and by hand, killed at every step, and what readers see of it.

use std::fs;
use tests::*;

const WORDS: [&str; 3] = ["run", "seq", "--json"];

/// Starts `sequence` with `count` lines and waits until it has written them.
#[track_caller]
fn written(home: &Home, count: usize, flags: &[&str]) {
    let call = home.bgrun(WORDS).args(flags).arg("--").arg(program("sequence"));
    call.arg(count.to_string()).ok();
    home.until("seq", "exited");
}

fn lines(from: usize, to: usize) -> String {
    (from..=to).map(|number| format!("line {number:010}\n")).collect()
}

fn shown(home: &Home) -> String {
    home.verb("logs", ["seq", "--stdout", "-n", "all"]).ok().out()
}

fn archive(home: &Home, suffix: &str) -> bool {
    fs::exists(format!("{}{suffix}", home.out_path("seq").display()))
        .expect("the directory of the logs is there")
}

#[test]
fn by_hand_the_log_becomes_an_archive_and_reads_as_before() {
    let home = Home::new();
    written(&home, 5000, &[]);
    let said = home.verb("logs", ["--rotate", "seq"]).ok().out();
    assert!(said.contains("seq stdout: ") && said.contains(" bytes archived"), "{said}");
    assert!(archive(&home, ".1"));
    assert_eq!(shown(&home), lines(1, 5000));
    let last = home.verb("logs", ["seq", "--stdout", "-n", "4000"]).ok().out();
    assert_eq!(last, lines(1001, 5000), "the archive is reached into");
}

#[test]
fn a_rotation_that_is_killed_at_any_step_loses_nothing() {
    let home = Home::with_faults();
    let mut count = 0;
    for (round, point) in [
        "after-copy",
        "after-copied",
        "before-punch",
        "after-punch",
        "after-punched",
        "after-collapse",
        "after-idle",
        "between-renames",
    ]
    .into_iter()
    .enumerate()
    {
        written(&home, 2000, &["--log-keep", "50"]);
        count += 2000;
        let fault = format!("rotate:{point}:kill9");
        home.verb("logs", ["--rotate", "seq"]).env("BGRUN_FAULT", fault).run();
        let whole = lines(1, 2000).repeat(count / 2000);
        assert!(shown(&home) == whole, "shown after {point}");
        home.verb("logs", ["--rotate", "seq"]).ok();
        assert!(shown(&home) == whole, "shown after {point} and another rotation");
        assert!(round == 0 || archive(&home, ".2"), "archives after {point}");
        assert!(!archive(&home, ".partial"));
    }
}

#[test]
fn compression_that_is_killed_at_any_step_loses_nothing() {
    let home = Home::with_faults();
    for point in ["after-packing", "after-packed", "before-unpacked-goes"] {
        written(&home, 2000, &["--log-compress"]);
        let fault = format!("rotate:{point}:kill9");
        let whole = shown(&home);
        home.verb("logs", ["--rotate", "seq"]).env("BGRUN_FAULT", fault).code(137);
        assert!(shown(&home) == whole, "{point}");
        home.verb("logs", ["--rotate", "seq"]).ok();
        assert!(shown(&home) == whole, "{point}");
        assert!(archive(&home, ".1.gz") && !archive(&home, ".1"), "{point}");
    }
    assert!(archive(&home, ".3.gz"));
}

#[test]
fn on_a_full_disk_nothing_is_removed_and_it_is_said() {
    let home = Home::with_faults();
    written(&home, 5000, &[]);
    let rotation = home.verb("logs", ["--rotate", "seq"]).env("BGRUN_FAULT", "rotate:copy:ENOSPC");
    rotation.code(1).says("No space left on device");
    assert!(!archive(&home, ".1") && !archive(&home, ".partial"));
    assert_eq!(shown(&home), lines(1, 5000));
}

#[test]
fn a_log_that_has_passed_its_limit_is_rotated_while_its_process_writes_on() {
    let home = Home::new();
    let script = format!("{} 20000; exec sleep 60", program("sequence"));
    let words = ["run", "seq", "--log-max-size", "64k", "--json", "-c", &script];
    let record = home.bgrun(words).json();
    eventually("it was rotated", || archive(&home, ".1"));
    eventually("all is there", || shown(&home) == lines(1, 20000));
    assert_eq!(home.ls("seq").pid(), record.pid());
    assert_eq!(home.ls("seq")["processes"], 1, "who rotates is not of the tree");
}

#[test]
fn no_more_archives_are_kept_than_asked_for_and_no_more_bytes() {
    let home = Home::new();
    for _ in 0..4 {
        written(&home, 5000, &["--log-keep", "2"]);
        home.verb("logs", ["--rotate", "seq"]).ok();
    }
    assert!(archive(&home, ".2") && !archive(&home, ".3"));
    written(&home, 5000, &["--log-max-total", "100k"]);
    home.verb("logs", ["--rotate", "seq"]).ok();
    let usage = home.verb("logs", ["--usage", "--json"]).json();
    assert!(usage[0]["total_bytes"].as_u64().unwrap() <= 100 << 10, "{usage}");
    assert!(usage[0]["archives"].as_u64().unwrap() >= 1, "{usage}");
}

#[test]
fn a_run_keeps_its_place_over_rotations() {
    let home = Home::new();
    written(&home, 3000, &[]);
    home.verb("logs", ["--rotate", "seq"]).ok();
    written(&home, 100, &[]);
    home.verb("logs", ["--rotate", "seq"]).ok();
    written(&home, 200, &[]);
    let of = |flags: &[&str]| {
        home.verb("logs", ["seq", "--stdout"]).args(flags).ok().out().replace('\0', "")
    };
    assert_eq!(of(&["--run", "1"]), lines(1, 3000));
    assert_eq!(of(&["--previous"]), lines(1, 100));
    assert_eq!(of(&["--run", "3"]), lines(1, 200));
    let last = home.verb("logs", ["seq", "--stdout", "--json", "-n", "201"]).ok().json_lines();
    assert_eq!((&last[0]["run"], &last[1]["run"]), (&json!(2), &json!(3)));
}

#[test]
fn two_rotations_at_once_lose_nothing() {
    let home = Home::new();
    written(&home, 50_000, &[]);
    let all: Vec<Running> =
        (0..4).map(|_| home.verb("logs", ["--rotate", "seq"]).spawn()).collect();
    all.into_iter().for_each(|one| drop(one.done().ok()));
    assert!(archive(&home, ".1") && !archive(&home, ".2"));
    assert_eq!(shown(&home), lines(1, 50_000));
}

#[test]
fn what_is_deleted_takes_its_archives_with_it() {
    let home = Home::new();
    written(&home, 5000, &["--log-compress"]);
    home.verb("logs", ["--rotate", "seq"]).ok();
    assert!(archive(&home, ".1.gz") && archive(&home, ".journal"));
    home.kill(["seq", "--delete"]);
    let left: Vec<String> = fs::read_dir(home.state())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("seq"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_program_that_cuts_its_own_log_is_read_on() {
    let home = Home::new();
    written(&home, 5000, &[]);
    home.verb("logs", ["--rotate", "seq"]).ok();
    let archived = fs::read_to_string(format!("{}.1", home.out_path("seq").display())).unwrap();
    home.bgrun(["run", "seq", "--json", "-c", "echo anew > /dev/stdout"]).ok();
    home.until("seq", "exited");
    assert_eq!(shown(&home), archived + "anew\n");
}
