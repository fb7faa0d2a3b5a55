//! Runs: the lives of a process, numbered 1, 2, 3 … for each.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It left by itself, with a code.
    Exit,
    /// A signal ended it that bgrun did not send.
    Signal,
    /// The user stopped it.
    Stop,
    /// The user restarted it.
    Restart,
    /// Files it was watched for have changed.
    Watch,
    /// Its tree needed more memory than it may.
    MemoryLimit,
    /// It was time for a fresh one.
    Interval,
    /// The machine or the session went down.
    Shutdown,
    /// Its command could not be executed.
    Exec,
    /// It ended unseen.
    Unknown,
}

const REASONS: [(Reason, &str); 10] = [
    (Reason::Exit, "exit"),
    (Reason::Signal, "signal"),
    (Reason::Stop, "stop"),
    (Reason::Restart, "restart"),
    (Reason::Watch, "watch"),
    (Reason::MemoryLimit, "memory-limit"),
    (Reason::Interval, "interval"),
    (Reason::Shutdown, "shutdown"),
    (Reason::Exec, "exec"),
    (Reason::Unknown, "unknown"),
];

impl Reason {
    /// As in the store and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        REASONS.iter().find(|(reason, _)| *reason == self).map_or("unknown", |(_, name)| name)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = REASONS.iter().find(|(_, name)| *name == text);
        known.map(|(reason, _)| *reason).ok_or_else(|| format!("'{text}' is no reason of an end"))
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    #[serde(with = "crate::time::optional")]
    pub at: Option<Timestamp>,
    /// With which code, if it left by itself.
    pub code: Option<i32>,
    /// By which signal, by name, if one ended it.
    pub signal: Option<String>,
    /// Why.
    pub reason: Reason,
}

/// One life of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// 1 for the first.
    pub number: i64,
    /// The start request that began it, or whose keep-alive did.
    pub request: i64,
    /// The pid now: the main process, or the oldest of the tree after the main process
    /// left with 0.
    pub pid: Option<u32>,
    /// The pid it began with.
    pub first_pid: Option<u32>,
    /// The identity of `pid`, as the platform writes it.
    pub identity: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it began, on the clock that counts from boot.
    pub started_since_boot_ms: Option<i64>,
    /// Length of the stdout log then.
    pub stdout_offset: i64,
    /// Length of the stderr log then.
    pub stderr_offset: i64,
    /// When it was found to be ready, where it says how one finds out.
    pub ready_at: Option<Timestamp>,
    /// How it ended; none while it goes on, or when that was not seen.
    pub end: Option<End>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_the_same_in_the_store_and_in_json() {
        for (reason, name) in REASONS {
            assert_eq!(name.parse(), Ok(reason));
            assert_eq!(serde_json::to_string(&reason).expect("JSON"), format!("\"{name}\""));
        }
    }
}
