//! `bgrun wait`: blocks until processes have ended, and ends as they did.
//!
//! It only looks: at the store, at the lock files, at what runs. Between two looks it
//! sleeps on what the kernel will tell it.

mod args;
mod changes;
mod ending;
mod life;
mod look;
mod report;
mod target;
mod verdict;
mod wait;

use std::process::ExitCode;

use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{logs, private, user};
use bgrun_store::Home;

use crate::args::Args;

fn main() -> ExitCode {
    tool::run("bgrun-wait", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::Store, error))?;
    private::is_directory(home.directory()).map_err(|error| Failure::new(Exit::Store, error))?;
    let asked = target::read(&args)?;
    // Each process that is waited for takes a descriptor or two.
    logs::allow_many_open();
    let found = target::find(asked, &home);
    let waited = wait::all(&args, found.targets, &home)?;
    report::all(&args, waited, &found.misses)
}
