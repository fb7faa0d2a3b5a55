//! The command line of `bgrun ls`.

const AFTER_HELP: &str = "\
Exit status:
  0  whatever the state of the processes
  2  the command line or the input makes no sense
  4  no such process; the others are shown
  7  the state directory cannot be used

Examples:
  bgrun                             all processes, as a table
  bgrun web                         everything about web
  bgrun ls @shop --sort memory      a group, the largest first
  bgrun ls --status failed -q       the names of those that failed
  bgrun ls --json | jq '.[].ports'  records, for programs";

/// List processes: what runs, what has ended, and how.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-ls", bin_name = "bgrun ls", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Names, globs ('api-*'), groups (@shop); - reads names or records from stdin [default: all]
    #[arg(value_name = "SELECTOR")]
    pub(crate) selectors: Vec<String>,

    /// Print an array of records as JSON
    #[arg(short, long)]
    pub(crate) json: bool,

    /// Every process, as without it: `docker ps -a`
    #[arg(short, long, hide = true, conflicts_with = "selectors")]
    pub(crate) all: bool,

    /// Only processes of this group
    #[arg(long, visible_alias = "filter", value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// Only processes in one of these states: starting, running, backoff, stopping,
    /// stopped, exited, failed, lost
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) status: Vec<String>,

    /// Show everything about each process, with its latest runs
    // `bgrun NAME --details` says it twice.
    #[arg(long, overrides_with = "details")]
    pub(crate) details: bool,

    /// Show all environment variables of each process, including secrets
    #[arg(long)]
    pub(crate) env: bool,

    /// Sort by: id, name, status, group, pid, uptime, restarts, cpu, memory, processes
    #[arg(
        long,
        value_name = "KEY",
        default_value = "id",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub(crate) sort: SortKey,

    /// Reverse the order
    #[arg(long)]
    pub(crate) reverse: bool,

    /// Show a live screen, as bgrun top
    #[arg(short, long, conflicts_with_all = ["json", "details", "quiet"])]
    pub(crate) live: bool,

    /// Print only names, one per line
    #[arg(short, long, conflicts_with_all = ["json", "details"])]
    pub(crate) quiet: bool,

    /// What to say of a name that nobody has: it may have been meant to be a verb
    #[arg(long, hide = true, value_name = "HINT")]
    pub(crate) otherwise: Option<String>,
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
