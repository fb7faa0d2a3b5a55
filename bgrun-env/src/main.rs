//! `bgrun env`: the variables of a process, printed for a shell, or given to one command.
//!
//! What a process got is read from the store ([`stored`]); what one would get is asked of
//! `bgrun-run` ([`would`]). Both are printed ([`print`](mod@print)) or executed with ([`execute`]).

mod args;
mod execute;
mod print;
mod quote;
mod stored;
mod variables;
mod would;

use std::process::ExitCode;

use bgrun_platform::tool::{self, Exit};

use crate::args::Args;
use crate::would::Answer;

fn main() -> ExitCode {
    tool::run_as_wrapper("bgrun-env", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let known = match &args.name {
        Some(name) => Some(stored::find(name)?),
        None => None,
    };
    let overrides = match known.as_ref().filter(|_| !args.asks_for_more()) {
        Some(spec) => spec.overrides.clone(),
        None => match would::get(&args)? {
            Answer::Overrides(overrides) => overrides,
            // It has said why.
            Answer::Failed(exit) => return Ok(exit),
        },
    };
    if args.command.is_empty() {
        let shown = variables::shown(&args, known.as_ref(), &overrides);
        if shown.is_empty() {
            print::nothing(args.name.as_deref());
        }
        return print::all(args.form(), &shown);
    }
    let whole = variables::whole(&args, known.as_ref(), &overrides);
    match execute::command(&args.command, &whole)? {}
}
