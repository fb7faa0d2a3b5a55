//! Tests of reading over archives and the live file, whatever state a rotation left.

use super::*;
use crate::logs::journal::with_suffix;
use std::io::Write;

const BLOCK: u64 = 4096;

/// A log whose byte at offset N is a function of N.
struct Written {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn bytes(from: u64, to: u64) -> Vec<u8> {
    (from..to).map(|at| b'a' + u8::try_from(at / 7 % 26).expect("small")).collect()
}

impl Written {
    /// The live file holds `live`; each archive, the newest first, its range.
    fn new(live: (u64, u64), archives: &[(&str, u64, u64)]) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("web-out.txt");
        std::fs::write(&path, bytes(live.0, live.1)).expect("write");
        for (suffix, from, to) in archives {
            std::fs::write(with_suffix(&path, suffix), bytes(*from, *to)).expect("write");
        }
        Self { _directory: directory, path }
    }

    fn part(&self, suffix: &str, from: u64, to: u64) -> Part {
        let inode = FileId::at(&with_suffix(&self.path, suffix)).expect("there").inode();
        Part { from, length: to - from, inode }
    }

    fn journal(&self, base: u64, head: u64, step: Step, archives: Vec<Part>) {
        let inode = FileId::at(&self.path).expect("there").inode();
        let journal =
            Journal { base, head, step, collapses: true, inode, archives, dropped: Vec::new() };
        journal.write(&self.path).expect("write");
    }

    fn live(&self) -> File {
        File::options().read(true).write(true).open(&self.path).expect("open")
    }

    fn open(&self) -> Log {
        Log::open(&self.path).expect("open").expect("there")
    }
}

fn read(log: &Log, from: u64, to: u64) -> Vec<u8> {
    let mut read = Vec::new();
    let mut buffer = vec![0; 1000];
    while from + (read.len() as u64) < to {
        let at = from + read.len() as u64;
        let wanted = buffer.len().min(usize::try_from(to - at).expect("small"));
        match log.read_at(at, &mut buffer[..wanted]).expect("read") {
            0 => break,
            count => read.extend_from_slice(&buffer[..count]),
        }
    }
    read
}

/// All of it, from `begin` to the given end.
fn is_whole(log: &Log, begin: u64, end: u64) {
    assert_eq!((log.begin().expect("begin"), log.end().expect("end")), (begin, end));
    assert!(read(log, begin, end) == bytes(begin, end), "other bytes");
}

#[test]
fn a_log_without_archives_is_its_file() {
    let web = Written::new((0, 5000), &[]);
    is_whole(&web.open(), 0, 5000);
    let mut none = [0; 4];
    assert_eq!(web.open().read_at(5000, &mut none).expect("read"), 0);
}

#[test]
fn archives_and_live_file_are_one_log() {
    let web = Written::new((9000, 12_000), &[(".1", 4000, 9000), (".2", 1000, 4000)]);
    let parts = vec![web.part(".1", 4000, 9000), web.part(".2", 1000, 4000)];
    web.journal(9000, 0, Step::Idle, parts);
    is_whole(&web.open(), 1000, 12_000);
    assert_eq!(read(&web.open(), 8990, 9010), bytes(8990, 9010));
}

#[test]
fn archives_without_a_journal_are_read_in_the_order_of_their_numbers() {
    let web = Written::new((8000, 12_000), &[(".1", 3000, 8000), (".2", 0, 3000)]);
    is_whole(&web.open(), 0, 12_000);
}

#[test]
fn what_a_rotation_left_at_any_step_is_read_right() {
    let size = 3 * BLOCK;
    for (step, is_punched, is_collapsed) in [
        (Step::Copied, false, false),
        (Step::Copied, true, false),
        (Step::Punched, true, false),
        (Step::Punched, true, true),
    ] {
        let web = Written::new((0, size), &[(".partial", 0, BLOCK)]);
        web.journal(0, BLOCK, step, vec![web.part(".partial", 0, BLOCK)]);
        let live = web.live();
        if is_punched {
            extents::punch_head(&live, BLOCK).expect("punch");
        }
        if is_collapsed && let Err(error) = extents::collapse_head(&live, BLOCK) {
            assert_eq!(error.kind(), io::ErrorKind::Unsupported);
            continue;
        }
        is_whole(&web.open(), 0, size);
    }
}

#[test]
fn a_log_that_is_held_is_read_on_over_a_rotation() {
    let web = Written::new((0, 3 * BLOCK), &[]);
    let log = web.open();
    is_whole(&log, 0, 3 * BLOCK);
    std::fs::write(with_suffix(&web.path, ".1"), bytes(0, BLOCK)).expect("write");
    let part = web.part(".1", 0, BLOCK);
    web.journal(0, BLOCK, Step::Copied, vec![part.clone()]);
    is_whole(&log, 0, 3 * BLOCK);
    extents::punch_head(&web.live(), BLOCK).expect("punch");
    is_whole(&log, 0, 3 * BLOCK);
    web.journal(0, BLOCK, Step::Punched, vec![part.clone()]);
    is_whole(&log, 0, 3 * BLOCK);
    if extents::collapse_head(&web.live(), BLOCK).is_ok() {
        is_whole(&log, 0, 3 * BLOCK);
        web.journal(BLOCK, 0, Step::Idle, vec![part.clone()]);
        is_whole(&log, 0, 3 * BLOCK);
    }
    std::fs::rename(with_suffix(&web.path, ".1"), with_suffix(&web.path, ".2")).expect("rename");
    is_whole(&log, 0, 3 * BLOCK);
}

#[test]
fn the_live_file_may_become_an_archive_while_it_is_held() {
    let web = Written::new((0, 3000), &[]);
    let log = web.open();
    std::fs::rename(&web.path, with_suffix(&web.path, ".1")).expect("rename");
    std::fs::write(&web.path, bytes(3000, 4000)).expect("write");
    is_whole(&log, 0, 3000);
    is_whole(&web.open(), 0, 4000);
}

#[test]
fn a_log_that_the_program_has_cut_begins_behind_its_archives() {
    let web = Written::new((0, 3 * BLOCK), &[(".1", 0, BLOCK)]);
    web.journal(0, BLOCK, Step::Punched, vec![web.part(".1", 0, BLOCK)]);
    extents::punch_head(&web.live(), BLOCK).expect("punch");
    let log = web.open();
    web.live().set_len(0).expect("cut");
    assert_eq!((log.begin().expect("begin"), log.end().expect("end")), (0, BLOCK));
    let mut live = File::options().append(true).open(&web.path).expect("open");
    live.write_all(&bytes(BLOCK, BLOCK + 100)).expect("write");
    is_whole(&log, 0, BLOCK + 100);
}

#[test]
fn an_archive_that_was_removed_is_where_the_log_begins() {
    let web = Written::new((9000, 12_000), &[(".1", 4000, 9000), (".2", 1000, 4000)]);
    let parts = vec![web.part(".1", 4000, 9000), web.part(".2", 1000, 4000)];
    web.journal(9000, 0, Step::Idle, parts);
    let log = web.open();
    std::fs::remove_file(with_suffix(&web.path, ".2")).expect("remove");
    let error = log.read_at(1000, &mut [0; 8]).expect_err("removed");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    is_whole(&log, 4000, 12_000);
}
