//! The command line of `bgrun env`.

use std::ffi::OsString;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Exit status:
  of the command, if there is one; otherwise
  0    printed
  1    a file cannot be read, or is broken
  2    the command line makes no sense
  4    no such process
  7    the store cannot be used
  126  the command cannot be executed
  127  the command was not found

Examples:
  bgrun env web                           what was set for web, secrets too
  eval \"$(bgrun env --config prod.toml)\"  into this shell, what is set there
  bgrun env --shell fish web | source     the same for fish
  bgrun env web -- psql                   psql with the variables of web
  bgrun env --config prod.toml -- ./seed  with those of a file";

/// Show the variables of a process, or give them to one command.
///
/// With a name: what files, configuration and flags set for it when it was last started.
/// Without one, or with flags that say more: what they would set now, by the
/// configuration of this directory. The command behind -- runs here, in the foreground,
/// with these variables over those of this shell.
#[derive(Debug, clap::Parser)]
#[command(name = "bgrun-env", bin_name = "bgrun env", version, max_term_width = 80,
    after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Process whose variables they are
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// Command to execute with them, without a shell
    #[arg(last = true, value_name = "ARGV")]
    pub(crate) command: Vec<OsString>,

    /// Print them for sh (also bash, zsh), fish, powershell, or as json
    #[arg(short, long, value_name = "SHELL", default_value = "sh", conflicts_with = "command")]
    pub(crate) shell: Form,

    /// The same as --shell json
    #[arg(short, long, conflicts_with_all = ["shell", "command"])]
    pub(crate) json: bool,

    /// The whole environment of the process, that of its caller too, in place of this
    /// shell's
    #[arg(short, long)]
    pub(crate) all: bool,

    /// Configuration to read: .toml .json .yaml .ts .js [default: .config.toml]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Read no configuration
    #[arg(long, conflicts_with = "config")]
    pub(crate) no_config: bool,

    /// Where the configuration is looked for [default: here]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// Read variables from a file; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,

    /// Set a variable; may be repeated
    #[arg(short, long, value_name = "KEY=VALUE")]
    pub(crate) env: Vec<String>,
}

/// For whom they are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "lower")]
pub(crate) enum Form {
    /// sh, bash, zsh: for eval
    #[value(aliases = ["bash", "zsh", "dash", "ksh"])]
    Sh,
    /// fish: for source
    Fish,
    /// PowerShell: for Invoke-Expression
    #[value(alias = "pwsh")]
    PowerShell,
    /// one object
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
