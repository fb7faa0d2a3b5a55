//! The command line of `bgrun kill`.

use std::num::NonZeroU32;
use std::time::Duration;

use bgrun_platform::Signal;
use bgrun_platform::args::{duration, port};

const AFTER_HELP: &str = "\
Exit status:
  0  done; stopping what is stopped is done
  1  something lives on, or could not be forgotten
  2  the command line or the input makes no sense
  3  it does not run, and so no signal was sent
  4  no such process; the others are stopped
  6  a record is of an earlier run; nothing of it was signalled
  7  the store cannot be used; what could be stopped is

Examples:
  bgrun kill web                 stop web and all that it started
  bgrun kill 'api-*' @shop       several at once
  bgrun kill web --timeout 1m    give it a minute to end
  bgrun kill web --delete        stop it, forget it, remove its logs
  bgrun kill web --signal HUP    only send a signal
  bgrun kill --port 3000         stop what bgrun runs on this port
  bgrun ls --json | jq 'map(select(.memory_bytes > 5e8))' | bgrun kill -";

/// Stop processes with everything they started, and forget them if asked.
///
/// The stop signal goes to the whole tree; what is left after the timeout is killed.
/// A stopped process stays in the list and is not started again by anybody but you.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-kill", bin_name = "bgrun kill", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Names, globs ('api-*'), groups (@shop); - reads names or records from stdin
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,

    /// Every process
    #[arg(long)]
    pub(crate) all: bool,

    /// Every process of this group
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// Only send this signal (HUP, SIGUSR1, 10) to the main process
    ///
    /// Nothing else is done, and nothing is written down. If it ends of that, it has ended by
    /// itself, and is started again if it is to be kept alive.
    #[arg(short, long, value_name = "SIGNAL", help_heading = "Only a signal",
        conflicts_with_all = ["delete", "clean", "nuke", "timeout"])]
    pub(crate) signal: Option<Signal>,

    /// Send it to everything that the process has started, too
    #[arg(long, requires = "signal", help_heading = "Only a signal")]
    pub(crate) tree: bool,

    /// Kill what has not ended after this time [default: --stop-timeout of bgrun run, 10s]
    #[arg(short, long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Stop them, forget them, and remove their logs with all archives
    ///
    /// A log that you have renamed or copied is yours, and stays.
    #[arg(long, help_heading = "Forget")]
    pub(crate) delete: bool,

    /// Forget all that do not run, and remove their logs
    #[arg(long, help_heading = "Forget", conflicts_with_all = ["delete", "nuke", "selectors", "all"])]
    pub(crate) clean: bool,

    /// Stop and forget every process, and remove all logs
    #[arg(long, help_heading = "Forget", conflicts_with_all = ["delete", "selectors", "all", "group"])]
    pub(crate) nuke: bool,

    /// With any of these: leave the logs where they are
    #[arg(long, help_heading = "Forget")]
    pub(crate) keep_logs: bool,

    /// Stop the process that listens on this TCP port, if bgrun has started it
    #[arg(short, long, value_name = "PORT", value_parser = port, help_heading = "By port",
        conflicts_with_all = ["selectors", "all", "group", "clean", "nuke", "delete", "signal"])]
    pub(crate) port: Option<u16>,

    /// End whoever listens there, also if it is not of bgrun
    ///
    /// Of a program that bgrun has not started only the listener is ended.
    // `rm -f` is docker's word for what `rm` does here anyway.
    #[arg(short, long, help_heading = "By port")]
    pub(crate) force: bool,

    /// With --force: end nobody else than these who is not of bgrun
    ///
    /// Where somebody listens who is neither of bgrun nor among them, nothing is done. For who has
    /// looked before and means whom he saw, and not who may have come since.
    // The same conflicts as of --port: clap does not ask for what they exclude.
    #[arg(long, value_name = "PID,...", value_delimiter = ',', help_heading = "By port",
        requires_all = ["port", "force"],
        conflicts_with_all = ["selectors", "all", "group", "clean", "nuke", "delete", "signal"])]
    pub(crate) only_pid: Vec<NonZeroU32>,

    /// Show what would be done and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print an array of records as JSON, each with its outcome
    ///
    /// Added to each are outcome, deleted, survivors and waited_ms.
    #[arg(short, long)]
    pub(crate) json: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,

    /// Why: recorded with the end of the run; with any but stop the wish to run remains
    #[arg(long, hide = true, value_name = "REASON", default_value = "stop")]
    pub(crate) reason: String,

    /// Stops only what is not wanted any more: a stop that died is finished, and what was
    /// started since is left alone
    #[arg(long, hide = true, conflicts_with_all = ["all", "clean", "nuke", "port", "signal", "delete"])]
    pub(crate) unfinished: bool,
}
