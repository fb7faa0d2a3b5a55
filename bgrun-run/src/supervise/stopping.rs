//! Ending what is left of a tree, when no `bgrun kill` is there to do it: after a
//! shutdown, after the main process failed, or after the killer itself was killed.

use std::time::{Duration, Instant};

use bgrun_platform::events::StopNotice;
use bgrun_platform::stat::Stat;
use bgrun_platform::{Identity, Signal};
use bgrun_store::{LockLine, Reason};

/// A stop in progress.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopping {
    /// Why, where it is not the main process's own end.
    pub(crate) reason: Option<Reason>,
    /// When patience ends and SIGKILL is sent.
    pub(crate) deadline: Instant,
    /// Whether a `bgrun kill` does it, and writes down the end.
    pub(crate) by_killer: bool,
    /// Whether the wish to run remains: it is a restart.
    pub(crate) keeps_wish: bool,
}

/// How long after its own deadline a killer is given before this supervisor takes over.
const KILLERS_GRACE: Duration = Duration::from_millis(500);

impl Stopping {
    /// A stop by `bgrun kill`, which says in the signal's value how long it waits.
    pub(crate) fn by_killer(value: i32) -> Self {
        let asked = StopNotice::from_value(value);
        Self {
            reason: Some(Reason::Stop),
            deadline: Instant::now() + asked.timeout + KILLERS_GRACE,
            by_killer: true,
            keeps_wish: asked.keeps_wish,
        }
    }

    /// A stop by this supervisor.
    pub(crate) fn own(reason: Option<Reason>, line: &LockLine<Identity>) -> Self {
        Self {
            reason,
            deadline: Instant::now() + Duration::from_millis(line.stop_timeout_ms),
            by_killer: false,
            keeps_wish: true,
        }
    }
}

/// Sends `signal` to every process of `tree`.
pub(crate) fn signal_all(tree: &[Stat], signal: Signal) {
    for stat in tree {
        if let Some(pidfd) = stat.hold() {
            let _ = pidfd.send(signal);
            let _ = pidfd.send(Signal::CONT);
        }
    }
}
