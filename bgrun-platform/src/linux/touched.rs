//! Learning, once, that a file was written: for a supervisor, which looks at most ten times
//! a second however much is written, and must cost the writer nothing in between.
//!
//! A watch ends with its first event (`IN_ONESHOT`), so a program that never stops writing
//! makes one event for each look, not one for each line.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

/// Watches files until they are written.
#[derive(Debug)]
pub struct Touched {
    inotify: OwnedFd,
}

impl Touched {
    /// Watches nothing yet. `None`: all inotify instances of this user are in use (as a
    /// rule there are 128).
    #[must_use]
    pub fn new() -> Option<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        Some(Self { inotify })
    }

    /// From now on tells, once, that the file at `path` was written.
    ///
    /// # Errors
    /// It is not there, or all watches of this user are in use.
    pub fn watch(&self, path: &Path) -> io::Result<()> {
        let flags = WatchFlags::MODIFY | WatchFlags::ONESHOT;
        inotify::add_watch(&self.inotify, path, flags)?;
        Ok(())
    }

    /// Forgets what it was told.
    pub fn forget(&self) {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 1024];
        while rustix::io::read(&self.inotify, &mut buffer).is_ok_and(|(read, _)| !read.is_empty()) {
        }
    }
}

impl AsFd for Touched {
    /// Can be read when a file was written.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, poll};
    use std::io::Write;

    fn is_told(touched: &Touched) -> bool {
        let mut polled = [PollFd::new(touched, PollFlags::IN)];
        poll(&mut polled, Some(&rustix::time::Timespec { tv_sec: 0, tv_nsec: 0 })).expect("poll")
            > 0
    }

    #[test]
    fn a_file_that_is_written_is_told_of_once() {
        let mut file = tempfile::NamedTempFile::new().expect("file");
        let touched = Touched::new().expect("an instance");
        touched.watch(file.path()).expect("watch");
        assert!(!is_told(&touched));
        file.write_all(b"one").expect("write");
        assert!(is_told(&touched));
        touched.forget();
        file.write_all(b"two").expect("write");
        assert!(!is_told(&touched));
        touched.watch(file.path()).expect("watch");
        file.write_all(b"three").expect("write");
        assert!(is_told(&touched));
    }
}
