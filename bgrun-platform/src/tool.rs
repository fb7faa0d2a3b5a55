//! How a tool starts and ends: private files, one line per error, one table of exit
//! codes, silence when the reader goes away.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use crate::{descriptors, private};

/// The exit codes of all tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: it failed, or at least one of several did.
    Failed,
    /// 2: the command line or the input makes no sense.
    Usage,
    /// 3: not running, or not in the state that was asked for.
    NotRunning,
    /// 4: no such process.
    Unknown,
    /// 5: it exists, and runs, already.
    Exists,
    /// 6: the record is of an earlier run.
    Stale,
    /// 7: the store cannot be used.
    Store,
    /// 124: not in time.
    TimedOut,
    /// 125: bgrun itself failed to start the command.
    NotStarted,
    /// 126: found, and cannot be executed.
    NotExecutable,
    /// 127: not found.
    NotFound,
    /// Any other code, handed on from a managed process or another tool.
    Other(u8),
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotRunning => 3,
            Self::Unknown => 4,
            Self::Exists => 5,
            Self::Stale => 6,
            Self::Store => 7,
            Self::TimedOut => 124,
            Self::NotStarted => 125,
            Self::NotExecutable => 126,
            Self::NotFound => 127,
            Self::Other(code) => code,
        }
    }
}

/// An error that knows its exit code and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    exit: Exit,
    what: String,
    hint: Option<String>,
}

