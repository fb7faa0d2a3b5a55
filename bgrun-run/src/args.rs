//! The command line of `bgrun run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bgrun_platform::Signal;
use bgrun_platform::args::{backoff, duration, most_restarts, size_bytes};

const AFTER_HELP: &str = "\
Exit status:
  0    it runs
  1    it could not be started, or at least one of several could not
  2    the command line or the input makes no sense
  4    no such process, and no command
  5    it runs already
  7    the store cannot be used
  124  with --wait: it is not ready in time, and goes on
  125  bgrun itself failed to start it
  126  the command cannot be executed, or its directory not entered
  127  the command was not found

Examples:
  bgrun run web -- node server.js  start it, named web
  bgrun run -- npm run dev         the same, named dev
  bgrun run -c 'tail -f x | wc'    a shell command
  bgrun run web                    start web again as it was
  bgrun run web --restart          stop it first if it runs
  bgrun run api --wait -- ./api    come back when it has lived for a second
  bgrun run web --after db -- ./web  start db first, and wait until it is ready
  bgrun run - < stack.json         start what the records say";

/// When a process is started again after it ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeepAlive {
    Always,
    OnFailure,
    Never,
}

/// Start a process that goes on when the terminal is closed.
///
/// The words after -- are executed as they are, without a shell; --command runs
/// a shell. Without a command, the stored one of NAME is started again. What is stored
/// stays unless a flag replaces it. It returns as soon as the command executes; output
/// goes to the log files (see bgrun logs).
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-run", bin_name = "bgrun run", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Name of the process; without one it is derived from the command. Without a
    /// command: names, globs (api-*) or @groups to start again; - reads records or
    /// names from stdin
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// The command and its arguments, executed as they are
    #[arg(last = true, value_name = "ARGV")]
    pub(crate) argv: Vec<OsString>,

    /// Name of the process
    #[arg(short, long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// A shell command, run by sh -c
    #[arg(short, long, value_name = "COMMAND", conflicts_with = "argv")]
    pub(crate) command: Option<String>,

    /// Where it runs [default: here]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// Configuration that becomes environment variables, from the directory where it runs:
    /// .toml .json .yaml .ts .js [default: .config.toml there, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Read no configuration
    #[arg(long, conflicts_with = "config")]
    pub(crate) no_config: bool,

    /// Set an environment variable; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub(crate) env: Vec<String>,

    /// Read variables from a file, at this and every later start; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,

    /// Start nothing: print the variables that files and flags set for it, over its
    /// caller's environment, as --env-file reads them; with --json as an object
    #[arg(long, conflicts_with_all = ["all", "quiet"])]
    pub(crate) print_env: bool,

    /// Take the environment of this shell instead of the stored one
    #[arg(long)]
    pub(crate) fresh_env: bool,

    /// Forget what is stored of it but command, directory and environment of the shell:
    /// what is not said again gets its default
    #[arg(long)]
    pub(crate) reset: bool,

    /// First bring the git work tree of its directory forward: fetch its branch, within
    /// this time [default: 60s], and fast-forward; if that cannot be done, nothing is
    /// stopped or started
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1,
        require_equals = true, default_missing_value = "60s", conflicts_with = "print_env")]
    pub(crate) fetch: Option<Duration>,

    /// File for its stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) stdout: Option<PathBuf>,

    /// File for its stderr
    #[arg(long, value_name = "FILE")]
    pub(crate) stderr: Option<PathBuf>,

    /// Directory for its two log files
    #[arg(long, value_name = "DIR")]
    pub(crate) logs_dir: Option<PathBuf>,

    /// Let it write into a log file that another process writes too
    #[arg(long)]
    pub(crate) shared_log: bool,

    /// A log that grows beyond this is rotated: what is in it becomes an archive (FILE.1,
    /// the one before FILE.2, ...) while the process writes on; 0 is never [default: 10m]
    #[arg(long, value_name = "SIZE", value_parser = size_bytes)]
    pub(crate) log_max_size: Option<u64>,

    /// So many archives of each log are kept [default: 5]
    #[arg(long, value_name = "N")]
    pub(crate) log_keep: Option<u32>,

    /// Compress archives (FILE.1.gz); =false: not any more
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", hide_possible_values = true)]
    pub(crate) log_compress: Option<bool>,

    /// Its logs and their archives together take no more than this; the oldest archives go
    /// first; 0: no limit
    #[arg(long, value_name = "SIZE", value_parser = size_bytes)]
    pub(crate) log_max_total: Option<u64>,

    /// Group it belongs to
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// Start it again when it ends: always (also without a value), on-failure, never.
    /// At once, then after 1 s, 2 s, 4 s … up to a minute
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true,
        default_missing_value = "always", hide_possible_values = true)]
    pub(crate) keep_alive: Option<KeepAlive>,

    /// Pauses between restarts in a row, the shortest and the longest [default:
    /// 1s..60s]; they double, and are forgotten after a minute of health
    #[arg(long, value_name = "MIN..MAX", value_parser = backoff)]
    pub(crate) backoff: Option<(Duration, Duration)>,

    /// Give up after so many restarts in a row, without a minute of health between
    /// them; with /WINDOW, after so many within that time [default: 10]
    #[arg(long, value_name = "N[/WINDOW]", value_parser = most_restarts)]
    pub(crate) max_restarts: Option<(u32, Option<Duration>)>,

    /// Exit code after which it is not started again; may be repeated
    #[arg(long, value_name = "CODE")]
    pub(crate) stop_exit_code: Vec<u8>,

    /// Memory of its tree above which the guard restarts it, such as 500m
    #[arg(long, value_name = "SIZE", value_parser = size_bytes)]
    pub(crate) memory_limit: Option<u64>,

    /// Minutes after which the guard restarts it
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) restart_interval: Option<u64>,

    /// What has to be there first: NAME (ready, or running where it says nothing of
    /// readiness), NAME:running, NAME:ready or NAME:exited (ended with 0). What is not is
    /// started before it; may be repeated, and an empty one says: nothing
    #[arg(long, value_name = "NAME[:STATE]")]
    pub(crate) after: Vec<String>,

    /// How it is found out that it is ready: port (it listens) or port:3000, http://…
    /// (answers 2xx or 3xx), log:REGEX (it writes such a line), cmd:… (a shell command
    /// that ends with 0), after:2s
    #[arg(long, value_name = "PROBE")]
    pub(crate) ready: Option<String>,

    /// Signal that asks it to end [default: SIGTERM]
    #[arg(long, value_name = "SIGNAL")]
    pub(crate) stop_signal: Option<Signal>,

    /// How long it may take to end before it is killed [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) stop_timeout: Option<Duration>,

    /// Then stay, and restart it when its files change (see bgrun watch)
    #[arg(short, long, conflicts_with_all = ["all", "adopt", "automatic"])]
    pub(crate) watch: bool,

    /// If it runs: stop it, then start it
    #[arg(long, conflicts_with_all = ["force", "if_absent"])]
    pub(crate) restart: bool,

    /// If it runs: stop it, free the ports that it held, then start it
    #[arg(long, conflicts_with = "if_absent")]
    pub(crate) force: bool,

    /// If it runs: leave it alone, and be content
    #[arg(long)]
    pub(crate) if_absent: bool,

    /// Every stored process
    #[arg(long, conflicts_with_all = ["names", "argv", "command", "name"])]
    pub(crate) all: bool,

    /// Return when it is ready, or after this time with 124 [default: 60s]; without
    /// --ready, when it has lived for this long [default: 1s]. If it ends before, show
    /// the end of its stderr and fail
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1,
        require_equals = true)]
    pub(crate) wait: Option<Option<Duration>>,

    /// Say what would be done, and what would be different, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Print the record of the process as JSON (an array for several)
    #[arg(short, long)]
    pub(crate) json: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,

    /// On bgrun's own account: counts as a restart, and only if the wish is still up
    #[arg(long, hide = true, conflicts_with_all = ["argv", "command", "fresh_env"])]
    pub(crate) automatic: bool,

    /// Store it and do not start it: a deletion is taken back
    #[arg(long, hide = true, requires = "json", conflicts_with_all = ["restart", "force", "wait"])]
    pub(crate) stored_only: bool,

    /// Give a process that runs without a supervisor a new one
    #[arg(long, hide = true, conflicts_with_all = ["argv", "command", "restart", "force"])]
    pub(crate) adopt: bool,

    /// With --wait: how long one has to live that says nothing of readiness
    #[arg(long, hide = true, value_name = "DURATION", value_parser = duration)]
    pub(crate) life: Option<Duration>,

    /// Why a running process is stopped first
    #[arg(long, hide = true, value_name = "REASON", default_value = "restart")]
    pub(crate) reason: String,
}
