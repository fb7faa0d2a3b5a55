//! What `bgrun-ls` tells of a process, as far as the screen shows it.

use bgrun_platform::sibling;
use bgrun_store::Standing;
use serde::Deserialize;

use crate::args::Args;

/// One record of `bgrun ls --json`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Process {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) group: Option<String>,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) supervised: bool,
    pub(crate) pid: Option<u32>,
    pub(crate) command: String,
    pub(crate) run: i64,
    pub(crate) restarts: i64,
    pub(crate) uptime_ms: Option<u64>,
    #[serde(default)]
    pub(crate) ports: Vec<u16>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) cpu_ms: Option<u64>,
    pub(crate) processes: Option<usize>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) exit_signal: Option<String>,
    pub(crate) exit_reason: Option<String>,
    #[serde(default)]
    pub(crate) ready: Option<bool>,
}

impl Process {
    /// Whether something of it runs, or is about to.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.status.as_str(), "starting" | "running" | "backoff" | "stopping")
    }

    /// Whether a person should look at it.
    pub(crate) fn is_in_trouble(&self) -> bool {
        matches!(self.status.as_str(), "failed" | "lost" | "backoff")
    }

    /// How it stands, in the words of `bgrun ls`.
    pub(crate) fn status_text(&self) -> String {
        let Ok(status) = self.status.parse() else { return self.status.clone() };
        let standing = Standing {
            status,
            supervised: self.supervised,
            ready: self.ready,
            exit_code: self.exit_code,
            exit_signal: self.exit_signal.as_deref(),
            exit_reason: self.exit_reason.as_deref(),
        };
        standing.to_string()
    }
}

/// Asks `bgrun-ls` for what the command line is about.
///
/// # Errors
/// What went wrong, in one line.
pub(crate) fn read(args: &Args) -> Result<Vec<Process>, String> {
    let mut command = sibling::command("bgrun-ls", ["--json"]);
    if let Some(group) = &args.group {
        command.args(["--group", group]);
    }
    if let Some(status) = &args.status {
        command.args(["--status", status]);
    }
    let output = command
        .arg("--")
        .args(&args.selectors)
        .output()
        .map_err(|error| format!("bgrun-ls: {error}"))?;
    serde_json::from_slice(&output.stdout).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        said.lines().next().map_or_else(|| format!("bgrun-ls: {error}"), str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_all_that_the_words_for_it_depend_on() {
        let read = |text: &str| -> Process {
            let mut record = serde_json::json!({
                "id": 1, "name": "web", "command": "x", "run": 1, "restarts": 0,
            });
            let more: serde_json::Value = serde_json::from_str(text).expect("JSON");
            for (key, value) in more.as_object().expect("an object") {
                record[key] = value.clone();
            }
            serde_json::from_value(record).expect("a record")
        };
        for (text, expected) in [
            (r#"{"status": "failed", "exit_code": 3, "exit_reason": "exit"}"#, "failed (3)"),
            (
                r#"{"status": "backoff", "exit_signal": "SIGKILL", "exit_reason": "signal"}"#,
                "backoff (SIGKILL)",
            ),
            (r#"{"status": "failed", "exit_code": 127, "exit_reason": "exec"}"#, "failed (exec)"),
            (r#"{"status": "running", "supervised": true, "ready": false}"#, "running (not ready)"),
            (r#"{"status": "running", "supervised": true, "ready": null}"#, "running"),
            (r#"{"status": "running", "supervised": false}"#, "running (unsupervised)"),
            (r#"{"status": "lost", "supervised": true}"#, "lost (supervisor paused)"),
            (r#"{"status": "unheard of"}"#, "unheard of"),
        ] {
            assert_eq!(read(text).status_text(), expected, "{text}");
        }
    }
}
