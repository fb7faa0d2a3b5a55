//! `bgrun run`: starts processes and leaves; what it starts is supervised and goes on.
//!
//! What was typed or piped in ([`ask`]) becomes what to start ([`prepare`]), is started
//! ([`start`]), and told ([`report`]).

mod args;
mod ask;
mod environment;
mod existing;
mod prepare;
mod report;
mod start;
mod stored;
mod wait;

use std::process::ExitCode;

use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{private, user};
use bgrun_store::{Home, Store};

use crate::args::Args;

fn main() -> ExitCode {
    tool::run("bgrun-run", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let asks = ask::read(&args)?;
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::NotStarted, error))?;
    private::directory(&home.directory().join("run"))
        .and_then(|()| private::directory(home.directory()))
        .and_then(|()| private::directory(&home.lock_directory()))
        .map_err(|error| Failure::new(Exit::Store, error))?;
    let mut store = open(&home)?;
    let asks = stored::expand(&args, asks, &store)?;
    let prepared = prepare::all(&asks, &home, &store)?;
    let way = existing::make_way(&args, prepared, &home, &store)?;
    let started = start::all(&args, way, &home, &mut store);
    drop(store);
    let lived = wait::all(&args, started, &home);
    report::all(&args, lived)
}

fn open(home: &Home) -> anyhow::Result<Store> {
    let (store, import) = Store::open(home).map_err(store_failure)?;
    for notice in import.notices(|pid| bgrun_platform::stat::Stat::read(pid).is_ok()) {
        tool::warn(notice);
    }
    Ok(store)
}

/// A store that cannot be used, as this tool says it.
fn store_failure(error: bgrun_store::Error) -> Failure {
    let hint = error.hint();
    let failure = Failure::new(Exit::Store, error);
    match hint {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
