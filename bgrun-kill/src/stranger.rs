//! Who holds a port and is not ours: what became of it, and how that is told.

use std::time::Duration;

use bgrun_platform::tool;
use serde_json::{Value, json};

use crate::args::Args;
use crate::report::milliseconds;
use crate::stop::Outcome;

/// A listener that is not ours, and what became of it.
#[derive(Debug)]
pub(crate) struct Stranger {
    pub(crate) port: u16,
    /// Unknown where it belongs to another user, or where only the port is seen to be taken.
    pub(crate) pid: Option<u32>,
    pub(crate) became: Became,
}

/// What became of a listener that is not ours.
#[derive(Debug)]
pub(crate) enum Became {
    /// It was ended by force, as asked for, or would have been.
    Ended(Outcome, Duration),
    /// The port stays taken, and why; perhaps with a way out.
    Left(String, Option<&'static str>),
}

impl Stranger {
    /// Whether it holds the port still.
    pub(crate) fn is_left(&self) -> bool {
        matches!(self.became, Became::Left(..))
    }

    /// Who is not ours is spoken of on stderr, for nothing of ours was changed.
    pub(crate) fn tell(&self, args: &Args) {
        let Self { port, pid, became } = self;
        match (became, pid) {
            (Became::Left(what, hint), _) => {
                tool::warn(what);
                hint.iter().for_each(tool::hint_line);
            }
            (Became::Ended(Outcome::DryRun, _), Some(pid)) => {
                tool::warn(format_args!("would end pid {pid}, which is not ours"));
            }
            (Became::Ended(Outcome::AlreadyStopped, _), Some(pid)) if !args.quiet => {
                tool::warn(format_args!("pid {pid} no longer listens on port {port}"));
            }
            (Became::Ended(..), Some(pid)) if !args.quiet => {
                tool::warn(format_args!("ended pid {pid}, which listened on port {port}"));
            }
            (Became::Ended(..), _) => {}
        }
    }

    /// It has no name here, and none of our records.
    pub(crate) fn record(&self) -> Value {
        let Self { port, pid, became } = self;
        let mut record = json!({"name": null, "port": port, "pid": pid});
        match became {
            Became::Ended(outcome, waited) => {
                record["outcome"] = outcome.as_str().into();
                record["waited_ms"] = milliseconds(*waited).into();
            }
            Became::Left(what, _) => record["error"] = what.as_str().into(),
        }
        record
    }
}
