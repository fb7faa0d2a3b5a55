//! Which process is meant, for ever: a pid alone is reused.
//!
//! Forced reuse of one pid gives the same start time nearly always (it counts in
//! ticks of 10 ms), and never the same pidfs inode (Linux 6.9 and later), so where
//! there is an inode it decides. Time namespaces shift the start time, not the inode.

use std::io;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::pidfd::Pidfd;
use super::procfs;
use super::stat::Stat;

/// The identity of one process: no other process of any boot has the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The kernel's id of this boot.
    pub boot: String,
    /// The inode of the pid namespace in which `pid` counts.
    pub pid_namespace: u64,
    /// The process id.
    pub pid: u32,
    /// Start, in clock ticks since boot, as this time namespace counts them.
    pub start_ticks: u64,
    /// The inode of its pidfd, unique within a boot; none before Linux 6.9.
    pub pidfs_inode: Option<u64>,
}

/// What an [`Identity`] refers to at the moment of asking.
#[derive(Debug)]
pub enum Presence {
    /// It lives, and is held: what is done through this cannot hit another process.
    Alive(Pidfd),
    /// It has ended: gone, a zombie, of another boot, or its pid is another's now.
    Gone,
    /// Its pid counts in another pid namespace: it may live, and cannot be reached from here.
    Elsewhere,
}

impl Identity {
    /// The identity of the process that has `pid` now.
    ///
    /// # Errors
    /// There is no such process, or `/proc` cannot be read.
    pub fn of(pid: u32) -> io::Result<Self> {
        // Held before its start time is read, so that both are of one process.
        let pidfd = Pidfd::open(pid)?;
        let start_ticks = Stat::read(pid)?.start_ticks;
        Ok(Self {
            boot: boot_id()?.to_owned(),
            pid_namespace: pid_namespace()?,
            pid,
            start_ticks,
            pidfs_inode: pidfd.inode()?,
        })
    }

    /// Looks for this process.
    ///
    /// # Errors
    /// The kernel refuses to say: no `/proc`, no descriptors left.
    pub fn presence(&self) -> io::Result<Presence> {
        if self.boot != boot_id()? {
            return Ok(Presence::Gone);
        }
        if self.pid_namespace != pid_namespace()? {
            return Ok(Presence::Elsewhere);
        }
        let pidfd = match Pidfd::open(self.pid) {
            Ok(pidfd) => pidfd,
            // EINVAL and ENOENT: the number is now a thread's, not a process's.
            Err(error) if is_gone(&error) => return Ok(Presence::Gone),
            Err(error) => return Err(error),
        };
        let same = match (self.pidfs_inode, pidfd.inode()?) {
            (Some(then), Some(now)) => then == now,
            _ => match Stat::read(self.pid) {
                Ok(stat) => stat.start_ticks == self.start_ticks,
                Err(_) => false,
            },
        };
        if same && !pidfd.has_ended()? { Ok(Presence::Alive(pidfd)) } else { Ok(Presence::Gone) }
    }

    /// Holds this process if it is certain without another look that it is this one, which
    /// may have ended: its pid counts here, and its inode is the same.
    pub(crate) fn hold(&self) -> Option<Pidfd> {
        let is_here = self.is_of_this_boot() && pid_namespace().ok()? == self.pid_namespace;
        let pidfd = is_here.then(|| Pidfd::open(self.pid).ok())??;
        (self.pidfs_inode.is_some() && pidfd.inode().ok()? == self.pidfs_inode).then_some(pidfd)
    }

    /// Whether the process lives and can be reached from here.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(self.presence(), Ok(Presence::Alive(_)))
    }

    /// Whether it is of this boot: what is not has certainly ended.
    #[must_use]
    pub fn is_of_this_boot(&self) -> bool {
        boot_id().is_ok_and(|boot| boot == self.boot)
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ESRCH | libc::EINVAL | libc::ENOENT))
}

/// The kernel's id of this boot.
///
/// # Errors
/// `/proc` is not mounted.
pub(crate) fn boot_id() -> io::Result<&'static str> {
    static BOOT: OnceLock<String> = OnceLock::new();
    if let Some(boot) = BOOT.get() {
        return Ok(boot);
    }
    let mut buffer = Vec::new();
    procfs::read_path("/proc/sys/kernel/random/boot_id", &mut buffer)?;
    let boot = String::from_utf8_lossy(&buffer).trim().to_owned();
    Ok(BOOT.get_or_init(|| boot))
}

fn pid_namespace() -> io::Result<u64> {
    static NAMESPACE: OnceLock<u64> = OnceLock::new();
    if let Some(inode) = NAMESPACE.get() {
        return Ok(*inode);
    }
    let inode = rustix::fs::stat("/proc/self/ns/pid")?.st_ino;
    Ok(*NAMESPACE.get_or_init(|| inode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_alive_by_its_identity() {
        let identity = Identity::of(std::process::id()).expect("own identity");
        assert!(identity.is_alive());
        let text = serde_json::to_string(&identity).expect("to JSON");
        assert_eq!(serde_json::from_str::<Identity>(&text).expect("from JSON"), identity);
    }

    #[test]
    fn another_boot_start_inode_or_namespace_is_another_process() {
        let own = Identity::of(std::process::id()).expect("own identity");
        let boot = Identity { boot: "another".into(), ..own.clone() };
        assert!(!boot.is_alive() && !boot.is_of_this_boot());
        let start = Identity { start_ticks: own.start_ticks + 1, pidfs_inode: None, ..own.clone() };
        assert!(!start.is_alive());
        if let Some(inode) = own.pidfs_inode {
            let reused = Identity { pidfs_inode: Some(inode + 1), ..own.clone() };
            assert!(!reused.is_alive());
            let shifted = Identity { start_ticks: 0, ..own.clone() };
            assert!(shifted.is_alive(), "the inode decides, not the start time");
        }
        let elsewhere = Identity { pid_namespace: own.pid_namespace + 1, ..own };
        assert!(matches!(elsewhere.presence(), Ok(Presence::Elsewhere)));
    }

    #[test]
    fn a_zombie_is_gone() {
        let mut child = std::process::Command::new("true").spawn().expect("spawn");
        let identity = Identity::of(child.id()).expect("identity of an unreaped child");
        let pidfd = Pidfd::open(child.id()).expect("pidfd");
        pidfd.wait(None).expect("wait for its end");
        assert!(matches!(identity.presence(), Ok(Presence::Gone)));
        child.wait().expect("reap");
    }
}
