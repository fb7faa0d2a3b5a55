//! The run of a container. Its main process is a client of the engine, which hands on what
//! the container writes, and leaves with its exit code. A client can go without the
//! container: then another one takes its place, and the run goes on.
//!
//! What the engine has to be asked is asked by `bgrun-run`, a child of this supervisor.

use std::time::{Duration, Instant};

use bgrun_platform::{Ended, Identity};
use bgrun_run::{ContainerAct, container_words};

use crate::family::Family;
use crate::keeper::Keeper;
use crate::stopping::signal_all;
use crate::{child, record};

/// What became of the client of a container.
#[derive(Debug, Default)]
pub(crate) struct Client {
    stage: Stage,
    /// Until when podman's own processes are given time to leave.
    pub(super) leaves_until: Option<Instant>,
}

/// Whose code the end of the main process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    /// The container's, told by the client that started it.
    #[default]
    First,
    /// That of a client which took the place of the first, which ended so.
    Replaced(Ended),
    /// The container's, told by somebody who asked for it.
    Asked,
}

/// How long podman's own processes may take to clean up after a container.
const CLEANING: Duration = Duration::from_secs(5);

/// The code of a client that failed itself: docker and podman agree on it.
const CLIENT_FAILED: Ended = Ended::Code(125);

/// What the end of the main process says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The container has ended so.
    Over(Ended),
    /// It may live on, without a client.
    Lost,
    /// It has ended, most likely, and its code is to be asked for.
    Ask,
}

fn judge(stage: Stage, ended: Ended, is_stopping: bool) -> Verdict {
    match (stage, ended) {
        (_, Ended::Signal(_)) if !is_stopping => Verdict::Lost,
        (Stage::First, CLIENT_FAILED) if !is_stopping => Verdict::Lost,
        // It was adopted, and this kernel tells the code of a child only.
        (Stage::First, Ended::Unknown) => Verdict::Ask,
        // There is none: how its client ended is what was seen.
        (Stage::Replaced(lost), CLIENT_FAILED) => Verdict::Over(lost),
        (Stage::Replaced(_), _) => Verdict::Ask,
        (Stage::Asked, CLIENT_FAILED | Ended::Signal(_)) => Verdict::Over(Ended::Unknown),
        _ => Verdict::Over(ended),
    }
}

impl Client {
    /// That of a container whose first client nobody saw end.
    pub(crate) fn replaced() -> Self {
        Self { stage: Stage::Replaced(Ended::Unknown), leaves_until: None }
    }
}

impl Keeper {
    /// The main process has ended so.
    pub(super) fn judge_client(&mut self, ended: Ended) {
        if self.client.leaves_until.is_none() {
            let (act, next) = match judge(self.client.stage, ended, self.stopping.is_some()) {
                Verdict::Over(ended) => {
                    self.ended = Some(ended);
                    (None, Stage::First)
                }
                Verdict::Lost => (Some(ContainerAct::Resume), Stage::Replaced(ended)),
                Verdict::Ask => (Some(ContainerAct::Code), Stage::Asked),
            };
            if act.is_some_and(|act| self.replace(act).is_some()) {
                self.client.stage = next;
                return;
            }
            self.client.leaves_until = Some(Instant::now() + CLEANING);
        }
        if self.family.alive(&self.line, self.main).is_empty()
            && let Some(ended) = self.ended
        {
            self.run_is_over(ended);
        }
    }

    /// Puts another main process in the place of the one that has ended.
    fn replace(&mut self, act: ContainerAct) -> Option<()> {
        let pid = self.act(act)?;
        self.family = Family::Own;
        self.main = Some(pid);
        self.ended = None;
        self.line.process = Identity::of(pid).ok();
        self.write_line();
        self.record_run();
        Some(())
    }

    /// Asks the tree to end; of a container, the engine is asked.
    pub(super) fn ask_to_end(&self) {
        if self.line.container.is_none() || self.act(ContainerAct::Stop).is_none() {
            signal_all(&self.family.alive(&self.line, self.main), self.stop_signal());
        }
    }

    fn act(&self, act: ContainerAct) -> Option<u32> {
        let spec = record::spec(&self.home, &self.line)?;
        let words = container_words(act, &spec, &self.line.cookie);
        let environment = spec.environment(&self.line.cookie, self.line.run);
        child::act_for_container(&self.line, &words, &environment, spec.umask).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bgrun_platform::Signal;

    #[test]
    fn a_client_that_did_not_end_by_itself_is_lost_and_a_code_is_the_containers() {
        let killed = Ended::Signal(Signal::KILL);
        let replaced = Stage::Replaced(killed);
        for (stage, ended, is_stopping, expected) in [
            (Stage::First, Ended::Code(0), false, Verdict::Over(Ended::Code(0))),
            (Stage::First, Ended::Code(3), true, Verdict::Over(Ended::Code(3))),
            (Stage::First, killed, false, Verdict::Lost),
            (Stage::First, CLIENT_FAILED, false, Verdict::Lost),
            (Stage::First, killed, true, Verdict::Over(killed)),
            (Stage::First, Ended::Unknown, false, Verdict::Ask),
            // Another took its place, whose own code says nothing.
            (replaced, Ended::Code(0), false, Verdict::Ask),
            (replaced, Ended::Code(1), true, Verdict::Ask),
            (replaced, killed, false, Verdict::Lost),
            (replaced, CLIENT_FAILED, false, Verdict::Over(killed)),
            (Stage::Asked, Ended::Code(3), false, Verdict::Over(Ended::Code(3))),
            (Stage::Asked, killed, false, Verdict::Lost),
            // Nobody knows, and nobody guesses.
            (Stage::Asked, CLIENT_FAILED, false, Verdict::Over(Ended::Unknown)),
            (Stage::Asked, killed, true, Verdict::Over(Ended::Unknown)),
        ] {
            assert_eq!(judge(stage, ended, is_stopping), expected, "{stage:?} {ended:?}");
        }
    }
}
