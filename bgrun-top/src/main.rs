//! `bgrun top`: all processes on a screen that lives, to look at and to steer.
//!
//! It owns nothing: what it shows comes from `bgrun-ls`, what it does `bgrun-run` and
//! `bgrun-kill` do, and leaving it changes nothing.

mod action;
mod args;
mod draw;
mod format;
mod history;
mod keys;
mod list;
mod logs;
mod process;
mod screen;

use std::process::ExitCode;

use bgrun_platform::terminal;
use bgrun_platform::tool::{self, Exit, Failure};

use crate::args::Args;

fn main() -> ExitCode {
    tool::run("bgrun-top", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    if terminal::columns().is_none() || !terminal::is_read_from() {
        return Err(Failure::new(Exit::Usage, "it needs a terminal")
            .hint("for a pipe or a script: bgrun ls --json")
            .into());
    }
    screen::run(&args)
}
