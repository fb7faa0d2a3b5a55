//! Tests of rotations, with a writer that never waits, on whatever file system there is.

use super::*;
use crate::logs::continuous::Log;
use crate::logs::journal::with_suffix;
use std::io::Write;
use std::path::PathBuf;

const MANY: Limits = Limits { keep: 1000, compress: false };

struct Web {
    _directory: tempfile::TempDir,
    path: PathBuf,
    lines: u32,
}

impl Web {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("web-out.txt");
        Self { _directory: directory, path, lines: 0 }
    }

    /// Numbered lines of 16 bytes.
    fn write(&mut self, count: u32) {
        let mut file = File::options().create(true).append(true).open(&self.path).expect("open");
        for number in self.lines..self.lines + count {
            writeln!(file, "{number:015}").expect("write");
        }
        self.lines += count;
    }

    fn rotate(&self, limits: Limits) -> Rotated {
        rotate(&self.path, limits).expect("rotate")
    }

    fn text(&self) -> String {
        text_of(&self.path)
    }

    fn is_whole_from(&self, first: u32) {
        let expected: String = (first..self.lines).map(|n| format!("{n:015}\n")).collect();
        assert!(self.text() == expected);
    }

    fn has(&self, suffix: &str) -> bool {
        with_suffix(&self.path, suffix).exists()
    }
}

fn text_of(path: &Path) -> String {
    let log = Log::open(path).expect("open").expect("there");
    let mut text = Vec::new();
    let mut buffer = vec![0; 5000];
    let mut at = log.begin().expect("begin");
    loop {
        match log.read_at(at, &mut buffer).expect("read") {
            0 => return String::from_utf8(text).expect("text"),
            count => text.extend_from_slice(&buffer[..count]),
        }
        at = log.begin().expect("begin") + text.len() as u64;
    }
}

#[test]
fn the_head_becomes_an_archive_and_nothing_is_lost() {
    let mut web = Web::new();
    for round in 1..=3 {
        web.write(1000);
        let rotated = web.rotate(MANY);
        assert!(matches!(rotated, Rotated::Archived { .. }), "{rotated:?}");
        assert!(web.has(&format!(".{round}")) && !web.has(&format!(".{}", round + 1)));
        web.is_whole_from(0);
    }
    assert!(!web.has(".partial"));
    let newest = std::fs::read(with_suffix(&web.path, ".1")).expect("read");
    let oldest = std::fs::read(with_suffix(&web.path, ".3")).expect("read");
    assert!(oldest.starts_with(b"000000000000000\n") && newest > oldest);
}

#[test]
fn what_is_less_than_a_block_stays() {
    let mut web = Web::new();
    web.write(10);
    assert!(matches!(web.rotate(MANY), Rotated::TooSmall { .. }));
    web.is_whole_from(0);
    assert!(!web.has(".1"));
}

#[test]
fn no_more_archives_are_kept_than_asked_for() {
    let mut web = Web::new();
    for _ in 0..5 {
        web.write(1000);
        web.rotate(Limits { keep: 2, compress: false });
    }
    assert!(web.has(".2") && !web.has(".3"));
    let text = web.text();
    assert!(text.ends_with("000000000004999\n") && !text.contains("000000000001000\n"));
    web.rotate(Limits { keep: 0, compress: false });
    assert!(!web.has(".1") && !web.has(".2"));
}

#[test]
fn archives_are_compressed_and_read_as_before() {
    let mut web = Web::new();
    for round in 0..4 {
        web.write(5000);
        web.rotate(Limits { keep: 9, compress: round > 0 });
        web.is_whole_from(0);
    }
    assert!(web.has(".4.gz") && web.has(".1.gz") && !web.has(".1") && !web.has(".4"));
}

#[test]
fn another_rotation_at_work_is_not_disturbed() {
    let mut web = Web::new();
    web.write(1000);
    let other = Rotation::begin(&web.path).expect("begin").expect("free");
    assert_eq!(web.rotate(MANY), Rotated::Busy);
    drop(other);
    assert!(matches!(web.rotate(MANY), Rotated::Archived { .. }));
}

#[test]
fn a_log_that_the_program_cuts_goes_on_behind_its_archives() {
    let mut web = Web::new();
    web.write(1000);
    web.rotate(MANY);
    File::options().write(true).open(&web.path).expect("open").set_len(0).expect("cut");
    let archived = web.text();
    web.write(2000);
    web.rotate(MANY);
    let text = web.text();
    assert!(text.starts_with(&archived));
    let rest: String = (1000..3000).map(|n| format!("{n:015}\n")).collect();
    assert!(text[archived.len()..] == rest);
}

#[test]
fn a_lost_journal_loses_no_line() {
    let mut web = Web::new();
    for _ in 0..3 {
        web.write(1000);
        web.rotate(MANY);
        std::fs::remove_file(super::super::journal::path(&web.path)).expect("remove");
        web.is_whole_from(0);
    }
}

#[test]
fn a_writer_that_never_waits_loses_nothing() {
    let web = Web::new();
    let path = web.path.clone();
    let count = 200_000_u32;
    let mut file = File::options().create(true).append(true).open(&path).expect("open");
    let writer = std::thread::spawn(move || {
        for number in 0..count {
            writeln!(file, "{number:015}").expect("write");
        }
    });
    while !writer.is_finished() {
        web.rotate(MANY);
        // Readers see all of it at any moment, in order.
        for (number, line) in text_of(&web.path).split_terminator('\n').enumerate() {
            assert!(line.len() < 15 || line.parse() == Ok(number), "{line} is {number}");
        }
    }
    writer.join().expect("writer");
    web.rotate(MANY);
    let expected: String = (0..count).map(|n| format!("{n:015}\n")).collect();
    assert!(web.text() == expected);
}
