//! The process that is watched, as `bgrun-ls` sees it.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::selection::{exactly, nearest};
use bgrun_store::{Home, Known, Status, variables};
use serde::Deserialize;

/// What counts of a record of `bgrun-ls`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Subject {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) wanted: String,
    pub(crate) run: i64,
    pub(crate) pid: Option<u32>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) exit_signal: Option<String>,
    pub(crate) exit_reason: Option<String>,
    pub(crate) workdir: PathBuf,
    #[serde(rename = "configPath")]
    pub(crate) config_path: Option<PathBuf>,
    #[serde(default)]
    pub(crate) env_files: Vec<PathBuf>,
}

/// The configuration that is read without being named.
const USUAL_CONFIG: &str = ".config.toml";

impl Subject {
    /// The process called `name`; none where it was forgotten.
    ///
    /// # Errors
    /// The processes cannot be listed.
    pub(crate) fn look(name: &str) -> anyhow::Result<Option<Self>> {
        let mut ls = sibling::command("bgrun-ls", ["--json", "--", &exactly(name)]);
        let output =
            ls.stdin(Stdio::null()).stderr(Stdio::piped()).output().context("run bgrun-ls")?;
        match output.status.code() {
            Some(0) => {}
            Some(4) => return Ok(None),
            code => {
                let said = String::from_utf8_lossy(&output.stderr);
                let said = said.lines().next().unwrap_or("bgrun-ls was killed");
                let exit = if code == Some(7) { Exit::Store } else { Exit::Failed };
                let said = said.strip_prefix("bgrun-ls: ").unwrap_or(said);
                return Err(Failure::new(exit, said).into());
            }
        }
        let records: Vec<Self> =
            serde_json::from_slice(&output.stdout).context("read what bgrun-ls printed")?;
        Ok(records.into_iter().find(|record| record.name == name))
    }

    /// Whether nothing of it runs, and nobody is about to start it.
    pub(crate) fn is_down(&self) -> bool {
        matches!(self.status, Status::Stopped | Status::Exited | Status::Failed | Status::Lost)
    }

    /// Whether the user wants it to run.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted == "up"
    }

    /// Files that it is started with, wherever they are.
    pub(crate) fn own_files(&self) -> Vec<PathBuf> {
        let usual = self.workdir.join(USUAL_CONFIG);
        let files = self.config_path.iter().chain(&self.env_files);
        let mut files: Vec<PathBuf> = files.map(|file| self.workdir.join(file)).collect();
        if !files.contains(&usual) {
            files.push(usual);
        }
        files
    }

    /// How its last run ended, in words.
    pub(crate) fn end(&self) -> String {
        match (self.exit_code, &self.exit_signal, &self.exit_reason) {
            (Some(code), _, _) => format!("exit code {code}"),
            (None, Some(signal), _) => signal.clone(),
            (None, None, Some(reason)) => reason.clone(),
            (None, None, None) => "nobody knows how".to_owned(),
        }
    }
}

/// Finds the process called `name`, and refuses one that this tool would be stopped with.
///
/// # Errors
/// There is none, or this tool is part of it.
pub(crate) fn find(name: &str, home: &Home) -> anyhow::Result<Subject> {
    let known = Known::read(home);
    let Some(process) = known.processes.iter().find(|process| process.name == name) else {
        let what = format!("no process is called '{}'", safe(name));
        let failure = Failure::new(Exit::Unknown, what);
        return Err(match nearest(name, &known.processes) {
            Some(near) => failure.hint(format!("did you mean '{}'?", safe(&near))),
            None => failure.hint("with a command it is started first: bgrun watch NAME -- …"),
        }
        .into());
    };
    if std::env::var_os(variables::OWN_ID).is_some_and(|own| own == process.cookie.as_str()) {
        let what =
            format!("{}: this watcher is part of it, and would be stopped with it", safe(name));
        return Err(Failure::new(Exit::Failed, what)
            .hint(format!("bgrun run --name {0}.watch -- bgrun watch {0}", safe(name)))
            .into());
    }
    match Subject::look(name)? {
        Some(subject) => Ok(subject),
        None => Err(Failure::new(Exit::Unknown, format!("{}: was deleted", safe(name))).into()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The record of a process that runs.
    pub(crate) fn running(run: i64) -> Subject {
        serde_json::from_value(serde_json::json!({
            "id": 1, "name": "web", "status": "running", "wanted": "up", "run": run, "pid": 7,
            "exit_code": null, "exit_signal": null, "exit_reason": null, "workdir": "/srv",
            "configPath": null, "env_files": ["/etc/env", "local.env"]
        }))
        .expect("a record")
    }

    #[test]
    fn its_own_files_count_wherever_they_are() {
        let subject = running(1);
        let expected = ["/etc/env", "/srv/local.env", "/srv/.config.toml"].map(PathBuf::from);
        assert_eq!(subject.own_files(), expected);
        let config = Some(PathBuf::from("/srv/.config.toml"));
        let named = Subject { config_path: config, env_files: Vec::new(), ..subject };
        assert_eq!(named.own_files(), ["/srv/.config.toml"].map(PathBuf::from));
    }

    #[test]
    fn an_end_is_told_as_it_is_known() {
        let subject = running(1);
        let coded = Subject { exit_code: Some(3), ..subject.clone() };
        let signalled = Subject { exit_signal: Some("SIGKILL".into()), ..subject.clone() };
        let unseen = Subject { exit_reason: Some("unknown".into()), ..subject.clone() };
        let ends = [coded, signalled, unseen, subject].map(|one| one.end());
        assert_eq!(ends, ["exit code 3", "SIGKILL", "unknown", "nobody knows how"]);
    }
}
