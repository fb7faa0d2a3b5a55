//! The command line of `bgrun wait`.

use std::time::Duration;

use bgrun_platform::args::duration;

const AFTER_HELP: &str = "\
Exit status:
  of one process, its own exit code, or 128+N when signal N ended it; otherwise
  0    all ended with 0, or all are in the state that was asked for
  1    one of several did not end with 0, or how it ended is not known; with
       --for ready, it ended before it was ready
  2    the command line or the input makes no sense
  4    no such process; the others were waited for
  6    a record is of a process or a run that does not exist any more
  7    the state directory cannot be used
  124  not in time

Examples:
  bgrun wait web                       wait for its end, and end as it did
  bgrun wait web --timeout 5m          the same, for five minutes at most
  bgrun wait db --for ready && make    begin when db is ready
  bgrun wait 'test-*' && echo passed   several at once
  bgrun run job --json -- make | bgrun wait -";

/// Wait until processes have ended, or are ready.
///
/// If one has ended already, even hours ago, that counts. A process that is to be started again has not ended: a pause between two runs is
/// waited out. With one process the exit code is that process's own. A record on stdin
/// means the run that it is of, whatever came after it.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-wait", bin_name = "bgrun wait", version, max_term_width = 80,
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

    /// Wait for this state: exited, stopped, running or ready [default: exited]
    ///
    /// exited is an end of any kind; stopped is one by bgrun kill. ready is what --ready of
    /// bgrun run says, or running where it says nothing.
    #[arg(
        long = "for",
        value_name = "STATE",
        default_value = "exited",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) goal: Goal,

    /// Give up after this time
    #[arg(short, long, value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Print an array of records as JSON at the end, each with its outcome
    ///
    /// Added to each are outcome and, of what has ended, awaited.
    #[arg(short, long)]
    pub(crate) json: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Goal {
    /// Its command is executing.
    Running,
    /// It is ready as it says itself; where it says nothing, its command is executing.
    Ready,
    /// It has ended for good.
    Exited,
    /// The user does not want it, and it is gone.
    Stopped,
}

impl Goal {
    /// As it is typed.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Exited => "exited",
            Self::Stopped => "stopped",
        }
    }
}
