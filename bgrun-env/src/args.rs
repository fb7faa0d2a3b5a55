//! The command line of `bgrun env`.

use std::ffi::OsString;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Exit status:
  that of the command, if there is one; otherwise
  0    printed
  1    a file cannot be read, or is broken
  2    the command line makes no sense
  4    no such process
  7    the store cannot be used
  126  the command cannot be executed
  127  the command was not found

Examples:
  bgrun env web                           what was set for web, with secrets
  eval \"$(bgrun env --config prod.toml)\"  set what a file says in this shell
  bgrun env --shell fish web | source     set those of web in fish
  bgrun env web -- psql                   run psql with those of web
  bgrun env --config prod.toml -- ./seed  run ./seed with those of a file";

/// Show the variables of a process, or run one command with them.
///
/// With a name: the variables that files, configuration and flags set for the process at
/// its last start, including secrets. Without one, or with flags such as --config: what
/// would be set now, with the configuration of this directory. A command after -- runs
/// here, in the foreground, with these variables over those of this shell.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-env", bin_name = "bgrun env", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Name of the process
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// A command to run with them, in the foreground
    #[arg(last = true, value_name = "ARGV")]
    pub(crate) command: Vec<OsString>,

    /// Print them for this shell
    #[arg(short, long, value_name = "SHELL", default_value = "sh", conflicts_with = "command")]
    pub(crate) shell: Form,

    /// The same as --shell json
    #[arg(short, long, conflicts_with_all = ["shell", "command"])]
    pub(crate) json: bool,

    /// The whole environment of the process, not only what was set for it
    ///
    /// A command then gets that, and nothing of this shell.
    #[arg(short, long)]
    pub(crate) all: bool,

    /// Configuration file to read: .toml .json .yaml .ts .js [default: .config.toml]
    #[arg(long, value_name = "FILE", help_heading = "What would be set now")]
    pub(crate) config: Option<PathBuf>,

    /// Read no configuration file
    #[arg(long, conflicts_with = "config", help_heading = "What would be set now")]
    pub(crate) no_config: bool,

    /// Directory in which .config.toml is looked for [default: here]
    #[arg(short, long, value_name = "DIR", help_heading = "What would be set now")]
    pub(crate) directory: Option<PathBuf>,

    /// Read variables from a file; may be repeated
    #[arg(long, value_name = "FILE", help_heading = "What would be set now")]
    pub(crate) env_file: Vec<PathBuf>,

    /// Set a variable; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE", help_heading = "What would be set now")]
    pub(crate) env: Vec<String>,
}

/// For whom they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Form {
    /// for eval in sh, bash or zsh
    #[value(aliases = ["bash", "zsh", "dash", "ksh"])]
    Sh,
    /// for source in fish
    Fish,
    /// for Invoke-Expression in PowerShell
    #[value(alias = "pwsh")]
    PowerShell,
    /// one JSON object
    Json,
}

impl Args {
    /// Whether flags say what is to be read now.
    pub(crate) fn asks_for_more(&self) -> bool {
        self.config.is_some()
            || self.no_config
            || self.directory.is_some()
            || !self.env_file.is_empty()
            || !self.env.is_empty()
    }

    /// For whom they are printed.
    pub(crate) fn form(&self) -> Form {
        if self.json { Form::Json } else { self.shell }
    }
}
