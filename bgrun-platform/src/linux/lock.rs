//! The lock of one process: held exactly while something of bgrun's starts,
//! supervises or forgets it, freed by the kernel however its holder dies.
//!
//! `bgrun-run` takes it and hands the same open file to the supervisor, so that no
//! moment lies between a start that is asked for and a supervisor that lives.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FallocateFlags, FlockOperation, Mode, OFlags};

/// A held lock; dropping it frees the lock unless another process shares the open file.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} is locked by another process", .0.display())]
    Held(PathBuf),
    /// The file cannot be opened or locked.
    #[error("cannot lock {}: {error}", .path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Room kept behind the line, so that the end of a run can be written down in place
/// when the disk is full by then.
const SPARE_BYTES: u64 = 1024;

impl Lock {
    /// Takes the lock at `path`, creating the file; waits at most `patience` for a
    /// holder that is about to leave.
    ///
    /// # Errors
    /// [`LockError::Held`] when it is still held then.
    pub fn take(path: &Path, patience: Duration) -> Result<Self, LockError> {
        Self::acquire(path, patience, FlockOperation::NonBlockingLockExclusive)
    }

    /// Takes the lock at `path` beside others that share it: whoever wants it alone is told
    /// that it is held.
    ///
    /// # Errors
    /// [`LockError::Held`] when somebody has it alone after `patience`.
    pub fn share(path: &Path, patience: Duration) -> Result<Self, LockError> {
        Self::acquire(path, patience, FlockOperation::NonBlockingLockShared)
    }

    fn acquire(
        path: &Path,
        patience: Duration,
        operation: FlockOperation,
    ) -> Result<Self, LockError> {
        let failed =
            |error: rustix::io::Errno| LockError::Io { path: path.to_owned(), error: error.into() };
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(500);
        loop {
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            let mode = Mode::RUSR | Mode::WUSR;
            let opened = rustix::fs::openat(CWD, path, flags, mode).map_err(failed)?;
            match rustix::fs::flock(&opened, operation) {
                // Whoever forgets a process removes the file while holding the lock: what
                // was locked must still be what the path names.
                Ok(()) if is_at(&opened, path) => return Ok(Self { file: File::from(opened) }),
                Ok(()) | Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) if Instant::now() >= deadline => {
                    return Err(LockError::Held(path.to_owned()));
                }
                Err(rustix::io::Errno::AGAIN) => {
                    super::clock::pause(pause);
                    pause = (pause * 2).min(Duration::from_millis(10));
                }
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// The lock that was handed over as an open file.
    #[must_use]
    pub fn from_descriptor(descriptor: OwnedFd) -> Self {
        Self { file: File::from(descriptor) }
    }

    /// Whether somebody holds the lock at `path`. A file that is not there is not locked.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn is_held(path: &Path) -> io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
            Ok(file) => file,
            Err(rustix::io::Errno::NOENT) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        // Shared and given back at once: takers wait out such a glance.
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(false),
            Err(rustix::io::Errno::AGAIN) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the line in the file. It is overwritten in place: a rename would leave
    /// the lock on a file without a name.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn write_line(&self, line: &str) -> io::Result<()> {
        let text = format!("{line}\n");
        let length = text.len() as u64;
        let before = self.file.metadata()?;
        if before.blocks() * 512 < length + SPARE_BYTES {
            // Where it is not supported the write itself allocates.
            let flags = FallocateFlags::KEEP_SIZE;
            let _ = rustix::fs::fallocate(&self.file, flags, 0, length + SPARE_BYTES);
        }
        self.file.write_all_at(text.as_bytes(), 0)?;
        if before.len() > length { self.file.set_len(length) } else { Ok(()) }
    }

    /// Leaves the present time at the file, and lets whoever watches its directory know.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn touch(&self) -> io::Result<()> {
        self.file.write_all_at(b"\n", 0)
    }

