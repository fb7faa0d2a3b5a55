//! Having things done by `bgrun-run` and `bgrun-kill`, and learning what came of it.

use std::os::unix::process::CommandExt;
use std::process::{Output, Stdio};

use bgrun_platform::tool::Exit;
use bgrun_platform::{fault, sibling};
use bgrun_store::selection::exactly;
use bgrun_store::{time, variables};
use serde_json::Value;

use crate::decide::{Action, Excess, Facts};

/// So many are started at once, and no more: after a reboot there may be hundreds.
const AT_ONCE: usize = 16;

/// An action that was tried.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) facts: Facts,
    pub(crate) action: Action,
    /// When, as RFC 3339.
    pub(crate) time: String,
    /// Its record, as the tool that did it answered.
    pub(crate) record: Option<Value>,
    /// Why it came to nothing.
    pub(crate) error: Option<String>,
    /// The user has stopped it meanwhile, which is no failure.
    pub(crate) was_stopped: bool,
    /// There was nothing to be stopped any more.
    pub(crate) was_needless: bool,
    /// Somebody else was at work on it.
    pub(crate) was_contended: bool,
    /// It did, because the store cannot be used.
    pub(crate) is_store_failure: bool,
}

/// Who does it, and what that tool is told; actions with the same words share a call.
fn words(action: Action) -> (&'static str, &'static [&'static str]) {
    let words: &[&str] = match action {
        Action::Adopt => &["--adopt", "--json"],
        Action::Start(_) => &["--automatic", "--json"],
        Action::Restart(Excess::Memory { .. }) => {
            &["--automatic", "--restart", "--reason", "memory-limit", "--json"]
        }
        Action::Restart(Excess::Interval { .. }) => {
            &["--automatic", "--restart", "--reason", "interval", "--json"]
        }
        Action::Stop => return ("bgrun-kill", &["--unfinished", "--json", "--"]),
    };
    ("bgrun-run", words)
}

/// Tries all actions: what takes no time first, each kind in the order given.
pub(crate) fn all(due: Vec<(Facts, Action)>) -> Vec<Attempt> {
    fault::at("guard:before-act");
    let mut kinds: [Vec<(Facts, Action)>; 5] = Default::default();
    for (facts, action) in due {
        let kind = match action {
            Action::Adopt => 0,
            Action::Start(_) => 1,
            Action::Restart(Excess::Memory { .. }) => 2,
            Action::Restart(Excess::Interval { .. }) => 3,
            Action::Stop => 4,
        };
        kinds[kind].push((facts, action));
    }
    kinds.iter().flat_map(|kind| kind.chunks(AT_ONCE)).flat_map(at_once).collect()
}

fn at_once(due: &[(Facts, Action)]) -> Vec<Attempt> {
    let Some((_, action)) = due.first() else { return Vec::new() };
    let now = time::text(time::now());
    let (tool, words) = words(*action);
    let mut command = sibling::command(tool, words);
    command.args(due.iter().map(|(facts, _)| match action {
        Action::Stop => exactly(&facts.name),
        _ => facts.name.clone(),
    }));
    // What is recorded from a caller's environment is not the guard's to set; and what
    // it starts is not started from inside the process that the guard may be.
    for key in variables::RECORDED.iter().chain(&[
        variables::OWN_ID,
        variables::OWN_NAME,
        variables::OWN_RUN,
    ]) {
        command.env_remove(key);
    }
    // Ctrl-C ends the guard after its work, and not what it began in the middle.
    let output = command.stdin(Stdio::null()).process_group(0).output();
    let answer = match &output {
        Ok(output) => Answer::read(tool, output),
        Err(error) => Answer { records: Vec::new(), trouble: format!("run {tool}: {error}") },
    };
    let is_store_failure = output.is_ok_and(|output| output.status.code() == Some(7));
    due.iter()
        .map(|(facts, action)| {
            let error = answer.error_of(&facts.name);
            Attempt {
                facts: facts.clone(),
                action: *action,
                time: now.clone(),
                is_store_failure: error.is_some() && is_store_failure,
                was_stopped: answer.was_stopped(&facts.name),
                was_needless: answer.was_needless(&facts.name),
                was_contended: answer.has_exit(&facts.name, Exit::Exists),
                record: answer.record_of(&facts.name).cloned(),
                error,
            }
        })
        .collect()
}

/// What the tool answered.
#[derive(Debug)]
struct Answer {
    records: Vec<Value>,
    /// What is said of a process without a record.
    trouble: String,
}

impl Answer {
    fn read(tool: &str, output: &Output) -> Self {
        let records = match serde_json::from_slice(&output.stdout) {
            Ok(Value::Array(records)) => records,
            Ok(record @ Value::Object(_)) => vec![record],
            _ => Vec::new(),
        };
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().rfind(|line| !line.starts_with("hint: "));
        let trouble = match (said, output.status.code()) {
            (Some(line), _) => {
                let what = line.strip_prefix(tool).and_then(|what| what.strip_prefix(": "));
                what.unwrap_or(line).to_owned()
            }
            (None, Some(code)) => format!("{tool} ended with code {code}"),
            (None, None) => format!("{tool} was killed"),
        };
        Self { records, trouble }
    }

    /// Whether the user's stop came before the start, which `bgrun-run` tells by its code.
    fn was_stopped(&self, name: &str) -> bool {
        self.has_exit(name, Exit::NotRunning)
    }

    fn has_exit(&self, name: &str, exit: Exit) -> bool {
        self.record_of(name).is_some_and(|record| record["exit"] == i64::from(exit.code()))
    }

    /// Whether somebody else had finished the stop, or had started it again.
    fn was_needless(&self, name: &str) -> bool {
        let outcome = self.record_of(name).and_then(|record| record["outcome"].as_str());
        matches!(outcome, Some("already-stopped" | "stale"))
    }

    fn record_of(&self, name: &str) -> Option<&Value> {
        self.records.iter().find(|record| record["name"] == name)
    }

    fn error_of(&self, name: &str) -> Option<String> {
        let Some(record) = self.record_of(name) else {
            return Some(self.trouble.clone());
        };
        let survivors = record["survivors"].as_array().into_iter().flatten();
        let survivors: Vec<String> = survivors.map(Value::to_string).collect();
        let error = record["error"].as_str().map(str::to_owned);
        error.or((!survivors.is_empty()).then(|| format!("still alive: {}", survivors.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn answer(code: i32, stdout: &str, stderr: &str) -> Answer {
        let status = ExitStatus::from_raw(code << 8);
        Answer::read("bgrun-run", &Output { status, stdout: stdout.into(), stderr: stderr.into() })
    }

    #[test]
    fn each_name_has_its_own_answer() {
        let many =
            answer(1, r#"[{"name":"a","pid":1},{"name":"b","error":"is gone","exit":3}]"#, "x\n");
        assert_eq!((many.was_stopped("a"), many.was_stopped("b")), (false, true));
        assert_eq!(many.error_of("a"), None);
        assert_eq!(many.error_of("b").as_deref(), Some("is gone"));
        assert_eq!(answer(0, r#"{"name":"a","error":null}"#, "").error_of("a"), None);
        let survivors = answer(1, r#"[{"name":"a","survivors":[7,9]}]"#, "");
        assert_eq!(survivors.error_of("a").as_deref(), Some("still alive: 7, 9"));
        assert_eq!(answer(0, r#"[{"name":"a","survivors":[]}]"#, "").error_of("a"), None);
    }

    #[test]
    fn a_tool_that_says_nothing_of_a_name_has_failed_for_it() {
        let error = |code, stderr| answer(code, "", stderr).error_of("a");
        let said = "bgrun-run: the store is locked\nhint: try again\n";
        assert_eq!(error(7, said).as_deref(), Some("the store is locked"));
        assert_eq!(error(125, "").as_deref(), Some("bgrun-run ended with code 125"));
        assert_eq!(error(0, "").as_deref(), Some("bgrun-run ended with code 0"));
    }
}
