//! The command line of `bgrun guard`.

use std::time::Duration;

const AFTER_HELP: &str = "\
Exit status:
  0    all is well, or was put right, or another guard is at work
  1    something could not be put right
  2    the command line makes no sense
  4    with --on or --off: no such process; the others are done
  7    the store cannot be used
  130  --loop was ended by Ctrl-C

Examples:
  bgrun guard                    look once, put right what is wrong
  bgrun guard --on web           keep web alive from now on
  bgrun guard --off @shop        keep a group alive no longer
  bgrun guard --install cron     look every minute, and after a boot
  bgrun guard --print systemd    show what --install systemd would write
  bgrun guard --loop --json      stay; one line of JSON for each action";

/// What looks every minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scheduler {
    Cron,
    Systemd,
}

/// When a process is started again after it ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeepAlive {
    Always,
    OnFailure,
}

/// Put right what went wrong since the last look; made for cron.
///
/// Starts again what was lost with a reboot or a crash and is to be kept alive, adopts
/// processes whose supervisor died, and restarts what exceeds its memory limit or its
/// interval. What you stopped or deleted is left alone, and a stop that was killed halfway is
/// finished. Quiet when all is well.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-guard", bin_name = "bgrun guard", version, max_term_width = 80,
    after_help = AFTER_HELP)]
#[command(group(clap::ArgGroup::new("act")
    .args(["every", "on", "off", "install", "print", "uninstall"])))]
pub(crate) struct Args {
    /// Stay and act as soon as something dies; check limits every SECS [default: 30]
    #[arg(long = "loop", value_name = "SECS", help_heading = "Run it regularly", num_args = 0..=1, default_missing_value = "30",
        value_parser = interval)]
    pub(crate) every: Option<Duration>,

    /// Keep these alive from now on, as run --keep-alive does
    ///
    /// Names, globs ('api-*') or groups (@shop).
    #[arg(long, value_name = "NAME", num_args = 1.., help_heading = "Which are kept alive")]
    pub(crate) on: Vec<String>,

    /// With --on: start them again always (the default), or on-failure only
    // All others of the group are named: clap asks for none that they exclude.
    #[arg(long, value_name = "WHEN", hide_possible_values = true, requires = "on",
        conflicts_with_all = ["every", "off", "install", "print", "uninstall"],
        help_heading = "Which are kept alive")]
    pub(crate) keep_alive: Option<KeepAlive>,

    /// Keep these alive no longer; what runs goes on
    #[arg(long, value_name = "NAME", num_args = 1.., help_heading = "Which are kept alive")]
    pub(crate) off: Vec<String>,

    /// Have cron or systemd run it every minute, and after a boot
    #[arg(
        long,
        value_name = "SCHEDULER",
        help_heading = "Run it regularly",
        hide_possible_values = true
    )]
    pub(crate) install: Option<Scheduler>,

    /// Show what --install would write, and change nothing
    #[arg(
        long,
        value_name = "SCHEDULER",
        help_heading = "Run it regularly",
        hide_possible_values = true
    )]
    pub(crate) print: Option<Scheduler>,

    /// Undo --install
    #[arg(long, help_heading = "Run it regularly")]
    pub(crate) uninstall: bool,

    /// Print a record as JSON for each action: an array, or one a line with --loop
    ///
    /// Added to each are time, action, reason and error.
    #[arg(short, long, conflicts_with_all = ["install", "print", "uninstall"])]
    pub(crate) json: bool,
}

/// A duration that is long enough not to keep the machine busy.
fn interval(text: &str) -> Result<Duration, String> {
    let every = bgrun_platform::args::duration(text)?;
    if every < Duration::from_millis(100) {
        return Err("must be at least 100ms".to_owned());
    }
    Ok(every)
}
