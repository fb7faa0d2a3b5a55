//! How a process stands, in the words of a screen: its status, and what of its end or its
//! supervisor says more than that word.

use std::fmt;

use crate::record::Record;
use crate::status::Status;

/// What of a record the words depend on; its fields have the same names and values there.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "they are those of the record")]
pub struct Standing<'a> {
    pub status: Status,
    pub supervised: bool,
    pub ready: Option<bool>,
    pub exit_code: Option<i32>,
    pub exit_signal: Option<&'a str>,
    pub exit_reason: Option<&'a str>,
}

impl<'a> Standing<'a> {
    /// That of `record`.
    #[must_use]
    pub fn of(record: &'a Record) -> Self {
        Self {
            status: record.status,
            supervised: record.supervised,
            ready: record.ready,
            exit_code: record.exit_code,
            exit_signal: record.exit_signal.as_deref(),
            exit_reason: record.exit_reason,
        }
    }
}

impl fmt::Display for Standing<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.status.as_str();
        match self.status {
            Status::Failed | Status::Backoff => {
                match (self.exit_code, self.exit_signal, self.exit_reason) {
                    (Some(code), _, Some("exit")) => write!(out, "{word} ({code})"),
                    (None, Some(signal), Some("signal")) => write!(out, "{word} ({signal})"),
                    (_, _, Some("exec")) => write!(out, "{word} (exec)"),
                    _ => out.write_str(word),
                }
            }
            Status::Running if self.ready == Some(false) => write!(out, "{word} (not ready)"),
            Status::Running if !self.supervised => write!(out, "{word} (unsupervised)"),
            Status::Lost if self.supervised => write!(out, "{word} (supervisor paused)"),
            _ => out.write_str(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_more_where_that_helps() {
        use Status::{Backoff, Exited, Failed, Lost, Running, Stopped};
        let words = |status, exit_code, exit_signal, exit_reason| {
            let (supervised, ready) = (status != Lost, None);
            Standing { status, supervised, ready, exit_code, exit_signal, exit_reason }.to_string()
        };
        for (status, code, signal, reason, expected) in [
            (Failed, Some(3), None, Some("exit"), "failed (3)"),
            (Failed, None, Some("SIGKILL"), Some("signal"), "failed (SIGKILL)"),
            (Failed, None, None, Some("exec"), "failed (exec)"),
            (Failed, Some(127), None, Some("exec"), "failed (exec)"),
            (Failed, None, None, Some("unknown"), "failed"),
            (Failed, None, None, None, "failed"),
            (Backoff, Some(7), None, Some("exit"), "backoff (7)"),
            (Backoff, None, Some("SIGSEGV"), Some("signal"), "backoff (SIGSEGV)"),
            (Running, Some(1), None, Some("exit"), "running"),
            (Exited, Some(0), None, Some("exit"), "exited"),
            (Stopped, None, Some("SIGTERM"), Some("stop"), "stopped"),
            (Lost, None, None, None, "lost"),
        ] {
            assert_eq!(words(status, code, signal, reason), expected);
        }
    }

    #[test]
    fn what_runs_says_what_it_lacks() {
        use Status::{Lost, Running, Starting};
        for (status, supervised, ready, expected) in [
            (Running, true, None, "running"),
            (Running, true, Some(true), "running"),
            (Running, true, Some(false), "running (not ready)"),
            (Running, false, None, "running (unsupervised)"),
            (Running, false, Some(false), "running (not ready)"),
            (Starting, false, Some(false), "starting"),
            (Lost, true, None, "lost (supervisor paused)"),
        ] {
            let (exit_code, exit_signal, exit_reason) = (None, None, None);
            let standing =
                Standing { status, supervised, ready, exit_code, exit_signal, exit_reason };
            assert_eq!(standing.to_string(), expected);
        }
    }
}
