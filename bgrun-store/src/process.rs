//! A process as the store knows it: the spec without its large parts, the wish, and
//! its latest runs.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::lock_line::LockLine;
use crate::run::{End, Reason, Run};
use crate::spec::{ContainerName, KeepAlive, LogPolicy, RestartPolicy};

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It shall run.
    Up,
    /// It shall not.
    Down,
}

impl Wanted {
    /// As in the store and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// 128 random bits in hexadecimal: a fresh value for `BGRUN_ID`.
#[must_use]
pub fn new_cookie() -> String {
    let mut bytes = [0_u8; 16];
    // Without a source of randomness no promise about uniqueness could be kept.
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One row of the registry with its latest runs, as `ls`, `kill` and `logs` need it.
#[derive(Debug, Clone)]
pub struct Process {
    /// Unique in this store, never used again.
    pub id: i64,
    /// Its unique name.
    pub name: String,
    /// Its group.
    pub group: Option<String>,
    /// The shell command, or the argv rendered as one.
    pub command: String,
    /// The words to execute; lossy where they are not UTF-8.
    pub argv: Option<Vec<String>>,
    /// The working directory.
    pub directory: PathBuf,
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The log of stdout.
    pub stdout: PathBuf,
    /// The log of stderr.
    pub stderr: PathBuf,
    /// Whether others write into its logs too.
    pub shared_log: bool,
    /// All overrides of the environment as of the last start, as a JSON object.
    pub overrides: String,
    /// Files of variables, read at every start.
    pub environment_files: Vec<PathBuf>,
    /// The signal that asks it to end, by name.
    pub stop_signal: String,
    /// How long it may take to end.
    pub stop_timeout: Duration,
    /// When it is started again.
    pub keep_alive: KeepAlive,
    /// How often it is started again, and when it is not.
    pub restart_policy: RestartPolicy,
    /// Memory of the tree above which the guard restarts it.
    pub memory_limit_bytes: Option<u64>,
    /// Time after which the guard restarts it.
    pub restart_interval_minutes: Option<u64>,
    /// The managed process from inside which it was started.
    pub started_by: Option<String>,
    /// Whether no configuration file is looked for in its directory.
    pub no_config: bool,
    /// What has to be there first, each as `NAME` or `NAME:CONDITION`.
    pub after: Vec<String>,
    /// How it is found out that it is ready, as it was said.
    pub ready: Option<String>,
    /// The container it is, if its command runs one.
    pub container: Option<ContainerName>,
    /// How large its logs become.
    pub log_policy: LogPolicy,
    /// The project file that says what it is, absolute.
    pub project: Option<PathBuf>,
    /// What the user asked for.
    pub wanted: Wanted,
    /// The number of the latest start the user asked for; 0 for none.
    pub request: i64,
    /// The value of `BGRUN_ID` in its environment.
    pub cookie: String,
    /// Restarts by bgrun since the user last started it.
    pub restarts: i64,
    /// The identity of its supervisor, as the platform writes it.
    pub supervisor: Option<String>,
    /// When it was last started, also by the older tool.
    pub timestamp: Option<Timestamp>,
    /// When its supervisor starts it again, or was to before it was stopped.
    pub next_restart_at: Option<Timestamp>,
    /// The latest run.
    pub run: Option<Run>,
    /// The end of the latest run that has one, when that is not the latest run.
    pub previous_end: Option<End>,
    /// Only the lock file knows that the latest run has ended, and that nobody stopped it: who
    /// wrote that may have begun the next one before it died.
    pub is_end_unrecorded: bool,
}

impl Process {
    /// How the last finished run ended.
    #[must_use]
    pub fn last_end(&self) -> Option<&End> {
        self.run.as_ref().and_then(|run| run.end.as_ref()).or(self.previous_end.as_ref())
    }

    /// Whether the latest start that was asked for has led to a run.
    #[must_use]
    pub fn has_run_as_asked(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.request >= self.request)
    }

    /// Whether another run is to follow one that ended so, unless it has given up.
    #[must_use]
    pub fn is_followed(&self, end: &End) -> bool {
        // At a start, whoever asked for it is told; at a restart there is only the policy.
        let is_failed_restart = end.reason == Reason::Exec && self.restarts > 0;
        if is_failed_restart {
            return self.keep_alive != KeepAlive::Never;
        }
        self.keep_alive.follows(end, &self.restart_policy.final_codes)
    }

    /// Its logs, unless others write into them too: who has one of these open for writing
    /// belongs to it.
    #[must_use]
    pub fn own_logs(&self) -> Vec<PathBuf> {
        if self.shared_log { Vec::new() } else { vec![self.stdout.clone(), self.stderr.clone()] }
    }

    /// Whether something of it could live although neither a supervisor nor a main process
    /// is to be seen: its last run has no end in the store, or the last start led to no run
    /// that anybody could write down, or a restart was due that may have begun.
    #[must_use]
    pub fn may_live_unseen(&self, is_of_this_boot: bool) -> bool {
        let is_open = self.is_end_unrecorded
            || self.next_restart_at.is_some()
            || self.run.as_ref().is_some_and(|run| run.end.is_none());
        self.request > 0 && (!self.has_run_as_asked() || is_open && is_of_this_boot)
    }

    /// Takes over what the lock file knows and the store does not: a run that was begun
    /// or ended by a supervisor that could not write it down any more.
    ///
    /// Answers whether there was anything.
    pub fn learn_from<I: serde::Serialize>(&mut self, line: &LockLine<I>) -> bool {
        let number = self.run.as_ref().map_or(0, |run| run.number);
        if line.id != self.id || line.cookie != self.cookie || line.run < number {
            return false;
        }
        let mut learned = false;
        // A number may have been given twice, when the store lost the first: the later start
        // request is the later run.
        let is_later =
            line.run > number || self.run.as_ref().is_some_and(|run| line.request > run.request);
        if is_later && line.started_at.is_some() {
            if let Some(end) = self.run.as_ref().and_then(|run| run.end.clone()) {
                self.previous_end = Some(end);
            }
            self.run = Some(line.as_run());
            self.supervisor = line.supervisor_text();
            learned = true;
        }
        if let (Some(run), Some(end)) = (&mut self.run, &line.ended)
            && run.number == line.run
            && run.end.is_none()
        {
            run.end = Some(end.clone());
            self.is_end_unrecorded = end.reason != Reason::Stop;
            learned = true;
        }
        if let Some(run) = &mut self.run
            && run.number == line.run
            && run.ready_at.is_none()
            && line.ready_at.is_some()
        {
            run.ready_at = line.ready_at;
            learned = true;
        }
        if line.stopped && line.request == self.request && self.wanted == Wanted::Up {
            self.wanted = Wanted::Down;
            learned = true;
        }
        learned
    }
}
