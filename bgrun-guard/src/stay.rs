//! `--loop`: stays, and sleeps until something dies or is told anew.
//!
//! A supervisor that dies is told by its pidfd, everything else by the lock files. Only where
//! limits are declared, or something is still wrong, is there a time to wake up at.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use anyhow::Context;
use bgrun_platform::events::{Signals, Wake};
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{Lock, Pidfd, Signal, private};
use bgrun_store::{Home, Status};

use crate::args::Args;
use crate::decide::{Facts, look_again_after};
use crate::news::News;
use crate::survey::Seen;
use crate::{pass, report};

/// A guard of one pass is gone after this; one that stays is not waited for.
const OTHER_GUARD: Duration = Duration::from_secs(5);
/// Lock file and registry change one shortly after the other, and many processes at
/// once: after the first sign it is looked this much later, once for all.
const SETTLING: Duration = Duration::from_millis(50);
/// What is between two states, and has nobody whose death would be told.
const UNSETTLED: Duration = Duration::from_secs(1);
/// So many descriptors are held, for they are limited (getrlimit(2): 1024 as a rule).
const MOST_WATCHED: usize = 900;

/// Why it looks again.
enum Why {
    /// Something may have died or changed.
    Event,
    /// It is time.
    Time,
    /// It is told to end.
    End(Exit),
}

/// Guards until it is told to end.
///
/// # Errors
/// The state directory cannot be used, or nobody reads any more.
pub(crate) fn until_told(args: &Args, home: &Home, every: Duration) -> anyhow::Result<Exit> {
    let signals = Signals::block(&[Signal::INT, Signal::TERM, Signal::HUP])?;
    private::directory(home.directory()).map_err(|error| Failure::new(Exit::Store, error))?;
    let Some(_lock) = pass::lock(home, OTHER_GUARD)? else {
        tool::warn("another guard is at work");
        return Ok(Exit::Done);
    };
    let mut news = News::watch(home).context("watch the processes")?;
    let mut watched = Watched::default();
    let mut limits_at = Instant::now();
    loop {
        let with_limits = limits_at <= Instant::now();
        let next = match pass::make(home, with_limits) {
            Ok(passed) => {
                for deed in &passed.deeds {
                    report::tell(args, deed)?;
                }
                let is_wrong = passed.deeds.iter().any(|deed| deed.attempt.error.is_some());
                watched.renew(home, &passed.seen);
                let is_blind = watched.is_partial || !news.is_told();
                next(&passed.seen, every, is_wrong || is_blind, watched.is_unsettled)
            }
            // It may be readable again later.
            Err(error) => {
                tool::report(&error);
                Next { limits: Some(every), look: None }
            }
        };
        let now = Instant::now();
        // A look between two times for the limits does not put the next one off.
        match next.limits {
            None => limits_at = now,
            Some(after) if with_limits || limits_at <= now => limits_at = now + after,
            Some(after) => limits_at = limits_at.min(now + after),
        }
        let limits = next.limits.map(|_| limits_at);
        let deadline = limits.into_iter().chain(next.look.map(|after| now + after)).min();
        match watched.wait(&signals, &news, deadline)? {
            Why::End(exit) => return Ok(exit),
            Why::Time => {}
            Why::Event => {
                let settled = Instant::now() + SETTLING;
                if let Why::End(exit) = wake(signals.wait(&[], Some(settled))?) {
                    return Ok(exit);
                }
            }
        }
        news.take();
    }
}

/// After which times to look again.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    /// At the limits, and at all else.
    limits: Option<Duration>,
    /// Only at what lives.
    look: Option<Duration>,
}

fn next(seen: &[Seen], every: Duration, is_retried: bool, is_unsettled: bool) -> Next {
    let due = seen.iter().filter_map(|one| look_again_after(&one.facts, every));
    let limits = due.chain(is_retried.then_some(every)).min();
    Next { limits, look: is_unsettled.then_some(UNSETTLED) }
}

fn wake(wake: Wake) -> Why {
    match wake {
        Wake::Signal(Signal::INT, _) => Why::End(Exit::Other(130)),
        Wake::Signal(..) => Why::End(Exit::Done),
        Wake::Readable(_) => Why::Event,
        Wake::Deadline => Why::Time,
    }
}

/// Those whose death is waited for.
#[derive(Debug, Default)]
struct Watched {
    held: BTreeMap<(i64, u32), Pidfd>,
    /// Some could not be held.
    is_partial: bool,
    /// Some are between two states.
    is_unsettled: bool,
}

impl Watched {
    /// Holds the supervisor of each process, or the process where it has none.
    fn renew(&mut self, home: &Home, seen: &[Seen]) {
        let mut before = std::mem::take(&mut self.held);
        (self.is_partial, self.is_unsettled) = (false, false);
        for facts in seen.iter().map(|one| &one.facts).filter(|facts| facts.is_wanted()) {
            let Some(pid) = facts.supervisor_pid.or(facts.pid) else {
                self.is_unsettled |= is_in_between(facts);
                continue;
            };
            let key = (facts.id, pid);
            let is_alive = |held: &Pidfd| !held.has_ended().unwrap_or(true);
            if let Some(held) = before.remove(&key).filter(is_alive) {
                self.held.insert(key, held);
                continue;
            }
            if self.held.len() >= MOST_WATCHED {
                self.is_partial = true;
                continue;
            }
            // The pid may be a stranger's by now: a supervisor that lives holds its lock.
            match Pidfd::open(pid) {
                Ok(held)
                    if is_alive(&held)
                        && (facts.supervisor_pid.is_none()
                            || Lock::is_held(&home.lock(facts.id)).unwrap_or(false)) =>
                {
                    self.held.insert(key, held);
                }
                // It has just died: the next look will see that.
                Ok(_) => self.is_unsettled = true,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.is_unsettled = true;
                }
                Err(error) if is_gone(&error) => self.is_unsettled = true,
                Err(_) => self.is_partial = true,
            }
        }
    }

    fn wait(
        &self,
        signals: &Signals,
        news: &News,
        deadline: Option<Instant>,
    ) -> std::io::Result<Why> {
        // A thread that watches no more leaves its last byte behind.
        let news = news.is_told().then(|| news.as_fd());
        let others: Vec<BorrowedFd<'_>> =
            news.into_iter().chain(self.held.values().map(AsFd::as_fd)).collect();
        Ok(wake(signals.wait(&others, deadline)?))
    }
}

/// Somebody is at work on it, and it is not known who.
fn is_in_between(facts: &Facts) -> bool {
    matches!(facts.status, Status::Starting | Status::Backoff | Status::Running)
}

/// ESRCH: there is no such process any more.
fn is_gone(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::tests::well;
    use serde_json::Value;

    #[test]
    fn without_limits_and_worries_there_is_no_time_to_wake_up_at() {
        let every = Duration::from_secs(30);
        let seen = |facts| Seen { facts, record: Value::Null };
        let none = Next { limits: None, look: None };
        assert_eq!(next(&[], every, false, false), none);
        assert_eq!(next(&[seen(well())], every, false, false), none);
        let limited = Facts { memory_limit_bytes: Some(1), ..well() };
        let timed = Next { limits: Some(every), look: None };
        assert_eq!(next(&[seen(well()), seen(limited)], every, false, false), timed);
        assert_eq!(next(&[seen(well())], every, true, false), timed);
        let soon = Next { limits: None, look: Some(UNSETTLED) };
        assert_eq!(next(&[seen(well())], every, false, true), soon);
    }
}
