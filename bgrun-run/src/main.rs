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
mod container;
mod declared;
mod dry_run;
mod environment;
mod existing;
mod fetch;
mod oneself;
mod order;
mod prepare;
mod report;
mod start;
mod stored;
mod variables;
mod wait;
mod watch;

use std::process::ExitCode;

use bgrun_platform::tool::{self, Exit};

use crate::args::Args;

fn main() -> ExitCode {
    container::client::run().unwrap_or_else(|| tool::run("bgrun-run", run))
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let (asks, input) = ask::read(&args)?;
    if args.print_env {
        return variables::print(&args, &asks);
    }
    let (home, mut store) = stored::open()?;
    let asks = watch::checked(&args, stored::expand(&args, asks, &store)?)?;
    let refused = fetch::all(&args, &asks, &home, &store)?;
    if !args.dry_run && oneself::is_meant(&args, &asks, &store)? {
        return oneself::hand_over(input.as_deref(), refused);
    }
    if args.adopt {
        return report::all(&args, adopt::all(&asks, &home, &mut store)?);
    }
    let prepared = prepare::all(&asks, refused, &home, &store)?;
    if args.dry_run {
        return dry_run::tell(&args, prepared, &home, &store);
    }
    let name = prepared.first().map(|(name, _)| name.clone());
    let outcomes = order::start(&args, prepared, &home, &mut store)?;
    watch::go_on(&args, name, report::all(&args, outcomes)?)
}
