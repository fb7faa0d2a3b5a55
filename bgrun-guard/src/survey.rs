//! How all processes do: the records of `bgrun-ls`, and what only the store knows.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use bgrun_platform::stat::Stat;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Lock, Pidfd, sibling};
use bgrun_store::{Home, KeepAlive, Process, Status, Store};
use serde_json::Value;

use crate::decide::Facts;
use crate::policy;

/// One process as it was seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) facts: Facts,
    /// The whole record.
    pub(crate) record: Value,
}

/// The states in which there may be something to do, now or later. What the user has stopped
/// stays as it is, and there may be thousands of that.
const AT_RISK: &str = "starting,running,backoff,stopping,exited,failed,lost";

/// Looks at all processes that may need something, in the order they were first started.
///
/// # Errors
/// They cannot be listed.
pub(crate) fn all(home: &Home) -> anyhow::Result<Vec<Seen>> {
    let mut records = list()?;
    if outlives_the_dying(&records) {
        records = list()?;
    }
    let mut seen = Vec::with_capacity(records.len());
    for record in records {
        let facts = <Facts as serde::Deserialize>::deserialize(&record).context(READ)?;
        seen.push(Seen { facts, record });
    }
    note_what_is_owed(home, &mut seen)?;
    note_what_is_left(home, &mut seen);
    Ok(seen)
}

const READ: &str = "read what bgrun-ls printed";

fn list() -> anyhow::Result<Vec<Value>> {
    let mut ls = sibling::command("bgrun-ls", ["--json", "--sort", "id", "--status", AT_RISK]);
    let output =
        ls.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("run bgrun-ls")?;
    if !output.status.success() {
        // It has said on stderr what is wrong.
        let exit = match output.status.code() {
            Some(7) => Exit::Store,
            _ => Exit::Failed,
        };
        return Err(Failure::new(exit, "the processes cannot be listed").into());
    }
    serde_json::from_slice(&output.stdout).context(READ)
}

/// How long a supervisor that was killed may take to end.
const DYING: Duration = Duration::from_secs(1);

/// Waits for the end of supervisors that are dying, and hold their locks until then; answers
/// whether there were any.
fn outlives_the_dying(records: &[Value]) -> bool {
    let supervisors = records.iter().filter_map(|record| record["supervisor_pid"].as_u64());
    let stats = supervisors.filter_map(|pid| Stat::read(pid.try_into().ok()?).ok());
    let dying: Vec<Pidfd> =
        stats.filter(|stat| stat.is_ending).filter_map(|stat| stat.hold()).collect();
    for one in &dying {
        let _ = one.wait(Some(DYING));
    }
    !dying.is_empty()
}

/// A supervisor that was told of a stop insists by itself, so long after the timeout.
const INSISTING: Duration = Duration::from_secs(5);

/// A process that is to be stopped is so by a `bgrun-kill` that is at work, or by its
/// supervisor after that one died, or by nobody: when no stop is at work and the last one
/// began so long ago that the process would be gone by now.
fn note_what_is_left(home: &Home, seen: &mut [Seen]) {
    if !seen.iter().any(|one| one.facts.status == Status::Stopping) {
        return;
    }
    let file = home.stop_lock();
    let begun = std::fs::metadata(&file).and_then(|data| data.modified());
    if begun.is_ok() && Lock::take(&file, Duration::ZERO).is_err() {
        return;
    }
    // A clock that was set back tells nothing, and must not put it off.
    let age = begun.ok().and_then(|begun| begun.elapsed().ok()).unwrap_or(Duration::MAX);
    for one in seen.iter_mut().filter(|one| one.facts.status == Status::Stopping) {
        let timeout = Duration::from_millis(one.facts.stop_timeout_ms);
        one.facts.is_left = age > timeout + INSISTING;
    }
}

/// A process that ended has given up or is done, or its supervisor died before the next run
/// began: the store tells, and is asked only then.
///
/// # Errors
/// Something that is to be kept alive does not run, and what is to be done about it cannot be
/// read.
fn note_what_is_owed(home: &Home, seen: &mut [Seen]) -> Result<(), Failure> {
    let is_in_doubt = |facts: &Facts| {
        facts.status != Status::Running && facts.is_wanted() && facts.keep_alive != KeepAlive::Never
    };
    if !seen.iter().any(|one| is_in_doubt(&one.facts)) {
        return Ok(());
    }
    let read = || Store::open_to_read(home)?.map(|store| store.processes()).transpose();
    let Some(processes) = read().map_err(|error| policy::unusable(&error))? else { return Ok(()) };
    let processes: HashMap<i64, &Process> =
        processes.iter().map(|process| (process.id, process)).collect();
    for one in seen.iter_mut().filter(|one| is_in_doubt(&one.facts)) {
        let known = processes.get(&one.facts.id);
        one.facts.is_owed = known.is_some_and(|process| is_owed(process, one.facts.exit_code));
    }
    Ok(())
}

/// Whether a start was asked for that led to no run, or a restart was announced, or nobody
/// has decided what follows an end that only the lock file tells of. What gave up has
/// announced none, and its end is in the store.
fn is_owed(process: &Process, exit_code: Option<i32>) -> bool {
    let is_final = exit_code.is_some_and(|code| process.restart_policy.final_codes.contains(&code));
    let is_undecided = process.run.as_ref().is_some_and(|run| run.end.is_none()) && !is_final;
    let is_announced = process.next_restart_at.is_some();
    process.request > 0 && (!process.has_run_as_asked() || is_announced || is_undecided)
}
