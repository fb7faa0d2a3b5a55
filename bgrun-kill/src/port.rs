//! `--port`: ending who listens on a TCP port; only the listener, never its clients.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bgrun_platform::ports::Listeners;
use bgrun_platform::stat::Stat;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit};
use bgrun_platform::{Identity, Pidfd, Presence, Signal, clock};
use bgrun_store::{Home, Known};

use crate::args::Args;
use crate::containers;
use crate::stop::{Done, Outcome};
use crate::stranger::{Became, Stranger};
use crate::target::{Target, tell};
use crate::{report, stop};

/// How long somebody else's listener may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the port may stay taken after its holder has ended.
const RELEASE: Duration = Duration::from_secs(2);

/// Frees `port`.
///
/// # Errors
/// The kernel refuses to say who listens, or nobody can be told what was done.
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
            return report::all(args, left(port, None, what, None), Vec::new());
        }
        tool::warn(format_args!("nobody listens on port {port}"));
        return report::all(args, Done::default(), Vec::new());
    }
    let mut ours = Vec::new();
    let mut strangers = holders;
    for target in targets {
        if !target.is_up()? {
            continue;
        }
        if publishes(&target) {
            // Whoever holds it does so for the engine.
            strangers.clear();
            ours.push(target);
            continue;
        }
        let tree = target.sight.tree(&target.traces())?;
        let before = strangers.len();
        strangers.retain(|pid| tree.iter().all(|stat| stat.pid != *pid));
        if strangers.len() < before {
            ours.push(target);
        }
    }
    if let Some(pid) = strangers.iter().find(|pid| !may_end(args.force, &args.only_pid, **pid)) {
        let name = Stat::read(*pid).map(|stat| String::from_utf8_lossy(&stat.name).into_owned());
        let name = name.unwrap_or_default();
        let what = format!("port {port} is held by pid {pid} ({}), not ours", safe(&name));
        let (what, hint) = match args.force {
            false => (what, Some("--force ends it all the same")),
            true => (format!("{what} and not named by --only-pid"), None),
        };
        return report::all(args, left(port, Some(*pid), what, hint), Vec::new());
    }
    let ended = |pid, outcome, waited| Stranger {
        port,
        pid: Some(pid),
        became: Became::Ended(outcome, waited),
    };
    if args.dry_run {
        let mut planned = stop::plan(ours);
        let would = strangers.into_iter().map(|pid| ended(pid, Outcome::DryRun, Duration::ZERO));
        planned.strangers.extend(would);
        return report::all(args, planned, Vec::new());
    }
    let mut done = stop::all(args, ours, home, known.store)?;
    for pid in strangers {
        let started = Instant::now();
        done.strangers.push(match end_stranger(pid, port, args.timeout.unwrap_or(PATIENCE)) {
            Ok(outcome) => ended(pid, outcome, started.elapsed()),
            Err(error) => stays(port, Some(pid), format!("pid {pid}: {error}"), None),
        });
    }
    let deadline = Instant::now() + RELEASE;
    while Listeners::read()?.is_taken(port) {
        if Instant::now() >= deadline {
            // Where it is known who holds it, that was said.
            if report::is_success(&done) {
                done.strangers.push(stays(port, None, format!("port {port} is still taken"), None));
            }
            break;
        }
        clock::pause(Duration::from_millis(2));
    }
    report::all(args, done, Vec::new())
}

fn stays(port: u16, pid: Option<u32>, what: String, hint: Option<&'static str>) -> Stranger {
    Stranger { port, pid, became: Became::Left(what, hint) }
}

/// Nothing was done, because of one listener that is not ours.
fn left(port: u16, pid: Option<u32>, what: String, hint: Option<&'static str>) -> Done {
    Done { strangers: vec![stays(port, pid, what, hint)], ..Done::default() }
}

/// Whether what is not ours may be ended: by `force`, and then only whom the user has named,
/// if he has named anybody.
fn may_end(force: bool, named: &[NonZeroU32], pid: u32) -> bool {
    force && (named.is_empty() || named.iter().any(|one| one.get() == pid))
}

/// Ends one process that is not managed, as the user has asked, if it listens on `port`.
fn end_stranger(pid: u32, port: u16, patience: Duration) -> std::io::Result<Outcome> {
    let Ok(identity) = Identity::of(pid) else { return Ok(Outcome::AlreadyStopped) };
    let Presence::Alive(pidfd) = identity.presence()? else { return Ok(Outcome::AlreadyStopped) };
    // Looked at again now that it is held: ours may have taken long to stop, and a pid is
    // never trusted.
    let mut ports = Vec::new();
    Listeners::read()?.add_ports_of(pid, &mut ports);
    if !ports.contains(&port) {
        return Ok(Outcome::AlreadyStopped);
    }
    let insist = |pidfd: &Pidfd, signal, patience| -> std::io::Result<bool> {
        pidfd.send(signal)?;
        pidfd.send(Signal::CONT)?;
        pidfd.wait(Some(patience))
    };
    if insist(&pidfd, Signal::TERM, patience)? {
        return Ok(Outcome::Stopped);
    }
    if insist(&pidfd, Signal::KILL, PATIENCE)? {
        return Ok(Outcome::Killed);
    }
    Err(std::io::Error::other("does not end"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_ended_by_force_and_only_if_it_is_named_where_any_is() {
        let named =
            |pids: &[u32]| -> Vec<_> { pids.iter().copied().filter_map(NonZeroU32::new).collect() };
        for (force, pids, expected) in [
            (false, &[][..], false),
            (true, &[], true),
            (true, &[7], true),
            (true, &[6, 7], true),
            (true, &[6], false),
        ] {
            assert_eq!(may_end(force, &named(pids), 7), expected, "{force} {pids:?}");
        }
    }
}
