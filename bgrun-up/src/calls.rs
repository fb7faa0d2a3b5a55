//! The other tools, given records and read as JSON.

use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_platform::tool::{Exit, Failure};
use serde_json::Value;

/// What a tool has said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) records: Vec<Value>,
    pub(crate) exit: Exit,
}

/// Whether the words of a tool on stderr are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Talk {
    Shown,
    /// Only when there is no answer: what it says is said here otherwise.
    Kept,
}

/// Runs the tool `name`, with `records` on stdin if it is given any, and reads the array
/// that it prints.
///
/// # Errors
/// It cannot be run, or it has refused all of it; its own words say why.
pub(crate) fn call(
    name: &str,
    words: &[OsString],
    records: Option<&[Value]>,
    talk: Talk,
) -> anyhow::Result<Answer> {
    let mut command: Command = sibling::command(name, words);
    command.stdin(if records.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped());
    command.stderr(if talk == Talk::Shown { Stdio::inherit() } else { Stdio::piped() });
    let mut child = command.spawn().with_context(|| format!("run {name}"))?;
    if let (Some(mut stdin), Some(records)) = (child.stdin.take(), records) {
        // It may refuse what it is given before it has read all of it.
        let _ = stdin.write_all(&serde_json::to_vec(records)?);
    }
    let output = child.wait_with_output().with_context(|| format!("wait for {name}"))?;
    let code = output.status.code().and_then(|code| u8::try_from(code).ok());
    let exit =
        code.map_or(Exit::Failed, |code| if code == 0 { Exit::Done } else { Exit::Other(code) });
    match serde_json::from_slice(&output.stdout) {
        Ok(records) => Ok(Answer { records, exit }),
        Err(_) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let (what, hint) = words_of(name, &said);
            let exit = if exit == Exit::Done { Exit::Failed } else { exit };
            let failure = Failure::new(exit, what);
            Err(match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
            .into())
        }
    }
}

/// What a tool has said was wrong, and its way out.
fn words_of(name: &str, said: &str) -> (String, Option<String>) {
    let prefix = format!("{name}: ");
    let what = said.lines().find_map(|line| line.strip_prefix(&prefix));
    let hint = said.lines().find_map(|line| line.strip_prefix("hint: "));
    let what = what.map_or_else(|| format!("{name} gave no answer"), str::to_owned);
    (what, hint.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_tool_are_passed_on() {
        let said = "bgrun-run: they come after each other: a → b → a\nhint: say it anew\n";
        let (what, hint) = words_of("bgrun-run", said);
        assert_eq!(what, "they come after each other: a → b → a");
        assert_eq!(hint.as_deref(), Some("say it anew"));
        assert_eq!(words_of("bgrun-ls", ""), ("bgrun-ls gave no answer".to_owned(), None));
    }
}
