//! `--watch`: after the start this tool becomes `bgrun-watch`, in the foreground.

use std::os::unix::process::CommandExt;

use bgrun_platform::sibling;
use bgrun_platform::tool::{Exit, Failure};

use crate::args::Args;
use crate::ask::Ask;

/// Refuses to watch other than one process.
///
/// # Errors
/// There are several, or none.
pub(crate) fn checked(args: &Args, asks: Vec<Ask>) -> Result<Vec<Ask>, Failure> {
    if !args.watch || asks.len() == 1 {
        return Ok(asks);
    }
    Err(Failure::new(Exit::Usage, "--watch is for one process")
        .hint("each can have a watcher: bgrun run --name web.watch -- bgrun watch web"))
}

/// Goes on as `bgrun-watch` of the process `name`, if that is asked for and the start came
/// to `exit` 0.
///
/// # Errors
/// There is no `bgrun-watch`.
pub(crate) fn go_on(args: &Args, name: Option<String>, exit: Exit) -> anyhow::Result<Exit> {
    if !args.watch || exit != Exit::Done {
        return Ok(exit);
    }
    let mut watch = sibling::command("bgrun-watch", name);
    if args.json {
        watch.arg("--json");
    } else if args.quiet {
        watch.arg("--quiet");
    }
    let error = watch.exec();
    Err(Failure::new(Exit::Failed, format!("it runs, but bgrun-watch does not: {error}")).into())
}
