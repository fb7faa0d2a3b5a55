//! What the user said a process is: everything needed to start it again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::run::{End, Reason};

/// One of the two streams a process writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// As in the names of log files: `out`, `err`.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Stdout => "out",
            Self::Stderr => "err",
        }
    }
}

/// When a process is started again after it ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepAlive {
    /// Never: it has ended.
    #[default]
    Never,
    /// When it ended with a code other than 0 or by a signal.
    OnFailure,
    /// However it ended.
    Always,
}

impl KeepAlive {
    /// As on the command line and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::OnFailure => "on-failure",
            Self::Always => "always",
        }
    }
}

impl fmt::Display for KeepAlive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl KeepAlive {
    /// Whether another run is to follow one that ended so, as far as this goes;
    /// `final_codes` are those after which none is.
    #[must_use]
    pub fn follows(self, end: &End, final_codes: &[i32]) -> bool {
        let is_wished = match self {
            Self::Never => false,
            Self::OnFailure => end.code != Some(0),
            Self::Always => true,
        };
        let is_final = end.code.is_some_and(|code| final_codes.contains(&code));
        // What bgrun made end is followed by whoever did that. What cannot be executed is the
        // business of whoever starts it.
        let is_own = matches!(end.reason, Reason::Exit | Reason::Signal | Reason::Unknown);
        is_wished && is_own && !is_final
    }
}

impl FromStr for KeepAlive {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "never" | "false" => Ok(Self::Never),
            "on-failure" => Ok(Self::OnFailure),
            "always" | "true" => Ok(Self::Always),
            _ => Err("keep-alive is always, on-failure or never".to_owned()),
        }
    }
}

/// How often, and after which pauses, a process that is kept alive is started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestartPolicy {
    /// The first restart is made at once; the second in a row waits this long, each
    /// further one twice as long.
    pub shortest_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// So many restarts, and no more.
    pub most: u32,
    /// The time over which restarts are counted. `None`: those in a row count, which is
    /// all since a run was healthy.
    pub window: Option<Duration>,
    /// Exit codes after which it is not started again.
    pub final_codes: Vec<i32>,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            shortest_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            most: 10,
            // Ten within a minute would never be reached with these pauses.
            window: None,
            final_codes: Vec::new(),
        }
    }
}

/// A container as its engine knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerName {
    /// The program that runs it, `docker` or `podman`.
    pub engine: String,
    /// Its name there.
    pub name: String,
}

/// How large the logs of a process become, and what is kept of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPolicy {
    /// A log file that is larger is rotated, in bytes; 0: never.
    pub max_size_bytes: u64,
    /// So many archives of each log are kept.
    pub keep: u32,
    /// Whether archives are compressed.
    pub compress: bool,
    /// All of its logs and archives together take no more, in bytes; the oldest archives
    /// go first. `None`: no limit.
    pub max_total_bytes: Option<u64>,
}

impl Default for LogPolicy {
    fn default() -> Self {
        Self { max_size_bytes: 10 << 20, keep: 5, compress: false, max_total_bytes: None }
    }
}

/// Everything needed to start a process, and to start it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its unique name; see [`crate::name::check`].
    pub name: String,
    /// The group it belongs to.
    pub group: Option<String>,
    /// The shell command, or the argv rendered as one for showing.
    pub command: String,
    /// The words to execute as they are; without them `command` is for `sh -c`.
    pub argv: Option<Vec<OsString>>,
    /// The working directory, absolute.
    pub directory: PathBuf,
    /// The configuration file, absolute.
    pub config: Option<PathBuf>,
    /// The log of stdout, absolute.
    pub stdout: PathBuf,
    /// The log of stderr, absolute.
    pub stderr: PathBuf,
    /// Whether it may write into a log that another process writes too.
    pub shared_log: bool,
    /// The environment of the caller at the first start.
    pub caller_environment: Vec<(OsString, OsString)>,
    /// Files of variables, read at every start.
    pub environment_files: Vec<PathBuf>,
    /// Variables set by name (`-e`), and those of [`crate::variables::RECORDED`] that
    /// the caller had.
    pub settings: BTreeMap<String, String>,
    /// All overrides as of the last start: files, configuration, settings.
    pub overrides: BTreeMap<String, String>,
    /// The mask for files it makes.
    pub umask: u32,
    /// The signal that asks it to end, by name.
    pub stop_signal: String,
    /// How long it may take to end before it is killed.
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
}

impl Default for Spec {
    /// Nothing is said of it: what is not said has this value.
    fn default() -> Self {
        Self {
            name: String::new(),
            group: None,
            command: String::new(),
            argv: None,
            directory: PathBuf::new(),
            config: None,
            stdout: PathBuf::new(),
            stderr: PathBuf::new(),
            shared_log: false,
            caller_environment: Vec::new(),
            environment_files: Vec::new(),
            settings: BTreeMap::new(),
            overrides: BTreeMap::new(),
            umask: 0o022,
            stop_signal: "SIGTERM".to_owned(),
            stop_timeout: Duration::from_secs(10),
            keep_alive: KeepAlive::Never,
            restart_policy: RestartPolicy::default(),
            memory_limit_bytes: None,
            restart_interval_minutes: None,
            started_by: None,
            no_config: false,
            after: Vec::new(),
            ready: None,
            container: None,
            log_policy: LogPolicy::default(),
            project: None,
        }
    }
}

impl Spec {
    /// The words to execute.
    #[must_use]
    pub fn words(&self) -> Vec<OsString> {
        match &self.argv {
            Some(argv) => argv.clone(),
            None => vec!["/bin/sh".into(), "-c".into(), self.command.clone().into()],
        }
    }

    /// The whole environment of its process: the caller's, the overrides above it, and
    /// what tells the process who it is.
    #[must_use]
    pub fn environment(&self, cookie: &str, run: i64) -> Vec<(OsString, OsString)> {
        use crate::variables::{OWN_ID, OWN_NAME, OWN_RUN};
        let own = [
            (OWN_NAME, self.name.clone()),
            (OWN_ID, cookie.to_owned()),
            (OWN_RUN, run.to_string()),
        ];
        let above: BTreeMap<OsString, OsString> = self
            .overrides
            .iter()
            .map(|(key, value)| (key.into(), value.into()))
            .chain(own.map(|(key, value)| (key.into(), value.into())))
            .collect();
        let below = self.caller_environment.iter().filter(|(key, _)| !above.contains_key(key));
        below.cloned().chain(above.clone()).collect()
    }
}

/// The words of an argv as one line of shell that would give them back.
#[must_use]
pub fn rendered(argv: &[OsString]) -> String {
    let quoted = argv.iter().map(|word| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,~^".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argv_is_rendered_so_that_a_shell_reads_it_back() {
        let argv: Vec<OsString> =
            ["node", "server.js", "--title=a b", "", "it's", "$HOME"].map(Into::into).to_vec();
        assert_eq!(rendered(&argv), r"node server.js '--title=a b' '' 'it'\''s' '$HOME'");
    }

    #[test]
    fn keep_alive_survives_its_own_text() {
        for policy in [KeepAlive::Never, KeepAlive::OnFailure, KeepAlive::Always] {
            assert_eq!(policy.as_str().parse(), Ok(policy));
        }
        assert!("sometimes".parse::<KeepAlive>().is_err());
    }
}