    /// Gives a shared lock back, and removes the file at `path` unless others share it.
    pub fn leave(self, path: &Path) {
        let alone = rustix::fs::flock(&self.file, FlockOperation::NonBlockingLockExclusive);
        if alone.is_ok() && is_at(&self.file, path) {
            // Removed while it is held, so that nobody takes a lock that has no name.
            let _ = std::fs::remove_file(path);
        }
    }

    /// The line in this file, without its end.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn line(&self) -> io::Result<String> {
        let mut bytes = vec![0; usize::try_from(self.file.metadata()?.len()).unwrap_or(0)];
        let read = self.file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(first_line(&bytes))
    }

    /// The line in the file at `path`, without its end, whoever holds the lock.
    ///
    /// # Errors
    /// The file is not there or cannot be read.
    pub fn line_at(path: &Path) -> io::Result<String> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
        let mut bytes = Vec::with_capacity(1024);
        file.read_to_end(&mut bytes)?;
        Ok(first_line(&bytes))
    }
}

impl AsFd for Lock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// What stands behind the line is left of a longer one, which is about to be cut off.
fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}

fn is_at(file: impl AsFd, path: &Path) -> bool {
    match (rustix::fs::fstat(file), rustix::fs::stat(path)) {
        (Ok(held), Ok(named)) => (held.st_dev, held.st_ino) == (named.st_dev, named.st_ino),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("1.lock");
        (directory, path)
    }

    #[test]
    fn a_lock_is_held_until_it_is_dropped() {
        let (_directory, path) = path();
        assert!(!Lock::is_held(&path).expect("look"));
        let lock = Lock::take(&path, Duration::ZERO).expect("take");
        assert!(Lock::is_held(&path).expect("look"));
        assert!(matches!(Lock::take(&path, Duration::ZERO), Err(LockError::Held(_))));
        drop(lock);
        Lock::take(&path, Duration::ZERO).expect("take again");
    }

    #[test]
    fn a_lock_may_be_shared_and_is_not_had_alone_then() {
        let (_directory, path) = path();
        let one = Lock::share(&path, Duration::ZERO).expect("share");
        let other = Lock::share(&path, Duration::ZERO).expect("share with another");
        drop(one);
        assert!(matches!(Lock::take(&path, Duration::ZERO), Err(LockError::Held(_))));
        drop(other);
        let alone = Lock::take(&path, Duration::ZERO).expect("take");
        assert!(matches!(Lock::share(&path, Duration::ZERO), Err(LockError::Held(_))));
        drop(alone);
    }

    #[test]
    fn the_last_one_to_leave_a_shared_lock_removes_it() {
        let (_directory, path) = path();
        let one = Lock::share(&path, Duration::ZERO).expect("share");
        let other = Lock::share(&path, Duration::ZERO).expect("share with another");
        one.leave(&path);
        assert!(path.exists());
        other.leave(&path);
        assert!(!path.exists());
    }

    #[test]
    fn a_shorter_line_leaves_nothing_of_the_longer_one() {
        let (_directory, path) = path();
        let lock = Lock::take(&path, Duration::ZERO).expect("take");
        lock.write_line("a long line").expect("write");
        lock.write_line("short").expect("write");
        assert_eq!(lock.line().expect("read"), "short");
        assert_eq!(Lock::line_at(&path).expect("read"), "short");
        // As a reader finds it before the rest is cut off.
        std::fs::write(&path, "short\nng line\n").expect("write");
        assert_eq!(lock.line().expect("read"), "short");
        assert_eq!(Lock::line_at(&path).expect("read"), "short");
    }

    #[test]
    fn a_lock_on_a_replaced_file_is_taken_anew() {
        let (_directory, path) = path();
        let old = Lock::take(&path, Duration::ZERO).expect("take");
        std::fs::remove_file(&path).expect("remove");
        let new = Lock::take(&path, Duration::ZERO).expect("take the new file");
        drop(old);
        assert!(Lock::is_held(&path).expect("look"));
        drop(new);
    }
}
