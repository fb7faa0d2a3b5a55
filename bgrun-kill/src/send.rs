//! `--signal`: only a signal, and nothing else.

use bgrun_platform::stat::Stat;
use bgrun_platform::{Pidfd, Signal};

use crate::args::Args;
use crate::stop::{Done, Outcome, Stopped};
use crate::target::Target;

/// Sends `signal` to the main process of each target, or to its whole tree.
///
/// # Errors
/// The kernel refuses to say what runs.
pub(crate) fn all(args: &Args, targets: Vec<Target>, signal: Signal) -> anyhow::Result<Done> {
    let mut done = Vec::new();
    for target in targets {
        if target.is_stale {
            done.push(Stopped::new(target, Outcome::Stale));
            continue;
        }
        if let Some(sent) = target.contained.as_ref().and_then(|one| one.signal(signal)) {
            let mut signalled = Stopped::new(target, Outcome::Signalled);
            signalled.error = sent.err().map(|error| error.to_string());
            done.push(signalled);
            continue;
        }
        let tree = if args.tree || target.sight.process.is_none() {
            target.sight.tree(&target.traces())?
        } else {
            Vec::new()
        };
        let mut held: Vec<Pidfd> = Vec::new();
        if args.tree {
            held.extend(tree.iter().filter_map(Stat::hold));
        } else if target.sight.process.is_none() {
            let oldest = tree.iter().min_by_key(|stat| (stat.start_ticks, stat.pid));
            held.extend(oldest.and_then(Stat::hold));
        }
        let main = target.sight.process.as_ref().filter(|_| !args.tree);
        let mut error = None;
        let mut count = 0;
        for pidfd in held.iter().chain(main) {
            count += 1;
            if let Err(failure) = pidfd.send(signal) {
                error = Some(format!("pid {} cannot be signalled: {failure}", pidfd.pid()));
            }
        }
        if target.sight.is_elsewhere {
            error = Some("it runs in another pid namespace: signal it there".to_owned());
        }
        let outcome =
            if count == 0 && error.is_none() { Outcome::NotRunning } else { Outcome::Signalled };
        let mut sent = Stopped::new(target, outcome);
        sent.error = error;
        done.push(sent);
    }
    Ok(Done { stopped: done, ..Done::default() })
}
