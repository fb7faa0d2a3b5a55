//! One open log: bytes by their offset. Whatever a log consists of is hidden here.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use bgrun_platform::logs::{self, FileId, LogRefused};

/// How much is read at once.
pub(crate) const BLOCK_BYTES: usize = 128 << 10;

/// A log that is there.
#[derive(Debug)]
pub(crate) struct Log {
    file: File,
}

impl Log {
    /// Opens the log at `path`, if something was ever written there.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, LogRefused> {
        Ok(logs::open_to_read(path)?.map(|file| Self { file }))
    }

    /// Where it ends now.
    pub(crate) fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Which file it is, also after another one took its name.
    pub(crate) fn id(&self) -> io::Result<FileId> {
        FileId::of(&self.file)
    }

    /// Reads from `at` on until `buffer` is full or the log ends; answers how many bytes.
    pub(crate) fn read(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(at))?;
        let mut filled = 0;
        while filled < buffer.len() {
            match file.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Hands on the bytes of `range` in blocks, each with its offset.
    ///
    /// # Errors
    /// Those of `each`; for those of reading see [`Reached`].
    pub(crate) fn each_block(
        &self,
        range: Range<u64>,
        buffer: &mut [u8],
        mut each: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<Reached> {
        let mut at = range.start;
        while at < range.end {
            let wanted = usize::try_from(range.end - at).unwrap_or(usize::MAX).min(buffer.len());
            match self.read(at, &mut buffer[..wanted]) {
                Ok(0) => break,
                Ok(count) => {
                    each(at, &buffer[..count])?;
                    at += count as u64;
                }
                Err(error) => return Ok(Reached { at, trouble: Some(error) }),
            }
        }
        Ok(Reached { at, trouble: None })
    }
}

/// How far reading came.
#[derive(Debug)]
pub(crate) struct Reached {
    /// Less than what was asked for when the log was cut short meanwhile.
    pub(crate) at: u64,
    /// Why it went no further.
    pub(crate) trouble: Option<io::Error>,
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
