//! One pass: look, have put right what is wrong, look whether it is.

use std::time::{Duration, Instant};

use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Lock, LockError, clock, private};
use bgrun_store::{Home, Status};
use serde_json::{Value, json};

use crate::act::{self, Attempt};
use crate::args::Args;
use crate::decide::{Action, decide};
use crate::logs;
use crate::report;
use crate::survey::{self, Seen};

/// What was done for one process, or could not be done.
#[derive(Debug)]
pub(crate) struct Deed {
    pub(crate) attempt: Attempt,
    /// Its record afterwards.
    pub(crate) record: Value,
}

/// What a pass came to.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) deeds: Vec<Deed>,
    /// All processes as they were seen last.
    pub(crate) seen: Vec<Seen>,
    /// Whether all logs that were too large have been rotated.
    pub(crate) are_logs_fine: bool,
}

/// A look may show that what was tried is not what is needed any more: a process that
/// died while it was adopted is to be started. Further looks are for the next pass.
const ROUNDS: usize = 3;

/// Takes the lock of the guard. `None`: another one is at work.
///
/// # Errors
/// The state directory cannot be used.
pub(crate) fn lock(home: &Home, patience: Duration) -> anyhow::Result<Option<Lock>> {
    let unusable = |error: &dyn std::fmt::Display| Failure::new(Exit::Store, error);
    let directory = home.lock_directory();
    private::directory(&directory).map_err(|error| unusable(&error))?;
    match Lock::take(&directory.join("guard.lock"), patience) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Held(_)) => Ok(None),
        Err(error) => Err(unusable(&error).into()),
    }
}

/// Makes one pass and tells of it.
///
/// # Errors
/// See [`make`].
pub(crate) fn only(args: &Args, home: &Home) -> anyhow::Result<Exit> {
    let passed = make(home, true)?;
    let exit = report::end(args, &passed.deeds)?;
    Ok(if exit == Exit::Done && !passed.are_logs_fine { Exit::Failed } else { exit })
}

