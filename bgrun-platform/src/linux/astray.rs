//! A log that is no longer where it was while its process writes on: deleted, renamed, or its
//! name taken by another file. What is in it is to be had through the descriptor of the process.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::identity::Identity;
use super::logs::FileId;

/// What the kernel says behind the path of a file that has no name any more
/// (proc_pid_fd(5)).
const DELETED: &[u8] = b" (deleted)";

/// How a log is open: nobody but us opens an output so (`O_NOFOLLOW` stays in the flags of
/// the open file), so that a program's own redirection is not taken for its log.
const AS_LOG: OFlags = OFlags::WRONLY.union(OFlags::APPEND).union(OFlags::NOFOLLOW);

/// A log that is not in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where it can be opened as long as its process has it open.
    pub path: PathBuf,
    /// What it is called now; `None` when it was deleted.
    pub now_at: Option<PathBuf>,
}

/// Where to read the log that was at `path`, when `descriptor` of `process` has it open and it
/// is not to be found there any more.
#[must_use]
pub fn held_open(process: &Identity, descriptor: u32, path: &Path) -> Option<Held> {
    let held = PathBuf::from(format!("/proc/{}/fd/{descriptor}", process.pid));
    let file = FileId::at(&held)?;
    if Some(file) == FileId::at(path) {
        return None;
    }
    let link = rustix::fs::readlink(&held, Vec::new()).ok()?;
    let was_at = link.to_bytes().strip_suffix(DELETED);
    let is_log = was_at == Some(path.as_os_str().as_bytes())
        || std::fs::metadata(&held).is_ok_and(|data| data.is_file())
            && is_open_as_log(process.pid, descriptor);
    let now_at = PathBuf::from(std::ffi::OsStr::from_bytes(link.to_bytes()));
    let now_at = (FileId::at(&now_at) == Some(file)).then_some(now_at);
    // Looked at last: only now it is certain whose descriptor that was.
    (is_log && process.is_alive()).then_some(Held { path: held, now_at })
}

fn is_open_as_log(pid: u32, descriptor: u32) -> bool {
    let info = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}"));
    let info = info.unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|text| u32::from_str_radix(text.trim(), 8).ok()).unwrap_or(0);
    flags & (AS_LOG | OFlags::RDWR).bits() == AS_LOG.bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::open_for_append;
    use std::fs::File;
    use std::os::fd::AsRawFd;

    fn held(file: &File, path: &Path) -> Option<Held> {
        let descriptor = u32::try_from(file.as_raw_fd()).expect("a descriptor");
        held_open(&Identity::of(std::process::id()).expect("own identity"), descriptor, path)
    }

    #[test]
    fn a_deleted_log_is_found_at_its_holder_and_no_other_file_is() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("log");
        let file = File::create(&path).expect("create");
        assert_eq!(held(&file, &path), None, "it is in its place");
        std::fs::remove_file(&path).expect("remove");
        assert!(held(&file, &path).is_some_and(|held| held.now_at.is_none()));
        assert_eq!(held(&file, &directory.path().join("other")), None);
    }

    #[test]
    fn a_renamed_log_is_found_and_what_a_program_opened_itself_is_not() {
        let directory = tempfile::tempdir().expect("directory");
        let (path, renamed) = (directory.path().join("log"), directory.path().join("log.old"));
        let log = open_for_append(&path).expect("open");
        let own = File::options().append(true).create(true).open(directory.path().join("own"));
        assert_eq!(held(&own.expect("open"), &path), None);
        std::fs::rename(&path, &renamed).expect("rename");
        std::fs::write(&path, "of somebody else").expect("write");
        assert_eq!(held(&log, &path).expect("held").now_at, Some(renamed));
    }
}
