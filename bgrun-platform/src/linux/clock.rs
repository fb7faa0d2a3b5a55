//! Clocks: time since boot, which no clock change moves; processor time; and pauses.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Time since boot, with the time the machine slept (`CLOCK_BOOTTIME`).
#[must_use]
pub fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
}

/// Processor time that this process has spent, with that of its children that have ended and were
/// waited for (getrusage(2)).
#[must_use]
pub fn spent() -> Duration {
    let part = |time: libc::timeval| {
        let seconds = Duration::from_secs(time.tv_sec.try_into().unwrap_or(0));
        seconds + Duration::from_micros(time.tv_usec.try_into().unwrap_or(0))
    };
    let of = |whose| {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: there is room for what is written, and all zeros are one such record.
        let usage = unsafe {
            libc::getrusage(whose, usage.as_mut_ptr());
            usage.assume_init()
        };
        part(usage.ru_utime) + part(usage.ru_stime)
    };
    of(libc::RUSAGE_SELF) + of(libc::RUSAGE_CHILDREN)
}

/// Sleeps for `duration`. For pauses between looks at something that wakes nobody;
/// whatever has a descriptor is waited for instead.
#[expect(clippy::disallowed_methods, reason = "the one place that pauses")]
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

pub(crate) fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_children_spent_counts_and_a_pause_does_not() {
        let before = spent();
        let words = ["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done"];
        std::process::Command::new("sh").args(words).status().expect("sh runs");
        let worked = spent() - before;
        assert!(worked > Duration::from_millis(20), "{worked:?}");
    }
}
