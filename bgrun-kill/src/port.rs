//! `--port`: ending who listens on a TCP port; only the listener, never its clients.

use std::time::{Duration, Instant};

use bgrun_platform::ports::Listeners;
use bgrun_platform::stat::Stat;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{Identity, Pidfd, Presence, Signal, clock};
use bgrun_store::{Home, Known};

use crate::args::Args;
use crate::containers;
use crate::target::{Target, tell};
use crate::{report, stop};

/// How long somebody else's listener may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the port may stay taken after its holder has ended.
const RELEASE: Duration = Duration::from_secs(2);

/// Frees `port`.
///
/// # Errors
/// Somebody else holds it, and `--force` was not said.
pub(crate) fn free(args: &Args, home: &Home, port: u16) -> anyhow::Result<Exit> {
    let listeners = Listeners::read()?;
    let holders = listeners.holders(port)?;
    let known = Known::read(home);
    tell(&known);
    let looks = known.processes.into_iter().map(|process| Target::look(process, home));
    let mut targets = looks.collect::<Result<Vec<_>, _>>()?;
    if listeners.is_taken(port) {
        containers::ask(&mut targets, home);
    }
    let publishes =
        |target: &Target| target.contained.as_ref().is_some_and(|one| one.ports.contains(&port));
    if holders.is_empty() && !targets.iter().any(publishes) {
        if listeners.is_taken(port) {
            let what = format!("port {port} is held by a process of another user");
            return Err(Failure::new(Exit::Failed, what).into());
        }
        tool::warn(format_args!("nobody listens on port {port}"));
        return report::all(args, stop::Done::default(), Vec::new());
    }
    let mut ours = Vec::new();
    let mut left = holders;
    for target in targets {
        if !target.is_up()? {
            continue;
        }
        if publishes(&target) {
            // Whoever holds it does so for the engine.
            left.clear();
            ours.push(target);
            continue;
        }
        let tree = target.sight.tree(&target.traces())?;
        let before = left.len();
        left.retain(|pid| tree.iter().all(|stat| stat.pid != *pid));
        if left.len() < before {
            ours.push(target);
        }
    }
    if let (Some(pid), false) = (left.first(), args.force) {
        let name = Stat::read(*pid).map(|stat| String::from_utf8_lossy(&stat.name).into_owned());
        let name = name.unwrap_or_default();
        let what = format!("port {port} is held by pid {pid} ({}), not ours", safe(&name));
        return Err(Failure::new(Exit::Failed, what).hint("--force ends it all the same").into());
    }
    if args.dry_run {
        for pid in &left {
            tool::warn(format_args!("would end pid {pid}, which is not ours"));
        }
        return report::all(args, stop::plan(ours), Vec::new());
    }
    let done = stop::all(args, ours, home, known.store)?;
    for pid in left {
        end_stranger(pid, args.timeout.unwrap_or(PATIENCE))?;
        if !args.quiet {
            tool::warn(format_args!("ended pid {pid}, which listened on port {port}"));
        }
    }
    let deadline = Instant::now() + RELEASE;
    while Listeners::read()?.is_taken(port) {
        if Instant::now() >= deadline {
            return Err(Failure::new(Exit::Failed, format!("port {port} is still taken")).into());
        }
        clock::pause(Duration::from_millis(2));
    }
    report::all(args, done, Vec::new())
}

/// Ends one process that is not managed, as the user has asked.
fn end_stranger(pid: u32, patience: Duration) -> anyhow::Result<()> {
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, format!("pid {pid}: {error}"));
    let Ok(identity) = Identity::of(pid) else { return Ok(()) };
    let Presence::Alive(pidfd) = identity.presence()? else { return Ok(()) };
    let insist = |pidfd: &Pidfd, signal, patience| -> std::io::Result<bool> {
        pidfd.send(signal)?;
        pidfd.send(Signal::CONT)?;
        pidfd.wait(Some(patience))
    };
    if insist(&pidfd, Signal::TERM, patience).map_err(failed)?
        || insist(&pidfd, Signal::KILL, PATIENCE).map_err(failed)?
    {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, format!("pid {pid} does not end")).into())
}
