//! `bgrun watch`: restarts a process when its files change, by running `bgrun-run`.
//!
//! What was typed ([`words`]) says whom to watch ([`subject`]) and what ([`scope`]); the
//! kernel ([`kernel`], [`tree`]) or looking ([`poll`]) tells what was touched; what counts
//! ([`rules`], [`listing`]) is acted upon when it is quiet again ([`debounce`], [`watch`]).

mod args;
mod begin;
mod children;
mod command;
mod debounce;
mod kernel;
mod listing;
mod logs;
mod news;
mod poll;
mod rules;
mod scope;
mod source;
mod state;
mod subject;
mod tell;
mod tree;
mod watch;
mod words;

use std::process::ExitCode;

use bgrun_platform::tool;
use clap::CommandFactory;

use crate::args::Args;

fn main() -> ExitCode {
    let typed = words::divide(std::env::args_os().collect(), &Args::command());
    tool::run_words("bgrun-watch", typed.own, |args| begin::watch(&args, typed.for_run))
}
