//! Status: what follows from the wish and from what is seen, at the moment of asking.
//! It is never stored.

use serde::{Deserialize, Serialize};

use crate::process::{Process, Wanted};
use crate::run::Reason;

/// The closed set of states a process can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Asked to start; its command is not executing yet.
    Starting,
    /// It runs.
    Running,
    /// It ended, and its supervisor will start it again.
    Backoff,
    /// Asked to stop, and still there.
    Stopping,
    /// Asked to stop, and gone.
    Stopped,
    /// It ended by itself with 0.
    Exited,
    /// It ended in any other way of its own, or could not be executed.
    Failed,
    /// It should run, and is gone without anybody having seen how.
    Lost,
}

impl Status {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 8] = [
        Self::Starting,
        Self::Running,
        Self::Backoff,
        Self::Stopping,
        Self::Stopped,
        Self::Exited,
        Self::Failed,
        Self::Lost,
    ];

    /// As in JSON and on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Backoff => "backoff",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Exited => "exited",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("'{text}' is not a status ({all})")
        })
    }
}

/// What the system shows of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// Something of its tree lives.
    pub is_alive: bool,
    /// Its lock is held: somebody starts or supervises it.
    pub is_held: bool,
}

/// Derives the status of `process` from its wish, its runs, and what is observed.
#[must_use]
pub fn status(process: &Process, observed: Observed) -> Status {
    let wanted_up = process.wanted == Wanted::Up;
    if observed.is_alive {
        return if wanted_up { Status::Running } else { Status::Stopping };
    }
    let end = process.run.as_ref().and_then(|run| run.end.as_ref());
    if observed.is_held {
        let end = end.filter(|_| process.has_run_as_asked());
        match (wanted_up, end) {
            (false, _) => return Status::Stopping,
            (true, Some(_)) if process.next_restart_at.is_some() => return Status::Backoff,
            // Its supervisor has written how it ended, and is about to leave.
            (true, Some(end)) if !process.is_followed(end) => {}
            (true, _) => return Status::Starting,
        }
    }
    if !wanted_up {
        return Status::Stopped;
    }
    if !process.has_run_as_asked() {
        // Whoever was to start it died before it could.
        return Status::Failed;
    }
    match end.map(|end| (end.reason, end.code)) {
        // Each of these is an end that bgrun made and should have followed by a new run.
        None
        | Some((
            Reason::Shutdown
            | Reason::Stop
            | Reason::Restart
            | Reason::Watch
            | Reason::MemoryLimit
            | Reason::Interval,
            _,
        )) => Status::Lost,
        Some((Reason::Exit, Some(0))) => Status::Exited,
        Some(_) => Status::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{End, Run};

    fn process(wanted: Wanted, end: Option<(Reason, Option<i32>)>) -> Process {
        let line = crate::lock_line::LockLine::<()> {
            id: 1,
            name: "web".into(),
            group: None,
            command: "x".into(),
            argv: None,
            workdir: "/".into(),
            stdout_path: "/o".into(),
            stderr_path: "/e".into(),
            shared_log: false,
            cookie: "c".into(),
            stop_signal: "SIGTERM".into(),
            stop_timeout_ms: 1,
            keep_alive: Default::default(),
            request: 1,
            supervisor: None,
            run: 1,
            process: None,
            started_at: None,
            started_since_boot_ms: None,
            stdout_offset: 0,
            stderr_offset: 0,
            ready_at: None,
            log_policy: Default::default(),
            container: None,
            engine_call: None,
            ended: end.map(|(reason, code)| End { at: None, code, signal: None, reason }),
            stopped: wanted == Wanted::Down,
        };
        line.as_process()
    }

    #[test]
    fn the_status_follows_from_the_wish_and_what_is_seen() {
        use Reason::{Exec, Exit, Restart, Shutdown, Signal, Stop, Unknown};
        use Status as S;
        use Wanted::{Down, Up};
        type Case = (Wanted, bool, bool, Option<(Reason, Option<i32>)>, Status);
        let table: [Case; 20] = [
            // wanted, alive, held, end of the run
            (Up, true, true, None, S::Running),
            (Up, true, false, None, S::Running),
            (Down, true, true, None, S::Stopping),
            (Down, true, false, None, S::Stopping),
            (Down, false, true, Some((Stop, None)), S::Stopping),
            (Up, false, true, None, S::Starting),
            (Up, false, true, Some((Exit, Some(1))), S::Failed),
            (Up, false, true, Some((Exit, Some(0))), S::Exited),
            (Up, false, true, Some((Restart, None)), S::Lost),
            (Down, false, false, Some((Stop, None)), S::Stopped),
            (Down, false, false, Some((Exit, Some(0))), S::Stopped),
            (Down, false, false, None, S::Stopped),
            (Up, false, false, None, S::Lost),
            (Up, false, false, Some((Shutdown, None)), S::Lost),
            (Up, false, false, Some((Restart, None)), S::Lost),
            (Up, false, false, Some((Exit, Some(0))), S::Exited),
            (Up, false, false, Some((Exit, Some(3))), S::Failed),
            (Up, false, false, Some((Signal, None)), S::Failed),
            (Up, false, false, Some((Exec, None)), S::Failed),
            (Up, false, false, Some((Unknown, None)), S::Failed),
        ];
        for (wanted, is_alive, is_held, end, expected) in table {
            let found = status(&process(wanted, end), Observed { is_alive, is_held });
            assert_eq!(found, expected, "{wanted:?} alive={is_alive} held={is_held} {end:?}");
        }
    }

    #[test]
    fn an_end_that_a_run_is_to_follow_is_starting_while_somebody_is_at_it() {
        let mut crashed = process(Wanted::Up, Some((Reason::Exit, Some(1))));
        let seen = Observed { is_alive: false, is_held: true };
        crashed.keep_alive = crate::spec::KeepAlive::OnFailure;
        assert_eq!(status(&crashed, seen), Status::Starting);
        crashed.restart_policy.final_codes = vec![1];
        assert_eq!(status(&crashed, seen), Status::Failed);
    }

    #[test]
    fn a_pause_before_the_next_run_is_backoff() {
        let mut crashed = process(Wanted::Up, Some((Reason::Exit, Some(1))));
        crashed.next_restart_at = Some(crate::time::now());
        assert_eq!(status(&crashed, Observed { is_alive: false, is_held: true }), Status::Backoff);
    }

    #[test]
    fn a_start_that_led_to_no_run_is_starting_while_somebody_is_at_it_and_then_failed() {
        let mut asked = process(Wanted::Up, Some((Reason::Exit, Some(0))));
        asked.request = 2;
        let seen = |is_held| status(&asked, Observed { is_alive: false, is_held });
        assert_eq!((seen(true), seen(false)), (Status::Starting, Status::Failed));
        let mut never = asked.clone();
        never.run = None::<Run>;
        assert_eq!(status(&never, Observed { is_alive: false, is_held: false }), Status::Failed);
    }
}
