//! `--on` and `--off`: storing whether processes are kept alive. A supervisor reads the
//! policy when its process ends, so it holds for what runs, too.

use std::io::Write;
use std::process::Stdio;

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::selection::{self, Selector, nearest, select};
use bgrun_store::{Durability, Error, Home, KeepAlive, Known, Process, Store, time};
use serde_json::{Value, json};

use crate::args::{self, Args};
use crate::news;

/// Sets the policy of all that is named; answers 4 where a name is nobody's.
///
/// # Errors
/// The store cannot be used.
pub(crate) fn set(args: &Args, home: &Home) -> anyhow::Result<Exit> {
    let operands = if args.on.is_empty() { &args.off } else { &args.on };
    let policy = match args.keep_alive {
        _ if args.on.is_empty() => KeepAlive::Never,
        None | Some(args::KeepAlive::Always) => KeepAlive::Always,
        Some(args::KeepAlive::OnFailure) => KeepAlive::OnFailure,
    };
    let selectors: Vec<Selector> = operands.iter().map(|one| Selector::parse(one)).collect();
    let Known { processes, trouble, .. } = Known::find(home, &selectors);
    if let Some(trouble) = trouble {
        return Err(unusable(&trouble).into());
    }
    let selected = select(&selectors, &processes);
    for empty in &selected.empty {
        tool::warn(format_args!("nothing matches '{}'", safe(empty)));
    }
    let mut misses = Vec::new();
    for name in selected.unknown {
        let near = nearest(&name, &processes);
        misses.push((name, near));
    }
    let mut done = Vec::new();
    if !selected.chosen.is_empty() {
        let (mut store, _) = Store::open(home).map_err(|error| unusable(&error))?;
        let known = store
            .write::<_, Error>(Durability::Power, |writer| {
                let chosen = selected.chosen.iter();
                chosen.map(|at| writer.set_keep_alive(processes[*at].id, policy)).collect()
            })
            .map_err(|error| unusable(&error))?;
        let known: Vec<bool> = known;
        news::say(home);
        for (at, is_known) in selected.chosen.iter().zip(known) {
            let name = processes[*at].name.clone();
            if is_known {
                done.push(name);
            } else {
                misses.push((name, None));
            }
        }
    }
    for (name, near) in &misses {
        tool::warn(format_args!("no process is called '{}'", safe(name)));
        match near {
            Some(near) => tool::hint_line(format_args!("did you mean '{}'?", safe(near))),
            None => tool::hint_line("'bgrun ls' lists them"),
        }
    }
    let is_on = policy != KeepAlive::Never;
    if args.json {
        print_records(&done, is_on, misses.iter().map(|(name, _)| name))?;
    } else {
        let what = match policy {
            KeepAlive::Always => "kept alive",
            KeepAlive::OnFailure => "kept alive when it fails",
            KeepAlive::Never => "no longer kept alive",
        };
        let mut out = std::io::stdout().lock();
        for name in &done {
            writeln!(out, "{}: {what}", safe(name))?;
        }
        drop(out);
        // A policy starts nothing: it says what comes after an end.
        let is_down = |process: &&Process| {
            process.run.as_ref().is_none_or(|run| run.end.is_some())
                && process.next_restart_at.is_none()
                && done.contains(&process.name)
        };
        for process in processes.iter().filter(is_down).filter(|_| is_on) {
            let name = safe(&process.name);
            tool::hint_line(format_args!("{name} does not run: 'bgrun run {name}' starts it"));
        }
    }
    Ok(if misses.is_empty() { Exit::Done } else { Exit::Unknown })
}

pub(crate) fn unusable(error: &Error) -> Failure {
    let failure = Failure::new(Exit::Store, error);
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

fn print_records<'a>(
    done: &[String],
    is_on: bool,
    misses: impl Iterator<Item = &'a String>,
) -> anyhow::Result<()> {
    let mut records: Vec<Value> = Vec::new();
    if !done.is_empty() {
        let mut ls = sibling::command("bgrun-ls", ["--json", "--"]);
        let output = ls
            .args(done.iter().map(|name| selection::exactly(name)))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output();
        let output = output.context("run bgrun-ls")?;
        records = serde_json::from_slice(&output.stdout).context("read what bgrun-ls printed")?;
    }
    let now = time::text(time::now());
    for record in &mut records {
        record["time"] = now.as_str().into();
        record["action"] = if is_on { "on" } else { "off" }.into();
        record["error"] = Value::Null;
    }
    records.extend(misses.map(|name| json!({"name": name, "error": "no process has this name"})));
    tool::print_json(&records)
}
