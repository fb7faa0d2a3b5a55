//! Whether a command ends with 0. It runs where the process does and with its environment,
//! but without its cookie: it is not of its tree.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use bgrun_platform::spawn::{self, Command};
use bgrun_platform::stat::Stat;
use bgrun_platform::{Ended, Pidfd, Signal, events, tree};
use bgrun_store::variables;

use super::Asker;
use crate::readiness::Task;

/// A command that takes longer is ended, and was no success.
const LONGEST: Duration = Duration::from_secs(30);

/// Runs `line` once; answers whether it ended with 0.
pub(crate) fn succeeds(task: &Task, line: &str, asker: &Asker) -> anyhow::Result<bool> {
    let null = File::options().write(true).open("/dev/null")?;
    let argv = ["/bin/sh", "-c", line].map(OsString::from);
    let is_kept = |key: &OsString| key != variables::OWN_ID;
    let environment: Vec<_> =
        task.environment.iter().filter(|(key, _)| is_kept(key)).cloned().collect();
    let command = Command {
        argv: &argv,
        environment: &environment,
        directory: &task.line.workdir,
        stdout: null.as_fd(),
        stderr: null.as_fd(),
        umask: task.umask,
    };
    let Ok(pid) = spawn::execute(&command) else { return Ok(false) };
    // Only this program can reap it, so the pid is still its own.
    let pidfd = Pidfd::open(pid)?;
    let has_ended = asker.sleep_on(pidfd.as_fd(), Instant::now().checked_add(LONGEST))?;
    let left = end_what_is_left();
    let ended = left.into_iter().find(|(of, _)| *of == pid).map(|(_, ended)| ended);
    Ok(has_ended == Some(true) && ended == Some(Ended::Code(0)))
}

/// Ends everything below this program; answers how each ended.
fn end_what_is_left() -> Vec<(u32, Ended)> {
    let mut ended = Vec::new();
    // What the kernel does not let go of is left behind.
    for _ in 0..5 {
        ended.extend(std::iter::from_fn(events::reap));
        let below = tree::below_supervisor(std::process::id(), "", None).unwrap_or_default();
        let held: Vec<Pidfd> = below.iter().filter_map(Stat::hold).collect();
        if held.is_empty() {
            return ended;
        }
        for pidfd in &held {
            let _ = pidfd.send(Signal::KILL);
        }
        for pidfd in &held {
            let _ = pidfd.wait(Some(Duration::from_secs(1)));
        }
    }
    ended
}
