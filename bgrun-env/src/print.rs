//! Printing variables in the words of a shell, or as JSON.

use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;

use bgrun_platform::text::{safe, safe_os};
use bgrun_platform::tool::{self, Exit};
use serde_json::{Map, Value};

use crate::args::Form;
use crate::quote;
use crate::variables::Variables;

/// What a shell keeps for itself: it would refuse it, or be misled.
const OF_THE_SHELL: [&str; 4] = ["PWD", "OLDPWD", "SHLVL", "_"];

/// Prints all of them; one whose name the shell cannot have is left out, and named.
///
/// # Errors
/// stdout cannot be written.
pub(crate) fn all(form: Form, variables: &Variables) -> anyhow::Result<Exit> {
    let text = |value: &OsStr| value.to_string_lossy().into_owned();
    let statement: fn(&[u8], &[u8]) -> Option<Vec<u8>> = match form {
        Form::Sh => quote::sh,
        Form::Fish => quote::fish,
        Form::PowerShell => quote::powershell,
        Form::Json => {
            let entries = variables.iter();
            let object: Map<String, Value> =
                entries.map(|(key, value)| (text(key), text(value).into())).collect();
            tool::print_json(&object)?;
            return Ok(Exit::Done);
        }
    };
    let mut out = Vec::new();
    let is_terminal = std::io::stdout().is_terminal();
    for (key, value) in variables {
        if OF_THE_SHELL.iter().any(|own| key == own) {
            continue;
        }
        match statement(key.as_bytes(), value.as_bytes()) {
            Some(line) if is_terminal => {
                out.extend(safe(&String::from_utf8_lossy(&line)).as_bytes());
            }
            Some(line) => out.extend(line),
            None => {
                tool::warn(format_args!("{} cannot be a variable there; left out", safe_os(key)));
                continue;
            }
        }
        out.push(b'\n');
    }
    std::io::stdout().write_all(&out)?;
    Ok(Exit::Done)
}

/// Says that nothing is set: on stderr, so that a shell may evaluate what is printed all
/// the same.
pub(crate) fn nothing(name: Option<&str>) {
    match name {
        Some(name) => tool::warn(format_args!("{}: no variable is set for it", safe(name))),
        None => {
            tool::warn("no variable is set here: no .config.toml, and no flag that names one");
            tool::hint_line("for those of a process: bgrun env NAME");
        }
    }
}
