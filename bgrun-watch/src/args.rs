//! The command line of `bgrun watch`.

use std::path::PathBuf;
use std::time::Duration;

use bgrun_platform::args::duration;

const AFTER_HELP: &str = "\
Exit status:
  0    ended by SIGTERM or SIGHUP, or nobody reads its output any more
  1    the files cannot be watched
  2    the command line makes no sense
  4    no such process, or it was deleted meanwhile
  5    another bgrun watch watches it; with a command: it runs already
  7    the store cannot be used
  130  ended by Ctrl-C; the process goes on

Examples:
  bgrun watch web                         restart web when a file changes
  bgrun watch web --path src --logs       only files below src; show its output
  bgrun watch web --ignore '*.md'         changes of these do not count
  bgrun watch web --exec 'npm run build'  build first; if that fails, no restart
  bgrun watch --name web -- node app.js   start it, then watch
  bgrun run --name web.watch -- bgrun watch web
                                          the same in the background";

/// Restart a process when its files change.
///
/// Watches the directory of the process: every file that git would not ignore (.gitignore
/// and .ignore at every level, and your global one), but nothing in .git or node_modules,
/// no logs and no temporary files of editors. The configuration and env files of the
/// process count, wherever they are. A process that does not run is started. Ctrl-C ends
/// only the watcher.
///
/// What you stop with bgrun kill stays stopped until you start it again; then watching goes
/// on. With a command, all other options are those of bgrun run.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-watch", bin_name = "bgrun watch", version, max_term_width = 80,
    override_usage = "bgrun watch [OPTIONS] <NAME>\n       bgrun watch [OPTIONS] [OPTIONS OF RUN] -- <ARGV>...",
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Name of the process
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Watch this file or directory, not the directory of the process; may be repeated
    #[arg(long, value_name = "PATH", help_heading = "Files")]
    pub(crate) path: Vec<PathBuf>,

    /// Ignore these files too, written as in .gitignore; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    pub(crate) ignore: Vec<String>,

    /// Restart when nothing has changed for this long
    #[arg(long, value_name = "DURATION", help_heading = "Files", default_value = "500ms", value_parser = duration)]
    pub(crate) debounce: Duration,

    /// Check the files every DURATION [default: 1s]; needed on network mounts
    ///
    /// The kernel does not report changes that other machines make there.
    #[arg(long, value_name = "DURATION", help_heading = "Files", value_parser = interval, num_args = 0..=1,
        require_equals = true, default_missing_value = "1s")]
    pub(crate) poll: Option<Duration>,

    /// Show the output of the process between restarts
    #[arg(long)]
    pub(crate) logs: bool,

    /// Run this line of shell before each restart; if it fails, there is none
    ///
    /// It runs in the directory of the process.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,

    /// Stop the process when the watcher ends
    #[arg(long)]
    pub(crate) stop_on_exit: bool,

    /// Print each event as JSON, one object a line: {time, name, event, path}
    #[arg(short, long)]
    pub(crate) json: bool,

    /// Print nothing but errors
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) quiet: bool,
}

/// A duration that is long enough not to keep the machine busy.
fn interval(text: &str) -> Result<Duration, String> {
    let every = duration(text)?;
    if every < Duration::from_millis(20) {
        Err("must be at least 20ms".to_owned())
    } else {
        Ok(every)
    }
}
