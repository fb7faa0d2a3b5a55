//! A held process: signals and waits through it can never hit another one.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::process::{Pid, PidfdFlags};

use super::signal::Signal;
use super::stat::Stat;

/// `PIDFS_MAGIC` of linux/magic.h: "PIDF".
const PIDFS_MAGIC: u64 = 0x5049_4446;

/// A descriptor that refers to one process for as long as it is open (pidfd_open(2)).
#[derive(Debug)]
pub struct Pidfd {
    descriptor: OwnedFd,
    pid: u32,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It left with this code.
    Code(i32),
    /// This signal ended it.
    Signal(Signal),
    /// It ended, and nobody can say how: only a parent, or Linux 6.15, knows.
    Unknown,
}

impl Pidfd {
    /// Takes hold of the process that has `pid` now.
    ///
    /// # Errors
    /// `ESRCH`: no such process.
    pub fn open(pid: u32) -> io::Result<Self> {
        let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let raw = raw.ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))?;
        let descriptor = rustix::process::pidfd_open(raw, PidfdFlags::empty())?;
        Ok(Self { descriptor, pid })
    }

    /// The pid, for showing; signals go through the descriptor.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its inode, unique within this boot; none where pidfds have no file system (before 6.9).
    pub(crate) fn inode(&self) -> io::Result<Option<u64>> {
        static HAS_PIDFS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        let has_pidfs = match HAS_PIDFS.get() {
            Some(known) => *known,
            None => {
                let kind = rustix::fs::fstatfs(&self.descriptor)?.f_type;
                *HAS_PIDFS.get_or_init(|| u64::try_from(kind).is_ok_and(|kind| kind == PIDFS_MAGIC))
            }
        };
        if has_pidfs { Ok(Some(rustix::fs::fstat(&self.descriptor)?.st_ino)) } else { Ok(None) }
    }

    /// Sends a signal. A process that has ended meanwhile is no error.
    ///
    /// # Errors
    /// `EPERM`: it is another user's.
    pub fn send(&self, signal: Signal) -> io::Result<()> {
        // SAFETY: four plain arguments, a null siginfo is allowed.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.descriptor.as_raw_fd(),
                signal.number(),
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        Self::ignoring_ended(result)
    }

    /// Sends a signal with a value, as sigqueue(3) does.
    ///
    /// # Errors
    /// `EPERM`: it is another user's. `EAGAIN`: its queue of signals is full.
    pub fn send_with_value(&self, signal: Signal, value: i32) -> io::Result<()> {
        // SAFETY: an all-zero siginfo_t is valid; the fields written are those the
        // kernel copies for SI_QUEUE.
        let result = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            info.si_signo = signal.number();
            info.si_code = libc::SI_QUEUE;
            // The layout behind si_code is pid, uid, value (sigaction(2)); libc offers
            // no setter, so they are written where the kernel's union has them.
            let fields = std::ptr::addr_of_mut!(info).cast::<u8>().add(16).cast::<u32>();
            fields.write(std::process::id());
            fields.add(1).write(rustix::process::getuid().as_raw());
            fields.add(2).cast::<i32>().write(value);
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.descriptor.as_raw_fd(),
                signal.number(),
                &raw const info,
                0,
            )
        };
        Self::ignoring_ended(result)
    }

    fn ignoring_ended(result: libc::c_long) -> io::Result<()> {
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() == Some(libc::ESRCH) { Ok(()) } else { Err(error) }
    }

    /// Whether the process has ended (it may still be a zombie).
    ///
    /// # Errors
    /// poll(2) failed.
    pub fn has_ended(&self) -> io::Result<bool> {
        self.wait(Some(Duration::ZERO))
    }

    /// Sleeps until the process has ended, at most for `timeout`; answers whether it has.
    ///
    /// # Errors
    /// poll(2) failed.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<bool> {
        wait_until_one_ends(&[self], timeout)
    }

    /// How the process, which has ended, did so; asked without being its parent. As long as
    /// that has not reaped it, `/proc` tells, afterwards ioctl_pidfd(2) (`PIDFD_INFO_EXIT`,
    /// Linux 6.15). Where neither may be asked this asks again until `patience` is over.
    #[must_use]
    pub fn ended(&self, patience: Duration) -> Ended {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(ended) = self.exit_of_zombie().or_else(|| self.exit_info()) {
                return ended;
            }
            if Instant::now() >= deadline {
                return Ended::Unknown;
            }
            super::clock::pause(Duration::from_millis(2));
        }
    }

    /// What `/proc/PID/stat` says of a process that is not reaped yet. To whom may not know
    /// it says 0 (proc_pid_stat(5)), which is why it is seen first whether the same right
    /// opens another door there.
    fn exit_of_zombie(&self) -> Option<Ended> {
        let may_know = std::fs::read_link(format!("/proc/{}/ns/user", self.pid)).is_ok();
        let status = Stat::exit_status(self.pid).filter(|_| may_know)?;
        // Not reaped by now: the pid was nobody else's before.
        self.is_there().then(|| Ended::from_wait_status(status))
    }

    /// Whether the process is still in the table of processes, alive or not reaped.
    fn is_there(&self) -> bool {
        // SAFETY: four plain arguments; signal 0 is not sent, and a null siginfo is allowed.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.descriptor.as_raw_fd(),
                0,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        result == 0
    }

    fn exit_info(&self) -> Option<Ended> {
        /// `struct pidfd_info` of linux/pidfd.h, version 0.
        #[repr(C)]
        #[derive(Default)]
        struct Info {
            mask: u64,
            cgroup: u64,
            ids: [u32; 11],
            exit_code: i32,
        }
        const PIDFD_INFO_EXIT: u64 = 1 << 3;
        // _IOWR(0xFF, 11, struct pidfd_info)
        const PIDFD_GET_INFO: libc::c_ulong =
            (3 << 30) | ((size_of::<Info>() as libc::c_ulong) << 16) | (0xFF << 8) | 11;
        let mut info = Info { mask: PIDFD_INFO_EXIT, ..Info::default() };
        // SAFETY: the kernel writes at most the size that is encoded in the request.
        let result =
            unsafe { libc::ioctl(self.descriptor.as_raw_fd(), PIDFD_GET_INFO as _, &raw mut info) };
        (result == 0 && info.mask & PIDFD_INFO_EXIT != 0)
            .then(|| Ended::from_wait_status(info.exit_code))
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Ended {
    /// Reads a status as wait(2) gives it.
    #[must_use]
    pub fn from_wait_status(status: i32) -> Self {
        if libc::WIFSIGNALED(status) {
            Signal::from_number(libc::WTERMSIG(status)).map_or(Self::Unknown, Self::Signal)
        } else {
            Self::Code(libc::WEXITSTATUS(status))
        }
    }
}

/// Sleeps until at least one of the processes has ended, at most for `timeout`.
///
/// # Errors
/// poll(2) failed.
pub fn wait_until_one_ends(pidfds: &[&Pidfd], timeout: Option<Duration>) -> io::Result<bool> {
    let deadline = timeout.map(|timeout| Instant::now() + timeout);
    loop {
        let mut polled: Vec<_> =
            pidfds.iter().map(|pidfd| PollFd::new(*pidfd, PollFlags::IN)).collect();
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timespec = left.map(super::clock::timespec);
        match rustix::event::poll(&mut polled, timespec.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_reaped_child_is_known_or_said_to_be_unknown() {
        let mut child =
            std::process::Command::new("sh").args(["-c", "exit 77"]).spawn().expect("spawn");
        let pidfd = Pidfd::open(child.id()).expect("pidfd");
        child.wait().expect("reap");
        let ended = pidfd.ended(Duration::from_millis(20));
        assert!(matches!(ended, Ended::Code(77) | Ended::Unknown), "{ended:?}");
    }

    #[test]
    fn the_end_of_a_child_is_known_before_it_is_reaped() {
        for (script, expected) in [
            ("exit 77", Ended::Code(77)),
            ("exit 0", Ended::Code(0)),
            ("kill -9 $$", Ended::Signal(Signal::KILL)),
        ] {
            let mut child =
                std::process::Command::new("sh").args(["-c", script]).spawn().expect("spawn");
            let pidfd = Pidfd::open(child.id()).expect("pidfd");
            assert!(pidfd.wait(Some(Duration::from_secs(20))).expect("poll"));
            assert_eq!(pidfd.ended(Duration::ZERO), expected, "{script}");
            child.wait().expect("reap");
        }
    }

    #[test]
    fn signalling_an_ended_process_is_no_error() {
        let mut child = std::process::Command::new("true").spawn().expect("spawn");
        let pidfd = Pidfd::open(child.id()).expect("pidfd");
        child.wait().expect("reap");
        pidfd.send(Signal::TERM).expect("nothing to signal");
        assert!(pidfd.has_ended().expect("poll"));
    }

    #[test]
    fn a_wait_ends_with_its_timeout() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().expect("spawn");
        let pidfd = Pidfd::open(child.id()).expect("pidfd");
        assert!(!pidfd.wait(Some(Duration::from_millis(5))).expect("poll"));
        child.kill().expect("kill");
        assert!(pidfd.wait(Some(Duration::from_secs(20))).expect("poll"));
        child.wait().expect("reap");
    }
}
