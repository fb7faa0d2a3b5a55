//! `bgrun down`: what the file has started is stopped, the last first.

use std::ffi::OsString;
use std::io::Write;

use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit};
use bgrun_store::selection::exactly;
use serde_json::{Value, json};

use crate::args::Args;
use crate::calls::{Talk, call};
use crate::existing;
use crate::file::Project;
use crate::plan;

/// Stops everything that is meant, in the order opposite to the one it was started in.
///
/// # Errors
/// The file says nothing of a name, or another tool fails.
pub(crate) fn run(args: &Args, project: &Project) -> anyhow::Result<Exit> {
    let there = existing::all()?;
    let mut ours = Vec::new();
    for declared in plan::meant(project, &args.names, false)? {
        match existing::find(&there, &declared.name) {
            Some(record) if existing::is_of(project, declared, record) => ours.push(declared),
            Some(record) => {
                let name = safe(&declared.name);
                tool::warn(format_args!("{name}: left alone: {}", existing::taken(record)));
            }
            None => {}
        }
    }
    let mut rounds: Vec<Vec<String>> = plan::backwards(&ours)
        .iter()
        .map(|round| round.iter().map(|declared| declared.name.clone()).collect())
        .collect();
    if args.names.is_empty() && args.remove_orphans {
        rounds.insert(0, existing::orphans(project, &there));
    }
    let mut records = Vec::new();
    let mut exit = Exit::Done;
    for round in rounds.iter().filter(|round| !round.is_empty()) {
        let answer = call("bgrun-kill", &words(args, round), None, Talk::Shown)?;
        if !args.json && !args.quiet {
            tell(&answer.records)?;
        }
        records.extend(answer.records);
        if exit == Exit::Done {
            exit = answer.exit;
        }
    }
    if args.json {
        for record in &mut records {
            record["action"] = json!("stop");
        }
        tool::print_json(&records)?;
    } else if records.is_empty() && !args.quiet {
        tool::warn("nothing to stop: no process of this project exists");
    }
    Ok(exit)
}

fn words(args: &Args, names: &[String]) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["--json".into()];
    if args.delete {
        words.push("--delete".into());
    }
    if args.keep_logs {
        words.push("--keep-logs".into());
    }
    if let Some(timeout) = args.timeout {
        words.push(format!("--timeout={}ms", timeout.as_millis()).into());
    }
    words.push("--".into());
    words.extend(names.iter().map(|name| OsString::from(exactly(name))));
    words
}

fn tell(records: &[Value]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for record in records {
        let name = safe(record["name"].as_str().unwrap_or_default());
        let outcome = match record["outcome"].as_str() {
            Some("already-stopped") => "was not running".to_owned(),
            Some(outcome @ ("stopped" | "killed")) => {
                format!("{outcome} in {} ms", record["waited_ms"].as_u64().unwrap_or(0))
            }
            // What went wrong was said already.
            _ => continue,
        };
        let forgotten = if record["deleted"] == true { ", forgotten" } else { "" };
        writeln!(out, "{name}: {outcome}{forgotten}")?;
    }
    Ok(())
}
