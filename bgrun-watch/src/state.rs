//! What is to be told of the process itself: a pure function of what was told before and
//! what is seen now.

use bgrun_store::Status;

use crate::subject::Subject;

/// What was told last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The latest run.
    pub(crate) run: i64,
    /// The latest run whose end was told.
    pub(crate) ended: i64,
    /// That the user has stopped it.
    pub(crate) is_stopped: bool,
}

/// Something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum New {
    /// It runs, and this tool has not started it.
    Running,
    /// It has ended by itself.
    Ended,
    /// The user has stopped it.
    Stopped,
}

/// What is new; it counts as told then.
pub(crate) fn new(told: &mut Told, now: &Subject) -> Option<New> {
    let before = *told;
    match now.status {
        Status::Running => {
            *told = Told { run: now.run, is_stopped: false, ..before };
            (now.run > before.run).then_some(New::Running)
        }
        Status::Stopped => {
            *told = Told { run: now.run, ended: now.run, is_stopped: true };
            (!before.is_stopped).then_some(New::Stopped)
        }
        Status::Exited | Status::Failed | Status::Lost => {
            *told = Told { run: now.run, ended: now.run, is_stopped: false };
            (now.run > before.ended).then_some(New::Ended)
        }
        // On the way to another state, of which there will be news.
        Status::Starting | Status::Backoff | Status::Stopping => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subject::tests::running;

    #[test]
    fn each_run_and_each_end_is_told_once() {
        let mut told = Told { run: 1, ..Told::default() };
        let mut seen = |status, run| new(&mut told, &Subject { status, ..running(run) });
        let table = [
            (Status::Running, 1, None),
            (Status::Failed, 1, Some(New::Ended)),
            (Status::Failed, 1, None),
            (Status::Starting, 1, None),
            (Status::Running, 2, Some(New::Running)),
            (Status::Stopping, 2, None),
            (Status::Stopped, 2, Some(New::Stopped)),
            (Status::Stopped, 2, None),
            (Status::Running, 3, Some(New::Running)),
            (Status::Exited, 4, Some(New::Ended)),
            (Status::Stopped, 4, Some(New::Stopped)),
            (Status::Lost, 5, Some(New::Ended)),
        ];
        for (at, (status, run, expected)) in table.into_iter().enumerate() {
            assert_eq!(seen(status, run), expected, "{at}: {status:?} {run}");
        }
    }
}
