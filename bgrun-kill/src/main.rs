//! `bgrun kill`: ends processes with all that they started, and forgets them if asked.
//!
//! The wish is stored first, so that nothing is started again; then the trees are
//! signalled, waited for, and insisted upon; then their ends are written down.

mod args;
mod containers;
mod forget;
mod port;
mod report;
mod send;
mod signal_flag;
mod stop;
mod stopping;
mod stranger;
mod target;
mod wish;

use std::ffi::OsString;
use std::process::ExitCode;

use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{private, user};
use bgrun_store::Home;

use crate::args::Args;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    match signal_flag::refused(&words) {
        None => tool::run_words("bgrun-kill", words, run),
        Some(refused) => {
            tool::begin("bgrun-kill");
            tool::finish(Err(refused.into()))
        }
    }
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::Store, error))?;
    private::is_directory(home.directory()).map_err(|error| Failure::new(Exit::Store, error))?;
    let asked = target::read(&args)?;
    if let Some(port) = args.port {
        return port::free(&args, &home, port);
    }
    let found = target::find(&args, asked, &home)?;
    let done = if args.dry_run {
        stop::plan(found.targets)
    } else if let Some(signal) = args.signal {
        send::all(&args, found.targets, signal)?
    } else {
        stop::all(&args, found.targets, &home, found.store)?
    };
    report::all(&args, done, found.misses)
}
