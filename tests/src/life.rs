//! One life of one process, held by a pidfd, and what `/proc` says of processes.
//!
//! A pid may be recycled while a test looks; a pidfd is not.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

/// One life of one process; a zombie has ended.
#[derive(Debug)]
pub struct Life {
    pub pid: i32,
    pidfd: OwnedFd,
}

impl Life {
    /// Takes hold of a process that lives now; fails the test when it does not.
    #[track_caller]
    pub fn of(pid: i32) -> Self {
        Self::try_of(pid).unwrap_or_else(|| panic!("there is no process {pid}"))
    }

    /// Takes hold of a process if it exists.
    pub fn try_of(pid: i32) -> Option<Self> {
        let pidfd = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        Some(Self { pid, pidfd })
    }

    /// Whether it has not ended yet.
    pub fn is_alive(&self) -> bool {
        !self.ends_within(Duration::ZERO)
    }

    /// Waits for its end; false when it still lives after `patience`.
    pub fn ends_within(&self, patience: Duration) -> bool {
        let timeout = Timespec::try_from(patience).expect("a wait of the tests fits a timespec");
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        poll(&mut fds, Some(&timeout)).is_ok_and(|ready| ready > 0)
    }

    /// Fails the test unless it ends soon.
    #[track_caller]
    pub fn must_end(&self) {
        assert!(self.ends_within(crate::PATIENCE), "process {} still lives", self.pid);
    }

    /// Sends a signal to this life, never to a successor with the same pid.
    pub fn signal(&self, signal: Signal) {
        let _ended_already = pidfd_send_signal(&self.pidfd, signal);
    }

    /// Ends it at once, and waits until it has ended: only then are its locks free for certain.
    #[track_caller]
    pub fn kill(&self) {
        self.signal(Signal::KILL);
        self.must_end();
    }
}

/// Whether a process with this pid exists and is no zombie.
pub fn is_alive(pid: i32) -> bool {
    Life::try_of(pid).is_some_and(|life| life.is_alive())
}

/// Every pid and its parent.
pub fn parents() -> Vec<(i32, i32)> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold blanks and parentheses: what follows the last one counts.
        let (_, rest) = stat.rsplit_once(") ")?;
        Some((pid, rest.split(' ').nth(1)?.parse().ok()?))
    })
    .collect()
}

/// The children that a process has now.
pub fn children_of(pid: i32) -> Vec<i32> {
    parents().into_iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| child).collect()
}

/// All descendants that a process has now, without itself.
pub fn descendants_of(pid: i32) -> Vec<i32> {
    let parents = parents();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| child));
        next += 1;
    }
    found.split_off(1)
}

/// The environment that a process was started with.
///
/// For a moment within exec, when descriptors are closed already, the kernel shows none.
pub fn environ_of(pid: i32) -> BTreeMap<String, String> {
    let read = || fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let bytes = crate::patience::briefly(|| Some(read()).filter(|bytes| !bytes.is_empty()));
    let bytes = bytes.unwrap_or_default();
    let entries = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    entries.filter_map(|e| e.split_once('=').map(|(k, v)| (k.into(), v.into()))).collect()
}

/// The open descriptors of a process and where they lead.
pub fn open_files_of(pid: i32) -> Vec<(i32, PathBuf)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let number: OsString = entry.file_name();
            let number = String::from_utf8(number.into_vec()).ok()?.parse().ok()?;
            Some((number, fs::read_link(entry.path()).ok()?))
        })
        .collect()
}

/// A field of `/proc/<pid>/status`, without its name.
pub fn status_field(pid: i32, field: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}
