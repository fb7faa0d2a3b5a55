//! What a supervisor sleeps on: signals, and a few descriptors. Nothing here wakes
//! up by itself.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::process::{WaitOptions, wait};

use super::pidfd::Ended;
use super::signal::Signal;

/// Signals that arrive as something to read instead of interrupting (signalfd(2)).
#[derive(Debug)]
pub struct Signals {
    descriptor: OwnedFd,
}

/// What `bgrun-kill` tells a supervisor, in the value of SIGUSR2: it is stopping the
/// tree itself, and will write down the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopNotice {
    /// How long it waits before it sends SIGKILL.
    pub timeout: Duration,
    /// Whether the wish to run remains: it is a restart.
    pub keeps_wish: bool,
}

impl StopNotice {
    /// As the value of a signal: milliseconds, and the wish in the lowest bit.
    #[must_use]
    pub fn value(self) -> i32 {
        let millis = i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX);
        (millis.min(i32::MAX >> 1) << 1) | i32::from(self.keeps_wish)
    }

    /// Reads what [`StopNotice::value`] wrote.
    #[must_use]
    pub fn from_value(value: i32) -> Self {
        let millis = u64::try_from(value >> 1).unwrap_or(0);
        Self { timeout: Duration::from_millis(millis), keeps_wish: value & 1 == 1 }
    }
}

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// A signal, with the value its sender gave it (0 for a plain kill).
    Signal(Signal, i32),
    /// The descriptor with this index can be read, or its other side is closed.
    Readable(usize),
    /// The deadline is over.
    Deadline,
}

impl Signals {
    /// Blocks `signals` in this thread, to be received by [`Signals::wait`] instead.
    ///
    /// # Errors
    /// No descriptors left.
    pub fn block(signals: &[Signal]) -> io::Result<Self> {
        let mut set = MaybeUninit::uninit();
        // SAFETY: the set is initialised by sigemptyset before any other use; the
        // descriptor is new and ours.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(set.as_mut_ptr(), signal.number());
            }
            libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
            match libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
                -1 => Err(io::Error::last_os_error()),
                raw => Ok(Self { descriptor: OwnedFd::from_raw_fd(raw) }),
            }
        }
    }

    /// Sleeps until a signal comes, one of `others` can be read, or `deadline` is over.
    /// Signals come first, so that a wish is known before an end is judged.
    ///
    /// # Errors
    /// poll(2) failed.
    pub fn wait(&self, others: &[BorrowedFd<'_>], deadline: Option<Instant>) -> io::Result<Wake> {
        loop {
            if let Some((signal, value)) = self.take()? {
                return Ok(Wake::Signal(signal, value));
            }
            let mut polled = vec![PollFd::new(&self.descriptor, PollFlags::IN)];
            polled.extend(others.iter().map(|other| PollFd::new(other, PollFlags::IN)));
            let left = deadline.map(|deadline| {
                super::clock::timespec(deadline.saturating_duration_since(Instant::now()))
            });
            match rustix::event::poll(&mut polled, left.as_ref()) {
                Ok(0) => return Ok(Wake::Deadline),
                Ok(_) if polled[0].revents().is_empty() => {
                    let ready = polled[1..].iter().position(|poll| !poll.revents().is_empty());
                    if let Some(index) = ready {
                        return Ok(Wake::Readable(index));
                    }
                }
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next signal that has already come, if any.
    ///
    /// # Errors
    /// The descriptor cannot be read.
    pub fn take(&self) -> io::Result<Option<(Signal, i32)>> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::zeroed();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the kernel writes at most `size` bytes into the value, and any bytes
        // are a valid value of this struct of integers.
        let (read, info) = unsafe {
            let read = libc::read(self.descriptor.as_raw_fd(), info.as_mut_ptr().cast(), size);
            (read, info.assume_init())
        };
        if usize::try_from(read) == Ok(size) {
            let number = i32::try_from(info.ssi_signo).unwrap_or(0);
            return Ok(Signal::from_number(number).map(|signal| (signal, info.ssi_int)));
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            error if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            error => Err(error),
        }
    }
}

impl AsFd for Signals {
    /// Can be read when a signal has come.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// Makes this process the one to which orphans among its descendants are given
/// (prctl(2), `PR_SET_CHILD_SUBREAPER`; it survives an exec).
///
/// # Errors
/// A kernel before 3.4.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Reaps one child that has ended, without waiting. `None`: none has.
#[must_use]
pub fn reap() -> Option<(u32, Ended)> {
    match wait(WaitOptions::NOHANG) {
        Ok(Some((pid, status))) => Some((
            pid.as_raw_nonzero().get().cast_unsigned(),
            Ended::from_wait_status(status.as_raw()),
        )),
        _ => None,
    }
}

/// In the environment of a program that stays, what lets [`give_memory_back`] give back all:
/// glibc caches small free pieces for each thread, and each keeps its whole page (mallopt(3)).
pub const GIVES_ALL_MEMORY_BACK: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");

/// Gives the memory of finished work back to the system (malloc_trim(3)).
pub fn give_memory_back() {
    // SAFETY: takes no pointer and touches only free memory.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_survives_as_the_value_of_a_signal() {
        for (timeout, keeps_wish) in [(0, true), (10_000, false), (86_400_000, true)] {
            let notice = StopNotice { timeout: Duration::from_millis(timeout), keeps_wish };
            assert_eq!(StopNotice::from_value(notice.value()), notice);
        }
        let endless = StopNotice { timeout: Duration::MAX, keeps_wish: false };
        assert!(StopNotice::from_value(endless.value()).timeout > Duration::from_secs(1_000_000));
    }
}
