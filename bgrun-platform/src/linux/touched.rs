//! Learning, once, that a file was written: for a supervisor, which looks at most ten times
//! a second however much is written, and must cost the writer nothing in between.
//!
//! A watch ends with its first event (`IN_ONESHOT`), so a program that never stops writing
//! makes one event for each look, not one for each line.
//!
//! A user has 128 inotify instances as a rule. Who gets none is told of all that is written
//! in the directories of the files, which has no limit, and is now and then told for nothing.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use super::dnotify::Directories;

/// How many inotify instances a user may have, as this user namespace says it.
const LIMIT: &str = "/proc/sys/user/max_inotify_instances";

/// One in so many instances is left to other programs.
const LEFT_TO_OTHERS: usize = 5;

/// Watches files until they are written.
#[derive(Debug)]
pub struct Touched {
    by: By,
}

#[derive(Debug)]
enum By {
    Files(OwnedFd),
    Directories(Directories),
}

impl Touched {
    /// Watches files, and nothing yet. `None`: all inotify instances of this user are in use.
    #[must_use]
    pub fn by_files() -> Option<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        Some(Self { by: By::Files(inotify) })
    }

    /// Watches the directories of files, and nothing yet: tells also of what is written to
    /// others. It blocks SIGIO in this thread.
    #[must_use]
    pub fn by_directories() -> Option<Self> {
        Some(Self { by: By::Directories(Directories::new().ok()?) })
    }

    /// Whether it tells of nothing but the files that are watched.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        matches!(self.by, By::Files(_))
    }

    /// From now on tells, once, that the file at `path` was written.
    ///
    /// # Errors
    /// It is not there, all watches of this user are in use, or the kernel cannot tell.
    pub fn watch(&mut self, path: &Path) -> io::Result<()> {
        match &mut self.by {
            By::Files(inotify) => {
                let flags = WatchFlags::MODIFY | WatchFlags::ONESHOT;
                inotify::add_watch(inotify, path, flags)?;
                Ok(())
            }
            By::Directories(_) if path == Path::new("/dev/null") => Ok(()),
            By::Directories(directories) => {
                directories.watch(path.parent().ok_or(io::ErrorKind::NotFound)?)
            }
        }
    }

    /// Forgets what it was told; answers whether that was anything.
    pub fn forget(&self) -> bool {
        let inotify = match &self.by {
            By::Files(inotify) => inotify,
            By::Directories(directories) => return directories.forget(),
        };
        let mut buffer = [MaybeUninit::<u8>::uninit(); 1024];
        let mut was_told = false;
        while rustix::io::read(inotify, &mut buffer).is_ok_and(|(read, _)| !read.is_empty()) {
            was_told = true;
        }
        was_told
    }
}

impl AsFd for Touched {
    /// Can be read when a file was written.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.by {
            By::Files(inotify) => inotify.as_fd(),
            By::Directories(directories) => directories.as_fd(),
        }
    }
}

/// How many inotify instances programs that sleep for long may have between them: the rest
/// of what the user has is for others, which have nothing else.
#[must_use]
pub fn instances_to_share() -> usize {
    let limit = std::fs::read_to_string(LIMIT).ok();
    let limit = limit.and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(128);
    limit - limit.div_ceil(LEFT_TO_OTHERS)
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
        let mut touched = Touched::by_files().expect("an instance");
        touched.watch(file.path()).expect("watch");
        assert!(!is_told(&touched));
        file.write_all(b"one").expect("write");
        assert!(is_told(&touched));
        assert!(touched.forget() && !touched.forget());
        file.write_all(b"two").expect("write");
        assert!(!is_told(&touched));
        touched.watch(file.path()).expect("watch");
        file.write_all(b"three").expect("write");
        assert!(is_told(&touched));
    }
}
