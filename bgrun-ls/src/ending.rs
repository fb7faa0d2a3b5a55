//! The moment between a death and its record: a process has ended, its supervisor lives and
//! has not written down how. That takes it a millisecond, and is waited for.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bgrun_platform::stat::Stat;
use bgrun_platform::{Identity, Lock, Pidfd, Sight, clock};
use bgrun_store::{LockLine, Process, Wanted};

/// All such moments of one list together take no longer: a supervisor may be stopped itself.
const LONGEST: Duration = Duration::from_millis(100);
/// The lock file tells nobody that it was written.
const BETWEEN_LOOKS: Duration = Duration::from_micros(500);

/// How long ends are waited for, from the first one on.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    deadline: OnceLock<Instant>,
}

/// Whether the process has ended, as far as it is seen, and its supervisor is about to say
/// how.
pub(crate) fn is_due(process: &Process, sight: &Sight) -> bool {
    let has_begun = |run: &bgrun_store::Run| run.end.is_none() && run.identity.is_some();
    process.wanted == Wanted::Up
        && process.container.is_none()
        && process.has_run_as_asked()
        && process.run.as_ref().is_some_and(has_begun)
        && sight.supervisor.is_some()
        && sight.process.is_none()
        && sight.is_held
        && !sight.is_elsewhere
}

/// Whether the supervisor cannot say it: somebody has stopped it in its tracks (SIGSTOP), and
/// until it is continued nobody knows how its process has ended. One that is only slow, or hangs,
/// cannot be told from one that is at work.
pub(crate) fn is_put_off(sight: &Sight) -> bool {
    let supervisor = sight.supervisor.as_ref().map(Pidfd::pid);
    supervisor.and_then(|pid| Stat::read(pid).ok()).is_some_and(|stat| stat.state == b'T')
}

impl Patience {
    /// Waits until the lock file tells something new of `process`, which learns it. Answers
    /// whether it did.
    pub(crate) fn wait(&self, lock: &Path, process: &mut Process) -> bool {
        let deadline = *self.deadline.get_or_init(|| Instant::now() + LONGEST);
        loop {
            let text = Lock::line_at(lock).unwrap_or_default();
            if let Some(line) = LockLine::<Identity>::read(&text)
                && process.learn_from(&line)
            {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            clock::pause(BETWEEN_LOOKS);
        }
    }
}
