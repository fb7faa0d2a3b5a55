//! The JSON line in a lock file: enough to list, read and stop a process when the
//! store cannot be used, and to learn how its run ended when nobody could write that
//! into the store.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::container::EngineCall;
use crate::home::Home;
use crate::process::{Process, Wanted};
use crate::run::{End, Run};
use crate::spec::{ContainerName, KeepAlive, LogPolicy, RestartPolicy};

/// What a supervisor writes into the lock file. `I` is the platform's identity of a
/// process. Fields are only ever added, so that tools of one version read the lines of
/// another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockLine<I> {
    /// The process's id in the store.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: Option<String>,
    /// Its command, for showing.
    pub command: String,
    /// Its words, where it was given as such; lossy where they are not UTF-8.
    pub argv: Option<Vec<String>>,
    /// The working directory.
    pub workdir: PathBuf,
    /// The log of stdout.
    pub stdout_path: PathBuf,
    /// The log of stderr.
    pub stderr_path: PathBuf,
    /// Whether others write into its logs too.
    #[serde(default)]
    pub shared_log: bool,
    /// The value of `BGRUN_ID` in its environment.
    pub cookie: String,
    /// The signal that asks it to end, by name.
    pub stop_signal: String,
    /// How long it may take to end, in milliseconds.
    pub stop_timeout_ms: u64,
    /// When it is started again.
    #[serde(default)]
    pub keep_alive: KeepAlive,
    /// The start request that is served.
    pub request: i64,
    /// The supervisor.
    pub supervisor: Option<I>,
    /// The number of the run.
    pub run: i64,
    /// The process.
    pub process: Option<I>,
    /// When the run began.
    #[serde(with = "crate::time::optional")]
    pub started_at: Option<Timestamp>,
    /// When it began, on the clock that counts from boot.
    pub started_since_boot_ms: Option<i64>,
    /// Length of the stdout log then.
    #[serde(default)]
    pub stdout_offset: i64,
    /// Length of the stderr log then.
    #[serde(default)]
    pub stderr_offset: i64,
    /// When it was found to be ready, where it says how one finds out.
    #[serde(with = "crate::time::optional", default)]
    pub ready_at: Option<Timestamp>,
    /// How large its logs become.
    #[serde(default)]
    pub log_policy: LogPolicy,
    /// The container it is.
    #[serde(default)]
    pub container: Option<ContainerName>,
    /// How the engine of that is called.
    #[serde(default)]
    pub engine_call: Option<EngineCall>,
    /// How the run ended.
    pub ended: Option<End>,
    /// Whether the user has stopped it: the wish, where the store could not take it.
    #[serde(default)]
    pub stopped: bool,
}

impl<I: DeserializeOwned> LockLine<I> {
    /// The line in the `text` of a lock file, if there is one. It is written in place: what
    /// stands behind its end is left of a longer one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text.lines().next()?).ok()
    }
}

impl LockLine<serde_json::Value> {
    /// The lines of all lock files of `home`. A file that tells of another process than the
    /// one it belongs to, such as a copy, is nobody's.
    pub(crate) fn all(home: &Home) -> Vec<Self> {
        let read = |(id, path)| {
            let line = Self::read(&std::fs::read_to_string(path).ok()?);
            line.filter(|line| line.id == id)
        };
        home.locks().into_iter().filter_map(read).collect()
    }
}

impl<I: Serialize> LockLine<I> {
    /// The run it tells of.
    #[must_use]
    pub fn as_run(&self) -> Run {
        let identity = self.process.as_ref().and_then(|one| serde_json::to_value(one).ok());
        let pid = identity.as_ref().and_then(|one| one.get("pid")?.as_u64()?.try_into().ok());
        Run {
            number: self.run,
            request: self.request,
            pid,
            first_pid: pid,
            identity: identity.map(|identity| identity.to_string()),
            started_at: self.started_at,
            started_since_boot_ms: self.started_since_boot_ms,
            stdout_offset: self.stdout_offset,
            stderr_offset: self.stderr_offset,
            ready_at: self.ready_at,
            end: self.ended.clone(),
        }
    }

    pub(crate) fn supervisor_text(&self) -> Option<String> {
        self.supervisor.as_ref().and_then(|one| serde_json::to_string(one).ok())
    }

    /// The process it tells of, as far as the line knows it: for when the store cannot
    /// be read.
    #[must_use]
    pub fn as_process(&self) -> Process {
        Process {
            id: self.id,
            name: self.name.clone(),
            group: self.group.clone(),
            command: self.command.clone(),
            argv: self.argv.clone(),
            directory: self.workdir.clone(),
            config: None,
            stdout: self.stdout_path.clone(),
            stderr: self.stderr_path.clone(),
            shared_log: self.shared_log,
            overrides: "{}".to_owned(),
            environment_files: Vec::new(),
            stop_signal: self.stop_signal.clone(),
            stop_timeout: std::time::Duration::from_millis(self.stop_timeout_ms),
            keep_alive: self.keep_alive,
            restart_policy: RestartPolicy::default(),
            memory_limit_bytes: None,
            restart_interval_minutes: None,
            started_by: None,
            no_config: false,
            after: Vec::new(),
            ready: None,
            container: self.container.clone(),
            log_policy: self.log_policy,
            project: None,
            wanted: if self.stopped { Wanted::Down } else { Wanted::Up },
            request: self.request,
            cookie: self.cookie.clone(),
            restarts: 0,
            supervisor: self.supervisor_text(),
            timestamp: self.started_at,
            next_restart_at: None,
            run: (self.run > 0).then(|| self.as_run()),
            previous_end: None,
            is_end_unrecorded: false,
        }
    }
}
