//! What to do with a process that runs already: refuse, leave it alone, or have it
//! stopped by `bgrun-kill`.

mod declared_port;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bgrun_platform::sibling;
use bgrun_platform::tool::{Exit, Failure, warn};
use bgrun_platform::tree::Traces;
use bgrun_platform::{Identity, Lock, Sight, ports, private};
use bgrun_store::selection::exactly;
use bgrun_store::{Error, Home, LockLine, Process, Store};
use serde_json::Value;

use crate::args::Args;
use crate::container;
use crate::prepare::{Attempt, Prepared};
use crate::stored::store_failure;

/// What is to be done for one name.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Start it.
    Start(Box<Prepared>),
    /// It runs, and that is fine.
    Leave,
    /// It cannot be started.
    Fail(Failure),
}

/// What is to be done, and what keeps other restarts away until it is.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) plans: Vec<(String, Plan)>,
    pub(crate) restarts: Vec<Lock>,
}

/// A start writes so many bytes, at most.
const ROOM: u64 = 64 << 10;

/// How long another restart of the same process is waited for.
const OTHER_RESTART: Duration = Duration::from_secs(60);

/// How long a supervisor may take to leave after it has written how the last run ended: a
/// write to a slow disk.
const LEAVING: Duration = Duration::from_secs(2);

/// Decides what to do for each attempt, and has stopped what is to be stopped.
///
/// # Errors
/// The kernel refuses to say what runs.
pub(crate) fn make_way(
    args: &Args,
    mut attempts: Vec<Attempt>,
    home: &Home,
    store: &Store,
) -> anyhow::Result<Way> {
    let mut plans = Vec::with_capacity(attempts.len());
    let mut to_stop = Vec::new();
    let is_restart = args.restart || args.force;
    let restarts =
        if is_restart { keep_others_away(&mut attempts, home, store)? } else { Vec::new() };
    for (name, attempt) in attempts {
        let plan = match attempt {
            Err(failure) => Plan::Fail(failure),
            Ok(prepared) => {
                let is_up = match &prepared.stored {
                    // Between its stop and its start it is somebody else's to start.
                    Some(stored) if !is_restart => {
                        is_up(stored, home)? || Lock::is_held(&home.restart_lock(stored.id))?
                    }
                    Some(stored) => is_up(stored, home)?,
                    None => false,
                };
                if is_up && args.if_absent {
                    Plan::Leave
                } else if is_up && !args.restart && !args.force {
                    Plan::Fail(runs_already())
                } else if let Err(failure) = declared_port::is_free(&prepared.spec) {
                    Plan::Fail(failure)
                } else {
                    to_stop.extend(is_up.then(|| name.clone()));
                    Plan::Start(Box::new(prepared))
                }
            }
        };
        plans.push((name, plan));
    }
    if !to_stop.is_empty() && !private::has_room(home.directory(), ROOM) {
        // What runs goes on: it could be stopped, and not be started again.
        for (name, plan) in &mut plans {
            if to_stop.contains(name) {
                *plan = Plan::Fail(store_failure(Error::Full(home.database())));
            }
        }
    } else if !to_stop.is_empty() {
        let held = if args.force { ports_of(&to_stop) } else { Vec::new() };
        let not_stopped = stop(&to_stop, &args.reason);
        for (name, plan) in &mut plans {
            if let Some((_, why)) = not_stopped.iter().find(|(stuck, _)| stuck == name) {
                *plan = Plan::Fail(Failure::new(Exit::Failed, format!("cannot be stopped: {why}")));
            }
        }
        free_ports(&held);
    }
    for (_, plan) in &mut plans {
        if let Plan::Start(prepared) = plan
            && let Err(failure) = container::make_room(prepared)
        {
            *plan = Plan::Fail(failure);
        }
    }
    Ok(Way { plans, restarts })
}

/// Waits for other restarts of the same processes, and keeps further ones away.
fn keep_others_away(
    attempts: &mut [Attempt],
    home: &Home,
    store: &Store,
) -> anyhow::Result<Vec<Lock>> {
    let take = |id| {
        Lock::take(&home.restart_lock(id), OTHER_RESTART).map_err(|error| {
            Failure::new(Exit::Failed, format!("another restart goes on: {error}"))
        })
    };
    let mut restarts = Vec::new();
    let prepared = attempts.iter_mut().map(|(name, attempt)| (&*name, attempt.as_mut()));
    let mut known: Vec<(&String, &mut Prepared)> =
        prepared.filter_map(|(name, attempt)| Some((name, attempt.ok()?))).collect();
    // What is new has no number yet: all of that shares 0, which is nobody's. Who knows a number
    // waits for it too: it may be that of a process which is only just being started.
    let news = take(0)?;
    if known.iter().any(|(_, one)| one.stored.is_none()) {
        restarts.push(news);
    } else {
        drop(news);
    }
    for (name, one) in known.iter_mut().filter(|(_, one)| one.stored.is_none()) {
        one.stored = store.process(name).map_err(store_failure)?;
    }
    // Always in the same order, or two of them could wait for each other.
    known.sort_by_key(|(_, one)| one.stored.as_ref().map(|stored| stored.id));
    for (name, one) in known {
        let Some(stored) = &mut one.stored else { continue };
        restarts.push(take(stored.id)?);
        // The other one may have changed what there is.
        if let Some(now) = store.process(name).map_err(store_failure)? {
            *stored = now;
        }
    }
    Ok(restarts)
}

