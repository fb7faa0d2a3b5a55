//! `bgrun logs`: shows what processes wrote, and follows what they write.
//!
//! | room | what lives there |
//! |---|---|
//! | [`show`] | the act: what is there already, then what comes |
//! | [`choice`] | from selectors to processes |
//! | [`source`], [`log`], [`tail`] | the logs of a process, one open log, its last lines |
//! | [`history`], [`follow`], [`trace`] | what is there already, what comes, through which files |
//! | [`search`] | which lines are wanted |
//! | [`cursor`], [`expect`], [`life`] | what a reader has seen; waiting for a line, or the end of a run |
//! | [`form`], [`output`] | how it is to look, and the one place all of it goes through |
//! | [`cutter`], [`labelled`], [`label`] | lines, with a name before each |
//! | [`harmless`], [`style`] | bytes made fit for a terminal |
//! | [`json`], [`runs`] | lines as records, and the run each belongs to |
//! | [`times`], [`moment`], [`window`], [`merge`] | when lines were written; parts by time or run; one order |
//! | [`page`] | standard output |
//! | [`rotate`], [`usage`] | making archives, and what all of it takes on the disk |

mod args;
mod choice;
mod cursor;
mod cutter;
mod expect;
mod follow;
mod form;
mod harmless;
mod history;
mod json;
mod label;
mod labelled;
mod life;
mod log;
mod merge;
mod moment;
mod output;
mod page;
mod rotate;
mod runs;
mod search;
mod show;
mod source;
mod style;
mod tail;
mod times;
mod trace;
mod usage;
mod window;

use std::process::ExitCode;

use bgrun_platform::tool;

fn main() -> ExitCode {
    tool::run("bgrun-logs", |args: args::Args| match () {
        () if args.rotate => rotate::all(args),
        () if args.usage => usage::show(args),
        () => show::show(args),
    })
}
