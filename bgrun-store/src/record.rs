//! The record: one process as every tool prints and accepts it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::process::Process;
use crate::spec::{KeepAlive, Spec};
use crate::status::Status;
use crate::variables;

/// One process as JSON. Fields are only ever added; units are in the names.
#[derive(Debug, Clone, Serialize)]
pub struct Record {
    /// Unique in this store, never used again.
    pub id: i64,
    /// Its unique name.
    pub name: String,
    /// Its group.
    pub group: Option<String>,
    /// What follows from the wish and from what runs.
    pub status: Status,
    /// `up` or `down`.
    pub wanted: &'static str,
    /// Whether a supervisor looks after it.
    pub supervised: bool,
    /// Whether somebody restarts it when its files change.
    pub watched: bool,
    /// Its pid while it runs.
    pub pid: Option<u32>,
    /// Its supervisor's pid.
    pub supervisor_pid: Option<u32>,
    /// The shell command, or the argv rendered as one.
    pub command: String,
    /// The words that are executed as they are.
    pub argv: Option<Vec<String>>,
    /// The working directory.
    pub workdir: String,
    /// The configuration file.
    #[serde(rename = "configPath")]
    pub config_path: Option<String>,
    /// The log of stdout.
    pub stdout_path: String,
    /// The log of stderr.
    pub stderr_path: String,
    /// Start of this or the last run.
    #[serde(with = "crate::time::optional")]
    pub timestamp: Option<Timestamp>,
    /// How long this run has lasted.
    pub uptime_ms: Option<u64>,
    /// The number of this or the last run; 0 before the first.
    pub run: i64,
    /// Restarts by bgrun since the user last started it.
    pub restarts: i64,
    /// TCP ports on which its tree listens, ascending.
    pub ports: Vec<u16>,
    /// Resident memory of its tree.
    pub memory_bytes: Option<u64>,
    /// Processor time of its tree over the time this run has lasted; 100 is one core.
    pub cpu_percent: Option<f64>,
    /// Processor time of its tree so far, in milliseconds: two looks tell the load between
    /// them.
    pub cpu_ms: Option<u64>,
    /// Number of processes in its tree.
    pub processes: Option<usize>,
    /// The code with which the last finished run left.
    pub exit_code: Option<i32>,
    /// The signal that ended it, by name.
    pub exit_signal: Option<String>,
    /// Why it ended.
    pub exit_reason: Option<&'static str>,
    /// When.
    #[serde(with = "crate::time::optional")]
    pub ended_at: Option<Timestamp>,
    /// When its supervisor starts it again.
    #[serde(with = "crate::time::optional")]
    pub next_restart_at: Option<Timestamp>,
    /// When it is started again.
    pub keep_alive: KeepAlive,
    /// Memory of the tree above which the guard restarts it.
    pub memory_limit_bytes: Option<u64>,
    /// Time after which the guard restarts it.
    pub restart_interval_minutes: Option<u64>,
    /// The managed process from inside which it was started.
    pub started_by: Option<String>,
    /// The container it is, if it is one.
    pub container: Option<Container>,
    /// Whether no configuration file is looked for.
    pub no_config: bool,
    /// What has to be there before it is started.
    pub after: Vec<String>,
    /// Whether it runs and is ready, where it says how one finds out.
    pub ready: Option<bool>,
    /// How it is found out that it is ready.
    pub ready_probe: Option<String>,
    /// When this run was found to be ready.
    #[serde(with = "crate::time::optional")]
    pub ready_at: Option<Timestamp>,
    /// A log file that is larger is rotated; 0: never.
    pub log_max_size_bytes: u64,
    /// The project file that says what it is.
    pub project: Option<String>,
    /// Whether another process may write into its logs too.
    pub shared_log: bool,
    /// So many archives of each log are kept.
    pub log_keep: u32,
    /// Whether archives are compressed.
    pub log_compress: bool,
    /// All of its logs and archives together take no more.
    pub log_max_total_bytes: Option<u64>,
    /// Its environment: the overrides called `BGR_*`, or all of it when asked for.
    pub env: BTreeMap<String, String>,
    /// The names of all overrides.
    pub env_keys: Vec<String>,
    /// The names of those that are set by name, and not by a file; only where all of the
    /// environment is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_set: Option<Vec<String>>,
    /// Files of variables, read at every start.
    pub env_files: Vec<String>,
    /// The signal that asks it to end.
    pub stop_signal: String,
    /// How long it may take to end before it is killed.
    pub stop_timeout_ms: u64,
    /// The pause before the second restart in a row; each further one is twice as long.
    pub backoff_min_ms: u64,
    /// The longest pause before a restart.
    pub backoff_max_ms: u64,
    /// So many restarts, and no more.
    pub max_restarts: u32,
    /// The time over which restarts are counted; null: those in a row count, without a
    /// minute of health between them.
    pub restart_window_ms: Option<u64>,
    /// Exit codes after which it is not started again.
    pub stop_exit_codes: Vec<i32>,
}

