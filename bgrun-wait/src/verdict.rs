//! Whether what is waited for has come: pure functions of what is seen.

use bgrun_store::{End, Process, Run, Status};

use crate::args::Goal;
use crate::life;

/// What is waited for, of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// That it is in this state.
    State(Status),
    /// That it is ready.
    Ready {
        /// That this run of it is, if not just any.
        run: Option<i64>,
        /// Whether it was up when the wait began: what the user stops then does not get ready,
        /// and what is stopped may be started.
        was_up: bool,
    },
    /// The end of the life to which the run of this number belongs.
    Life(i64),
    /// The end of the run of this number.
    Run(i64),
}

/// How a run ended; none where nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) run: Option<i64>,
    pub(crate) end: Option<End>,
}

/// What follows from a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has not come yet.
    NotYet,
    /// The process is in the state that was asked for.
    Reached,
    /// What was to end has ended.
    Ended(Ending),
    /// It has ended before it was ready.
    Unready(Ending),
    /// It can never come: the process was forgotten.
    Forgotten,
}

/// What is seen of a process. No status: it was forgotten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) status: Option<Status>,
    /// Its latest runs, in the order they began, from the first that matters.
    pub(crate) runs: &'a [Run],
}

/// What is waited for when `goal` was asked of `process`, which is in `status`; `record`
/// is the number of the run of the record that named it.
pub(crate) fn awaited(
    goal: Goal,
    process: &Process,
    status: Status,
    record: Option<i64>,
) -> Awaited {
    let latest = process.run.as_ref().map_or(0, |run| run.number);
    match (goal, record) {
        (Goal::Ready, record) if process.ready.is_some() => {
            let run = record.filter(|run| (1..=latest).contains(run));
            Awaited::Ready { run, was_up: !is_over(Some(status)) }
        }
        (Goal::Running | Goal::Ready, _) => Awaited::State(Status::Running),
        (Goal::Stopped, _) => Awaited::State(Status::Stopped),
        (Goal::Exited, Some(run)) if (1..=latest).contains(&run) => Awaited::Run(run),
        // A start was asked for that has led to nothing yet: what ended is of before.
        (Goal::Exited, _) if !process.has_run_as_asked() && status != Status::Stopped => {
            Awaited::Life(latest + 1)
        }
        (Goal::Exited, _) => Awaited::Life(latest),
    }
}

/// Whether `awaited` has come.
pub(crate) fn verdict(awaited: Awaited, seen: Seen<'_>) -> Verdict {
    let latest = seen.runs.last();
    let ending = |run: Option<&Run>| {
        let (run, end) = (run.map(|run| run.number), run.and_then(|run| run.end.clone()));
        Ending { run, end }
    };
    let ended = |run: Option<&Run>| Verdict::Ended(ending(run));
    match awaited {
        Awaited::State(state) if seen.status == Some(state) => Verdict::Reached,
        // What is forgotten is not there any more, in whatever state it was.
        Awaited::State(Status::Stopped) if seen.status.is_none() => Verdict::Reached,
        Awaited::State(_) if seen.status.is_none() => Verdict::Forgotten,
        Awaited::State(_) => Verdict::NotYet,
        Awaited::Ready { run: number, was_up } => {
            let is_meant = |run: &&Run| number.is_none_or(|number| run.number == number);
            let run = seen.runs.iter().rev().find(is_meant);
            let is_past = number.is_some_and(|number| latest.is_some_and(|l| l.number > number));
            let has_end = number.is_some() && run.is_some_and(|run| run.end.is_some());
            let is_over = is_over(seen.status) && (was_up || seen.status != Some(Status::Stopped));
            let is_ready = seen.status == Some(Status::Running)
                && run.is_some_and(|run| run.ready_at.is_some() && run.end.is_none());
            match seen.status {
                None => Verdict::Forgotten,
                _ if is_ready && !is_past => Verdict::Reached,
                _ if is_past || has_end || is_over => Verdict::Unready(ending(run)),
                _ => Verdict::NotYet,
            }
        }
        Awaited::Life(from) => match life::last_before_another(from, seen.runs) {
            Some(run) => ended(Some(run)),
            None if is_over(seen.status) => ended(latest.filter(|run| run.number >= from)),
            None => Verdict::NotYet,
        },
        Awaited::Run(number) => {
            let run = seen.runs.iter().find(|run| run.number == number);
            let is_past = latest.is_some_and(|latest| latest.number > number);
            let has_end = run.is_some_and(|run| run.end.is_some());
            if has_end || is_past || is_over(seen.status) { ended(run) } else { Verdict::NotYet }
        }
    }
}

