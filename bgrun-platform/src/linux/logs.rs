//! Log files: opening them safely, telling them apart, and sleeping until they grow.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::process::{Resource, getrlimit, setrlimit};

/// Why a file is not taken for a log.
#[derive(Debug, thiserror::Error)]
pub enum LogRefused {
    /// It is a symbolic link, which could lead anywhere.
    #[error("{} is a symbolic link", crate::text::safe_path(.0))]
    Link(PathBuf),
    /// It is neither a regular file nor `/dev/null`.
    #[error("{} is not a regular file", crate::text::safe_path(.0))]
    NotAFile(PathBuf),
    /// It has other names (hard links), through which it may be another's log.
    #[error("{} has more than one name (hard link)", crate::text::safe_path(.0))]
    Linked(PathBuf),
    /// It belongs to somebody else, who would read what is written.
    #[error("{} belongs to another user", crate::text::safe_path(.0))]
    Owner(PathBuf),
    /// It cannot be opened.
    #[error("cannot open {}: {}", crate::text::safe_path(.path), crate::text::reason(.error))]
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
    if stat.st_nlink > 1 {
        return Err(LogRefused::Linked(path.to_owned()));
    }
    rustix::fs::fcntl_setfl(&file, OFlags::APPEND).map_err(failed)?;
    Ok(File::from(file))
}

/// Opens the log at `path` for reading. `None`: nothing was written yet, or what is
/// written there is not kept (`/dev/null`).
///
/// # Errors
/// See [`LogRefused`]; whose it is, and links to it, are no matter for a reader.
pub fn open_to_read(path: &Path) -> Result<Option<File>, LogRefused> {
    let failed =
        |error: rustix::io::Errno| LogRefused::Io { path: path.to_owned(), error: error.into() };
    // NONBLOCK: opening a FIFO must not wait for its writer; a file ignores it.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let file = match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&file).map_err(failed)?.st_mode);
    match kind {
        FileType::RegularFile => Ok(Some(File::from(file))),
        FileType::CharacterDevice if path == Path::new("/dev/null") => Ok(None),
        _ => Err(LogRefused::NotAFile(path.to_owned())),
    }
}

/// Lets this program have as many files open as the system allows it at all: for one
/// that follows the logs of hundreds of processes.
pub fn allow_many_open() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that may not be, opening one too many says so.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Which file it is, whatever it is called: the same for as long as it is open somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The open file `file`.
    ///
    /// # Errors
    /// fstat(2) failed.
    pub fn of(file: &File) -> io::Result<Self> {
        let stat = rustix::fs::fstat(file)?;
        Ok(Self { device: stat.st_dev, inode: stat.st_ino })
    }

    /// Tells it from the other files of its file system, as long as it is there.
    #[must_use]
    pub fn inode(self) -> u64 {
        self.inode
    }

    /// What `path` names now, if there is anything.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        let stat = rustix::fs::stat(path).ok()?;
        Some(Self { device: stat.st_dev, inode: stat.st_ino })
    }
}

/// What is watched, as [`Growth`] numbers it. One file has one number, however often it
/// is added and under whichever name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch(i32);

/// What ended a wait.
#[derive(Debug, Default)]
pub struct Woken {
    /// Whoever was to read what we write is gone.
    pub reader_left: bool,
    changed: Vec<i32>,
    is_anything: bool,
}

impl Woken {
    /// Whether what is watched under this number may have changed.
    #[must_use]
    pub fn is_about(&self, watch: Watch) -> bool {
        self.is_anything || self.changed.contains(&watch.0)
    }
}

/// Sleeps until one of several files may have changed.
#[derive(Debug)]
pub struct Growth {
    inotify: Option<OwnedFd>,
}

