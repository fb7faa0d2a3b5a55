//! What is told of each process, and the exit code of all.

use std::io::Write;
use std::process::Stdio;

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit};
use bgrun_store::selection::exactly;
use bgrun_store::{Process, time};
use serde_json::{Value, json};

use crate::args::{Args, Goal};
use crate::ending;
use crate::target::{Miss, Why};
use crate::verdict::{Ending, Verdict};
use crate::wait::Waited;

/// Tells of one process that what was waited for has come, or never will.
///
/// # Errors
/// stdout cannot be written.
pub(crate) fn tell(args: &Args, process: &Process, verdict: &Verdict) -> anyhow::Result<()> {
    let name = safe(&process.name);
    let what = match verdict {
        Verdict::NotYet => return Ok(()),
        Verdict::Reached if args.goal == Goal::Stopped => "stopped".to_owned(),
        Verdict::Reached if args.goal == Goal::Ready && process.ready.is_some() => {
            "ready".to_owned()
        }
        Verdict::Reached => "running".to_owned(),
        Verdict::Ended(Ending { run: None, .. }) => {
            tool::warn(format_args!("{name}: there is no run that could have ended"));
            return Ok(());
        }
        Verdict::Ended(Ending { end, .. }) => match end.as_ref().and_then(ending::words) {
            Some(words) => words,
            None => {
                tool::warn(format_args!("{name}: it has ended, but how is not known"));
                return Ok(());
            }
        },
        Verdict::Unready(Ending { end, .. }) => {
            let how = end.as_ref().and_then(ending::words);
            let how = how.unwrap_or_else(|| "nobody saw how".to_owned());
            tool::warn(format_args!("{name}: ended before it was ready: {how}"));
            return Ok(());
        }
        Verdict::Forgotten => {
            tool::warn(format_args!("{name}: was deleted"));
            return Ok(());
        }
    };
    if args.json || args.quiet {
        return Ok(());
    }
    // A reader that went away still gets the exit code.
    match writeln!(std::io::stdout(), "{name}: {what}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Tells what there is to tell at the end; answers the exit code.
///
/// # Errors
/// Nobody can be told.
pub(crate) fn all(args: &Args, waited: Vec<Waited>, misses: &[Miss]) -> anyhow::Result<Exit> {
    let goal = args.goal.as_str();
    for one in waited.iter().filter(|one| one.verdict.is_none()) {
        let name = safe(&one.process.name);
        tool::warn(format_args!(
            "{name}: not {goal} within {:?}",
            args.timeout.unwrap_or_default()
        ));
    }
    if args.json {
        print_records(&waited, misses)?;
    }
    let verdicts: Vec<_> = waited.into_iter().map(|one| one.verdict).collect();
    Ok(exit(&verdicts, misses))
}

/// 124 if one did not come in time; of a single process its own; of several 1 if one
/// failed, else 6 if a record was stale, else 4 if a name was unknown.
fn exit(verdicts: &[Option<Verdict>], misses: &[Miss]) -> Exit {
    let is_well = |verdict: &Verdict| match verdict {
        Verdict::Ended(ending) => ending::exit(ending.end.as_ref()).code() == 0,
        Verdict::Reached => true,
        Verdict::NotYet | Verdict::Unready(_) | Verdict::Forgotten => false,
    };
    if verdicts.iter().any(Option::is_none) {
        return Exit::TimedOut;
    }
    if let ([Some(Verdict::Ended(ending))], []) = (verdicts, misses) {
        return ending::exit(ending.end.as_ref());
    }
    if !verdicts.iter().flatten().all(is_well) {
        Exit::Failed
    } else if misses.iter().any(|miss| miss.why == Why::Stale) {
        Exit::Stale
    } else if misses.is_empty() {
        Exit::Done
    } else {
        Exit::Unknown
    }
}

/// Prints the record of each process, as `bgrun-ls` makes it, with what came of the wait.
fn print_records(waited: &[Waited], misses: &[Miss]) -> anyhow::Result<()> {
    let mut records: Vec<Value> = Vec::new();
    if !waited.is_empty() {
        let mut ls = sibling::command("bgrun-ls", ["--json", "--"]);
        ls.args(waited.iter().map(|one| exactly(&one.process.name)));
        // What is wrong with the store was said already.
        let output = ls.stdin(Stdio::null()).stderr(Stdio::null()).output();
        let output = output.context("run bgrun-ls")?;
        records = serde_json::from_slice(&output.stdout).unwrap_or_default();
    }
    let mut all: Vec<Value> = waited.iter().map(|one| with_outcome(one, &mut records)).collect();
    all.extend(misses.iter().map(|miss| {
        let error = match miss.why {
            Why::Unknown => "no process has this name",
            Why::Stale => "the record is of another process",
        };
        json!({"name": miss.name, "error": error})
    }));
    tool::print_json(&all)
}

fn with_outcome(one: &Waited, records: &mut [Value]) -> Value {
    let process = &one.process;
    let found = records.iter_mut().find(|record| record["id"].as_i64() == Some(process.id));
    let mut record = found
        .map(Value::take)
        .unwrap_or_else(|| json!({"id": process.id, "name": process.name, "error": "was deleted"}));
    record["outcome"] = match &one.verdict {
        None | Some(Verdict::NotYet) => "timed-out",
        Some(Verdict::Reached) => "reached",
        Some(Verdict::Ended(_) | Verdict::Unready(_)) => "ended",
        Some(Verdict::Forgotten) => "deleted",
    }
    .into();
    if let Some(Verdict::Ended(Ending { run, end }) | Verdict::Unready(Ending { run, end })) =
        &one.verdict
    {
        let end = end.as_ref();
        record["awaited"] = json!({
            "run": run,
            "exit_code": end.and_then(|end| end.code),
            "exit_signal": end.and_then(|end| end.signal.as_ref()),
            "exit_reason": end.map_or("unknown", |end| end.reason.as_str()),
            "ended_at": end.and_then(|end| end.at).map(time::text),
        });
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use bgrun_store::{End, Reason};

    fn ended(code: Option<i32>) -> Option<Verdict> {
        let end =
            code.map(|code| End { at: None, code: Some(code), signal: None, reason: Reason::Exit });
        Some(Verdict::Ended(Ending { run: Some(1), end }))
    }

    fn miss(why: Why) -> Miss {
        Miss { name: "web".to_owned(), why }
    }

    #[test]
    fn the_exit_code_follows_from_what_came() {
        let (unknown, stale) = ([miss(Why::Unknown)], [miss(Why::Unknown), miss(Why::Stale)]);
        let reached = || Some(Verdict::Reached);
        type Case<'a> = (&'a [Option<Verdict>], &'a [Miss], u8);
        let table: [Case<'_>; 15] = [
            (&[], &[], 0),
            (&[ended(Some(0))], &[], 0),
            (&[ended(Some(3))], &[], 3),
            (&[ended(None)], &[], 1),
            (&[reached()], &[], 0),
            (&[Some(Verdict::Forgotten)], &[], 1),
            (&[None], &[], 124),
            (&[ended(Some(0)), ended(Some(0))], &[], 0),
            (&[ended(Some(0)), ended(Some(3))], &[], 1),
            (&[ended(Some(3)), None], &[], 124),
            (&[], &unknown, 4),
            (&[ended(Some(0))], &unknown, 4),
            (&[ended(Some(3))], &unknown, 1),
            (&[], &stale, 6),
            (&[reached(), reached()], &[], 0),
        ];
        for (verdicts, misses, code) in table {
            assert_eq!(exit(verdicts, misses).code(), code, "{verdicts:?} {misses:?}");
        }
    }
}
