//! Finding and running the other tools of bgrun: beside this one first, then on PATH.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// The program `name`, as a path beside the running program if it is there.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|own| Some(own.parent()?.join(name)))
        .filter(|beside| beside.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}

/// A command that runs the sibling `name` with `arguments`.
#[must_use]
pub fn command<I, S>(name: &str, arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(path(name));
    command.args(arguments);
    command
}

/// Runs the sibling `name` in the place of this program. Comes back only with the reason
/// why that could not be done.
#[must_use]
pub fn exec<I, S>(name: &str, arguments: I) -> std::io::Error
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    use std::os::unix::process::CommandExt;
    command(name, arguments).exec()
}
