//! Waiting for other states than one's own start: `bgrun-wait` does it.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use bgrun_platform::sibling;
use serde_json::Value;

/// What came of a wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// The state that was asked for.
    Reached,
    /// Its run has ended, with this code if it left by itself.
    Ended { run: Option<i64>, code: Option<i64>, how: String },
    /// Nothing in time.
    TimedOut,
    /// Nothing is known of it, for this reason.
    Unknown(String),
}

/// Waits until all of `records` are in the state `goal`; answers for each name.
pub(crate) fn ask(
    goal: &str,
    records: &[Value],
    timeout: Option<Duration>,
) -> BTreeMap<String, Awaited> {
    let names = records.iter().filter_map(|record| record["name"].as_str().map(str::to_owned));
    if records.is_empty() {
        return BTreeMap::new();
    }
    let told = wait(goal, records, timeout).unwrap_or_default();
    let of = |name: String| {
        let record = told.iter().find(|record| record["name"].as_str() == Some(&name));
        let awaited = record.map_or_else(|| Awaited::Unknown(NO_ANSWER.to_owned()), read);
        (name, awaited)
    };
    names.map(of).collect()
}

const NO_ANSWER: &str = "bgrun-wait gave no answer";

fn wait(goal: &str, records: &[Value], timeout: Option<Duration>) -> Option<Vec<Value>> {
    let mut command = sibling::command("bgrun-wait", ["--json", "--for", goal, "-"]);
    if let Some(timeout) = timeout {
        command.arg(format!("--timeout={}ms", timeout.as_millis()));
    }
    // What it would say is said here.
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = piped.spawn().ok()?;
    let input = serde_json::to_vec(records).ok()?;
    // All of its input is read before it writes anything.
    child.stdin.take()?.write_all(&input).ok()?;
    let output = child.wait_with_output().ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

fn read(record: &Value) -> Awaited {
    let awaited = &record["awaited"];
    let how = match (&awaited["exit_code"], &awaited["exit_signal"], &awaited["exit_reason"]) {
        (Value::Number(code), ..) => format!("exit code {code}"),
        (_, Value::String(signal), _) => signal.clone(),
        (.., Value::String(reason)) => reason.clone(),
        _ => "nobody saw how".to_owned(),
    };
    match record["outcome"].as_str() {
        Some("reached") => Awaited::Reached,
        Some("timed-out") => Awaited::TimedOut,
        Some("ended") => Awaited::Ended {
            run: awaited["run"].as_i64(),
            code: awaited["exit_code"].as_i64(),
            how,
        },
        Some(other) => Awaited::Unknown(format!("was {other}")),
        None => Awaited::Unknown(record["error"].as_str().unwrap_or(NO_ANSWER).to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_answer_is_understood() {
        let ended = |run, how: &str, code| Awaited::Ended { run, code, how: how.to_owned() };
        let table = [
            (json!({"outcome": "reached"}), Awaited::Reached),
            (json!({"outcome": "timed-out"}), Awaited::TimedOut),
            (json!({"outcome": "deleted"}), Awaited::Unknown("was deleted".to_owned())),
            (json!({"error": "no such"}), Awaited::Unknown("no such".to_owned())),
            (
                json!({"outcome": "ended", "awaited": {"run": 2, "exit_code": 3, "exit_reason": "exit"}}),
                ended(Some(2), "exit code 3", Some(3)),
            ),
            (
                json!({"outcome": "ended", "awaited": {"exit_code": null, "exit_signal": "SIGKILL"}}),
                ended(None, "SIGKILL", None),
            ),
        ];
        for (record, expected) in table {
            assert_eq!(read(&record), expected, "{record}");
        }
    }
}
