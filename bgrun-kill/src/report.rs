//! What is told of each process, and the exit code of all.

use std::borrow::Cow;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::{Error, Store};
use serde_json::{Value, json};

use crate::args::Args;
use crate::stop::{Done, Outcome, Stopped};
use crate::stranger::Stranger;
use crate::target::Miss;

impl Outcome {
    /// As in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Killed => "killed",
            Self::AlreadyStopped => "already-stopped",
            Self::Survivors => "survivors",
            Self::Stale => "stale",
            Self::DryRun => "dry-run",
            Self::Signalled => "signalled",
            Self::NotRunning => "not-running",
        }
    }
}

/// Tells what became of all; answers the exit code.
///
/// # Errors
/// Nobody can be told.
pub(crate) fn all(args: &Args, done: Done, misses: Vec<Miss>) -> anyhow::Result<Exit> {
    let Done { stopped: done, strangers, trouble } = done;
    for miss in &misses {
        tool::warn(format_args!("no process is called '{}'", safe(&miss.name)));
        match &miss.near {
            Some(near) => tool::hint_line(format_args!("did you mean '{}'?", safe(near))),
            None => tool::hint_line(bgrun_store::selection::way_out(&miss.name)),
        }
    }
    for one in &done {
        complain(one);
    }
    for stranger in &strangers {
        stranger.tell(args);
    }
    if args.json {
        print_records(args, &done, &strangers, &misses)?;
    } else if !args.quiet {
        for line in done.iter().filter_map(|one| line(args, one)) {
            say(&line)?;
        }
    }
    if let Some(error) = trouble {
        return Err(unwritten(&done, &error).into());
    }
    Ok(exit(&done, &strangers, &misses))
}

/// What could be done without the store is done: that is said first.
fn unwritten(done: &[Stopped], error: &Error) -> Failure {
    let (what, remembered) = match names(done).as_slice() {
        [] => ("the wish to stop could not be written down".to_owned(), ""),
        [name] => (
            format!("{name} is stopped, but that could not be written down"),
            "; its lock file has it and it stays stopped",
        ),
        names => (
            format!("{} are stopped, but that could not be written down", names.join(", ")),
            "; their lock files have it and they stay stopped",
        ),
    };
    let failure = Failure::new(Exit::Store, format!("{what}: {error}"));
    match error.hint() {
        Some(hint) => failure.hint(format_args!("{hint}{remembered}")),
        None => failure,
    }
}

/// The names of what was stopped here.
fn names(done: &[Stopped]) -> Vec<Cow<'_, str>> {
    let over = done.iter().filter(|one| one.is_over());
    over.map(|one| safe(&one.target.process.name)).collect()
}

/// Says that the store is waited for, when all else is done.
pub(crate) fn waiting(args: &Args, done: &[Stopped], error: &Error) {
    let over = names(done);
    if matches!(error, Error::Busy(_)) && !over.is_empty() && !args.quiet {
        let are = if over.len() == 1 { "is" } else { "are" };
        let over = over.join(", ");
        let most = Store::PATIENCE.as_secs();
        tool::warn(format_args!("{over} {are} stopped; waiting for the store, at most {most}s"));
    }
}

/// Whether all was done that was to be done.
pub(crate) fn is_success(done: &Done) -> bool {
    exit(&done.stopped, &done.strangers, &[]) == Exit::Done
}

/// 1 if an act failed, else 6 if one was stale, else 4 if one was unknown, else 3 if one
/// was not there to be signalled.
fn exit(done: &[Stopped], strangers: &[Stranger], misses: &[Miss]) -> Exit {
    let any = |outcome| done.iter().any(|one| one.outcome == outcome);
    if any(Outcome::Survivors)
        || done.iter().any(|one| one.error.is_some())
        || strangers.iter().any(Stranger::is_left)
    {
        Exit::Failed
    } else if any(Outcome::Stale) {
        Exit::Stale
    } else if !misses.is_empty() {
        Exit::Unknown
    } else if any(Outcome::NotRunning) {
        Exit::NotRunning
    } else {
        Exit::Done
    }
}

