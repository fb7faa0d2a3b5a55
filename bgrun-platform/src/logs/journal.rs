//! The journal of a log, a small file beside it: which logical offsets its live file and
//! its archives hold, and how far a rotation has come. It is replaced as a whole by a
//! rename, so that a reader sees one state or the next.
//!
//! The live file holds the log from `base + head` on. As long as its first `head` bytes are
//! a hole, its byte N is the logical `base + N`; once they were collapsed away, it is
//! `base + head + N`. The hole itself tells which of these holds, so there is no moment at
//! which journal and file disagree.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::FileId;
use super::extents;

/// How far a rotation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// None is under way.
    #[default]
    Idle,
    /// The head is in an archive, durably, and still in the live file.
    Copied,
    /// The head of the live file is a hole; it is about to be collapsed.
    Punched,
}

/// An archive: which part of the log it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The logical offset of its first byte.
    pub from: u64,
    /// How many bytes of the log it holds, however it is compressed.
    pub length: u64,
    /// By which it is known while its name changes from `.1` to `.2`.
    pub inode: u64,
}

impl Part {
    /// Whether the byte at `at` is in it.
    #[must_use]
    pub fn holds(&self, at: u64) -> bool {
        self.from <= at && at - self.from < self.length
    }
}

/// What is known of the files of a log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Journal {
    /// The logical offset of the first byte of the live file, while that has its head.
    pub base: u64,
    /// So many bytes at the head of the live file are in archives.
    pub head: u64,
    /// How far a rotation has come.
    pub step: Step,
    /// Whether the file system can collapse; where it cannot, the head stays a hole.
    pub collapses: bool,
    /// The inode of the live file, when this was written.
    pub inode: u64,
    /// The archives, the newest first.
    pub archives: Vec<Part>,
    /// The inodes of archives that are no longer of use, and may still be there.
    #[serde(default)]
    pub dropped: Vec<u64>,
}

/// The journal of the log at `log`.
#[must_use]
pub fn path(log: &Path) -> PathBuf {
    with_suffix(log, ".journal")
}

/// The name of `log` with `suffix` behind it.
#[must_use]
pub fn with_suffix(log: &Path, suffix: &str) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A journal that was read, and the file it was read from: while that is held, no other
/// file has its inode, so that a replaced one is always noticed.
#[derive(Debug, Default)]
pub struct Seen {
    /// What it says; `None` where there is none, or it is damaged.
    pub journal: Option<Journal>,
    held: Option<(File, FileId)>,
}

impl Seen {
    /// Reads the journal of `log`.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn of(log: &Path) -> io::Result<Self> {
        let mut file = match File::open(path(log)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { journal: None, held: None });
            }
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let journal = serde_json::from_slice(&text).ok();
        let id = FileId::of(&file)?;
        Ok(Self { journal, held: Some((file, id)) })
    }

    /// Whether it is still the journal of `log`.
    #[must_use]
    pub fn is_current(&self, log: &Path) -> bool {
        FileId::at(&path(log)) == self.held.as_ref().map(|(_, id)| *id)
    }
}

impl Journal {
    /// Replaces the journal of `log`, durably. What was durable before in the same
    /// directory is named there durably after this.
    ///
    /// # Errors
    /// No space left; the journal is as it was then.
    pub fn write(&self, log: &Path) -> io::Result<()> {
        let (path, new) = (path(log), with_suffix(log, ".journal-new"));
        let written = (|| {
            let mut file = crate::private::create_file(&new)?;
            file.write_all(&serde_json::to_vec(self)?)?;
            file.sync_all()?;
            std::fs::rename(&new, &path)
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&new);
        }
        written?;
        extents::sync_directory(path.parent().unwrap_or(Path::new(".")))
    }

    /// Where the live file's part of the log begins.
    #[must_use]
    pub fn live_from(&self) -> u64 {
        self.base + self.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_as_it_was_written_and_a_replaced_one_is_noticed() {
        let directory = tempfile::tempdir().expect("directory");
        let log = directory.path().join("web-out.txt");
        let none = Seen::of(&log).expect("read");
        assert!(none.journal.is_none() && none.is_current(&log));
        let part = Part { from: 0, length: 4096, inode: 7 };
        let journal = Journal { base: 4096, archives: vec![part], ..Journal::default() };
        journal.write(&log).expect("write");
        assert!(!none.is_current(&log));
        let first = Seen::of(&log).expect("read");
        assert_eq!(first.journal.as_ref(), Some(&journal));
        assert!(first.is_current(&log));
        journal.write(&log).expect("write");
        assert!(!first.is_current(&log));
    }

    #[test]
    fn a_damaged_journal_is_none() {
        let directory = tempfile::tempdir().expect("directory");
        let log = directory.path().join("web-out.txt");
        std::fs::write(path(&log), "{\"base\":").expect("write");
        assert!(Seen::of(&log).expect("read").journal.is_none());
    }
}
