//! `bgrun ls`: what there is and how it does, as a table, as details, as JSON.
//!
//! The one place where the store and what runs are put together into records: other
//! verbs that want a record run this one.

mod args;
mod collect;
mod containers;
mod details;
mod ending;
mod format;
mod live;
mod observe;
mod select;
mod table;
mod tree;

use std::io::Write;
use std::process::ExitCode;

use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::user;
use bgrun_store::Home;

use crate::args::Args;
use crate::collect::Collector;

fn main() -> ExitCode {
    tool::run("bgrun-ls", run)
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::Store, error))?;
    let wish = select::Wish::read(&args)?;
    if args.live {
        return live::run(&args);
    }
    let (records, exit) = Collector::new(home).collect(&args, &wish)?;
    if args.json {
        collect::print_json(&records, args.details)?;
        return Ok(exit);
    }
    let mut out = std::io::stdout().lock();
    if args.quiet {
        for listed in &records {
            writeln!(out, "{}", listed.record.name)?;
        }
    } else if args.details {
        details::print(&records, &mut out)?;
    } else {
        table::print(&records, &mut out)?;
    }
    if records.is_empty() && !args.quiet {
        wish.tell_of_nothing();
    }
    Ok(exit)
}
