//! Keeping what is ours to ourselves: the umask, and the state directory.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags};

/// Why a state directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unsafe {
    /// It belongs to somebody else, who could put anything into it.
    #[error("{} belongs to user {owner}, not to you (user {you})", crate::text::safe_path(.path))]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        you: u32,
    },
    /// It is not a directory.
    #[error("{} is not a directory", crate::text::safe_path(.0))]
    NotADirectory(PathBuf),
    /// No file can be made in it.
    #[error("{} is read-only", crate::text::safe_path(.0))]
    ReadOnly(PathBuf),
    /// It cannot be made or looked at.
    #[error("cannot use {}: {error}", crate::text::safe_path(.path))]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// From now on files are made for their owner only (0600, directories 0700). Answers
/// the mask that was in force, which is the one a managed process is to get.
pub fn close_umask() -> u32 {
    rustix::process::umask(Mode::from_raw_mode(0o077)).as_raw_mode()
}

/// Makes the file `path` (0600), or empties the one that is there; not through a link.
///
/// # Errors
/// No space, or no right to.
pub fn create_file(path: &Path) -> io::Result<std::fs::File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    Ok(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// Makes the file `path` (0600); not if anything is there, be it a link.
///
/// # Errors
/// `AlreadyExists`; no space, or no right to.
pub fn create_new_file(path: &Path) -> io::Result<std::fs::File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// Opens the file `path` for appending, made (0600) where there is none; not through a link.
///
/// # Errors
/// No space, or no right to.
pub fn open_to_append(path: &Path) -> io::Result<std::fs::File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    Ok(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// From now on files are made with `mask` again.
pub(crate) fn set_umask(mask: u32) {
    rustix::process::umask(Mode::from_raw_mode(mask));
}

/// Does `act` with the file mode creation mask `umask`, as a command is to be started with
/// it that the user has typed. The mask is the whole process's: no other thread may make
/// files meanwhile.
pub fn with_umask<T>(umask: u32, act: impl FnOnce() -> T) -> T {
    let before = rustix::process::umask(Mode::from_raw_mode(umask));
    let done = act();
    rustix::process::umask(before);
    done
}

/// Makes `path`, and what is missing above it, for us alone; takes the rights of
/// others away where the older tool gave them.
///
/// # Errors
/// See [`Unsafe`].
pub fn directory(path: &Path) -> Result<(), Unsafe> {
    if !is_directory(path)? {
        std::fs::create_dir_all(path)
            .map_err(|error| Unsafe::Io { path: path.to_owned(), error })?;
        is_directory(path)?;
    }
    Ok(())
}

/// [`directory`], for who is going to make files in it: a database may be writable in a
/// directory that is not, and nothing is to be done by halves.
///
/// # Errors
/// See [`Unsafe`].
pub fn directory_for_files(path: &Path) -> Result<(), Unsafe> {
    directory(path)?;
    let access = Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::accessat(CWD, path, access, AtFlags::EACCESS)
        .map_err(|_| Unsafe::ReadOnly(path.to_owned()))
}

/// Whether there is a directory at `path` to be used as [`directory`] would: it is made
/// private where it is not, and nothing is made where there is nothing.
///
/// # Errors
/// See [`Unsafe`].
pub fn is_directory(path: &Path) -> Result<bool, Unsafe> {
    let failed = |error: io::Error| Unsafe::Io { path: path.to_owned(), error };
    let stat = match rustix::fs::stat(path) {
        Ok(stat) => stat,
        Err(rustix::io::Errno::NOENT) => return Ok(false),
        Err(error) => return Err(failed(error.into())),
    };
    if !rustix::fs::FileType::from_raw_mode(stat.st_mode).is_dir() {
        return Err(Unsafe::NotADirectory(path.to_owned()));
    }
    let you = rustix::process::geteuid().as_raw();
    if stat.st_uid != you {
        return Err(Unsafe::Owner { path: path.to_owned(), owner: stat.st_uid, you });
    }
    if stat.st_mode & 0o077 != 0 {
        // On a read-only file system it stays as it is: reading goes on.
        match rustix::fs::chmod(path, Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(rustix::io::Errno::ROFS) => {}
            Err(error) => return Err(failed(error.into())),
        }
    }
    Ok(true)
}

/// Whether the file system of `directory` has room for so many `bytes` of this user's. One that
/// does not say, as ramfs, has.
#[must_use]
pub fn has_room(directory: &Path, bytes: u64) -> bool {
    rustix::fs::statvfs(directory).map_or(true, |found| {
        let blocks = if super::user::id() == 0 { found.f_bfree } else { found.f_bavail };
        found.f_blocks == 0 || blocks.saturating_mul(found.f_frsize) >= bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn rights_of_others_are_taken_away() {
        let above = tempfile::tempdir().expect("directory");
        let path = above.path().join("state");
        std::fs::create_dir(&path).expect("create");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("chmod");
        directory(&path).expect("use");
        let mode = std::fs::metadata(&path).expect("look").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_file_is_no_state_directory() {
        let file = tempfile::NamedTempFile::new().expect("file");
        assert!(matches!(directory(file.path()), Err(Unsafe::NotADirectory(_))));
    }
}