/// Files that appear in a directory, and the end of the directory itself.
const APPEARING: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::ONLYDIR);

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

    /// What can be read once something changed, to be waited for with other things; none
    /// when polling. [`Growth::wait`] takes the news then.
    #[must_use]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.inotify.as_ref().map(AsFd::as_fd)
    }

    /// Watches the file at `path` for being written, cut, moved or deleted. A path may
    /// be added again after its file was replaced.
    ///
    /// # Errors
    /// It is not there. When the user's watches are used up, this turns to polling.
    pub fn add(&mut self, path: &Path) -> io::Result<Watch> {
        self.watch(
            path,
            WatchFlags::MODIFY
                | WatchFlags::MOVE_SELF
                | WatchFlags::DELETE_SELF
                | WatchFlags::ATTRIB,
        )
    }

    /// Watches a directory for files that appear in it, and for its own end.
    ///
    /// # Errors
    /// It is not there. When the user's watches are used up, this turns to polling.
    pub fn add_directory(&mut self, path: &Path) -> io::Result<Watch> {
        self.watch(path, APPEARING)
    }

    /// Watches a directory for files that appear in it, are written, or go.
    ///
    /// # Errors
    /// It is not there. When the user's watches are used up, this turns to polling.
    pub fn add_contents(&mut self, path: &Path) -> io::Result<Watch> {
        self.watch(
            path,
            APPEARING | WatchFlags::MODIFY | WatchFlags::DELETE | WatchFlags::MOVED_FROM,
        )
    }

    fn watch(&mut self, path: &Path, flags: WatchFlags) -> io::Result<Watch> {
        let Some(inotify) = &self.inotify else { return Ok(Watch(0)) };
        // MASK_ADD: a second call for the same file would else undo the first.
        match inotify::add_watch(inotify, path, flags | WatchFlags::MASK_ADD) {
            Ok(number) => Ok(Watch(number)),
            Err(rustix::io::Errno::NOSPC) => {
                self.inotify = None;
                Ok(Watch(0))
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
        self.sleep(deadline, None::<&File>).map(drop)
    }

    /// The same, and until whoever reads our stdout is gone; says what changed.
    ///
    /// # Errors
    /// poll(2) failed.
    pub fn wait_while_read(&self, deadline: Option<Instant>) -> io::Result<Woken> {
        self.sleep(deadline, Some(&io::stdout()))
    }

    fn sleep(&self, deadline: Option<Instant>, output: Option<&impl AsFd>) -> io::Result<Woken> {
        let mut left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if self.inotify.is_none() {
            left = Some(left.map_or(POLLING, |left| left.min(POLLING)));
        }
        let mut polled = Vec::with_capacity(2);
        // Errors and hang-ups are reported without being asked for.
        polled.extend(output.map(|output| PollFd::new(output, PollFlags::empty())));
        polled.extend(self.inotify.as_ref().map(|inotify| PollFd::new(inotify, PollFlags::IN)));
        match rustix::event::poll(&mut polled, left.map(super::clock::timespec).as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let reader_left = output.is_some() && !polled[0].revents().is_empty();
        let mut woken = Woken { reader_left, ..Woken::default() };
        let Some(inotify) = &self.inotify else {
            woken.is_anything = true;
            return Ok(woken);
        };
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(inotify, &mut buffer);
        while let Ok(event) = events.next() {
            woken.is_anything |= event.events().contains(ReadFlags::QUEUE_OVERFLOW);
            if !woken.changed.contains(&event.wd()) {
                woken.changed.push(event.wd());
            }
        }
        Ok(woken)
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

    #[test]
    fn a_reader_waits_for_no_fifo_and_takes_no_directory() {
        let directory = tempfile::tempdir().expect("directory");
        let fifo = directory.path().join("fifo");
        rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("fifo");
        assert!(matches!(open_to_read(&fifo), Err(LogRefused::NotAFile(_))));
        assert!(matches!(open_to_read(directory.path()), Err(LogRefused::NotAFile(_))));
        assert!(matches!(open_to_read(&directory.path().join("none")), Ok(None)));
        assert!(matches!(open_to_read(Path::new("/dev/null")), Ok(None)));
    }

    #[test]
    fn a_wait_tells_what_changed_and_that_the_reader_left() {
        let directory = tempfile::tempdir().expect("directory");
        let (one, two) = (directory.path().join("one"), directory.path().join("two"));
        std::fs::write(&one, "").expect("write");
        std::fs::write(&two, "").expect("write");
        let mut growth = Growth::new();
        let watches = [&one, &two].map(|path| growth.add(path).expect("watch"));
        let appearing = growth.add_directory(directory.path()).expect("watch");
        let (reader, writer) = io::pipe().expect("pipe");
        let deadline = || Some(Instant::now() + Duration::from_secs(30));

        std::fs::write(&two, "line\n").expect("write");
        let woken = growth.sleep(deadline(), Some(&writer)).expect("wait");
        assert_eq!(
            [watches[0], watches[1], appearing].map(|w| woken.is_about(w)),
            [false, true, false]
        );
        assert!(!woken.reader_left);
        std::fs::write(directory.path().join("three"), "").expect("write");
        assert!(growth.sleep(deadline(), Some(&writer)).expect("wait").is_about(appearing));
        drop(reader);
        assert!(growth.sleep(deadline(), Some(&writer)).expect("wait").reader_left);
    }
}
