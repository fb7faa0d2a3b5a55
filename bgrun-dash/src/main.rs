//! `bgrun dash`: the dashboard. It owns nothing: it looks and acts by running the other
//! tools, and its end changes nothing.

mod access;
mod actions;
mod answer;
mod args;
mod assets;
mod background;
mod browser;
mod change;
mod channel;
mod check;
mod connection;
mod environment;
mod events;
mod extract;
mod follow;
mod gate;
mod history;
mod instance;
mod listen;
mod login;
mod login_url;
mod logs;
mod observe;
mod openapi;
mod picture;
mod processes;
mod reach;
mod routes;
mod serve;
mod snapshot;
mod state;
mod undo;
mod verbs;

use std::process::ExitCode;

use crate::args::Args;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{private, user};
use bgrun_store::Home;

fn main() -> ExitCode {
    tool::run("bgrun-dash", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::Store, error))?;
    if args.snapshot {
        return snapshot::print();
    }
    private::directory(home.directory())
        .and_then(|()| private::directory(&home.lock_directory()))
        .map_err(|error| Failure::new(Exit::Store, error))?;
    if args.url { instance::print_url(&args, &home) } else { serve::here(&args, &home) }
}