/// Makes one pass; limits are looked at only `with_limits`.
///
/// # Errors
/// The processes cannot be listed; what was done before is lost from sight, but done.
pub(crate) fn make(home: &Home, with_limits: bool) -> anyhow::Result<Passed> {
    let mut passed = Passed { deeds: Vec::new(), seen: survey::all(home)?, are_logs_fine: true };
    let mut tried: Vec<(i64, &'static str)> = Vec::new();
    for _ in 0..ROUNDS {
        let mut due = Vec::new();
        for one in &passed.seen {
            let Some(action) = decide(&one.facts) else { continue };
            let mut earlier = tried.iter().filter(|(id, _)| *id == one.facts.id);
            let is_for_now = match action {
                // What was just put right is given time until the next pass.
                Action::Restart(_) => with_limits && earlier.next().is_none(),
                Action::Adopt | Action::Start(_) | Action::Stop => {
                    earlier.all(|(_, kind)| *kind != action.as_str())
                }
            };
            if is_for_now {
                due.push((one.facts.clone(), action));
            }
        }
        if due.is_empty() {
            break;
        }
        tried.extend(due.iter().map(|(facts, action)| (facts.id, action.as_str())));
        let attempts = act::all(due);
        passed.seen = settled(home, &attempts)?;
        for attempt in attempts.into_iter().filter(|attempt| !attempt.was_needless) {
            let now = passed.seen.iter().find(|one| one.facts.id == attempt.facts.id);
            if attempt.error.is_some() && (attempt.was_stopped || !is_still_wrong(&attempt, now)) {
                continue;
            }
            let record = now.map(|one| &one.record).or(attempt.record.as_ref()).cloned();
            let record = record
                .unwrap_or_else(|| json!({"id": attempt.facts.id, "name": attempt.facts.name}));
            passed.deeds.push(Deed { attempt, record });
        }
    }
    if with_limits {
        passed.are_logs_fine = logs::rotate(passed.seen.iter().map(|seen| &seen.record));
    }
    Ok(passed)
}

/// How long somebody else who is at work on the same process is given to put it right.
const SETTLING: Duration = Duration::from_secs(1);
/// How often it is looked whether that has been done.
const GLANCE: Duration = Duration::from_millis(20);

/// What is seen after these attempts, once nobody else is at work on the same processes, or
/// has been for too long.
fn settled(home: &Home, attempts: &[Attempt]) -> anyhow::Result<Vec<Seen>> {
    let deadline = Instant::now() + SETTLING;
    loop {
        let seen = survey::all(home)?;
        let is_undecided = |attempt: &Attempt| {
            let now = seen.iter().find(|one| one.facts.id == attempt.facts.id);
            attempt.was_contended && is_still_wrong(attempt, now)
        };
        if !attempts.iter().any(is_undecided) || Instant::now() >= deadline {
            return Ok(seen);
        }
        clock::pause(GLANCE);
    }
}

/// Whether a failed attempt is one to complain of: the user may have stopped or deleted
/// the process meanwhile, and somebody else may have put it right.
fn is_still_wrong(attempt: &Attempt, now: Option<&Seen>) -> bool {
    let Some(now) = now.map(|seen| &seen.facts) else { return false };
    if now.is_wanted() == (attempt.action == Action::Stop) {
        return false;
    }
    match attempt.action {
        Action::Stop => now.status == Status::Stopping,
        Action::Adopt => now.status == Status::Running && !now.supervised,
        Action::Start(_) => matches!(now.status, Status::Lost | Status::Failed),
        Action::Restart(_) => now.run == attempt.facts.run || now.status != Status::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::tests::well;
    use crate::decide::{Excess, Facts, Gone};

    fn is_complained_of(action: Action, now: Option<Facts>) -> bool {
        let error = Some("refused".to_owned());
        let time = String::new();
        let attempt = Attempt {
            facts: well(),
            action,
            time,
            record: None,
            error,
            is_store_failure: false,
            was_stopped: false,
            was_needless: false,
            was_contended: false,
        };
        let now = now.map(|facts| Seen { facts, record: Value::Null });
        is_still_wrong(&attempt, now.as_ref())
    }

    #[test]
    fn a_refusal_is_a_failure_only_while_something_is_wrong() {
        let with = |status| Some(Facts { status, supervised: false, ..well() });
        let down = |status| Some(Facts { status, wanted: "down".into(), ..well() });
        let start = Action::Start(Gone::Lost);
        let restart = Action::Restart(Excess::Interval { uptime_ms: 60_000, minutes: 1 });
        for action in [start, Action::Adopt, restart] {
            assert!(!is_complained_of(action, None), "it was deleted: {action:?}");
            for status in Status::ALL {
                assert!(!is_complained_of(action, down(status)), "it was stopped: {action:?}");
            }
        }
        assert!(is_complained_of(start, with(Status::Lost)));
        assert!(is_complained_of(start, with(Status::Failed)), "it cannot be executed");
        assert!(!is_complained_of(start, with(Status::Running)), "somebody else started it");
        assert!(!is_complained_of(start, with(Status::Starting)));
        assert!(is_complained_of(Action::Adopt, with(Status::Running)));
        assert!(!is_complained_of(Action::Adopt, Some(well())), "somebody else adopted it");
        assert!(!is_complained_of(Action::Adopt, with(Status::Lost)), "it is to be started now");
        assert!(is_complained_of(Action::Stop, down(Status::Stopping)));
        assert!(!is_complained_of(Action::Stop, down(Status::Stopped)));
        assert!(!is_complained_of(Action::Stop, Some(well())), "it was started again");
        assert!(is_complained_of(restart, Some(well())));
        assert!(!is_complained_of(restart, Some(Facts { run: 2, ..well() })));
        assert!(is_complained_of(
            restart,
            Some(Facts { run: 2, status: Status::Failed, ..well() })
        ));
    }
}
