//! The command line of `bgrun up`, which is that of `bgrun down` too.

use std::path::PathBuf;
use std::time::Duration;

use bgrun_platform::args::duration;

const AFTER_HELP: &str = "\
The file:
  group = \"shop\"
  [process.db]
  command = \"postgres -D data\"
  ready = \"port:5432\"
  [process.web]
  command = [\"node\", \"server.js\"]
  after = [\"db\"]
  keep_alive = true
  env = { PORT = 3000 }

Exit status:
  0    everything is as the file says
  1    something could not be started or stopped
  2    the command line or the file makes no sense; nothing was touched
  4    there is no such file, or no such process in it
  5    a name is taken by another project
  7    the state directory cannot be used
  124  with --wait: not all are ready in time; they go on

Examples:
  bgrun up                   start what does not run, restart what has changed
  bgrun up web --wait        web and what it comes after, until it is ready
  bgrun up --dry-run         what would be done
  bgrun up --remove-orphans  also stop what is no longer in the file
  bgrun down                 stop all of it, in the opposite order
  bgrun down --delete        forget it too, with its logs";

/// Start the processes of a project file, and restart what has changed in it.
///
/// The file is bgrun.toml, here or in the nearest directory above. Its keys are the flags of
/// bgrun run with _ for -; paths in it are relative to it. A second bgrun up changes
/// nothing. bgrun down stops what it has started.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-up", bin_name = "bgrun up", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Processes of the file, and what they come after [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// The project file [default: bgrun.toml, here or above]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// Stop instead, in the opposite order: the same as bgrun down
    #[arg(long, conflicts_with_all = ["wait", "dry_run"])]
    pub(crate) down: bool,

    /// Show what would be done (start, restart, keep, stop), and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Return when all are ready [default: within 60s]
    ///
    /// One without a probe counts as ready when it has lived for a second.
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1,
        require_equals = true)]
    pub(crate) wait: Option<Option<Duration>>,

    /// In the background, as without it: `docker compose up -d`
    #[arg(short, long, hide = true, conflicts_with = "down")]
    pub(crate) detach: bool,

    /// Stop and forget what this file once started and no longer names
    #[arg(long)]
    pub(crate) remove_orphans: bool,

    /// With down: forget them too, with their logs
    #[arg(long, requires = "down")]
    pub(crate) delete: bool,

    /// With down and --delete: keep the logs
    #[arg(long, requires = "delete")]
    pub(crate) keep_logs: bool,

    /// With down: time they have to end before they are killed
    #[arg(short, long, requires = "down", value_name = "DURATION", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,

    /// Print an array of records as JSON, each with action and changes
    #[arg(short, long)]
    pub(crate) json: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}
