//! Rotation where the disk is the trouble: it is full, it can neither collapse nor punch, or
//! all of a process's logs have to keep within a limit.

use std::fs;
use std::process::Command;
use tests::*;

const MOUNTS: [&str; 1] = ["--mount"];

fn lines(numbers: std::ops::RangeInclusive<u32>) -> String {
    numbers.map(|number| format!("line {number:010}\n")).collect()
}

/// Starts `seq`, which writes `count` lines and sleeps, and waits for the last one.
#[track_caller]
fn written(home: &Home, count: u32, flags: &[&str]) {
    let script = format!("{} {count}; exec sleep 60", program("sequence"));
    home.verb("run", ["seq", "--quiet"]).args(flags).args(["-c", &script]).ok();
    home.until_out("seq", &format!("{count:010}"));
}

fn shown(home: &Home) -> String {
    home.verb("logs", ["seq", "--stdout", "-n", "all"]).ok().out()
}

fn names(home: &Home) -> Vec<String> {
    let all = fs::read_dir(home.state()).expect("it is there").flatten();
    let names = all.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("seq-out")).collect();
    names.sort();
    names
}

/// Fills the disk, and leaves `left_bytes` of it free.
#[track_caller]
fn fill(home: &Home, left_bytes: u64) {
    let path = home.state().join("filler");
    let file = format!("of={}", path.display());
    let fill = Command::new("dd").args(["if=/dev/zero", "bs=4096", "status=none", &file]).output();
    assert!(!fill.expect("dd is installed").status.success(), "the disk is full now");
    let filler = fs::File::options().write(true).open(path).expect("it is there");
    let full_bytes = filler.metadata().expect("look").len();
    filler.set_len(full_bytes - left_bytes).expect("cut");
    filler.sync_all().expect("sync");
}

/// A rotation finds no space, at once or in the middle of its copy.
#[track_caller]
fn a_full_disk_costs_no_line(home: &Home) {
    written(home, 40_000, &["--log-max-size", "0"]);
    let whole = lines(1..=40_000);
    for left_bytes in [0, 256 << 10] {
        fill(home, left_bytes);
        let refused = home.verb("logs", ["--rotate", "seq", "--stdout"]).code(1);
        let refused = refused.says("seq: cannot rotate").says("No space left on device");
        assert_eq!(refused.out(), "");
        assert_eq!(names(home), ["seq-out.txt"], "nothing is left of the copy");
        assert!(home.out("seq") == whole, "nothing is removed");
        assert!(shown(home) == whole);
        assert_eq!(home.ls("seq").status(), "running");
        fs::remove_file(home.state().join("filler")).expect("it is there");
    }
    home.verb("logs", ["--rotate", "seq", "--stdout"]).ok();
    assert!(names(home).contains(&"seq-out.txt.1".to_owned()));
    assert!(shown(home) == whole, "and with room, every line is there once");
    assert!(
        fs::metadata(home.state().join("seq-out.txt.1")).is_ok_and(|file| file.len() > 600_000)
    );
}

#[test]
fn a_rotation_on_a_full_tmpfs_removes_nothing_and_is_done_when_there_is_room() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_tmpfs(&home.state(), "4m");
        a_full_disk_costs_no_line(&home);
    });
}

#[test]
fn a_rotation_on_a_full_ext4_removes_nothing_and_is_done_when_there_is_room() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_image(&home, &["mkfs.ext4", "-q", "-F", "-m", "0"], "ext4", 16 << 20);
        a_full_disk_costs_no_line(&home);
    });
}

#[test]
fn where_a_head_cannot_be_taken_away_the_log_is_cut_and_it_is_said() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        fs::create_dir_all(home.state()).unwrap();
        let ramfs = Command::new("mount").args(["-t", "ramfs", "none"]).arg(home.state()).status();
        assert!(ramfs.is_ok_and(|status| status.success()), "ramfs can be mounted");
        written(&home, 5000, &["--log-max-size", "0"]);
        let words = ["--rotate", "seq", "--stdout", "--json"];
        let output = home.verb("logs", words).ok().says("what was written meanwhile is lost");
        assert_eq!(output.json()[0]["method"], "copy-truncate");
        assert_eq!(output.json()[0]["archived_bytes"], 5000 * 16);
        assert_eq!(fs::metadata(home.out_path("seq")).unwrap().len(), 0);
        assert!(shown(&home) == lines(1..=5000), "nobody wrote: nothing is lost");

        // Of a busy writer some lines may be lost, and none is changed or shown twice.
        let script = format!("{} 60000 20000; : > done; exec sleep 60", program("sequence"));
        let flags = ["seq", "--restart", "--log-max-size", "64k", "--quiet", "-c", &script];
        home.verb("run", flags).ok();
        eventually("it has written", || home.at("done").exists());
        let all = shown(&home);
        let written: Vec<u32> = all
            .strip_prefix(&lines(1..=5000))
            .expect("the first run is whole")
            .lines()
            .map(|line| line.strip_prefix("line ").expect("whole").parse().expect("a number"))
            .collect();
        assert!(written.is_sorted_by(|one, next| one < next));
        assert!(names(&home).contains(&"seq-out.txt.2".to_owned()));
    });
}

#[test]
fn all_logs_of_a_process_keep_within_their_limit_while_it_writes() {
    let home = Home::new();
    let limits = ["--log-max-size", "64k", "--log-max-total", "200k", "--log-keep", "50"];
    let script = format!("{} 100000 20000; exec sleep 60", program("sequence"));
    home.verb("run", ["seq", "--quiet"]).args(limits).args(["-c", &script]).ok();
    let total = || {
        let usage = home.verb("logs", ["--usage", "--json"]).json();
        usage[0]["total_bytes"].as_u64().expect("a number")
    };
    let mut most = 0;
    eventually("all is written", || {
        most = most.max(total());
        home.out("seq").contains("0000100000")
    });
    assert!(most < 100_000 * 16, "something was removed while it wrote: {most}");
    eventually("it is within the limit", || total() <= 200 << 10);
    let shown = shown(&home);
    let count = u32::try_from(shown.len() / 16).unwrap();
    assert!(count > 1000 && shown == lines(100_001 - count..=100_000), "the last {count} lines");
}

#[test]
fn a_log_of_less_than_a_block_stays_as_it_is_and_it_is_said() {
    let home = Home::new();
    written(&home, 20, &[]);
    let output = home.verb("logs", ["--rotate", "seq"]).ok();
    let output =
        output.says("seq stdout: nothing to rotate yet: 320 bytes are no more than one block");
    let output = output.says("seq stderr: nothing new to rotate");
    assert_eq!(output.out(), "");
    let all = home.verb("logs", ["--rotate", "--json"]).ok().json();
    assert!(all[0].text("note").contains("320 bytes"), "without a selector, all: {all}");
    assert_eq!(names(&home), ["seq-out.txt"]);
    assert!(shown(&home) == lines(1..=20));
}