/// What is said of a process that runs already.
pub(crate) fn runs_already() -> Failure {
    Failure::new(Exit::Exists, "already running")
        .hint("--restart or --force stops it first; --if-absent leaves it alone")
}

/// Whether anything of the process lives, or somebody is at work on it.
pub(crate) fn is_up(process: &Process, home: &Home) -> std::io::Result<bool> {
    let run = process.run.as_ref();
    let identity = run.and_then(|run| run.identity.as_deref());
    let lock = home.lock(process.id);
    let sight = Sight::look(&lock, process.supervisor.as_deref(), identity)?;
    if sight.is_up()
        && (sight.process.is_some() || sight.is_elsewhere || !is_leaving(process, &lock))
    {
        return Ok(true);
    }
    if process.container.is_some() {
        return Ok(container::is_alive(process, home));
    }
    // Its supervisor and its main process are gone: others of its tree may live on.
    let may_live = process.may_live_unseen(sight.is_of_this_boot);
    Ok(may_live && !sight.tree(&traces(process))?.is_empty())
}

/// Whether the run is over for good, and its supervisor lets go of the lock, which is waited
/// for: to a caller who has seen the end it does not run any more.
fn is_leaving(process: &Process, lock: &Path) -> bool {
    let line = LockLine::<Identity>::read(&Lock::line_at(lock).unwrap_or_default());
    let Some(line) = line.filter(|line| line.id == process.id) else { return false };
    let mut process = process.clone();
    process.learn_from(&line);
    let end = process.run.as_ref().and_then(|run| run.end.as_ref());
    line.request == process.request
        && end.is_some_and(|end| !process.is_followed(end))
        && Lock::take(lock, LEAVING).is_ok()
}

/// By what the tree of a process is known without its supervisor.
pub(crate) fn traces(process: &Process) -> Traces {
    Traces {
        cookie: process.cookie.clone(),
        logs: process.own_logs(),
        main: None,
        is_container: process.container.is_some(),
    }
}

/// Stops `names` with `bgrun-kill`. Answers those that still live, and why.
fn stop(names: &[String], reason: &str) -> Vec<(String, String)> {
    let mut command = sibling::command("bgrun-kill", ["--json", "--reason", reason, "--"]);
    command.args(names.iter().map(|name| exactly(name)));
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let answer = match output {
        Ok(output) => serde_json::from_slice::<Vec<Value>>(&output.stdout).unwrap_or_default(),
        Err(error) => {
            let why = format!("cannot run bgrun-kill: {error}");
            return names.iter().map(|name| (name.clone(), why.clone())).collect();
        }
    };
    let outcome = |name: &String| {
        let of_name = |record: &&Value| record["name"].as_str() == Some(name);
        answer.iter().find(of_name).and_then(|record| record["outcome"].as_str())
    };
    names
        .iter()
        .filter_map(|name| match outcome(name) {
            Some("stopped" | "killed" | "already-stopped") => None,
            Some(other) => Some((name.clone(), other.to_owned())),
            // Somebody has forgotten it meanwhile, and stopped it before.
            None if answer.iter().any(|record| record["name"] == **name) => None,
            None => Some((name.clone(), "bgrun-kill gave no answer".to_owned())),
        })
        .collect()
}

/// The ports on which the processes `names` listen, as `bgrun-ls` sees them.
fn ports_of(names: &[String]) -> Vec<u16> {
    let mut command = sibling::command("bgrun-ls", ["--json", "--"]);
    command.args(names.iter().map(|name| exactly(name)));
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let records: Vec<Value> = output
        .ok()
        .and_then(|output| serde_json::from_slice(&output.stdout).ok())
        .unwrap_or_default();
    let ports = records.iter().filter_map(|record| record["ports"].as_array()).flatten();
    ports.filter_map(|port| port.as_u64()?.try_into().ok()).collect()
}

/// Frees ports that the stopped processes held: what still listens there came from one
/// of them, or is somebody else's and is only named.
fn free_ports(held: &[u16]) {
    for port in held {
        let is_taken = ports::Listeners::read().is_ok_and(|listeners| listeners.is_taken(*port));
        if !is_taken {
            continue;
        }
        let port = port.to_string();
        let status = sibling::command("bgrun-kill", ["--quiet", "--port", &port])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        if !status.is_ok_and(|status| status.success()) {
            warn(format_args!("port {port} is still taken"));
        }
    }
}
