//! Which processes are meant, and of which of their runs a record tells.

use std::io::Read;

use anyhow::Context;
use bgrun_platform::Pidfd;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::selection::{self, Item, Selector, nearest, select};
use bgrun_store::{Home, Known, Process};
use serde_json::{Map, Value};

use crate::args::Args;

/// What was asked for, before it is known what there is.
#[derive(Debug)]
pub(crate) struct Asked {
    selectors: Vec<Selector>,
    /// Records from stdin, by name.
    records: Vec<(String, Map<String, Value>)>,
}

/// One process to wait for.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) process: Process,
    /// The number of the run of the record that named it.
    pub(crate) record: Option<i64>,
}

/// A name that came to nothing.
#[derive(Debug)]
pub(crate) struct Miss {
    pub(crate) name: String,
    pub(crate) why: Why,
}

/// Why a name came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// No process has it.
    Unknown,
    /// What the record is of is not there any more.
    Stale,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) targets: Vec<Target>,
    pub(crate) misses: Vec<Miss>,
}

/// Reads the command line, and stdin if it says so.
///
/// # Errors
/// It makes no sense.
pub(crate) fn read(args: &Args) -> anyhow::Result<Asked> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let mut asked = Asked { selectors: Vec::new(), records: Vec::new() };
    for operand in &args.selectors {
        if operand != "-" {
            asked.selectors.push(Selector::parse(operand));
            continue;
        }
        let mut input = Vec::new();
        std::io::stdin().read_to_end(&mut input).context("read stdin")?;
        let items = selection::read(&input, true).map_err(|error| usage(error.to_string()))?;
        for item in items {
            let name = item.name().to_owned();
            asked.selectors.push(Selector::Name(name.clone()));
            if let Item::Record(record) = item {
                asked.records.push((name, record));
            }
        }
    }
    if args.all {
        asked.selectors.push(Selector::All);
    } else if let Some(group) = &args.group {
        asked.selectors.push(Selector::Group(group.clone()));
    } else if args.selectors.is_empty() {
        return Err(usage("nothing to wait for: no name or group".to_owned())
            .hint("bgrun wait web, or --all for everything")
            .into());
    }
    Ok(asked)
}

/// Finds what is meant, and says at once what is not there: the wait may be long.
pub(crate) fn find(asked: Asked, home: &Home) -> Found {
    let known = Known::find(home, &asked.selectors);
    if let Some(trouble) = &known.trouble {
        tool::warn(format_args!("{trouble}; this is what the lock files tell"));
        if let Some(hint) = trouble.hint() {
            tool::hint_line(hint);
        }
    }
    for notice in known.import.notices(|pid| Pidfd::open(pid).is_ok()) {
        tool::warn(notice);
    }
    let selected = select(&asked.selectors, &known.processes);
    for empty in &selected.empty {
        tool::warn(format_args!("nothing matches '{}'", safe(empty)));
    }
    let mut misses = Vec::new();
    for name in selected.unknown {
        tool::warn(format_args!("no process is called '{}'", safe(&name)));
        match nearest(&name, &known.processes) {
            Some(near) => tool::hint_line(format_args!("did you mean '{}'?", safe(&near))),
            None => tool::hint_line(selection::way_out(&name)),
        }
        misses.push(Miss { name, why: Why::Unknown });
    }
    let mut targets = Vec::new();
    let mut places: Vec<Option<Process>> = known.processes.into_iter().map(Some).collect();
    for process in selected.chosen.iter().filter_map(|at| places[*at].take()) {
        let record = asked.records.iter().find(|(name, _)| *name == process.name);
        let record = record.map(|(_, record)| record);
        if record.is_some_and(|record| is_stale(record, &process)) {
            let name = process.name;
            tool::warn(format_args!("{}: the record is of another process", safe(&name)));
            misses.push(Miss { name, why: Why::Stale });
            continue;
        }
        let record = record.and_then(|record| number(record, "run"));
        targets.push(Target { process, record });
    }
    Found { targets, misses }
}

fn number(record: &Map<String, Value>, field: &str) -> Option<i64> {
    record.get(field).and_then(Value::as_i64)
}

/// Whether a record is of a process that was forgotten, and that only had this name; or
/// of a run that there never was.
fn is_stale(record: &Map<String, Value>, process: &Process) -> bool {
    let latest = process.run.as_ref().map_or(0, |run| run.number);
    number(record, "id").is_some_and(|id| id != process.id)
        // The run that is just being started may be in a lock file only.
        || number(record, "run").is_some_and(|run| run > latest + 1)
}
