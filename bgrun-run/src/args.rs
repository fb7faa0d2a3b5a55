//! The command line of `bgrun run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bgrun_platform::Signal;
use bgrun_platform::args::{backoff, duration, minutes, most_restarts, size_bytes};

const AFTER_HELP: &str = "\
Exit status:
  0    it runs
  1    it could not be started, or at least one of several could not
  2    the command line or the input makes no sense
  4    no such process, and no command
  5    it runs already
  7    the store cannot be used
  124  with --wait: not ready in time; it goes on
  125  bgrun itself failed to start it
  126  the command cannot be executed, or its directory not entered
  127  the command was not found

Examples:
  bgrun run web -- node server.js  start it under the name web
  bgrun run -- npm run dev         the same, named dev
  bgrun run -c 'tail -f x | wc'    a line of shell
  bgrun run web                    start web again as it was
  bgrun run web --restart          the same, also if it runs
  bgrun run api --wait -- ./api    return once it has lived for a second
  bgrun run web --after db -- ./web
                                   start db first, wait until it is ready
  bgrun run - < stack.json         start what the records describe";

/// When a process is started again after it ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeepAlive {
    Always,
    OnFailure,
    Never,
}

/// Start a program that keeps running when the terminal is closed.
///
/// The words after -- are executed as they are, without a shell; -c runs a line of shell.
/// It returns as soon as the program is executing. Output goes to log files (see bgrun
/// logs).
///
/// Everything said here is stored, and stays until a flag replaces it: 'bgrun run NAME'
/// starts the stored program again.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-run", bin_name = "bgrun run", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Name of the process; derived from the command if there is none
    ///
    /// Without a command: names, globs (api-*) or @groups to start again; - reads names or
    /// records from stdin.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// The program and its arguments, executed as they are
    #[arg(last = true, value_name = "ARGV")]
    pub(crate) argv: Vec<OsString>,

    /// Name of the process
    #[arg(short, long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// A line of shell, run by sh -c
    #[arg(short, long, value_name = "COMMAND", conflicts_with = "argv")]
    pub(crate) command: Option<String>,

    /// Directory in which it runs [default: here]
    #[arg(short, long, alias = "cwd", value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// Group it belongs to; '' for none
    #[arg(long, value_name = "GROUP")]
    pub(crate) group: Option<String>,

    /// Stop it first
    #[arg(long, conflicts_with_all = ["force", "if_absent"], help_heading = "If it runs already")]
    pub(crate) restart: bool,

    /// Stop it first, and free the ports that it held
    #[arg(long, conflicts_with = "if_absent", help_heading = "If it runs already")]
    pub(crate) force: bool,

    /// Leave it alone, and succeed
    #[arg(long, help_heading = "If it runs already")]
    pub(crate) if_absent: bool,

    /// Configuration file that becomes environment variables [default: .config.toml]
    ///
    /// .toml .json .yaml .ts .js; relative to the directory in which it runs, and read at
    /// every start. The default is used only where it exists.
    #[arg(long, value_name = "FILE", help_heading = "Environment")]
    pub(crate) config: Option<PathBuf>,

    /// Read no configuration file
    #[arg(long, conflicts_with = "config", help_heading = "Environment")]
    pub(crate) no_config: bool,

    /// Set a variable; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE", help_heading = "Environment")]
    pub(crate) env: Vec<String>,

    /// Read variables from a file at every start; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "Environment")]
    pub(crate) env_file: Vec<PathBuf>,

    /// Take the environment of this shell instead of the stored one
    // `pm2 restart web --update-env`
    #[arg(long, alias = "update-env", help_heading = "Environment")]
    pub(crate) fresh_env: bool,

    /// Print the variables that would be set, and start nothing
    ///
    /// Those of files and flags, in the format of --env-file; with --json as an object.
    #[arg(long, conflicts_with_all = ["all", "quiet"], help_heading = "Environment")]
    pub(crate) print_env: bool,

    /// Forget the stored flags: what is not given now gets its default
    ///
    /// The command, the directory and the environment of the shell stay.
    #[arg(long)]
    pub(crate) reset: bool,

    /// Update the git work tree of its directory first [default: within 60s]
    ///
    /// Fetches the upstream of the current branch and fast-forwards. If that cannot be done,
    /// nothing is stopped or started.
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1,
        require_equals = true, default_missing_value = "60s", conflicts_with = "print_env")]
    pub(crate) fetch: Option<Duration>,

    /// File for its stdout
    #[arg(long, value_name = "FILE", help_heading = "Logs")]
    pub(crate) stdout: Option<PathBuf>,

    /// File for its stderr
    #[arg(long, value_name = "FILE", help_heading = "Logs")]
    pub(crate) stderr: Option<PathBuf>,

    /// Directory for its two log files
    #[arg(long, value_name = "DIR", help_heading = "Logs")]
    pub(crate) logs_dir: Option<PathBuf>,

    /// Allow it to share a log file with another process that allows it too
    #[arg(long, help_heading = "Logs")]
    pub(crate) shared_log: bool,

    /// Rotate a log that grows beyond this; 0: never [default: 10m]
    ///
    /// What is in it becomes an archive (FILE.1, the one before FILE.2, ...) while the process
    /// goes on writing.
    #[arg(long, value_name = "SIZE", value_parser = size_bytes, help_heading = "Logs")]
    pub(crate) log_max_size: Option<u64>,

    /// Number of archives kept of each log [default: 5]
    #[arg(long, value_name = "N", help_heading = "Logs")]
    pub(crate) log_keep: Option<u32>,

    /// Compress archives (FILE.1.gz); =false: no longer
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", hide_possible_values = true, help_heading = "Logs")]
    pub(crate) log_compress: Option<bool>,

    /// Limit for all its logs and archives together; 0: none
    ///
    /// The oldest archives are removed first.
    #[arg(long, value_name = "SIZE", value_parser = size_bytes, help_heading = "Logs")]
    pub(crate) log_max_total: Option<u64>,

    /// Start it again when it ends: always (the default of the bare flag), on-failure, never
    ///
    /// At once, then after 1 s, 2 s, 4 s ... up to a minute.
    #[arg(long, value_name = "WHEN", num_args = 0..=1, require_equals = true,
        default_missing_value = "always", hide_possible_values = true, help_heading = "Restarts")]
    pub(crate) keep_alive: Option<KeepAlive>,

    /// Shortest and longest pause between restarts [default: 1s..60s]
    ///
    /// Pauses double, and start anew after a run of at least a minute.
    #[arg(long, value_name = "MIN..MAX", value_parser = backoff, help_heading = "Restarts")]
    pub(crate) backoff: Option<(Duration, Duration)>,

    /// Give up after this many restarts in a row, or within WINDOW [default: 10]
    ///
    /// In a row: without a run of at least a minute in between.
    #[arg(long, value_name = "N[/WINDOW]", value_parser = most_restarts, help_heading = "Restarts")]
    pub(crate) max_restarts: Option<(u32, Option<Duration>)>,

    /// Exit code after which it is not started again; may be repeated
    #[arg(long, value_name = "CODE", help_heading = "Restarts")]
    pub(crate) stop_exit_code: Vec<u8>,

    /// Memory of its tree above which bgrun guard restarts it, such as 500m
    #[arg(long, value_name = "SIZE", value_parser = size_bytes, help_heading = "Restarts")]
    pub(crate) memory_limit: Option<u64>,

    /// Minutes after which bgrun guard restarts it, or a duration such as 1h30m
    #[arg(long, value_name = "MINUTES", value_parser = minutes, help_heading = "Restarts")]
    pub(crate) restart_interval: Option<u64>,

    /// Start this process first, and wait for it; may be repeated, '' clears it
    ///
    /// NAME waits until it is ready (or running, if it has no --ready), NAME:running until it
    /// runs, NAME:ready until it is ready, NAME:exited until it has exited with 0.
    #[arg(long, value_name = "NAME[:STATE]", help_heading = "Readiness")]
    pub(crate) after: Vec<String>,

    /// How to tell that it is ready: port, http://..., log:REGEX, cmd:..., after:2s
    ///
    /// port: it listens (port:3000: there). http://...: the address answers with 2xx or 3xx.
    /// log:REGEX: it writes a matching line. cmd:...: a shell command exits with 0. after:2s:
    /// it has lived that long.
    #[arg(long, value_name = "PROBE", help_heading = "Readiness")]
    pub(crate) ready: Option<String>,

    /// Return when it is ready [default: within 60s]; if it ends first, show why
    ///
    /// Not ready in time is exit code 124. Without --ready: return when it has lived for this
    /// long [default: 1s]. If it ends first, the end of its stderr is shown and the exit code
    /// is 1.
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1,
        require_equals = true, help_heading = "Readiness")]
    pub(crate) wait: Option<Option<Duration>>,

    /// Signal that asks it to end [default: SIGTERM]
    #[arg(long, value_name = "SIGNAL", help_heading = "Stopping")]
    pub(crate) stop_signal: Option<Signal>,

    /// Time it has to end before it is killed [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Stopping")]
    pub(crate) stop_timeout: Option<Duration>,

    /// Stay in the foreground, and restart it when its files change (see bgrun watch)
    #[arg(short, long, conflicts_with_all = ["all", "adopt", "automatic"])]
    pub(crate) watch: bool,

    /// Start all stored processes
    #[arg(long, conflicts_with_all = ["names", "argv", "command", "name"])]
    pub(crate) all: bool,

    /// Show what would be done and what would be different, and do nothing
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
