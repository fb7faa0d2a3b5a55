//! Which run is waited for, among the runs of a process.
//!
//! A life is what one start by the user leads to: a run, and those with which bgrun
//! follows it. It is over when the last of them is; what the user starts afterwards is
//! another life.

use bgrun_store::{Reason, Run};

/// The run with which the life that `from` belongs to was over, if another life began
/// after it. `runs` are the latest, in the order they began.
pub(crate) fn last_before_another(from: i64, runs: &[Run]) -> Option<&Run> {
    let of_life = runs.iter().skip_while(|run| run.number < from);
    let next = of_life.clone().skip(1);
    of_life
        .zip(next)
        .find(|(run, next)| next.request > run.request && !goes_on(run))
        .map(|two| two.0)
}

/// Whether the end of this run is followed by another run of the same life.
fn goes_on(run: &Run) -> bool {
    let Some(end) = &run.end else { return false };
    matches!(end.reason, Reason::Restart | Reason::Watch | Reason::MemoryLimit | Reason::Interval)
}

/// Puts what is known of the latest run at the end of `runs`: the lock file may know
/// more of it than the store.
pub(crate) fn with_latest(mut runs: Vec<Run>, latest: Option<&Run>) -> Vec<Run> {
    if let Some(latest) = latest {
        runs.retain(|run| run.number < latest.number);
        runs.push(latest.clone());
    }
    runs
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use bgrun_store::End;

    /// A run by its number, the start it serves, and how it ended.
    pub(crate) fn run(number: i64, request: i64, end: Option<(Reason, Option<i32>)>) -> Run {
        Run {
            number,
            request,
            pid: None,
            first_pid: None,
            identity: None,
            started_at: None,
            started_since_boot_ms: None,
            stdout_offset: 0,
            stderr_offset: 0,
            ready_at: None,
            end: end.map(|(reason, code)| End { at: None, code, signal: None, reason }),
        }
    }

    #[test]
    fn a_life_is_over_when_the_user_starts_another() {
        let (own, again) = (Some((Reason::Exit, Some(3))), Some((Reason::Restart, None)));
        let crashed = [run(1, 1, own), run(2, 1, own), run(3, 2, None)];
        let restarted = [run(1, 1, again), run(2, 2, None)];
        let restarted_and_over = [run(1, 1, again), run(2, 2, own), run(3, 3, None)];
        let lost = [run(1, 1, None), run(2, 2, None)];
        let table: [(&str, &[Run], i64, Option<i64>); 8] = [
            ("none yet", &[], 1, None),
            ("the only run", &crashed[..1], 1, None),
            ("bgrun has started it again", &crashed[..2], 1, None),
            ("the user has started it again", &crashed, 1, Some(2)),
            ("the earlier life is of no interest", &crashed, 3, None),
            ("a restart goes on", &restarted, 1, None),
            ("a restart that has ended", &restarted_and_over, 1, Some(2)),
            ("nobody saw its end", &lost, 1, Some(1)),
        ];
        for (what, runs, from, last) in table {
            assert_eq!(last_before_another(from, runs).map(|run| run.number), last, "{what}");
        }
    }

    #[test]
    fn the_lock_file_knows_more_of_the_latest_run() {
        let own = Some((Reason::Exit, Some(3)));
        let known = |latest: &Run| with_latest(vec![run(1, 1, own), run(2, 1, None)], Some(latest));
        assert_eq!(known(&run(2, 1, own)), [run(1, 1, own), run(2, 1, own)]);
        assert_eq!(known(&run(3, 1, None)).len(), 3);
    }
}
