//! Log files: opening them safely, and sleeping until they grow.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::{CWD, FileType, Mode, OFlags};

/// Why a file is not taken for a log.
#[derive(Debug, thiserror::Error)]
pub enum LogRefused {
    /// It is a symbolic link, which could lead anywhere.
    #[error("{} is a symbolic link", crate::text::safe_path(.0))]
    Link(PathBuf),
    /// It is neither a regular file nor `/dev/null`.
    #[error("{} is not a regular file", crate::text::safe_path(.0))]
    NotAFile(PathBuf),
    /// It belongs to somebody else, who would read what is written.
    #[error("{} belongs to another user", crate::text::safe_path(.0))]
    Owner(PathBuf),
    /// It cannot be opened.
    #[error("cannot open {}: {error}", crate::text::safe_path(.path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Opens `path` for appending only, creating it (0600) and its directory (0700).
///
/// # Errors
/// See [`LogRefused`].
pub fn open_for_append(path: &Path) -> Result<File, LogRefused> {
    let failed = |error: rustix::io::Errno| match error {
        rustix::io::Errno::LOOP => LogRefused::Link(path.to_owned()),
        error => LogRefused::Io { path: path.to_owned(), error: error.into() },
    };
    // NONBLOCK: opening a FIFO without a reader must not hang; a file ignores it.
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::CLOEXEC
        | OFlags::NOFOLLOW
        | OFlags::NOCTTY
        | OFlags::NONBLOCK;
    let open = || rustix::fs::openat(CWD, path, flags, Mode::RUSR | Mode::WUSR);
    let file = match open() {
        Err(rustix::io::Errno::NOENT) => {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)
                    .map_err(|error| LogRefused::Io { path: parent.to_owned(), error })?;
            }
            open()
        }
        Err(rustix::io::Errno::NXIO) => return Err(LogRefused::NotAFile(path.to_owned())),
        other => other,
    }
    .map_err(failed)?;
    let stat = rustix::fs::fstat(&file).map_err(failed)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind.is_char_device() && path == Path::new("/dev/null") {
        return Ok(File::from(file));
    }
    if !kind.is_file() {
        return Err(LogRefused::NotAFile(path.to_owned()));
    }
    if stat.st_uid != super::user::id() {
        return Err(LogRefused::Owner(path.to_owned()));
    }
    rustix::fs::fcntl_setfl(&file, OFlags::APPEND).map_err(failed)?;
    Ok(File::from(file))
}

/// Sleeps until one of several files may have changed.
#[derive(Debug)]
pub struct Growth {
    inotify: Option<OwnedFd>,
}

/// How often files are looked at where the kernel cannot tell us.
const POLLING: Duration = Duration::from_millis(200);

impl Growth {
    /// Starts with no file. Where the user's inotify instances are used up it polls
    /// five times a second, and [`Growth::is_told`] says so.
    #[must_use]
    pub fn new() -> Self {
        Self { inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok() }
    }

    /// Whether the kernel tells of changes; otherwise every wait is a short one.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.inotify.is_some()
    }

    /// Watches the file at `path` for being written, cut, moved or deleted. A path may
    /// be added again after its file was replaced.
    ///
    /// # Errors
    /// It is not there. When the user's watches are used up, this turns to polling.
    pub fn add(&mut self, path: &Path) -> io::Result<()> {
        self.watch(
            path,
            WatchFlags::MODIFY
                | WatchFlags::MOVE_SELF
                | WatchFlags::DELETE_SELF
                | WatchFlags::ATTRIB,
        )
    }

    /// Watches a directory for files that appear in it.
    ///
    /// # Errors
    /// It is not there. When the user's watches are used up, this turns to polling.
    pub fn add_directory(&mut self, path: &Path) -> io::Result<()> {
        self.watch(path, WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR)
    }

    fn watch(&mut self, path: &Path, flags: WatchFlags) -> io::Result<()> {
        let Some(inotify) = &self.inotify else { return Ok(()) };
        match inotify::add_watch(inotify, path, flags) {
            Ok(_) => Ok(()),
            Err(rustix::io::Errno::NOSPC) => {
                self.inotify = None;
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sleeps until something changed, `deadline` is over, or, when polling, a short
    /// while. What changed is not said: the caller looks at all its files.
    ///
    /// # Errors
    /// poll(2) failed.
    pub fn wait(&self, deadline: Option<Instant>) -> io::Result<()> {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let Some(inotify) = &self.inotify else {
            super::clock::pause(left.map_or(POLLING, |left| left.min(POLLING)));
            return Ok(());
        };
        let mut polled = [PollFd::new(inotify, PollFlags::IN)];
        match rustix::event::poll(&mut polled, left.map(super::clock::timespec).as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        // What the events say is not needed, only that they are gone.
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(inotify, &mut buffer);
        while events.next().is_ok() {}
        Ok(())
    }
}

impl Default for Growth {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_written_is_appended_whatever_happened_to_the_file() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("deep/web-out.txt");
        let mut log = open_for_append(&path).expect("open");
        log.write_all(b"one\n").expect("write");
        File::options().write(true).open(&path).expect("open").set_len(0).expect("cut");
        log.write_all(b"two\n").expect("write");
        assert_eq!(std::fs::read(&path).expect("read"), b"two\n");
        let mode = std::fs::metadata(&path).expect("look").permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn links_and_special_files_are_refused() {
        let directory = tempfile::tempdir().expect("directory");
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/tmp/elsewhere", &link).expect("link");
        assert!(matches!(open_for_append(&link), Err(LogRefused::Link(_))));
        assert!(matches!(open_for_append(directory.path()), Err(LogRefused::Io { .. })));
        assert!(matches!(open_for_append(Path::new("/dev/zero")), Err(LogRefused::NotAFile(_))));
        open_for_append(Path::new("/dev/null")).expect("the null device is a fine log");
    }

    #[test]
    fn a_wait_ends_when_the_file_grows() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let mut growth = Growth::new();
        growth.add(file.path()).expect("watch");
        let path = file.path().to_owned();
        let writer = std::thread::spawn(move || std::fs::write(path, "line\n"));
        growth.wait(Some(Instant::now() + Duration::from_secs(30))).expect("wait");
        writer.join().expect("thread").expect("write");
        assert_eq!(std::fs::read(file.path()).expect("read"), b"line\n");
    }
}
