//! `bgrun-supervise`: plumbing. Owns exactly one process: starts it, sleeps until it
//! ends, writes down how, decides what comes next. It is never in the path of the
//! process's output, and its own death harms nothing.
//!
//! `bgrun-run` starts it with the held lock as stdin and a socket as stdout, and sees that
//! close when it has failed.

mod child;
mod chronicle;
mod decide;
mod family;
mod keeper;
mod launch;
mod prober;
mod readiness;
mod record;
mod restarts;
mod rotating;
mod stopping;
mod waking;

use std::ffi::OsString;
use std::process::ExitCode;

use bgrun_platform::{descriptors, private, sibling};
use bgrun_run::{AGENT, PROBER, ROTATOR};

fn main() -> ExitCode {
    descriptors::close_inherited();
    let mut words = std::env::args_os().skip(1);
    let act = words.next();
    let act = act.as_deref().and_then(|act| act.to_str());
    if act != Some(AGENT) {
        private::close_umask();
    }
    let done = match act {
        Some(AGENT) => agent(words),
        Some(PROBER) => prober::run(),
        Some(ROTATOR) => rotating::run(words),
        _ => launch::supervise(),
    };
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(125) }
}

/// Runs `bgrun-run` with these words, outside every tree.
fn agent(words: impl Iterator<Item = OsString>) -> anyhow::Result<()> {
    let status = sibling::command("bgrun-run", words).status()?;
    anyhow::ensure!(status.success());
    Ok(())
}
