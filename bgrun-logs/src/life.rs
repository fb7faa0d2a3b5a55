//! Whether a run goes on.

use bgrun_platform::{Identity, Lock, Sight};
use bgrun_store::{Home, LockLine, Process};

/// Whether nothing more comes of the run that was the latest when `then` was looked at;
/// `now` is what is known now, if anything is.
pub(crate) fn is_over(home: &Home, then: &Process, now: Option<&Process>) -> bool {
    let number = |process: &Process| process.run.as_ref().map(|run| run.number);
    let Some(now) = now else { return true };
    let mut now = now.clone();
    // An end is written there before the store has it.
    if let Some(line) = line_of(home, &now) {
        now.learn_from(&line);
    }
    let Some(run) = &now.run else { return true };
    if number(&now) != number(then) || run.end.is_some() {
        return true;
    }
    let identity = run.identity.as_deref();
    match Sight::look(&home.lock(now.id), now.supervisor.as_deref(), identity) {
        Ok(sight) => !sight.is_up(),
        // What cannot be seen is not known to be over.
        Err(_) => false,
    }
}

fn line_of(home: &Home, process: &Process) -> Option<LockLine<Identity>> {
    LockLine::read(&Lock::line_at(&home.lock(process.id)).ok()?)
}

/// Whether the end of its run will be told by its lock file.
pub(crate) fn is_supervised(home: &Home, process: &Process) -> bool {
    let identity = process.run.as_ref().and_then(|run| run.identity.as_deref());
    Sight::look(&home.lock(process.id), process.supervisor.as_deref(), identity)
        .is_ok_and(|sight| sight.is_held)
}
