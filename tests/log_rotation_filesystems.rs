//! Rotation on real file systems: a writer at full speed, rotations that are killed at any
//! moment, and every line accounted for by its number: in the files, and by who followed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::*;

const MOUNTS: [&str; 1] = ["--mount"];
const LINES: usize = 1_000_000;
const KILLS: usize = 24;
const SIZE_BYTES: u64 = 400 << 20;

/// Numbers that look like chance and are the same in every run.
struct Chance(u64);

impl Chance {
    fn within(&mut self, limit: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let micros = u64::try_from(limit.as_micros()).expect("short").max(1);
        Duration::from_micros(self.0 % micros)
    }
}

fn expected() -> Vec<u8> {
    (1..=LINES).flat_map(|number| format!("line {number:010}\n").into_bytes()).collect()
}

/// The archives, the oldest first, and the live file.
fn files(live: &Path) -> Vec<PathBuf> {
    let archive = |number: usize| PathBuf::from(format!("{}.{number}", live.display()));
    let count = (1..).take_while(|number| archive(*number).exists()).count();
    (1..=count).rev().map(archive).chain([live.to_owned()]).collect()
}

#[track_caller]
fn same(what: &str, found: &[u8], expected: &[u8]) {
    if found != expected {
        let place = found.iter().zip(expected).position(|(one, other)| one != other);
        let place = place.unwrap_or(found.len().min(expected.len()));
        let around = |bytes: &[u8]| {
            let part = &bytes[place.saturating_sub(40).min(bytes.len())..];
            String::from_utf8_lossy(&part[..part.len().min(80)]).into_owned()
        };
        panic!(
            "{what}: {} bytes of {}, other at {place}: {:?} for {:?}",
            found.len(),
            expected.len(),
            around(found),
            around(expected)
        );
    }
}

/// Writes a million lines, rotates as fast as possible, kills most of the rotations.
#[track_caller]
fn every_line_is_there_once(home: &Home) {
    let words = ["run", "seq", "--log-max-size", "0", "--log-keep", "100000", "--json", "--"];
    let start = home.bgrun(words).arg(program("sequence")).arg(LINES.to_string());
    let follower = |record: &Value| {
        let name = record.name().to_owned();
        home.verb("logs", [name.as_str(), "--stdout", "-f", "-n", "all"]).spawn()
    };
    let record = start.json();
    let follower = follower(&record);
    let mut chance = Chance(0x5eed_1234_abcd_0001);
    let (mut kills, mut rotations) = (0, 0);
    let mut usual = Duration::from_millis(20);
    let is_writing = || home.find("seq").is_some_and(|seq| seq.status() == "running");
    while kills < KILLS || (rotations < 60 && is_writing()) {
        assert!(rotations < 400, "{kills} kills in {rotations} rotations");
        rotations += 1;
        let rotation = home.verb("logs", ["--rotate", "seq", "--stdout"]).spawn();
        // Every third one is let be: it tells how long they take.
        let is_let_be = rotations % 3 == 0;
        let moment = if is_let_be { PATIENCE } else { chance.within(usual) };
        if !rotation.life.ends_within(moment) {
            rotation.life.kill();
            kills += 1;
        }
        let done = rotation.done();
        if is_let_be {
            usual = done.elapsed;
        }
    }
    home.verb("wait", ["seq", "--timeout", "35s"]).ok();
    home.verb("logs", ["--rotate", "seq"]).ok();

    let expected = expected();
    let shown = home.verb("logs", ["seq", "--stdout", "-n", "all"]).ok();
    same("shown", &shown.stdout, &expected);
    let files = files(&home.out_path("seq"));
    assert!(files.len() > 2, "{files:?}");
    let mut written: Vec<u8> = Vec::new();
    for file in &files {
        let bytes = fs::read(file).expect("a log can be read");
        let hole = bytes.iter().take_while(|byte| **byte == 0).count();
        written.extend_from_slice(&bytes[hole..]);
    }
    same("written", &written, &expected);
    eventually("the follower has shown all", || follower.out().len() >= expected.len());
    same("followed", follower.out().as_bytes(), &expected);
}

/// Whether the head of the live file is a hole, rather than gone.
fn has_hole(home: &Home) -> bool {
    fs::read(home.out_path("seq")).expect("it can be read").first() == Some(&0)
}

#[test]
fn on_ext4() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_image(&home, &["mkfs.ext4", "-q", "-F"], "ext4", SIZE_BYTES);
        every_line_is_there_once(&home);
        assert!(!has_hole(&home));
    });
}

#[test]
fn on_ext4_with_small_blocks() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_image(&home, &["mkfs.ext4", "-q", "-F", "-b", "1024"], "ext4", SIZE_BYTES);
        every_line_is_there_once(&home);
        assert!(!has_hole(&home));
    });
}

#[test]
fn on_ext4_with_clusters() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_image(
            &home,
            &["mkfs.ext4", "-q", "-F", "-O", "bigalloc", "-C", "65536"],
            "ext4",
            SIZE_BYTES,
        );
        every_line_is_there_once(&home);
        assert!(!has_hole(&home));
    });
}

#[test]
fn on_ext3() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_image(&home, &["mkfs.ext4", "-q", "-F", "-O", "^extents,^64bit"], "ext4", SIZE_BYTES);
        every_line_is_there_once(&home);
        assert!(has_hole(&home));
    });
}

#[test]
fn on_xfs() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_image(&home, &["mkfs.xfs", "-q"], "xfs", SIZE_BYTES);
        every_line_is_there_once(&home);
        assert!(has_hole(&home));
    });
}

#[test]
fn on_btrfs() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_image(&home, &["mkfs.btrfs", "-q"], "btrfs", SIZE_BYTES);
        every_line_is_there_once(&home);
        assert!(has_hole(&home));
    });
}

#[test]
fn on_tmpfs() {
    in_new_namespaces(&MOUNTS, || {
        let home = Home::new();
        mount_tmpfs(&home.state(), "200m");
        every_line_is_there_once(&home);
        assert!(has_hole(&home));
    });
}
