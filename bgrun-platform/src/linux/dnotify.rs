//! Learning, once, that something in a directory was written (fcntl(2), `F_NOTIFY`): older
//! and coarser than inotify, and without its limit on instances for each user.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::events::Signals;
use super::logs::FileId;
use super::signal::Signal;

/// `F_NOTIFY` and `DN_MODIFY` of fcntl.h, which the libc crate does not have.
const F_NOTIFY: libc::c_int = 1026;
const DN_MODIFY: libc::c_long = 2;

/// Watches directories until something in them is written. Told by SIGIO, which is blocked
/// in this thread from then on.
#[derive(Debug)]
pub(super) struct Directories {
    told: Signals,
    held: Vec<(PathBuf, File, FileId)>,
}

impl Directories {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// No descriptors left.
    pub(super) fn new() -> io::Result<Self> {
        // Blocked before it can come: it would end this process.
        Ok(Self { told: Signals::block(&[Signal::IO])?, held: Vec::new() })
    }

    /// From now on tells, once, that a file in `directory` was written.
    ///
    /// # Errors
    /// It is not there, or the kernel does not tell of directories.
    pub(super) fn watch(&mut self, directory: &Path) -> io::Result<()> {
        let now = FileId::at(directory).ok_or(io::ErrorKind::NotFound)?;
        self.held.retain(|(path, _, id)| path != directory || *id == now);
        if let Some((_, held, _)) = self.held.iter().find(|(path, ..)| path == directory) {
            return notify(held);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let held = File::from(rustix::fs::open(directory, flags, Mode::empty())?);
        notify(&held)?;
        let id = FileId::of(&held)?;
        self.held.push((directory.to_owned(), held, id));
        Ok(())
    }

    /// Forgets what it was told; answers whether that was anything.
    pub(super) fn forget(&self) -> bool {
        let mut was_told = false;
        while matches!(self.told.take(), Ok(Some(_))) {
            was_told = true;
        }
        was_told
    }
}

impl AsFd for Directories {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }
}

/// Has this process told by SIGIO when next something in `directory` is written.
fn notify(directory: &File) -> io::Result<()> {
    // SAFETY: takes no pointer; the descriptor is open.
    match unsafe { libc::fcntl(directory.as_raw_fd(), F_NOTIFY, DN_MODIFY) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
