//! A log that was deleted, or whose name another file has taken, while its process writes on:
//! what is in it is to be had only through the descriptor of the process.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::identity::Identity;

/// What the kernel says behind the path of a file that has no name any more
/// (proc_pid_fd(5)).
const DELETED: &[u8] = b" (deleted)";

/// Where to read the log that was at `path`, when `descriptor` of the process `identity` (as
/// JSON) has it open and it is not to be found there any more.
#[must_use]
pub fn held_open(identity: &str, descriptor: u32, path: &Path) -> Option<PathBuf> {
    let process: Identity = serde_json::from_str(identity).ok()?;
    let held = format!("/proc/{}/fd/{descriptor}", process.pid);
    let link = rustix::fs::readlink(&held, Vec::new()).ok()?;
    let was_at = link.to_bytes().strip_suffix(DELETED)?;
    // Looked at last: only now it is certain whose descriptor that was.
    (was_at == path.as_os_str().as_bytes() && process.is_alive()).then(|| held.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_deleted_file_is_found_at_its_holder_and_no_other_is() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("log");
        let file = std::fs::File::create(&path).expect("create");
        let descriptor = u32::try_from(file.as_raw_fd()).expect("a descriptor");
        let own = Identity::of(std::process::id()).expect("own identity");
        let text = serde_json::to_string(&own).expect("JSON");
        assert_eq!(held_open(&text, descriptor, &path), None, "it is in its place");
        std::fs::remove_file(&path).expect("remove");
        let held = held_open(&text, descriptor, &path).expect("held");
        assert!(held.ends_with(format!("fd/{descriptor}")));
        assert_eq!(held_open(&text, descriptor, &directory.path().join("other")), None);
    }
}
