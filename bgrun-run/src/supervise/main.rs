//! `bgrun-supervise`: plumbing. Owns exactly one process: starts it, sleeps until it
//! ends, writes down how, decides what comes next. It is never in the path of the
//! process's output, and its own death harms nothing.
//!
//! `bgrun-run` starts it with the held lock as stdin and a socket as stdout.

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

use std::process::ExitCode;

use bgrun_platform::events::Signals;
use bgrun_platform::{Lock, Signal, descriptors, events, private, sibling};
use bgrun_run::{AGENT, PROBER, ROTATOR};

fn main() -> ExitCode {
    descriptors::close_inherited();
    let mut words = std::env::args_os().skip(1);
    let act = words.next();
    let act = act.as_deref().and_then(|act| act.to_str());
    if act == Some(AGENT) {
        let done = sibling::command("bgrun-run", words).status();
        return if done.is_ok_and(|done| done.success()) { ExitCode::SUCCESS } else { 1.into() };
    }
    private::close_umask();
    let done = match act {
        Some(PROBER) => prober::run(),
        Some(ROTATOR) => rotating::run(words),
        _ => supervise(),
    };
    // Nobody listens: whoever waits for an answer sees the socket close.
    if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(125) }
}

fn supervise() -> anyhow::Result<()> {
    let lock = Lock::from_descriptor(descriptors::take_standard(0)?);
    let socket = descriptors::take_standard(1)?;
    let signals = Signals::block(&[
        Signal::CHLD,
        Signal::HUP,
        Signal::INT,
        Signal::TERM,
        Signal::USR1,
        Signal::USR2,
    ])?;
    events::adopt_orphans()?;
    match launch::receive(lock, socket, signals)? {
        Some(keeper) => keeper.keep(),
        None => Ok(()),
    }
}
