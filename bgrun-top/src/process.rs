//! What `bgrun-ls` tells of a process, as far as the screen shows it.

use bgrun_platform::sibling;
use serde::Deserialize;

use crate::args::Args;

/// One record of `bgrun ls --json`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Process {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) group: Option<String>,
    pub(crate) status: String,
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

    /// How it stands, with the way it ended where that says more than the word.
    pub(crate) fn status_text(&self) -> String {
        match (self.status.as_str(), self.exit_code, &self.exit_signal) {
            ("failed", Some(code), _) => format!("failed ({code})"),
            ("failed", None, Some(signal)) => format!("failed ({signal})"),
            ("running", ..) if self.ready == Some(false) => "running (not ready)".to_owned(),
            (word, ..) => word.to_owned(),
        }
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
    fn a_status_says_how_it_ended_where_that_helps() {
        let process = |status: &str, code, signal: Option<&str>| Process {
            status: status.to_owned(),
            exit_code: code,
            exit_signal: signal.map(str::to_owned),
            ..Process::default()
        };
        assert_eq!(process("failed", Some(3), None).status_text(), "failed (3)");
        assert_eq!(process("failed", None, Some("SIGKILL")).status_text(), "failed (SIGKILL)");
        assert_eq!(process("exited", Some(0), None).status_text(), "exited");
        let waits = Process { ready: Some(false), ..process("running", None, None) };
        assert_eq!(waits.status_text(), "running (not ready)");
    }
}
