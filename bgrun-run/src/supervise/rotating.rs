//! When the logs are to be rotated. It is done by another program, a child of this one that
//! bears the same name, so that no tree includes it: the supervisor stays small, and sleeps.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use bgrun_platform::logs::disk::{self, Usage};
use bgrun_platform::logs::rotate::{Limits, rotate};
use bgrun_platform::{Identity, sibling, spawn};
use bgrun_run::{ROTATOR, SUPERVISOR};
use bgrun_store::{LockLine, LogPolicy};

/// How long after a log has passed its limit it is rotated: what is written in one burst is
/// over by then, and taken at once.
const BURST: Duration = Duration::from_millis(500);

/// The shortest time between the beginnings of two rotations.
const PAUSE: Duration = Duration::from_secs(1);

/// The time after a rotation that failed, as on a full disk.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Less than this is not worth a rotation, and cannot be taken from every file system.
const SMALLEST_BYTES: u64 = 8 << 10;

/// What is known of rotations.
#[derive(Debug, Default)]
pub(crate) struct Rotating {
    due: Option<Instant>,
    not_before: Option<Instant>,
    child: Option<u32>,
}

impl Rotating {
    /// The largest of the logs has this size now.
    pub(crate) fn has_grown(&mut self, live_bytes: u64, policy: &LogPolicy) {
        if self.due.is_none() && self.child.is_none() && is_too_large(live_bytes, policy) {
            let now = Instant::now();
            self.due = Some(self.not_before.map_or(now + BURST, |at| at.max(now + BURST)));
        }
    }

    /// When one is to begin.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Begins one, if it is time.
    pub(crate) fn start_if_due(&mut self, line: &LockLine<Identity>) {
        let now = Instant::now();
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.due = None;
        self.not_before = Some(now + PAUSE);
        self.child = start(line);
    }

    /// A child has ended.
    pub(crate) fn child_has_ended(&mut self, pid: u32, is_success: bool) {
        if self.child.take_if(|child| *child == pid).is_some() && !is_success {
            self.not_before = Some(Instant::now() + AFTER_FAILURE);
        }
    }
}

fn is_too_large(live_bytes: u64, policy: &LogPolicy) -> bool {
    policy.max_size_bytes > 0 && live_bytes > policy.max_size_bytes.max(SMALLEST_BYTES)
}

fn start(line: &LockLine<Identity>) -> Option<u32> {
    let LogPolicy { max_size_bytes, keep, compress, max_total_bytes } = line.log_policy;
    let policy = serde_json::json!([max_size_bytes, keep, compress, max_total_bytes]).to_string();
    let words = [
        OsString::from(SUPERVISOR),
        OsString::from(ROTATOR),
        policy.into(),
        line.stdout_path.clone().into(),
        line.stderr_path.clone().into(),
    ];
    let null = File::options().read(true).write(true).open("/dev/null").ok()?;
    let program = sibling::path(SUPERVISOR);
    #[cfg_attr(not(feature = "faults"), expect(unused_mut))]
    let mut surroundings = Vec::new();
    #[cfg(feature = "faults")]
    surroundings.extend(std::env::var_os("BGRUN_FAULT").map(|fault| ("BGRUN_FAULT".into(), fault)));
    spawn::detached(&program, &words, &surroundings, null.as_fd(), null.as_fd(), &[]).ok()
}

/// `bgrun-supervise --rotate POLICY STDOUT STDERR`: rotates those of the logs that are too
/// large, and keeps all of it within its limit.
///
/// # Errors
/// A log could not be rotated; the other one was tried all the same.
pub(crate) fn run(mut words: impl Iterator<Item = OsString>) -> anyhow::Result<()> {
    let policy = words.next().unwrap_or_default();
    let (max_size_bytes, keep, compress, max_total_bytes) =
        serde_json::from_slice(policy.as_encoded_bytes())?;
    let policy = LogPolicy { max_size_bytes, keep, compress, max_total_bytes };
    let mut logs: Vec<OsString> = words.collect();
    logs.dedup();
    let logs: Vec<&Path> = logs.iter().map(Path::new).collect();
    let too_large = logs.iter().filter(|log| is_too_large(Usage::of(log).live_bytes, &policy));
    let rotated: Vec<_> = too_large.map(|log| rotate(log, Limits { keep, compress })).collect();
    if let Some(limit) = max_total_bytes {
        disk::keep_within(&logs, limit)?;
    }
    rotated.into_iter().try_for_each(|one| Ok(one.map(drop)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_too_large_above_its_limit() {
        let policy = |max_size_bytes| LogPolicy { max_size_bytes, ..LogPolicy::default() };
        for (bytes, limit, expected) in [
            (10 << 20, 10 << 20, false),
            ((10 << 20) + 1, 10 << 20, true),
            (1 << 40, 0, false),
            (5000, 1000, false),
            (9000, 1000, true),
        ] {
            assert_eq!(is_too_large(bytes, &policy(limit)), expected, "{bytes} of {limit}");
        }
    }

    #[test]
    fn a_burst_is_waited_out_and_rotations_have_pauses() {
        let mut rotating = Rotating::default();
        rotating.has_grown(1, &LogPolicy::default());
        assert!(rotating.due().is_none());
        let begin = Instant::now();
        rotating.has_grown(1 << 30, &LogPolicy::default());
        assert!(rotating.due().is_some_and(|due| due >= begin + BURST));
        rotating.due = None;
        rotating.child = Some(7);
        rotating.has_grown(1 << 30, &LogPolicy::default());
        assert!(rotating.due().is_none(), "one is at work");
        rotating.child_has_ended(7, false);
        rotating.has_grown(1 << 30, &LogPolicy::default());
        assert!(rotating.due().is_some_and(|due| due > begin + AFTER_FAILURE));
    }
}
