//! `bgrun up`: everything becomes as the file says.

use std::ffi::OsString;
use std::io::Write;

use bgrun_platform::text::{safe, safe_path};
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::selection::exactly;
use serde_json::{Value, json};

use crate::args::Args;
use crate::calls::{Talk, call};
use crate::existing;
use crate::file::{Declared, FILE, Project};
use crate::plan::{self, Action, Seen, decide};

/// What is to be done with one process, and why.
#[derive(Debug)]
struct Step {
    name: String,
    action: Action,
    /// It ran already.
    is_up: bool,
    changes: Vec<String>,
}

/// Makes everything as the file says, or says what that would take.
///
/// # Errors
/// Something is wrong with the plan, and nothing was touched; or another tool fails.
pub(crate) fn run(args: &Args, project: &Project) -> anyhow::Result<Exit> {
    let meant = plan::meant(project, &args.names, true)?;
    let there = existing::all()?;
    let mut steps = steps(project, &meant, &there)?;
    // Who names some says nothing of the others.
    if args.names.is_empty() {
        let action = if args.remove_orphans { Action::Stop } else { Action::Orphan };
        let orphans = existing::orphans(project, &there).into_iter();
        steps.extend(orphans.map(|name| Step { name, action, is_up: false, changes: Vec::new() }));
    }
    if args.dry_run {
        return tell_plan(args, &steps);
    }
    if project.processes.is_empty() && !args.quiet {
        tool::warn(format_args!("there is no process in {}", safe_path(&project.path)));
        tool::hint_line("a process is [process.NAME] and a command; 'bgrun help up' shows a file");
    }
    let stopped = remove_orphans(args, &steps)?;
    let started = start(args, &meant, &steps)?;
    let records = [stopped.records, started.records].concat();
    let awaited = wait_for_kept(args, &steps)?;
    let kept = kept(&steps)?;
    tell(args, &steps, &records, &kept)?;
    Ok(gravest([stopped.exit, started.exit, awaited]))
}

/// The first failure; that something is only late is said where nothing worse is.
fn gravest(exits: [Exit; 3]) -> Exit {
    let is_late = |exit: &&Exit| exit.code() == Exit::TimedOut.code();
    let is_wrong = |exit: &&Exit| exit.code() != 0;
    let failure = exits.iter().find(|exit| is_wrong(exit) && !is_late(exit));
    failure.or(exits.iter().find(is_late)).copied().unwrap_or(Exit::Done)
}

/// What is to be done with everything that is meant.
fn steps(project: &Project, meant: &[&Declared], there: &[Value]) -> anyhow::Result<Vec<Step>> {
    let mut refused: Vec<(&str, Failure)> = Vec::new();
    for declared in meant {
        if let Some(record) = existing::find(there, &declared.name)
            && !existing::is_of(project, declared, record)
        {
            refused.push((&declared.name, existing::taken(record)));
        }
    }
    if !refused.is_empty() {
        return Err(refuse(refused));
    }
    let flags = ["-", "--restart", "--reset", "--dry-run", "--json"].map(OsString::from);
    let answer = call("bgrun-run", &flags, Some(&records(meant)), Talk::Kept)?;
    let mut steps = Vec::with_capacity(meant.len());
    for declared in meant {
        let name = declared.name.as_str();
        let planned = existing::find(&answer.records, name).unwrap_or(&Value::Null);
        let action = planned["action"].as_str();
        let Some(action) = action else {
            let why = planned["error"].as_str().unwrap_or("bgrun-run said nothing of it");
            refused.push((name, Failure::new(Exit::Failed, why)));
            continue;
        };
        let changes = planned["changes"].as_array().into_iter().flatten();
        let changes: Vec<&str> = changes.filter_map(Value::as_str).collect();
        let is_up = action == "restart";
        let action = decide(Seen {
            is_up,
            status: existing::find(there, name).and_then(|record| record["status"].as_str()),
            changes: &changes,
            is_job: plan::is_job(project, name),
        });
        let changes = changes.into_iter().map(str::to_owned).collect();
        steps.push(Step { name: name.to_owned(), action, is_up, changes });
    }
    if refused.is_empty() { Ok(steps) } else { Err(refuse(refused)) }
}

/// Says all that is wrong; answers the last of it, with the exit code for all.
fn refuse(mut refused: Vec<(&str, Failure)>) -> anyhow::Error {
    let last = refused.pop();
    let is_same =
        refused.iter().all(|(_, one)| last.as_ref().is_some_and(|l| l.1.exit() == one.exit()));
    for (name, failure) in refused {
        tool::report(&anyhow::Error::from(failure).context(safe(name).into_owned()));
    }
    match last {
        Some((name, failure)) if is_same => {
            anyhow::Error::from(failure).context(safe(name).into_owned())
        }
        Some((name, failure)) => {
            Failure::new(Exit::Failed, format!("{}: {failure}", safe(name))).into()
        }
        None => anyhow::anyhow!("nothing was wrong"),
    }
}

fn records(meant: &[&Declared]) -> Vec<Value> {
    meant.iter().map(|declared| Value::Object(declared.record.clone())).collect()
}

fn names(steps: &[Step], is_wanted: impl Fn(Action) -> bool) -> Vec<&str> {
    let wanted = steps.iter().filter(|step| is_wanted(step.action));
    wanted.map(|step| step.name.as_str()).collect()
}

