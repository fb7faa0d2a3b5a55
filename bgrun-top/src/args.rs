//! The command line of `bgrun top`.

use std::time::Duration;

use bgrun_platform::args::duration;

const AFTER_HELP: &str = "\
Keys:
  j k ↑ ↓  move            Enter  its logs
  Space    mark            s      stop it, or start it
  /        filter          r      restart it
  o O      order, turned   D      delete it (asks)
  ?        all keys        q      leave; nothing changes

Exit status:
  0    left with q
  2    no terminal, or a command line that makes no sense
  130  left with Ctrl-C

Examples:
  bgrun top                   everything
  bgrun top @shop --sort cpu  a group, the busiest first
  bgrun ls --json             the same for a script";

/// Show processes live: load and memory of the last ten minutes, and keys to act.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-top", bin_name = "bgrun top", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Names, globs ('api-*'), groups (@shop) [default: all]
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,

    /// Only processes of this group
    #[arg(long, visible_alias = "filter", value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// Sort by: id, name, status, group, pid, uptime, restarts, cpu, memory, processes
    #[arg(
        long,
        value_name = "KEY",
        default_value = "id",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) sort: SortKey,

    /// Only processes in one of these states: running,failed (see bgrun ls -h)
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,

    /// Reverse the order
    #[arg(long)]
    pub(crate) reverse: bool,

    /// Time between two updates [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) interval: Option<Duration>,
}

/// By what the list is ordered. Amounts begin with the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum SortKey {
    Id,
    Name,
    Status,
    Group,
    Pid,
    Uptime,
    Restarts,
    Cpu,
    Memory,
    Processes,
}

impl SortKey {
    /// All, in the order in which the key `o` goes through them.
    pub(crate) const ALL: [Self; 10] = [
        Self::Id,
        Self::Name,
        Self::Status,
        Self::Group,
        Self::Pid,
        Self::Uptime,
        Self::Restarts,
        Self::Cpu,
        Self::Memory,
        Self::Processes,
    ];

    /// As on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Status => "status",
            Self::Group => "group",
            Self::Pid => "pid",
            Self::Uptime => "uptime",
            Self::Restarts => "restarts",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Processes => "processes",
        }
    }

    /// The one after this.
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|key| *key == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}
