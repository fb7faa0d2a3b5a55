//! Running the other tools: the only way in which the dashboard looks or acts.

use std::process::Stdio;

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_store::selection;
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::answer::Problem;

/// What a tool came to.
#[derive(Debug)]
pub(crate) struct Came {
    /// None: a signal ended it.
    pub(crate) exit: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// Each exit code of a tool that failed, and the status with which that is answered.
const STATUSES: [(i32, StatusCode); 10] = [
    (1, StatusCode::INTERNAL_SERVER_ERROR),
    (2, StatusCode::UNPROCESSABLE_ENTITY),
    (3, StatusCode::CONFLICT),
    (4, StatusCode::NOT_FOUND),
    (5, StatusCode::CONFLICT),
    (6, StatusCode::CONFLICT),
    (7, StatusCode::SERVICE_UNAVAILABLE),
    (124, StatusCode::GATEWAY_TIMEOUT),
    (126, StatusCode::UNPROCESSABLE_ENTITY),
    (127, StatusCode::UNPROCESSABLE_ENTITY),
];

/// The status of a problem of a tool that ended so. That it was content makes it no success: what
/// it printed was of no use.
pub(crate) fn status(exit: Option<i32>) -> StatusCode {
    let found = STATUSES.iter().find(|(code, _)| Some(*code) == exit);
    found.map_or(StatusCode::INTERNAL_SERVER_ERROR, |(_, status)| *status)
}

/// Runs `tool` with `arguments`, with `input` as its stdin. It goes on when nobody waits
/// for it any more: what was begun is done.
///
/// # Errors
/// It cannot be run.
pub(crate) async fn run(
    tool: &str,
    arguments: &[&str],
    input: impl Into<Vec<u8>>,
) -> Result<Came, Problem> {
    let input = input.into();
    let mut command = Command::from(sibling::command(tool, arguments));
    // Of a group of its own: Ctrl-C here is not meant for it.
    command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_empty() { Stdio::null() } else { Stdio::piped() });
    let mut child = command.spawn().with_context(|| format!("run {tool}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // It may have refused before it read everything; what it says tells more.
        tokio::spawn(async move { stdin.write_all(&input).await });
    }
    let output = child.wait_with_output().await.with_context(|| format!("run {tool}"))?;
    Ok(Came {
        exit: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// One process as the input of a tool that takes selectors.
pub(crate) fn named(name: &str) -> Vec<u8> {
    json!([{"name": selection::exactly(name)}]).to_string().into_bytes()
}

impl Came {
    /// Why it failed, by what it said: its first line, and its hint.
    pub(crate) fn problem(&self) -> Problem {
        let mut problem = Problem::new(status(self.exit), "");
        let mut words = self.stderr.lines().filter(|line| !line.starts_with(HINT));
        problem.error = words.next().map(without_tool).unwrap_or_default().to_owned();
        problem.hint = hint_in(&self.stderr);
        if problem.error.is_empty() {
            problem.error = match self.exit {
                Some(code) => format!("the tool ended with exit code {code} and said nothing"),
                None => "the tool was ended by a signal".to_owned(),
            };
        }
        problem
    }

    /// What stands on its stderr before the line in which it tells of `error`, as the last words of a
    /// program that it waited for, and what stands there from that line on.
    pub(crate) fn around(&self, error: &str) -> (&str, &str) {
        let told = self.stderr.rfind(error).and_then(|at| self.stderr[..at].rfind("bgrun-"));
        self.stderr.split_at(told.unwrap_or_default())
    }

    /// What it printed, if it was done.
    ///
    /// # Errors
    /// It failed.
    pub(crate) fn done(self) -> Result<Vec<u8>, Problem> {
        if self.exit == Some(0) { Ok(self.stdout) } else { Err(self.problem()) }
    }

    /// The same of a tool that was given the process `name` and no other.
    ///
    /// # Errors
    /// It failed; that nobody has the name is said in the words of all routes.
    pub(crate) fn only_of(self, name: &str) -> Result<Value, Problem> {
        self.only().map_err(|problem| match problem.status {
            StatusCode::NOT_FOUND => Problem { hint: problem.hint, ..Problem::unknown(name) },
            _ => problem,
        })
    }

    /// The one object of the array that it printed.
    ///
    /// # Errors
    /// It failed, or that object has an error; its `exit` decides then.
    pub(crate) fn only(&self) -> Result<Value, Problem> {
        let printed: Value = serde_json::from_slice(&self.stdout).unwrap_or_default();
        let one = match printed {
            Value::Array(mut all) if !all.is_empty() => all.swap_remove(0),
            Value::Object(one) => Value::Object(one),
            _ => Value::Null,
        };
        match (self.exit, one.is_object()) {
            (Some(0), true) => return Ok(one),
            // A glob without a match is no error of a tool, but it was meant as a name.
            (Some(0), false) => {
                return Err(Problem::new(StatusCode::NOT_FOUND, "no process has this name"));
            }
            _ => {}
        }
        let mut problem = self.problem();
        if let Some(error) = one["error"].as_str() {
            error.clone_into(&mut problem.error);
            problem.hint = hint_in(self.around(error).1);
        }
        if let Some(exit) = one["exit"].as_i64().and_then(|exit| i32::try_from(exit).ok()) {
            problem.status = status(Some(exit));
        }
        Err(problem)
    }
}

/// What a way out begins with.
const HINT: &str = "hint: ";

fn hint_in(stderr: &str) -> Option<String> {
    stderr.lines().find_map(|line| line.strip_prefix(HINT)).map(str::to_owned)
}

/// A line of stderr without the name of the tool before it, and without the place of the one
/// record that it was given.
fn without_tool(line: &str) -> &str {
    let said = match line.split_once(": ") {
        Some((tool, rest)) if tool.starts_with("bgrun-") => rest,
        _ => line,
    };
    said.strip_prefix("stdin, item 1: ").unwrap_or(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_tool_become_the_error() {
        let stderr = "bgrun-run: web: cannot enter /x: No such file\nhint: make it\nmore\n".into();
        let came = Came { exit: Some(126), stdout: Vec::new(), stderr };
        let problem = came.problem();
        assert_eq!(problem.error, "web: cannot enter /x: No such file");
        assert_eq!(problem.hint.as_deref(), Some("make it"));
        assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    #[test]
    fn the_words_of_a_program_are_not_those_of_the_tool() {
        let error = "ended before it had lived for 1s: exit code 4";
        let stdout = json!([{"name": "web", "error": error, "exit": 1}]).to_string().into();
        // A last line without an end is continued by the tool.
        for said in ["hint: mine\n", "hint: mine\nbgrun-run: web: no\n", "hint: mine"] {
            let stderr = format!("{said}bgrun-run: web: {error}\nhint: bgrun logs web\n");
            let came = Came { exit: Some(1), stdout: Vec::clone(&stdout), stderr };
            assert_eq!(came.around(error).0, said);
            let problem = came.only().expect_err("it failed");
            assert_eq!(
                (problem.error.as_str(), problem.hint.as_deref()),
                (error, Some("bgrun logs web"))
            );
        }
    }

    #[test]
    fn a_problem_is_never_a_success() {
        for exit in [None, Some(77), Some(-1), Some(125), Some(0)] {
            assert_eq!(status(exit), StatusCode::INTERNAL_SERVER_ERROR);
        }
    }

    #[test]
    fn the_exit_of_the_one_decides() {
        let stdout = br#"[{"name":"web","error":"it runs already","exit":5}]"#.to_vec();
        let came = Came { exit: Some(1), stdout, stderr: String::new() };
        let problem = came.only().expect_err("it failed");
        assert_eq!(problem.status, StatusCode::CONFLICT);
        assert_eq!(problem.error, "it runs already");
    }
}
