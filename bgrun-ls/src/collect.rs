//! From the store and what runs to the list that was asked for.

use std::cmp::Ordering;

use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{private, stat};
use bgrun_store::{Home, Known, Record, Run, time};
use serde::Serialize;

use crate::args::{Args, SortKey};
use crate::observe;
use crate::select::Wish;
use crate::tree::{self, Member};

/// How many runs the details show.
const RUNS_SHOWN: u32 = 10;

/// One process of the list.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) record: Record,
    /// Its latest runs, the latest first; only for details.
    pub(crate) runs: Vec<Run>,
    /// The processes of its tree, the oldest first; only for details.
    tree: Vec<Member>,
}

/// Makes lists.
#[derive(Debug)]
pub(crate) struct Collector {
    home: Home,
}

impl Collector {
    pub(crate) fn new(home: Home) -> Self {
        Self { home }
    }

    /// The list that `wish` and `args` ask for, and the exit code: 4 when a name is
    /// nobody's.
    ///
    /// # Errors
    /// The state directory is not to be trusted.
    pub(crate) fn collect(
        &mut self,
        args: &Args,
        wish: &Wish,
    ) -> anyhow::Result<(Vec<Listed>, Exit)> {
        private::is_directory(self.home.directory())
            .map_err(|error| Failure::new(Exit::Store, error))?;
        let known = Known::find(&self.home, wish.selectors());
        if let Some(trouble) = &known.trouble {
            tool::warn(format_args!("{trouble}; this is what the lock files tell"));
            if let Some(hint) = trouble.hint() {
                tool::hint_line(hint);
            }
        }
        for notice in known.import.notices(|pid| stat::Stat::read(pid).is_ok()) {
            tool::warn(notice);
        }
        let (chosen, exit) = wish.choose(known.processes);
        let seen = observe::all(&self.home, chosen, known.store.as_ref());
        let store = known.store.filter(|_| args.details || args.env);
        let mut listed: Vec<Listed> = seen
            .into_iter()
            .map(|seen| {
                let (id, mut record) = (seen.process.id, seen.record());
                let mut runs = Vec::new();
                if let Some(store) = &store {
                    if args.details {
                        runs = store.runs(id, RUNS_SHOWN).unwrap_or_default();
                    }
                    if args.env
                        && let Ok(Some(spec)) = store.spec(id)
                    {
                        record.show_environment(&spec);
                    }
                }
                let tree = if args.details { tree::members(&seen.tree) } else { Vec::new() };
                Listed { record, runs, tree }
            })
            .filter(|listed| {
                wish.statuses.is_empty() || wish.statuses.contains(&listed.record.status)
            })
            .collect();
        if args.sort != SortKey::Id {
            listed.sort_by(|a, b| order(args.sort, &a.record, &b.record));
        }
        if args.reverse {
            listed.reverse();
        }
        Ok((listed, exit))
    }
}

fn order(key: SortKey, a: &Record, b: &Record) -> Ordering {
    let by = match key {
        SortKey::Id => a.id.cmp(&b.id),
        SortKey::Name => a.name.cmp(&b.name),
        SortKey::Status => a.status.as_str().cmp(b.status.as_str()),
        SortKey::Group => a.group.cmp(&b.group),
        SortKey::Pid => a.pid.cmp(&b.pid),
        // Amounts begin with the largest.
        SortKey::Uptime => b.uptime_ms.cmp(&a.uptime_ms),
        SortKey::Restarts => b.restarts.cmp(&a.restarts),
        SortKey::Cpu => b.cpu_percent.partial_cmp(&a.cpu_percent).unwrap_or(Ordering::Equal),
        SortKey::Memory => b.memory_bytes.cmp(&a.memory_bytes),
        SortKey::Processes => b.processes.cmp(&a.processes),
    };
    by.then_with(|| a.name.cmp(&b.name))
}

/// A record as JSON, with its runs where they were asked for.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    record: &'a Record,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<ShownRun>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<&'a [Member]>,
}

#[derive(Debug, Serialize)]
struct ShownRun {
    run: i64,
    pid: Option<u32>,
    started_at: Option<String>,
    ended_at: Option<String>,
    exit_code: Option<i32>,
    exit_signal: Option<String>,
    exit_reason: Option<&'static str>,
    stdout_offset: i64,
    stderr_offset: i64,
}

impl Listed {
    /// As JSON; with its runs for details.
    fn shown(&self, with_runs: bool) -> Shown<'_> {
        let runs = with_runs.then(|| self.runs.iter().map(ShownRun::of).collect());
        Shown { record: &self.record, runs, tree: with_runs.then_some(self.tree.as_slice()) }
    }
}

/// Prints all as one array.
pub(crate) fn print_json(listed: &[Listed], with_runs: bool) -> anyhow::Result<()> {
    let shown: Vec<_> = listed.iter().map(|one| one.shown(with_runs)).collect();
    tool::print_json(&shown)
}

impl ShownRun {
    fn of(run: &Run) -> Self {
        let end = run.end.as_ref();
        Self {
            run: run.number,
            pid: run.first_pid,
            started_at: run.started_at.map(time::text),
            ended_at: end.and_then(|end| end.at).map(time::text),
            exit_code: end.and_then(|end| end.code),
            exit_signal: end.and_then(|end| end.signal.clone()),
            exit_reason: end.map(|end| end.reason.as_str()),
            stdout_offset: run.stdout_offset,
            stderr_offset: run.stderr_offset,
        }
    }
}
