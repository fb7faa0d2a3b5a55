//! The names of archives: a new one becomes `.1`, those before it move on by one. A
//! rotation can be interrupted between any two renames; done again, they go on where they
//! were.

use std::io;
use std::path::Path;

use super::archive::{self, Found, Packing};
use super::extents;
use super::journal::{Journal, with_suffix};
use crate::fault;

/// Gives the archive without a number, if the journal knows it, the number 1; removes it if
/// nobody does, because it was never finished.
///
/// # Errors
/// A rename failed; the next rotation goes on with it.
pub(super) fn settle(log: &Path, journal: &Journal) -> io::Result<()> {
    // A file that was being packed when its rotation was killed.
    let _ = std::fs::remove_file(with_suffix(log, ".packing"));
    let found = archive::list(log);
    let Some(partial) = found.iter().find(|one| one.number == 0) else { return Ok(()) };
    if journal.archives.iter().all(|part| part.inode != partial.inode) {
        return std::fs::remove_file(&partial.path);
    }
    for (from, to) in moves(&found) {
        for packing in Packing::ALL {
            match std::fs::rename(
                archive::path(log, from, packing),
                archive::path(log, to, packing),
            ) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fault::at("rotate:between-renames");
    }
    std::fs::rename(&partial.path, archive::path(log, 1, Packing::Plain))?;
    extents::sync_directory(log.parent().unwrap_or(Path::new(".")))
}

/// Which number becomes which, the highest first: all up to the first one that is free.
/// Where the renames were interrupted, the free one is where they were.
fn moves(found: &[Found]) -> Vec<(u32, u32)> {
    let is_taken = |number: u32| found.iter().any(|one| one.number == number);
    let free = (1..u32::MAX).find(|number| !is_taken(*number)).unwrap_or(u32::MAX);
    (1..free).rev().map(|number| (number, number + 1)).collect()
}

/// Removes the archives that the journal has dropped, and what was packed for nothing.
/// What another tool may have put there is left alone.
///
/// # Errors
/// The directory cannot be changed.
pub(super) fn remove_dropped(log: &Path, journal: &Journal) -> io::Result<()> {
    let found = archive::list(log);
    let is_listed = |one: &Found| journal.archives.iter().any(|part| part.inode == one.inode);
    for one in found.iter().filter(|one| one.number > 0 && !is_listed(one)) {
        let is_double = found.iter().any(|other| is_listed(other) && other.number == one.number);
        if is_double || journal.dropped.contains(&one.inode) {
            std::fs::remove_file(&one.path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::FileId;
    use crate::logs::journal::Part;

    fn found(numbers: &[u32]) -> Vec<Found> {
        let one = |number: &u32| Found {
            number: *number,
            path: "".into(),
            packing: Packing::Plain,
            inode: 0,
            bytes: 0,
        };
        numbers.iter().map(one).collect()
    }

    #[test]
    fn archives_move_on_up_to_the_first_free_number() {
        for (numbers, expected) in [
            (&[0][..], &[][..]),
            (&[0, 1], &[(1, 2)]),
            (&[0, 1, 2, 3], &[(3, 4), (2, 3), (1, 2)]),
            (&[0, 1, 2, 4], &[(2, 3), (1, 2)]),
            (&[0, 1, 3, 4], &[(1, 2)]),
            (&[0, 2, 3, 4], &[]),
        ] {
            assert_eq!(moves(&found(numbers)), expected, "{numbers:?}");
        }
    }

    #[test]
    fn only_what_the_journal_knows_gets_a_number() {
        let directory = tempfile::tempdir().expect("directory");
        let log = directory.path().join("web-out.txt");
        let write = |suffix: &str| std::fs::write(with_suffix(&log, suffix), suffix);
        write(".1.gz").expect("write");
        write(".partial").expect("write");
        settle(&log, &Journal::default()).expect("settle");
        assert!(!with_suffix(&log, ".partial").exists());
        assert!(with_suffix(&log, ".1.gz").exists());

        write(".partial").expect("write");
        let inode = FileId::at(&with_suffix(&log, ".partial")).expect("there").inode();
        let archives = vec![Part { from: 0, length: 8, inode }];
        settle(&log, &Journal { archives, ..Journal::default() }).expect("settle");
        assert_eq!(std::fs::read(with_suffix(&log, ".1")).expect("read"), b".partial");
        assert_eq!(std::fs::read(with_suffix(&log, ".2.gz")).expect("read"), b".1.gz");
    }
}
