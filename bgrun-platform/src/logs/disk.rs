//! What logs take on the disk, and keeping all of a process's within a limit.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::archive::{self, Found};
use super::journal::with_suffix;
use super::rotate::Rotation;
use crate::clock;

/// What one log takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The live file, without what is a hole in it.
    pub live_bytes: u64,
    /// Its archives, as they are on the disk.
    pub archive_bytes: u64,
    /// How many there are.
    pub archives: u32,
}

impl Usage {
    /// What the log at `path` takes now; nothing when there is none.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let mut usage = Self { live_bytes: live_bytes(path), ..Self::default() };
        for found in archive::list(path).iter().filter(|_| path != Path::new("/dev/null")) {
            usage.archive_bytes += found.bytes;
            usage.archives += 1;
        }
        usage
    }

    /// All of it.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.live_bytes + self.archive_bytes
    }
}

/// What the live log at `path` takes, without what is a hole in it. Its archives are not
/// looked for, which takes as long as its directory is large.
#[must_use]
pub fn live_bytes(path: &Path) -> u64 {
    let live = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
    live.map_or(0, |data| data.len().min(data.blocks() * 512))
}

/// Removes the oldest archives of `logs` until all of them take no more than `limit`.
/// Answers how many were removed. What is live is never touched.
///
/// # Errors
/// An archive cannot be removed.
pub fn keep_within(logs: &[&Path], limit: u64) -> io::Result<u32> {
    let mut removed = 0;
    loop {
        let total: u64 = logs.iter().map(|log| Usage::of(log).total_bytes()).sum();
        if total <= limit {
            return Ok(removed);
        }
        let oldest = |log: &&&Path| oldest_archive(log).map_or(SystemTime::now(), |(time, _)| time);
        let candidates = logs.iter().filter(|log| oldest_archive(log).is_some());
        let Some(log) = candidates.min_by_key(oldest) else { return Ok(removed) };
        // Where another one is at work, it will look itself.
        let Some(mut rotation) = Rotation::begin(log)? else { return Ok(removed) };
        if !rotation.remove_oldest()? {
            return Ok(removed);
        }
        removed += 1;
    }
}

/// How long a rotation that is at work is waited for before its log is removed: it would
/// make some of its files anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// So many logs are held at once while they are removed: descriptors are limited, and a
/// directory is read once for all of them.
const AT_ONCE: usize = 64;

/// Removes the log at `path` with its archives and its journal.
///
/// # Errors
/// One of them cannot be removed; the others are.
pub fn remove(path: &Path) -> io::Result<()> {
    remove_each(&[path]).pop().map_or(Ok(()), |(_, error)| Err(error))
}

/// The same for each of several logs; answers which of them could not be removed whole.
#[must_use]
pub fn remove_each<'a>(logs: &[&'a Path]) -> Vec<(&'a Path, io::Error)> {
    let mut logs: Vec<&Path> = logs.iter().copied().filter(|log| is_there(log)).collect();
    // One that is named twice would wait for itself.
    logs.sort_unstable();
    logs.dedup();
    let mut failed = Vec::new();
    for logs in logs.chunks(AT_ONCE) {
        // Kept until their files are gone: nobody else archives anything meanwhile.
        let rotations: Vec<_> = logs.iter().map(|log| begin(log)).collect();
        for (log, archives) in logs.iter().zip(archive::list_each(logs)) {
            failed.extend(remove_files(log, archives).err().map(|error| (*log, error)));
        }
        drop(rotations);
    }
    failed
}

fn is_there(log: &Path) -> bool {
    log.symlink_metadata().is_ok_and(|data| data.is_file()) || archive::is_any(log)
}

/// Keeps rotations away, or gives up waiting for the one that is at work.
fn begin(log: &Path) -> io::Result<Option<Rotation<'_>>> {
    let begun = Instant::now();
    loop {
        match Rotation::begin(log) {
            Ok(None) if begun.elapsed() < PATIENCE => clock::pause(Duration::from_millis(5)),
            other => return other,
        }
    }
}

fn remove_files(log: &Path, archives: Vec<Found>) -> io::Result<()> {
    let mut files = vec![log.to_owned()];
    files.extend(archives.into_iter().map(|found| found.path));
    files.extend([".journal", ".journal-new", ".packing"].map(|end| with_suffix(log, end)));
    let mut removed = Ok(());
    for file in files.iter().filter(|file| file.symlink_metadata().is_ok_and(|d| d.is_file())) {
        removed = std::fs::remove_file(file).and(removed);
    }
    removed
}

fn oldest_archive(log: &Path) -> Option<(SystemTime, Found)> {
    let found = archive::list(log).pop()?;
    Some((std::fs::metadata(&found.path).ok()?.modified().ok()?, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::rotate::{Limits, rotate};

    #[test]
    fn the_oldest_archives_go_first_whichever_log_they_are_of() {
        let directory = tempfile::tempdir().expect("directory");
        let (out, err) = (directory.path().join("out"), directory.path().join("err"));
        let limits = Limits { keep: 100, compress: false };
        for log in [&out, &err, &out] {
            let text = vec![b'x'; 20_000];
            let mut file = crate::private::open_to_append(log).expect("open");
            io::Write::write_all(&mut file, &text).expect("write");
            rotate(log, limits).expect("rotate");
            crate::clock::pause(std::time::Duration::from_millis(20));
        }
        let logs = [out.as_path(), err.as_path()];
        let before = Usage::of(&out);
        assert_eq!(before.archives, 2);
        let total: u64 = logs.iter().map(|log| Usage::of(log).total_bytes()).sum();
        assert_eq!(keep_within(&logs, total).expect("fine"), 0);
        assert_eq!(keep_within(&logs, total - 1).expect("fine"), 1);
        assert!(with_suffix(&out, ".1").exists() && !with_suffix(&out, ".2").exists());
        assert_eq!(keep_within(&logs, 30_000).expect("fine"), 1);
        assert!(with_suffix(&out, ".1").exists() && !with_suffix(&err, ".1").exists());
        assert_eq!(keep_within(&logs, 0).expect("fine"), 1);
        assert!(out.exists() && err.exists());
        rotate(&out, limits).expect("rotate");
        std::fs::write(directory.path().join("out.1.bak"), "of the user").expect("write");
        let twice = [out.as_path(), err.as_path(), out.as_path()];
        assert!(remove_each(&twice).is_empty());
        std::fs::remove_file(directory.path().join("out.1.bak")).expect("it was left alone");
        assert_eq!(std::fs::read_dir(directory.path()).expect("read").count(), 0);
    }
}
