//! Which run of its process wrote a line: the one that began at or before the line's
//! place in the log. Asked only for JSON.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bgrun_platform::clock;
use bgrun_store::{Process, Run, Store, Stream};

use crate::source::{Source, run_offset};

/// How many runs are looked up; all are when a line lies before these.
const FEW: u32 = 8;

/// A new run writes before its supervisor has noted it: how long that may take.
const NOTING: Duration = Duration::from_millis(40);

/// The runs of the processes that are shown.
#[derive(Default)]
pub(crate) struct Runs {
    store: Option<Store>,
    known: HashMap<i64, Known>,
}

/// The runs of one process.
#[derive(Default)]
struct Known {
    /// The latest first.
    runs: Vec<Run>,
    is_all: bool,
    /// When a run was last waited for in vain.
    waited: Option<Instant>,
    /// Logs in which the offsets of runs do not count.
    anew: Vec<Stream>,
}

impl Runs {
    /// The runs that the store tells of; where it cannot be used, the latest of each
    /// process as its lock file tells it.
    pub(crate) fn of(store: Option<Store>, processes: &[Process]) -> Self {
        let latest = |process: &Process| {
            let runs = process.run.clone().into_iter().collect();
            (process.id, Known { runs, is_all: store.is_none(), ..Known::default() })
        };
        Self { known: processes.iter().map(latest).collect(), store }
    }

    #[cfg(test)]
    pub(crate) fn unknown() -> Self {
        Self::default()
    }

    /// The run that wrote what stands at `at`, if that is on record.
    pub(crate) fn number_at(&mut self, source: &Source, at: u64) -> Option<i64> {
        let known = self.known.entry(source.id).or_default();
        if known.anew.contains(&source.stream) {
            return known.runs.first().map(|run| run.number);
        }
        if let Some(run) = known.run_at(source.stream, at) {
            return Some(run.number);
        }
        if !known.is_all {
            known.look_up(self.store.as_ref(), source.id, u32::MAX);
        }
        known.run_at(source.stream, at).map(|run| run.number)
    }

    /// New bytes of this log came: looks whether they are those of a new run. After the
    /// end of the latest one they may be, although it is not on record yet.
    pub(crate) fn expect(&mut self, source: &Source) {
        let known = self.known.entry(source.id).or_default();
        let store = self.store.as_ref();
        known.look_up(store, source.id, FEW);
        let is_patient = known.waited.is_none_or(|waited| waited.elapsed() > NOTING * 10);
        if store.is_none() || !known.has_ended() || !is_patient {
            return;
        }
        let begun = Instant::now();
        while known.has_ended() && begun.elapsed() < NOTING {
            clock::pause(Duration::from_millis(2));
            known.look_up(store, source.id, FEW);
        }
        known.waited = known.has_ended().then(Instant::now);
    }

    /// A log of `length` bytes in which the latest run began later was cut since then.
    pub(crate) fn begin(&mut self, source: &Source, length: u64) {
        let known = self.known.entry(source.id).or_default();
        if known.runs.first().is_some_and(|run| run_offset(run, source.stream) > length) {
            self.begin_anew(source);
        }
    }

    /// The log was cut to nothing, or replaced: where runs began in it does not count any
    /// more, and what is written comes from the latest.
    pub(crate) fn begin_anew(&mut self, source: &Source) {
        let known = self.known.entry(source.id).or_default();
        if !known.anew.contains(&source.stream) {
            known.anew.push(source.stream);
        }
    }
}

impl Known {
    fn look_up(&mut self, store: Option<&Store>, id: i64, count: u32) {
        if let Some(Ok(runs)) = store.map(|store| store.runs(id, count)) {
            self.is_all = u32::try_from(runs.len()).is_ok_and(|found| found < count);
            self.runs = runs;
        }
    }

    fn run_at(&self, stream: Stream, at: u64) -> Option<&Run> {
        self.runs.iter().find(|run| run_offset(run, stream) <= at)
    }

    fn has_ended(&self) -> bool {
        self.runs.first().is_none_or(|run| run.end.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bgrun_store::{End, Reason};

    fn run(number: i64, stdout_offset: i64) -> Run {
        Run {
            number,
            request: number,
            pid: None,
            first_pid: None,
            identity: None,
            started_at: None,
            started_since_boot_ms: None,
            stdout_offset,
            stderr_offset: 0,
            ready_at: None,
            end: Some(End { at: None, code: Some(0), signal: None, reason: Reason::Exit }),
        }
    }

    fn runs(all: Vec<Run>) -> (Runs, Source) {
        let known = Known { runs: all, is_all: true, ..Known::default() };
        let source = Source {
            id: 1,
            name: "web".into(),
            stream: Stream::Stdout,
            held: None,
            path: "/out".into(),
            run: None,
        };
        (Runs { store: None, known: HashMap::from([(1, known)]) }, source)
    }

    #[test]
    fn a_line_belongs_to_the_run_that_began_before_it() {
        let (mut runs, source) = runs(vec![run(4, 20), run(3, 10), run(2, 10), run(1, 5)]);
        for (at, number) in
            [(0, None), (5, Some(1)), (9, Some(1)), (10, Some(3)), (20, Some(4)), (99, Some(4))]
        {
            assert_eq!(runs.number_at(&source, at), number, "{at}");
        }
    }

    #[test]
    fn a_log_that_was_cut_is_the_latest_runs() {
        let (mut runs, source) = runs(vec![run(2, 20), run(1, 0)]);
        runs.begin(&source, 20);
        assert_eq!(runs.number_at(&source, 3), Some(1));
        runs.begin(&source, 19);
        assert_eq!(runs.number_at(&source, 3), Some(2));
    }

    #[test]
    fn a_process_without_runs_has_none() {
        let (mut runs, source) = runs(Vec::new());
        assert_eq!(runs.number_at(&source, 3), None);
    }
}
