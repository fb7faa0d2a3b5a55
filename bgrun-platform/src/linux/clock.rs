//! Clocks: time since boot, which no clock change moves, and pauses.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Time since boot, with the time the machine slept (`CLOCK_BOOTTIME`).
#[must_use]
pub fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
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