/// The container that a process is.
#[derive(Debug, Clone, Serialize)]
pub struct Container {
    /// `docker` or `podman`.
    pub engine: String,
    /// Its name there.
    pub name: String,
    /// Its state, in the engine's words.
    pub status: Option<String>,
}

fn millis(duration: std::time::Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

impl Record {
    /// The record of a process of which nothing is observed yet.
    #[must_use]
    pub fn of(process: &Process, status: Status) -> Self {
        let overrides: BTreeMap<String, String> =
            serde_json::from_str(&process.overrides).unwrap_or_default();
        // The common case costs one fast check.
        let text = |path: &std::path::Path| match path.to_str() {
            Some(text) => text.to_owned(),
            None => path.to_string_lossy().into_owned(),
        };
        let end = process.last_end();
        let env_keys = overrides.keys().cloned().collect();
        let shown = |key: &String| key.starts_with(variables::SHOWN_PREFIX);
        Self {
            id: process.id,
            name: process.name.clone(),
            group: process.group.clone(),
            status,
            wanted: process.wanted.as_str(),
            supervised: false,
            watched: false,
            pid: None,
            supervisor_pid: None,
            command: process.command.clone(),
            argv: process.argv.clone(),
            workdir: text(&process.directory),
            config_path: process.config.as_deref().map(text),
            stdout_path: text(&process.stdout),
            stderr_path: text(&process.stderr),
            timestamp: process.run.as_ref().and_then(|run| run.started_at).or(process.timestamp),
            uptime_ms: None,
            run: process.run.as_ref().map_or(0, |run| run.number),
            restarts: process.restarts,
            ports: Vec::new(),
            memory_bytes: None,
            cpu_percent: None,
            cpu_ms: None,
            processes: None,
            exit_code: end.and_then(|end| end.code),
            exit_signal: end.and_then(|end| end.signal.clone()),
            exit_reason: end.map(|end| end.reason.as_str()),
            ended_at: end.and_then(|end| end.at),
            next_restart_at: process.next_restart_at.filter(|_| status == Status::Backoff),
            keep_alive: process.keep_alive,
            memory_limit_bytes: process.memory_limit_bytes,
            restart_interval_minutes: process.restart_interval_minutes,
            started_by: process.started_by.clone(),
            container: process.container.as_ref().map(|container| Container {
                engine: container.engine.clone(),
                name: container.name.clone(),
                status: None,
            }),
            no_config: process.no_config,
            after: process.after.clone(),
            ready: process.ready.as_ref().map(|_| {
                let run = process.run.as_ref();
                status == Status::Running && run.is_some_and(|run| run.ready_at.is_some())
            }),
            ready_probe: process.ready.clone(),
            ready_at: process.run.as_ref().and_then(|run| run.ready_at),
            project: process.project.as_deref().map(text),
            shared_log: process.shared_log,
            log_max_size_bytes: process.log_policy.max_size_bytes,
            log_keep: process.log_policy.keep,
            log_compress: process.log_policy.compress,
            log_max_total_bytes: process.log_policy.max_total_bytes,
            env: overrides.into_iter().filter(|(key, _)| shown(key)).collect(),
            env_keys,
            env_set: None,
            env_files: process.environment_files.iter().map(|path| text(path)).collect(),
            stop_signal: process.stop_signal.clone(),
            stop_timeout_ms: millis(process.stop_timeout),
            backoff_min_ms: millis(process.restart_policy.shortest_pause),
            backoff_max_ms: millis(process.restart_policy.longest_pause),
            max_restarts: process.restart_policy.most,
            restart_window_ms: process.restart_policy.window.map(millis),
            stop_exit_codes: process.restart_policy.final_codes.clone(),
        }
    }

    /// Shows all of the environment that `spec` gives its process, secrets too.
    pub fn show_environment(&mut self, spec: &Spec) {
        let lossy = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let environment = spec.environment("", 0);
        self.env_set = Some(spec.settings.keys().cloned().collect());
        let is_given = |key: &str| !key.starts_with(variables::OWN_PREFIX);
        self.env = environment
            .iter()
            .map(|(key, value)| (lossy(key), lossy(value)))
            .filter(|(key, _)| is_given(key))
            .collect();
    }
}
