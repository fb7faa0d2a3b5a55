//! Forgetting processes: their rows, their lock files, their logs.

use std::path::PathBuf;
use std::time::Duration;

use bgrun_platform::engine::Unreachable;
use bgrun_platform::logs::disk;
use bgrun_platform::{Lock, fault, private, text, tool};
use bgrun_store::{Durability, Error, Home, Process, Store};

use crate::args::Args;
use crate::containers::{self, Contained};
use crate::stop::{Outcome, Stopped};

/// A supervisor that has seen the end of its process leaves within this time.
const LEAVING: Duration = Duration::from_secs(2);

/// Forgets every process of which nothing lives. A lock that somebody holds means that
/// it is being started again: it is left alone then.
pub(crate) fn all(args: &Args, done: &mut [Stopped], home: &Home) -> Result<(), Error> {
    let is_forgettable = |one: &&mut Stopped| {
        matches!(one.outcome, Outcome::Stopped | Outcome::Killed | Outcome::AlreadyStopped)
    };
    let mut held = Vec::new();
    // A home in which nothing ever ran has none.
    if private::is_directory(home.directory()).unwrap_or(false) {
        let _ = private::directory(&home.lock_directory());
    }
    for one in done.iter_mut().filter(is_forgettable) {
        if let Err(error) = remove_container(one, home) {
            one.error = Some(format!("not forgotten: {error}"));
            continue;
        }
        let path = home.lock(one.target.process.id);
        match Lock::take(&path, LEAVING) {
            Ok(lock) => held.push((one, lock, path)),
            Err(error) => one.error = Some(format!("not forgotten: {error}")),
        }
    }
    if held.is_empty() {
        return Ok(());
    }
    fault::at("kill:before-forget");
    let (mut store, _) = Store::open(home)?;
    store.write(Durability::Power, |writer| {
        held.iter().try_for_each(|(one, _, _)| writer.forget(one.target.process.id))
    })?;
    fault::at("kill:after-forget");
    let mut left = Vec::new();
    for (one, _lock, path) in held {
        // Removed while it is held, so that nobody takes a lock that has no name.
        let _ = std::fs::remove_file(path);
        let _ = std::fs::remove_file(home.restart_lock(one.target.process.id));
        let _ = std::fs::remove_file(home.watch_lock(one.target.process.id));
        one.is_deleted = true;
        let process = &one.target.process;
        if !args.keep_logs && !process.shared_log {
            left.push(process);
        }
    }
    if !left.is_empty()
        && let Err(error) = remove_logs(&mut store, home, &left)
    {
        tool::warn(format_args!("their logs are still there: {error}"));
    }
    Ok(())
}

/// Has the engine remove what is left of the container, if it is one.
fn remove_container(one: &mut Stopped, home: &Home) -> Result<(), Unreachable> {
    containers::ask(std::slice::from_mut(&mut one.target), home);
    one.target.contained.as_ref().map_or(Ok(()), Contained::remove)
}

/// Removes the logs of what was forgotten, with their archives and what belongs to them. One
/// that was renamed is the user's, and not looked for; one that a process writes into which was
/// started meanwhile is that one's. Whoever wants to start one waits until they are gone.
fn remove_logs(store: &mut Store, home: &Home, forgotten: &[&Process]) -> Result<(), Error> {
    let both = |process: &&'_ Process| [process.stdout.clone(), process.stderr.clone()];
    let logs: Vec<PathBuf> = forgotten.iter().flat_map(both).collect();
    store.write(Durability::Boot, |writer| {
        let logs = writer.unused(logs.iter().map(PathBuf::as_path))?;
        for process in forgotten {
            if !writer.has(&process.name)? {
                let _ = std::fs::remove_file(home.index(&process.name));
            }
        }
        for (log, error) in disk::remove_each(&logs) {
            let shown = text::safe_path(log);
            tool::warn(format_args!("cannot remove {shown}: {}", text::reason(&error)));
        }
        Ok(())
    })
}
