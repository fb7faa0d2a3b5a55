//! `--dry-run`: what would be done, and in what a process would be different.

use std::io::Write;

use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit};
use bgrun_store::{Home, Store};
use serde::Serialize;

use crate::args::Args;
use crate::prepare::Attempt;
use crate::stored::store_failure;
use crate::{changes, existing, order, report};

/// What would be done for one name.
#[derive(Debug, Serialize)]
struct Plan {
    name: String,
    outcome: &'static str,
    /// `start`, `restart`, `leave`, or null when it cannot be started.
    action: Option<&'static str>,
    /// Whether there was such a process before.
    is_new: bool,
    /// In what it would be different.
    changes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Tells what would be done. Everything is checked that a start checks before it starts.
///
/// # Errors
/// A circle; the kernel refuses to say what runs; nobody can be told.
pub(crate) fn tell(
    args: &Args,
    mut attempts: Vec<Attempt>,
    home: &Home,
    store: &Store,
) -> anyhow::Result<Exit> {
    order::check(args, &mut attempts, home, store)?;
    let is_list = report::is_list(args, attempts.len());
    let mut plans = Vec::with_capacity(attempts.len());
    let mut exits = Vec::new();
    for (name, attempt) in attempts {
        let prepared = attempt.and_then(|prepared| {
            let is_up = prepared.stored.as_ref().map(|stored| existing::is_up(stored, home));
            match is_up.transpose() {
                Ok(Some(true)) if args.if_absent => Ok((prepared, "leave")),
                Ok(Some(true)) if args.restart || args.force => Ok((prepared, "restart")),
                Ok(Some(true)) => Err(existing::runs_already()),
                Ok(_) => Ok((prepared, "start")),
                Err(error) => Err(tool::Failure::new(Exit::Failed, error)),
            }
        });
        plans.push(match prepared {
            Ok((prepared, action)) => {
                let old = prepared.stored.as_ref().map(|stored| store.spec(stored.id));
                let old = old.transpose().map_err(store_failure)?.flatten();
                let changes = old
                    .as_ref()
                    .map(|old| changes::between(old, &prepared.spec))
                    .unwrap_or_default();
                let is_new = old.is_none();
                let action = Some(action);
                Plan { name, outcome: "dry-run", action, is_new, changes, error: None }
            }
            Err(failure) => {
                exits.push(failure.exit());
                let error = Some(failure.to_string());
                report::complain(&name, failure);
                Plan {
                    name,
                    outcome: "dry-run",
                    action: None,
                    is_new: false,
                    changes: Vec::new(),
                    error,
                }
            }
        });
    }
    if args.json && is_list {
        tool::print_json(&plans)?;
    } else if args.json {
        tool::print_json(&plans.first())?;
    } else if !args.quiet {
        let mut out = std::io::stdout().lock();
        for plan in &plans {
            if let Some(words) = plan.words() {
                writeln!(out, "{}: {words}", safe(&plan.name))?;
            }
        }
    }
    Ok(match exits.as_slice() {
        [] => Exit::Done,
        [only] if !is_list => *only,
        all if all.iter().all(|exit| *exit == Exit::Unknown) => Exit::Unknown,
        _ => Exit::Failed,
    })
}

impl Plan {
    fn words(&self) -> Option<String> {
        let what = match self.action? {
            "leave" => return Some("already running".to_owned()),
            "restart" => "would be restarted",
            _ => "would be started",
        };
        Some(match self.changes.as_slice() {
            _ if self.is_new => format!("{what}, for the first time"),
            [] => what.to_owned(),
            changes => format!("{what} with another {}", changes.join(", ")),
        })
    }
}
