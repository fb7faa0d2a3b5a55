//! The other tools at work: a start or restart, the user's command before it, the reader of
//! the logs, and the stop at the end.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use anyhow::Context;
use bgrun_platform::tool::{self, Exit};
use bgrun_platform::{Pidfd, Signal, attend, private, sibling};
use bgrun_store::selection::exactly;
use bgrun_store::variables;
use serde_json::Value;

use crate::news::Teller;

/// How many lines of stderr tell why a process ended.
const LAST_LINES: &str = "10";

/// What `bgrun-run` came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It runs.
    Running { run: i64, pid: Option<u32> },
    /// The user does not want it to run.
    NotWanted,
    /// There is no such process any more.
    Gone,
    /// It does not, and why.
    Failed(String),
}

/// Runs what the user typed for `bgrun run`, in the surroundings that it was typed in.
/// Answers the name of the process that it started, or with which code it ended; it has
/// said why itself.
///
/// # Errors
/// It cannot be executed, or says nothing sensible.
pub(crate) fn first_start(words: Vec<OsString>) -> anyhow::Result<Result<String, Exit>> {
    let mut command = sibling::command("bgrun-run", ["--json"]);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped());
    let spawned = private::with_umask(tool::callers_umask(), || command.spawn());
    let output = spawned.and_then(Child::wait_with_output).context("run bgrun-run")?;
    match output.status.code() {
        Some(0) => {}
        Some(code) => return Ok(Err(Exit::Other(u8::try_from(code).unwrap_or(1)))),
        None => anyhow::bail!("bgrun-run was killed"),
    }
    let answer: Value =
        serde_json::from_slice(&output.stdout).context("read what bgrun-run printed")?;
    let name = answer["name"].as_str().context("there is more than one process to watch")?;
    Ok(Ok(name.to_owned()))
}

/// Starts or restarts the process; the answer will be in the news. What was begun is
/// finished, also when this tool is told to end meanwhile.
///
/// # Errors
/// It cannot be executed.
pub(crate) fn run(name: &str, words: &[&str], teller: Teller) -> io::Result<()> {
    let mut command = sibling::command("bgrun-run", ["--json", "--name", name]);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped());
    // What is recorded from a caller's environment is not the watcher's to set; and what it
    // starts is not started from inside the process that the watcher may be.
    let own = [variables::OWN_ID, variables::OWN_NAME, variables::OWN_RUN];
    for key in variables::RECORDED.iter().chain(&own) {
        command.env_remove(key);
    }
    report_end(attend::spawn_deaf(&mut command)?, teller)
}

/// Runs the user's command; how it ended will be in the news. It ends with this tool.
///
/// # Errors
/// It cannot be executed.
pub(crate) fn shell(line: &str, directory: &Path, teller: Teller) -> io::Result<Pidfd> {
    let mut command = Command::new("sh");
    // stdout is data: what a build says is talk.
    command.args(["-c", line]).stdin(Stdio::null()).stdout(io::stderr());
    command.current_dir(directory);
    let child = attend::end_with_us(&mut command).spawn()?;
    let held = Pidfd::open(child.id())?;
    report_end(child, teller)?;
    Ok(held)
}

/// A thread waits for the child: it reads its output meanwhile, however long that is.
fn report_end(child: Child, teller: Teller) -> io::Result<()> {
    let wait = move || {
        let output = child.wait_with_output();
        teller.tell(|letters| letters.ended = Some(output));
    };
    std::thread::Builder::new().name("child".into()).spawn(wait).map(drop)
}

/// Reads what `bgrun-run` answered.
pub(crate) fn answer(output: &io::Result<Output>) -> Answer {
    let output = match output {
        Ok(output) => output,
        Err(error) => return Answer::Failed(format!("run bgrun-run: {error}")),
    };
    let record: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    match output.status.code() {
        Some(0) => Answer::Running {
            run: record["run"].as_i64().unwrap_or(0),
            pid: record["pid"].as_u64().and_then(|pid| pid.try_into().ok()),
        },
        Some(3) => Answer::NotWanted,
        Some(4) => Answer::Gone,
        code => Answer::Failed(match (record["error"].as_str(), code) {
            (Some(error), _) => error.to_owned(),
            (None, Some(code)) => format!("bgrun-run ended with code {code}"),
            (None, None) => "bgrun-run was killed".to_owned(),
        }),
    }
}

/// Shows the end of the stderr of a process that has ended.
pub(crate) fn show_last_words(name: &str) {
    let words = ["--stderr", "--lines", LAST_LINES, "--", &exactly(name)];
    // stdout is data: what the process said of its end is talk.
    let _ =
        sibling::command("bgrun-logs", words).stdin(Stdio::null()).stdout(io::stderr()).status();
}

/// The reader of the logs; ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Logs {
    child: Child,
}

impl Logs {
    /// Follows the logs of the process, from so many lines back.
    ///
    /// # Errors
    /// It cannot be executed.
    pub(crate) fn follow(name: &str, lines: u64, is_json: bool) -> io::Result<Self> {
        let lines = lines.to_string();
        let mut command = sibling::command("bgrun-logs", ["--follow", "--lines", &lines]);
        command.stdin(Stdio::null());
        if is_json {
            command.arg("--json").stdout(Stdio::piped());
        }
        let mut child = attend::end_with_us(command.args(["--", &exactly(name)])).spawn()?;
        if let Some(pipe) = child.stdout.take() {
            std::thread::Builder::new().name("logs".into()).spawn(move || pass_on(pipe))?;
        }
        Ok(Self { child })
    }
}

/// Two writers into one pipe would break each other's long lines.
fn pass_on(pipe: impl io::Read) {
    let mut lines = BufReader::new(pipe);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        if io::stdout().lock().write_all(&line).is_err() {
            return;
        }
        line.clear();
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        if let Ok(held) = Pidfd::open(self.child.id()) {
            let _ = held.send(Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// Stops the process; it tells what became of that unless `is_quiet`.
///
/// # Errors
/// It cannot be executed.
pub(crate) fn stop(name: &str, is_quiet: bool) -> anyhow::Result<Exit> {
    let mut command = sibling::command("bgrun-kill", is_quiet.then_some("--quiet"));
    command.args(["--", &exactly(name)]).stdin(Stdio::null());
    let status = attend::spawn_deaf(&mut command).and_then(|mut child| child.wait());
    let code = status.context("run bgrun-kill")?.code().and_then(|code| u8::try_from(code).ok());
    Ok(Exit::Other(code.unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    #[test]
    fn an_answer_is_what_the_code_and_the_record_say() {
        let of = |code: i32, stdout: &str| {
            let status = ExitStatus::from_raw(code << 8);
            answer(&Ok(Output { status, stdout: stdout.into(), stderr: Vec::new() }))
        };
        let failed = |why: &str| Answer::Failed(why.to_owned());
        let running = r#"{"name":"web","run":3,"pid":7}"#;
        assert_eq!(of(0, running), Answer::Running { run: 3, pid: Some(7) });
        assert_eq!(of(3, r#"{"name":"web","error":"is not wanted any more"}"#), Answer::NotWanted);
        assert_eq!(of(4, ""), Answer::Gone);
        assert_eq!(of(127, r#"{"name":"web","error":"x: not found"}"#), failed("x: not found"));
        assert_eq!(of(125, ""), failed("bgrun-run ended with code 125"));
    }
}
