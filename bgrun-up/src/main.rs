//! `bgrun up` and `bgrun down`: what a project file says, started and stopped.
//!
//! It owns nothing and starts nothing: the file ([`file`](mod@file)) becomes records, what there is is
//! told by `bgrun-ls` and `bgrun-run --dry-run` ([`existing`]), what is to be done follows
//! from both ([`plan`]), and `bgrun-run -` and `bgrun-kill` do it ([`up`], [`down`]).

mod args;
mod calls;
mod down;
mod existing;
mod file;
mod plan;
mod up;

use std::process::ExitCode;

use bgrun_platform::tool::{self, Exit};

use crate::args::Args;

fn main() -> ExitCode {
    tool::run("bgrun-up", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let project = file::read(args.file.as_deref())?;
    if args.down { down::run(&args, &project) } else { up::run(&args, &project) }
}