fn complain(one: &Stopped) {
    let name = safe(&one.target.process.name);
    if let Some(error) = &one.error {
        tool::warn(format_args!("{name}: {error}"));
    }
    match one.outcome {
        Outcome::Survivors if !one.survivors.is_empty() => {
            tool::warn(format_args!("{name}: still alive: {}", pids(&one.survivors)));
        }
        Outcome::Stale => {
            tool::warn(format_args!(
                "{name}: the record is of an earlier run; nothing was signalled"
            ));
        }
        Outcome::NotRunning => tool::warn(format_args!("{name}: is not running")),
        _ => {}
    }
}

fn pids(pids: &[u32]) -> String {
    pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

/// What was done, in a line; what could not be done was said on stderr.
fn line(args: &Args, one: &Stopped) -> Option<String> {
    let name = safe(&one.target.process.name);
    let forgotten = if one.is_deleted { ", forgotten" } else { "" };
    let pid = one.target.process.run.as_ref().and_then(|run| run.pid);
    Some(match one.outcome {
        Outcome::Stopped => format!("{name}: stopped in {}{forgotten}", time(one.waited)),
        Outcome::Killed => format!("{name}: killed after {}{forgotten}", time(one.waited)),
        Outcome::AlreadyStopped if one.is_deleted => format!("{name}: forgotten"),
        Outcome::AlreadyStopped => format!("{name}: was not running"),
        Outcome::Survivors | Outcome::Stale | Outcome::NotRunning => return None,
        // What could not be sent is told as an error.
        Outcome::Signalled if one.error.is_some() => return None,
        Outcome::Signalled => match args.signal {
            Some(signal) => format!("{name}: sent {signal}"),
            None => format!("{name}: signalled"),
        },
        Outcome::DryRun => {
            let is_up = one.target.is_up().unwrap_or(false);
            match (pid.filter(|_| is_up), args.delete || args.clean || args.nuke) {
                (Some(pid), true) => format!("{name}: would stop pid {pid} and forget it"),
                (Some(pid), false) => format!("{name}: would stop pid {pid}"),
                (None, true) => format!("{name}: would forget it"),
                (None, false) => format!("{name}: does not run"),
            }
        }
    })
}

fn time(waited: Duration) -> String {
    if waited < Duration::from_secs(1) {
        format!("{} ms", waited.as_millis().max(1))
    } else {
        format!("{:.1} s", waited.as_secs_f64())
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    // What was to be done is done: a reader that went away is no failure.
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints the record of each process, as `bgrun-ls` makes it, with what was done.
fn print_records(
    args: &Args,
    done: &[Stopped],
    strangers: &[Stranger],
    misses: &[Miss],
) -> anyhow::Result<()> {
    let names: Vec<&str> = done
        .iter()
        .filter(|one| !one.is_deleted)
        .map(|one| one.target.process.name.as_str())
        .collect();
    let mut records: Vec<Value> = Vec::new();
    if !names.is_empty() {
        let mut ls = sibling::command("bgrun-ls", ["--json", "--"]);
        // What is wrong with the store was said already.
        let names = names.iter().map(|name| bgrun_store::selection::exactly(name));
        let output = ls.args(names).stdin(Stdio::null()).stderr(Stdio::null()).output();
        let output = output.context("run bgrun-ls")?;
        records = serde_json::from_slice(&output.stdout).unwrap_or_default();
    }
    let mut all: Vec<Value> =
        done.iter().map(|one| with_outcome(args, one, &mut records)).collect();
    all.extend(strangers.iter().map(Stranger::record));
    all.extend(
        misses.iter().map(|miss| json!({"name": miss.name, "error": "no process has this name"})),
    );
    tool::print_json(&all)
}

pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn with_outcome(args: &Args, one: &Stopped, records: &mut [Value]) -> Value {
    let process = &one.target.process;
    let found = records.iter_mut().find(|record| record["name"].as_str() == Some(&process.name));
    let mut record = found.map(Value::take).unwrap_or_else(|| {
        json!({
            "id": process.id,
            "name": process.name,
            "group": process.group,
            "command": process.command,
            "run": process.run.as_ref().map(|run| run.number),
        })
    });
    record["outcome"] = one.outcome.as_str().into();
    record["deleted"] = one.is_deleted.into();
    record["survivors"] = one.survivors.clone().into();
    record["waited_ms"] = milliseconds(one.waited).into();
    if let (Outcome::Signalled, Some(signal)) = (one.outcome, args.signal) {
        record["signal"] = signal.to_string().into();
    }
    if let Some(error) = &one.error {
        record["error"] = error.clone().into();
    }
    record
}
