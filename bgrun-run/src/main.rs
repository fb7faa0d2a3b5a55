//! `bgrun run`: starts processes and leaves; what it starts is supervised and goes on.
//!
//! What was typed or piped in ([`ask`]) becomes what to start ([`prepare`]), is started
//! ([`start`]) in its order ([`order`]), and told ([`report`]).

mod adopt;
mod args;
mod ask;
mod awaited;
mod changes;
mod config;
mod declared;
mod dry_run;
mod environment;
mod existing;
mod oneself;
mod order;
mod prepare;
mod print_env;
mod report;
mod start;
mod stored;
mod variables;
mod wait;

use std::process::ExitCode;

use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::user;
use bgrun_store::Home;

use crate::args::Args;

fn main() -> ExitCode {
    tool::run("bgrun-run", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let asks = ask::read(&args)?;
    if args.print_env {
        return print_env::print(&args, &asks);
    }
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::NotStarted, error))?;
    let mut store = stored::open(&home)?;
    let asks = stored::expand(&args, asks, &store)?;
    if oneself::is_meant(&args, &asks, &store)? {
        return oneself::hand_over();
    }
    if args.adopt {
        let adopted = adopt::all(&asks, &home, &mut store)?;
        return report::all(&args, adopted);
    }
    let prepared = prepare::all(&asks, &home, &store)?;
    if args.dry_run {
        return dry_run::tell(&args, prepared, &home, &store);
    }
    let outcomes = order::start(&args, prepared, &home, &mut store)?;
    drop(store);
    report::all(&args, outcomes)
}
