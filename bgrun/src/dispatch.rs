//! Becoming the verb. What can go wrong here is told with the exit codes of a shell:
//! 126 found but not executed, 127 not found.

use crate::installed::{Installed, Search};
use crate::refuse::{self, printable, reason};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Replaces this process by `bgrun-<verb>`; returns only if that fails.
pub(crate) fn exec(installed: &Installed, verb: &OsStr, args: &[OsString]) -> ExitCode {
    match installed.search(verb) {
        // The kernel says best why a file may not be executed.
        Search::Found(path) | Search::NotExecutable(path) => {
            let error = Command::new(&path).args(args).exec();
            cannot_execute(verb, &path, &error)
        }
        Search::Nowhere => not_installed(installed, verb),
    }
}

fn cannot_execute(verb: &OsStr, path: &Path, error: &io::Error) -> ExitCode {
    let (verb, path) = (printable(verb), printable(path.as_os_str()));
    refuse::say(&format!("{verb}: cannot execute {path}: {}", reason(error)));
    if error.kind() == ErrorKind::NotFound {
        // The file was there a moment ago.
        refuse::hint("its interpreter is missing, or it was removed just now");
        return ExitCode::from(NOT_FOUND);
    }
    ExitCode::from(NOT_EXECUTABLE)
}

fn not_installed(installed: &Installed, verb: &OsStr) -> ExitCode {
    let beside = installed.beside().next();
    let beside = beside.map_or_else(String::new, |directory| {
        format!("looked in {}, then on PATH", printable(directory.as_os_str()))
    });
    refuse::say(&format!("the verb '{0}' is not installed: no bgrun-{0}", printable(verb)));
    refuse::hint(if beside.is_empty() { "looked on PATH" } else { &beside });
    ExitCode::from(NOT_FOUND)
}
