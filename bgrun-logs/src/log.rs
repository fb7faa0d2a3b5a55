//! One open log: bytes by their logical offsets. Whatever a log consists of is hidden here.

use std::io;
use std::ops::Range;
use std::path::Path;

use bgrun_platform::logs::continuous;
use bgrun_platform::logs::{FileId, LogRefused, archive};

/// How much is read at once.
pub(crate) const BLOCK_BYTES: usize = 128 << 10;

/// A log that is there: its live file, and the archives before it.
#[derive(Debug)]
pub(crate) struct Log {
    log: Box<continuous::Log>,
}

/// Whether something was written to the log at `path`; cheaper than opening it.
pub(crate) fn has_bytes(path: &Path) -> bool {
    let live = std::fs::metadata(path);
    live.is_ok_and(|file| file.is_file() && (file.len() > 0 || archive::is_any(path)))
}

impl Log {
    /// Opens the log at `path`, if something was ever written there.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, LogRefused> {
        Ok(continuous::Log::open(path)?.map(|log| Self { log: Box::new(log) }))
    }

    /// Opens the log that was at `path` and is open at `held`.
    pub(crate) fn open_held(path: &Path, held: &Path) -> Result<Option<Self>, LogRefused> {
        Ok(continuous::Log::open_held(path, held)?.map(|log| Self { log: Box::new(log) }))
    }

    /// Where it begins: what was before that is removed.
    pub(crate) fn begin(&self) -> io::Result<u64> {
        self.log.begin()
    }

    /// Where the file begins that is written now; what is before that lies in archives.
    pub(crate) fn live_from(&self) -> io::Result<u64> {
        self.log.live_from()
    }

    /// Where it ends now.
    pub(crate) fn end(&self) -> io::Result<u64> {
        self.log.end()
    }

    /// Which file its live one is, also after another one took its name.
    pub(crate) fn id(&self) -> FileId {
        self.log.id()
    }

    /// Reads from `at` on until `buffer` is full or the log ends; answers how many bytes.
    ///
    /// # Errors
    /// `NotFound` when what stood at `at` was removed.
    pub(crate) fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.log.read_at(at + filled as u64, &mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Hands on the bytes of `range` in blocks, each with its offset. What was removed
    /// meanwhile is passed over.
    ///
    /// # Errors
    /// Those of `each`; for those of reading see [`Reached`].
    pub(crate) fn each_block(
        &self,
        range: Range<u64>,
        buffer: &mut [u8],
        mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<Reached> {
        let mut reached = Reached::at(range.start);
        while reached.at < range.end {
            let left = usize::try_from(range.end - reached.at).unwrap_or(usize::MAX);
            let wanted = left.min(buffer.len());
            match self.log.read_at(reached.at, &mut buffer[..wanted]) {
                Ok(0) => break,
                Ok(count) => {
                    each(reached.at, &buffer[..count])?;
                    reached.at += count as u64;
                }
                Err(error) => match self.log.begin() {
                    Ok(begin) if error.kind() == io::ErrorKind::NotFound && begin > reached.at => {
                        reached.removed_bytes += begin - reached.at;
                        reached.at = begin;
                    }
                    _ => {
                        reached.trouble = Some(error);
                        break;
                    }
                },
            }
        }
        Ok(reached)
    }
}

/// How far reading came.
#[derive(Debug)]
pub(crate) struct Reached {
    /// Less than what was asked for when the log was cut short meanwhile.
    pub(crate) at: u64,
    /// So many bytes were removed before they could be read.
    pub(crate) removed_bytes: u64,
    /// Why it went no further.
    pub(crate) trouble: Option<io::Error>,
}

impl Reached {
    /// Nothing was read yet.
    pub(crate) fn at(at: u64) -> Self {
        Self { at, removed_bytes: 0, trouble: None }
    }

    /// What was read then.
    pub(crate) fn and(self, then: Self) -> Self {
        Self { removed_bytes: self.removed_bytes + then.removed_bytes, ..then }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_comes_in_blocks_with_their_offsets() {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), "0123456789").expect("write");
        let log = Log::open(file.path()).expect("open").expect("there");
        let mut blocks = Vec::new();
        let mut collect = |at, bytes: &[u8]| {
            blocks.push((at, String::from_utf8_lossy(bytes).into_owned()));
            Ok(())
        };
        assert_eq!(log.each_block(1..8, &mut [0; 4], &mut collect).expect("fine").at, 8);
        assert_eq!(log.each_block(8..99, &mut [0; 4], &mut collect).expect("fine").at, 10);
        assert_eq!(blocks, [(1, "1234".into()), (5, "567".into()), (8, "89".into())]);
    }

    #[test]
    fn what_was_never_written_is_no_error() {
        let directory = tempfile::tempdir().expect("directory");
        assert!(Log::open(&directory.path().join("none")).expect("fine").is_none());
    }
}
