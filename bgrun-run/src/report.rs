//! What is told: a line for each process, or the records that `bgrun-ls` makes.

use std::io::Write;
use std::process::Stdio;

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::selection::exactly;
use serde_json::{Value, json};

use crate::args::Args;
use crate::start::Outcome;

/// Tells what became of all; answers the exit code: that of the one, or of several what
/// [`of_several`] says.
///
/// # Errors
/// The one failure of the one process, or nobody can be told.
pub(crate) fn all(args: &Args, outcomes: Vec<(String, Outcome)>) -> anyhow::Result<Exit> {
    let (is_list, is_one) = (is_list(args, outcomes.len()), outcomes.len() == 1);
    let failures = outcomes.iter().filter_map(|(_, one)| match one {
        Outcome::Failed(failure) => Some(failure.exit()),
        Outcome::Started(_) | Outcome::Left => None,
    });
    let mut exit = of_several(failures);
    let mut told = Vec::new();
    for (name, outcome) in outcomes {
        let error = match &outcome {
            Outcome::Failed(failure) => Some((failure.to_string(), failure.exit().code())),
            Outcome::Started(_) | Outcome::Left => None,
        };
        match outcome {
            Outcome::Started(line) if !args.json && !args.quiet => {
                let pid = line.process.as_ref().map_or(0, |process| process.pid);
                let run = if line.run > 1 { format!(", run {}", line.run) } else { String::new() };
                say(format_args!("{}: running, pid {pid}{run}", safe(&name)))?;
            }
            Outcome::Left if !args.json && !args.quiet => {
                say(format_args!("{}: already running", safe(&name)))?;
            }
            Outcome::Failed(failure) => {
                if is_one {
                    exit = failure.exit();
                }
                complain(&name, failure);
            }
            Outcome::Started(_) | Outcome::Left => {}
        }
        told.push((name, error));
    }
    if args.json {
        print_records(&told, is_list)?;
    }
    Ok(exit)
}

/// 1 if one could not be started, or ended too early; else 124 if one is not ready in time;
/// else 4 if one is unknown.
fn of_several(failures: impl Iterator<Item = Exit>) -> Exit {
    failures.fold(Exit::Done, |exit, failure| match (exit, failure) {
        (Exit::Done | Exit::Unknown, Exit::Unknown) => Exit::Unknown,
        (Exit::Done | Exit::Unknown | Exit::TimedOut, Exit::TimedOut)
        | (Exit::TimedOut, Exit::Unknown) => Exit::TimedOut,
        _ => Exit::Failed,
    })
}

/// Whether a list is printed, or the one process that was asked for.
pub(crate) fn is_list(args: &Args, count: usize) -> bool {
    args.all || args.names == ["-"] || count != 1
}

pub(crate) fn complain(name: &str, failure: Failure) {
    let error = anyhow::Error::from(failure);
    if name.is_empty() {
        tool::report(&error);
    } else {
        tool::report(&error.context(safe(name).into_owned()));
    }
}

fn say(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    // What was to be done is done: a reader that went away is no failure.
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints the record of each name, or its error.
fn print_records(told: &[(String, Option<(String, u8)>)], is_list: bool) -> anyhow::Result<()> {
    let fine: Vec<&String> =
        told.iter().filter(|(_, error)| error.is_none()).map(|(name, _)| name).collect();
    let mut records: Vec<Value> = Vec::new();
    if !fine.is_empty() {
        let mut ls = sibling::command("bgrun-ls", ["--json", "--"]);
        let fine = fine.into_iter().map(|name| exactly(name));
        let output = ls.args(fine).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output.context("run bgrun-ls")?;
        records = serde_json::from_slice(&output.stdout).context("read what bgrun-ls printed")?;
    }
    let of = |name: &String| records.iter().find(|one| one["name"].as_str() == Some(name)).cloned();
    let mut all = told.iter().map(|(name, error)| match error {
        Some((error, exit)) => json!({"name": name, "error": error, "exit": exit}),
        None => of(name).unwrap_or_else(|| json!({"name": name, "error": "gone meanwhile"})),
    });
    let value = if is_list { all.collect() } else { all.next().unwrap_or(Value::Null) };
    tool::print_json(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_the_gravest_decides() {
        use Exit::{Done, Exists, Failed, NotFound, TimedOut, Unknown};
        let table: [(&[Exit], Exit); 9] = [
            (&[], Done),
            (&[Unknown], Unknown),
            (&[TimedOut], TimedOut),
            (&[Unknown, TimedOut], TimedOut),
            (&[TimedOut, Unknown, TimedOut], TimedOut),
            (&[TimedOut, Failed], Failed),
            (&[NotFound, TimedOut], Failed),
            (&[Unknown, Exists], Failed),
            (&[Exists], Failed),
        ];
        for (failures, expected) in table {
            assert_eq!(of_several(failures.iter().copied()), expected, "{failures:?}");
        }
    }
}