impl Failure {
    /// What went wrong, to what, and why, in one line.
    #[must_use]
    pub fn new(exit: Exit, what: impl Display) -> Self {
        Self { exit, what: what.to_string(), hint: None }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Its exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

static NAME: OnceLock<&'static str> = OnceLock::new();
static CALLERS_UMASK: OnceLock<u32> = OnceLock::new();

/// Runs a tool: readies the process, reads the command line, acts, says what failed.
pub fn run<Args: clap::Parser>(
    name: &'static str,
    act: impl FnOnce(Args) -> anyhow::Result<Exit>,
) -> ExitCode {
    run_words(name, std::env::args_os().collect(), act)
}

/// The same for a command line of which the tool takes only `words`; the first one is its
/// own name.
pub fn run_words<Args: clap::Parser>(
    name: &'static str,
    words: Vec<OsString>,
    act: impl FnOnce(Args) -> anyhow::Result<Exit>,
) -> ExitCode {
    begin(name);
    match Args::try_parse_from(words) {
        Ok(args) => finish(act(args)),
        Err(error) => ExitCode::from(refuse(&error).code()),
    }
}

/// The same for a tool that becomes another program: what its caller left open stays open
/// for that one.
pub fn run_as_wrapper<Args: clap::Parser>(
    name: &'static str,
    act: impl FnOnce(Args) -> anyhow::Result<Exit>,
) -> ExitCode {
    begin_openly(name);
    match Args::try_parse() {
        Ok(args) => finish(act(args)),
        Err(error) => ExitCode::from(refuse(&error).code()),
    }
}

/// What every program of ours does first, also those without a command line.
pub fn begin(name: &'static str) {
    descriptors::hide_inherited();
    begin_openly(name);
}

fn begin_openly(name: &'static str) {
    descriptors::fill_standard();
    let _ = NAME.set(name);
    let _ = CALLERS_UMASK.set(private::close_umask());
}

/// The umask with which this tool was started.
#[must_use]
pub fn callers_umask() -> u32 {
    CALLERS_UMASK.get().copied().unwrap_or(0o022)
}

/// Does `act` with the umask of the caller: for starting programs whose files are not
/// ours. No other thread may make files meanwhile.
pub fn with_callers_umask<T>(act: impl FnOnce() -> T) -> T {
    private::set_umask(callers_umask());
    let done = act();
    private::close_umask();
    done
}

/// Turns what an act came to into an exit code, with a line for an error.
pub fn finish(result: anyhow::Result<Exit>) -> ExitCode {
    let exit = match result {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::Done,
        Err(error) => report(&error),
    };
    ExitCode::from(exit.code())
}

/// Says an error on stderr, with its hint; answers its exit code.
pub fn report(error: &anyhow::Error) -> Exit {
    warn(format_args!("{error:#}"));
    match error.downcast_ref::<Failure>() {
        Some(failure) => {
            if let Some(hint) = &failure.hint {
                hint_line(hint);
            }
            failure.exit
        }
        None => Exit::Failed,
    }
}

/// Prints a value as JSON on stdout: on a terminal to be read, in a pipe on one line. A
/// reader that went away is no failure: what was to be done is done.
///
/// # Errors
/// stdout cannot be written.
pub fn print_json<T: serde::Serialize>(value: &T) -> anyhow::Result<()> {
    let stdout = io::stdout();
    let mut text = if stdout.is_terminal() {
        serde_json::to_vec_pretty(value)?
    } else {
        serde_json::to_vec(value)?
    };
    text.push(b'\n');
    match stdout.lock().write_all(&text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Says one line on stderr, after the tool's name.
pub fn warn(what: impl Display) {
    let name = NAME.get().copied().unwrap_or("bgrun");
    // Nobody may be listening; there is nobody else to tell.
    let _ = writeln!(io::stderr(), "{name}: {what}");
}

/// Says the way out of what was just reported.
pub fn hint_line(hint: impl Display) {
    let _ = writeln!(io::stderr(), "hint: {hint}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Help goes to stdout and is no error; anything else becomes one line and a hint.
fn refuse(error: &clap::Error) -> Exit {
    let rendered = error.render().to_string();
    if !error.use_stderr() {
        let _ = io::stdout().write_all(rendered.as_bytes());
        return Exit::Done;
    }
    let (what, hint) = one_line(&rendered);
    warn(what);
    // As people type it: bgrun-run is `bgrun run`.
    let name = NAME.get().copied().unwrap_or("bgrun").replacen('-', " ", 1);
    hint_line(hint.unwrap_or_else(|| format!("'{name} --help' shows what it takes")));
    Exit::Usage
}

/// clap's paragraph as one line, and its tip. Arguments listed below the first line
/// ("the following required arguments were not provided:") are drawn into it.
fn one_line(rendered: &str) -> (String, Option<String>) {
    let mut lines = rendered.lines();
    let first = lines.next().unwrap_or_default();
    let what = first.strip_prefix("error: ").unwrap_or(first);
    let mut what = match what {
        "the following required arguments were not provided:" => "this is missing:",
        other => other,
    }
    .to_owned();
    let mut hint = None;
    for line in lines {
        if line.starts_with("Usage:") {
            break;
        } else if let Some(tip) = line.trim_start().strip_prefix("tip: ") {
            // "to pass '-x' as a value, use '-- -x'" is hardly ever what was meant.
            if !tip.starts_with("to pass ") {
                hint.get_or_insert_with(|| tip.to_owned());
            }
        } else if line.starts_with("  ") && hint.is_none() {
            what.push(' ');
            what.push_str(line.trim());
        }
    }
    (crate::text::safe(&what).into_owned(), hint.map(|hint| crate::text::safe(&hint).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_of_clap_becomes_one_line_and_a_hint() {
        let text = "error: unexpected argument '--nmae' found\n\n  tip: a similar argument exists: '--name'\n\nUsage: x --name <N>\n\nFor more information, try '--help'.\n";
        let (what, hint) = one_line(text);
        assert_eq!(what, "unexpected argument '--nmae' found");
        assert_eq!(hint.as_deref(), Some("a similar argument exists: '--name'"));
        let text = "error: unexpected argument '-a' found\n\n  tip: to pass '-a' as a value, use '-- -a'\n\nUsage: x\n";
        assert_eq!(one_line(text), ("unexpected argument '-a' found".to_owned(), None));
        let text = "error: the following required arguments were not provided:\n  <NAME>\n\nUsage: x <NAME>\n";
        let (what, hint) = one_line(text);
        assert_eq!(what, "this is missing: <NAME>");
        assert_eq!(hint, None);
    }

    #[test]
    fn a_broken_pipe_is_quiet_wherever_it_happened() {
        let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("show");
        assert!(is_broken_pipe(&error));
        assert!(!is_broken_pipe(&anyhow::anyhow!("else")));
    }
}
