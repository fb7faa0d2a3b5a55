//! The processes of the tree: below this supervisor, or adopted from one that died.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use bgrun_platform::stat::Stat;
use bgrun_platform::tree::{self, Traces};
use bgrun_platform::{Ended, Identity, Pidfd};
use bgrun_store::LockLine;

/// Whose the tree is.
#[derive(Debug)]
pub(crate) enum Family {
    /// It descends from this supervisor, which is told of every end.
    Own,
    /// It descends from another: each process is held, and its end is seen by that.
    Adopted(Vec<Pidfd>),
}

/// How long the end of an adopted process may stay unreaped: PID 1 was seen to take 1.5 s.
const REAPING: Duration = Duration::from_secs(5);

impl Family {
    pub(crate) fn is_adopted(&self) -> bool {
        matches!(self, Self::Adopted(_))
    }

    /// What lives of the tree.
    pub(crate) fn alive(&self, line: &LockLine<Identity>, main: Option<u32>) -> Vec<Stat> {
        let own = matches!(self, Self::Own).then(std::process::id);
        let tree = match self {
            _ if line.container.is_some() => tree::of_container(own, main),
            Self::Own => tree::below_supervisor(std::process::id(), &line.cookie, main),
            Self::Adopted(_) => {
                let logs = line.as_process().own_logs();
                let cookie = line.cookie.clone();
                let traces = Traces { cookie, logs, main, is_container: false };
                tree::by_traces(&[traces]).map(|mut trees| trees.swap_remove(0))
            }
        };
        tree.unwrap_or_default()
    }

    /// Takes hold of all processes of an adopted tree.
    pub(crate) fn hold(&mut self, line: &LockLine<Identity>, main: Option<u32>) {
        if !self.is_adopted() {
            return;
        }
        let alive = self.alive(line, main);
        let Self::Adopted(held) = self else { return };
        // The main process stays held until its end was taken: it may end during the look.
        held.retain(|pidfd| Some(pidfd.pid()) == main);
        for stat in alive {
            let is_held = held.iter().any(|pidfd| pidfd.pid() == stat.pid);
            if !is_held && let Some(pidfd) = stat.hold() {
                held.push(pidfd);
            }
        }
    }

    /// What becomes readable when one of an adopted tree ends.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let held = match self {
            Self::Own => &[],
            Self::Adopted(held) => held.as_slice(),
        };
        held.iter().map(AsFd::as_fd)
    }

    /// How the adopted process `main` ended, if it has. Its parent, which is another,
    /// reaps it in its own time.
    pub(crate) fn end_of(&self, main: u32) -> Option<Ended> {
        let Self::Adopted(held) = self else { return None };
        let held = held.iter().find(|pidfd| pidfd.pid() == main)?;
        held.has_ended().unwrap_or(true).then(|| held.ended(REAPING))
    }
}
