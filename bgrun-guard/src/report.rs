//! What is told: a line, or a record, for each action; the exit code of all.

use std::io::Write;

use bgrun_platform::text::{safe, size};
use bgrun_platform::tool::{self, Exit};
use serde_json::Value;

use crate::args::Args;
use crate::decide::{Action, Excess};
use crate::pass::Deed;

/// Tells of a single pass; answers the exit code.
///
/// # Errors
/// Nobody can be told.
pub(crate) fn end(args: &Args, deeds: &[Deed]) -> anyhow::Result<Exit> {
    if args.json {
        deeds.iter().for_each(complain);
        tool::print_json(&deeds.iter().map(record).collect::<Vec<Value>>())?;
    } else {
        for deed in deeds {
            tell(args, deed)?;
        }
    }
    Ok(exit(deeds))
}

/// Tells of one action at once.
///
/// # Errors
/// Nobody can be told, or nobody reads it any more.
pub(crate) fn tell(args: &Args, deed: &Deed) -> anyhow::Result<()> {
    complain(deed);
    let line = if args.json {
        serde_json::to_string(&record(deed))?
    } else if deed.attempt.error.is_none() {
        line(deed)
    } else {
        return Ok(());
    };
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn exit(deeds: &[Deed]) -> Exit {
    if deeds.iter().any(|deed| deed.attempt.is_store_failure) {
        Exit::Store
    } else if deeds.iter().any(|deed| deed.attempt.error.is_some()) {
        Exit::Failed
    } else {
        Exit::Done
    }
}

fn complain(deed: &Deed) {
    let Some(error) = &deed.attempt.error else { return };
    let what = match deed.attempt.action {
        Action::Adopt => "not adopted",
        Action::Start(_) => "not started again",
        Action::Restart(_) => "not restarted",
        Action::Stop => "not stopped",
    };
    let (name, error) = (safe(&deed.attempt.facts.name), safe(error));
    tool::warn(format_args!("{name}: {what} ({}): {error}", why(deed.attempt.action)));
}

fn line(deed: &Deed) -> String {
    let name = safe(&deed.attempt.facts.name);
    let action = deed.attempt.action;
    match action {
        Action::Adopt => format!("{name}: adopted"),
        Action::Start(_) => format!("{name}: started again ({})", why(action)),
        Action::Restart(_) => format!("{name}: restarted ({})", why(action)),
        Action::Stop => format!("{name}: stopped ({})", why(action)),
    }
}

fn why(action: Action) -> String {
    let reason = action.reason();
    match action {
        Action::Adopt | Action::Start(_) | Action::Stop => reason.to_owned(),
        Action::Restart(Excess::Memory { bytes, limit_bytes }) => {
            format!("{reason}, {} > {}", size(bytes), size(limit_bytes))
        }
        Action::Restart(Excess::Interval { uptime_ms, minutes }) => {
            format!("{reason}, {}m of {minutes}m", uptime_ms / 60_000)
        }
    }
}

fn record(deed: &Deed) -> Value {
    let mut record = deed.record.clone();
    record["time"] = deed.attempt.time.as_str().into();
    record["action"] = deed.attempt.action.as_str().into();
    record["reason"] = deed.attempt.action.reason().into();
    record["error"] = deed.attempt.error.as_deref().into();
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_its_numbers() {
        let memory = Excess::Memory { bytes: 612 << 20, limit_bytes: 500 << 20 };
        assert_eq!(why(Action::Restart(memory)), "memory-limit, 612M > 500M");
        let interval = Excess::Interval { uptime_ms: 4_500_000, minutes: 60 };
        assert_eq!(why(Action::Restart(interval)), "interval, 75m of 60m");
    }
}
