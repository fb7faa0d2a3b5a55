//! Becoming the command: its exit code, its terminal and its signals are its own.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use bgrun_platform::spawn::{self, Refused};
use bgrun_platform::text::{reason, safe_os};
use bgrun_platform::tool::{self, Exit, Failure};

use crate::variables::Variables;

/// Executes `words` in the place of this tool, with just these variables; returns only if
/// that fails.
///
/// # Errors
/// It was not found (127), or cannot be executed (126).
pub(crate) fn command(words: &[OsString], variables: &Variables) -> anyhow::Result<Infallible> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| Failure::new(Exit::Usage, "no command"))?;
    let path = variables.get(OsStr::new("PATH")).map(OsString::as_os_str);
    let file = spawn::find_program(program, path, Path::new(".")).map_err(|refused| {
        let exit = match &refused {
            Refused::NotFound(_) => Exit::NotFound,
            _ => Exit::NotExecutable,
        };
        Failure::new(exit, refused)
    })?;
    let mut command = Command::new(&file);
    command.arg0(program).args(arguments).env_clear().envs(variables);
    let error = tool::with_callers_umask(|| command.exec());
    let what = format!("cannot execute {}: {}", safe_os(program), reason(&error));
    Err(Failure::new(Exit::NotExecutable, what).into())
}