fn remove_orphans(args: &Args, steps: &[Step]) -> anyhow::Result<crate::calls::Answer> {
    let orphans = names(steps, |action| action == Action::Stop);
    if !args.quiet {
        for orphan in names(steps, |action| action == Action::Orphan) {
            tool::warn(format_args!("{}: is no longer in {FILE}", safe(orphan)));
            tool::hint_line("--remove-orphans stops and forgets it");
        }
    }
    if orphans.is_empty() {
        return Ok(crate::calls::Answer { records: Vec::new(), exit: Exit::Done });
    }
    let mut words: Vec<OsString> = ["--json", "--delete", "--"].map(OsString::from).to_vec();
    words.extend(orphans.iter().map(|name| OsString::from(exactly(name))));
    call("bgrun-kill", &words, None, Talk::Shown)
}

fn start(args: &Args, meant: &[&Declared], steps: &[Step]) -> anyhow::Result<crate::calls::Answer> {
    let begun = names(steps, |action| matches!(action, Action::Start | Action::Restart));
    let begun: Vec<&Declared> =
        meant.iter().copied().filter(|one| begun.contains(&one.name.as_str())).collect();
    if begun.is_empty() {
        return Ok(crate::calls::Answer { records: Vec::new(), exit: Exit::Done });
    }
    let mut flags = ["-", "--restart", "--reset", "--json"].map(OsString::from).to_vec();
    flags.extend(waiting(args));
    call("bgrun-run", &flags, Some(&records(&begun)), Talk::Shown)
}

/// The flags that make `bgrun-run` wait, if that is asked for.
fn waiting(args: &Args) -> Vec<OsString> {
    match args.wait {
        None => Vec::new(),
        Some(None) => vec!["--wait".into()],
        // The time is for those that say when they are ready.
        Some(Some(duration)) => {
            vec![format!("--wait={}ms", duration.as_millis()).into(), "--life=1s".into()]
        }
    }
}

/// Waits until those are ready too that ran already.
fn wait_for_kept(args: &Args, steps: &[Step]) -> anyhow::Result<Exit> {
    let kept = steps.iter().filter(|step| step.action == Action::Keep && step.is_up);
    let kept: Vec<Value> = kept.map(|step| json!({"name": step.name})).collect();
    if args.wait.is_none() || kept.is_empty() {
        return Ok(Exit::Done);
    }
    let mut flags = ["-", "--if-absent", "--json"].map(OsString::from).to_vec();
    flags.extend(waiting(args));
    Ok(call("bgrun-run", &flags, Some(&kept), Talk::Shown)?.exit)
}

/// The records of those that were left alone.
fn kept(steps: &[Step]) -> anyhow::Result<Vec<Value>> {
    let kept = names(steps, |action| matches!(action, Action::Keep | Action::Orphan));
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let mut words: Vec<OsString> = ["--json", "--"].map(OsString::from).to_vec();
    words.extend(kept.iter().map(|name| OsString::from(exactly(name))));
    Ok(call("bgrun-ls", &words, None, Talk::Shown)?.records)
}

fn tell_plan(args: &Args, steps: &[Step]) -> anyhow::Result<Exit> {
    if args.json {
        let plan: Vec<Value> = steps
            .iter()
            .map(|step| json!({"name": step.name, "action": step.action, "changes": step.changes}))
            .collect();
        tool::print_json(&plan)?;
    } else if !args.quiet {
        let mut out = std::io::stdout().lock();
        for step in steps {
            let why = match (step.action, step.changes.as_slice()) {
                (_, []) | (Action::Keep, _) => String::new(),
                (_, changes) => format!(" ({})", changes.join(", ")),
            };
            writeln!(out, "{}: {}{why}", safe(&step.name), step.action.as_str())?;
        }
    }
    Ok(Exit::Done)
}

fn tell(args: &Args, steps: &[Step], done: &[Value], kept: &[Value]) -> anyhow::Result<()> {
    if args.json {
        let with_action = |step: &Step| {
            let record = existing::find(done, &step.name).or(existing::find(kept, &step.name));
            let mut record = record.cloned().unwrap_or_else(|| json!({"name": step.name}));
            record["action"] = json!(step.action);
            record["changes"] = json!(step.changes);
            record
        };
        return tool::print_json(&steps.iter().map(with_action).collect::<Vec<_>>());
    }
    if args.quiet {
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for step in steps {
        let record = existing::find(done, &step.name).unwrap_or(&Value::Null);
        if let Some(words) = words(step, record) {
            writeln!(out, "{}: {words}", safe(&step.name))?;
        }
    }
    Ok(())
}

/// What has become of it, in words. What has gone wrong was said already.
fn words(step: &Step, record: &Value) -> Option<String> {
    if !record["error"].is_null() {
        return None;
    }
    let now = match record["pid"].as_u64() {
        Some(pid) => format!("pid {pid}"),
        None => {
            let status = record["status"].as_str().unwrap_or("gone");
            match record["exit_code"].as_i64().filter(|_| status == "failed") {
                Some(code) => format!("{status} ({code})"),
                None => status.to_owned(),
            }
        }
    };
    match step.action {
        Action::Start => Some(format!("started, {now}")),
        Action::Restart => Some(format!("restarted, {now} ({})", step.changes.join(", "))),
        Action::Keep => Some("unchanged".to_owned()),
        Action::Stop => Some("stopped and forgotten".to_owned()),
        Action::Orphan => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_counts_for_more_than_a_delay() {
        use Exit::{Done, Failed, Other};
        for (exits, code) in [
            ([Done, Done, Done], 0),
            ([Done, Other(124), Done], 124),
            ([Done, Other(124), Failed], 1),
            ([Failed, Other(124), Other(7)], 1),
            ([Done, Done, Other(7)], 7),
        ] {
            assert_eq!(gravest(exits).code(), code, "{exits:?}");
        }
    }
}