/// Whether nothing of the process lives, and nobody is about to start it again.
pub(crate) fn is_over(status: Option<Status>) -> bool {
    match status {
        None | Some(Status::Stopped | Status::Exited | Status::Failed | Status::Lost) => true,
        Some(Status::Starting | Status::Running | Status::Backoff | Status::Stopping) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::life::tests::run;
    use bgrun_store::{LockLine, Reason};

    const OWN: Option<(Reason, Option<i32>)> = Some((Reason::Exit, Some(3)));

    fn number(verdict: &Verdict) -> Option<(Option<i64>, Option<i32>)> {
        let Verdict::Ended(Ending { run, end }) = verdict else { return None };
        Some((*run, end.as_ref().and_then(|end| end.code)))
    }

    #[test]
    fn a_state_is_reached_in_that_state_only() {
        for asked in [Status::Running, Status::Stopped] {
            for status in Status::ALL {
                let seen = Seen { status: Some(status), runs: &[] };
                let expected = if status == asked { Verdict::Reached } else { Verdict::NotYet };
                assert_eq!(verdict(Awaited::State(asked), seen), expected, "{asked:?} {status:?}");
            }
        }
        let forgotten = Seen { status: None, runs: &[] };
        assert_eq!(verdict(Awaited::State(Status::Stopped), forgotten), Verdict::Reached);
        assert_eq!(verdict(Awaited::State(Status::Running), forgotten), Verdict::Forgotten);
    }

    #[test]
    fn a_life_ends_when_nothing_more_comes() {
        let runs = [run(1, 1, OWN), run(2, 1, Some((Reason::Exit, Some(4))))];
        let of_life = |status, from| verdict(Awaited::Life(from), Seen { status, runs: &runs });
        let over = Some((Some(2), Some(4)));
        for (status, ended) in [
            (Some(Status::Starting), None),
            (Some(Status::Running), None),
            (Some(Status::Backoff), None),
            (Some(Status::Stopping), None),
            (Some(Status::Stopped), over),
            (Some(Status::Exited), over),
            (Some(Status::Failed), over),
            (Some(Status::Lost), over),
            (None, over),
        ] {
            assert_eq!(number(&of_life(status, 1)), ended, "{status:?}");
        }
        let never_began = of_life(Some(Status::Failed), 3);
        assert_eq!(number(&never_began), Some((None, None)), "an earlier end is not its end");
    }

    #[test]
    fn a_run_ends_whatever_comes_after_it() {
        let of_run = |number, runs: &[Run], status| {
            verdict(Awaited::Run(number), Seen { status: Some(status), runs })
        };
        let runs = [run(1, 1, OWN), run(2, 1, None)];
        assert_eq!(number(&of_run(1, &runs, Status::Running)), Some((Some(1), Some(3))));
        assert_eq!(of_run(2, &runs, Status::Running), Verdict::NotYet);
        assert_eq!(number(&of_run(2, &runs, Status::Lost)), Some((Some(2), None)));
        let forgotten = of_run(1, &runs[1..], Status::Running);
        assert_eq!(number(&forgotten), Some((None, None)), "too long ago to be known");
    }

    #[test]
    fn what_is_awaited_follows_from_the_wish_and_what_there_is() {
        let process = |run: i64, request: i64| {
            let line: LockLine<()> = serde_json::from_value(serde_json::json!({
                "id": 4, "name": "web", "group": null, "command": "x", "argv": null,
                "workdir": "/", "stdout_path": "/o", "stderr_path": "/e", "cookie": "c",
                "stop_signal": "SIGTERM", "stop_timeout_ms": 1, "request": run,
                "supervisor": null, "run": run, "process": null, "started_at": null,
                "started_since_boot_ms": null, "ended": null
            }))
            .expect("a lock line");
            Process { request, ..line.as_process() }
        };
        use Goal::{Exited, Ready, Running, Stopped};
        let now = Status::Running;
        let table = [
            (Running, 3, 3, now, None, Awaited::State(Status::Running)),
            (Ready, 3, 3, now, Some(1), Awaited::State(Status::Running)),
            (Stopped, 3, 3, now, None, Awaited::State(Status::Stopped)),
            (Exited, 3, 3, now, None, Awaited::Life(3)),
            (Exited, 3, 3, now, Some(3), Awaited::Run(3)),
            (Exited, 3, 3, now, Some(2), Awaited::Run(2)),
            (Exited, 3, 3, now, Some(0), Awaited::Life(3)),
            (Exited, 3, 4, Status::Starting, None, Awaited::Life(4)),
            (Exited, 3, 4, Status::Failed, None, Awaited::Life(4)),
            (Exited, 3, 4, Status::Stopped, None, Awaited::Life(3)),
            (Exited, 0, 0, Status::Stopped, None, Awaited::Life(0)),
        ];
        for (goal, run, request, status, record, expected) in table {
            let awaited = awaited(goal, &process(run, request), status, record);
            assert_eq!(awaited, expected, "{goal:?} {run} {request} {status:?} {record:?}");
        }
    }
}
