//! `bgrun guard`: looks whether all is as the user wants it, and has it put right.
//!
//! It starts and stops nothing itself: what is to be done is decided from the records of
//! `bgrun-ls` ([`decide`]), and done by `bgrun-run`, which refuses what the user no
//! longer wants.

mod act;
mod args;
mod cron;
mod decide;
mod logs;
mod news;
mod pass;
mod policy;
mod report;
mod schedule;
mod stay;
mod survey;
mod systemd;

use std::process::ExitCode;
use std::time::Duration;

use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{private, user};
use bgrun_store::Home;

use crate::args::Args;

fn main() -> ExitCode {
    tool::run("bgrun-guard", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::Store, error))?;
    if args.print.is_some() || args.install.is_some() || args.uninstall {
        return schedule::run(&args, &home);
    }
    let is_there = private::is_directory(home.directory())
        .map_err(|error| Failure::new(Exit::Store, error))?;
    if !args.on.is_empty() || !args.off.is_empty() {
        policy::set(&args, &home)
    } else if let Some(every) = args.every {
        stay::until_told(&args, &home, every)
    } else if !is_there {
        report::end(&args, &[])
    } else {
        match pass::lock(&home, Duration::ZERO)? {
            Some(_lock) => pass::only(&args, &home),
            None => report::end(&args, &[]),
        }
    }
}
