//! `GET /api/logs/{name}/span`: the bytes of a log that were written between two times. What a
//! time is, and what was written when, `bgrun-logs` knows.

use std::io;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::response::Response;
use bgrun_platform::logs::continuous::Log;
use bgrun_platform::logs::index::Index;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::answer::{self, Problem};
use crate::extract::{Asked, Name};
use crate::logs::{self, Tab};
use crate::state::Dashboard;
use crate::verbs;

/// Which times; one of them at least.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Times {
    tab: Tab,
    since: Option<String>,
    until: Option<String>,
}

/// Where it lies.
#[derive(Debug, Serialize)]
struct Span {
    name: String,
    tab: Tab,
    /// The first byte.
    from: u64,
    /// The byte behind the last one; `None`: it goes on with what is written from now on.
    to: Option<u64>,
}

pub(crate) async fn span(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
    Asked(times): Asked<Times>,
) -> Result<Response, Problem> {
    let flags = times.flags();
    if flags.is_empty() {
        return Err(Problem::bad("since or until: which time is meant?"));
    }
    let (whose, tab) = (name.clone(), times.tab);
    let look = move || {
        let log = logs::place(&dashboard.home, &whose, tab)?.open()?;
        let end = log.as_ref().map(Log::end).transpose().context("read the log")?.unwrap_or(0);
        let is_timed = !Index::read(&dashboard.home.index(&whose)).records().is_empty();
        if end > 0 && !is_timed {
            let error = format!("{whose}: when it was written is not known");
            return Err(Problem::new(StatusCode::CONFLICT, error));
        }
        Ok((log, end))
    };
    let looked: Result<_, Problem> =
        tokio::task::spawn_blocking(look).await.context("look at a log")?;
    let (log, end) = looked?;
    let is_open = !flags.iter().any(|flag| flag.starts_with("--until"));
    let first = line(&name, tab, &flags, "--head=1").await?;
    let (from, to) = match first {
        None => (end, (!is_open).then_some(end)),
        Some(from) if is_open => (from, None),
        Some(from) => {
            let last = line(&name, tab, &flags, "--lines=1").await?.unwrap_or(from);
            let behind = move || log.map_or(Ok(last), |log| end_of_line(&log, last));
            let behind = tokio::task::spawn_blocking(behind).await.context("look at a log")?;
            (from, Some(behind.context("read the log")?))
        }
    };
    answer::value(&Span { name, tab, from, to })
}

impl Times {
    /// The flags of `bgrun-logs`; a field that was left empty says nothing.
    fn flags(&self) -> Vec<String> {
        let said = |time: &Option<String>| {
            time.as_deref().map(str::trim).filter(|time| !time.is_empty()).map(str::to_owned)
        };
        let since = said(&self.since).map(|time| format!("--since={time}"));
        since.into_iter().chain(said(&self.until).map(|time| format!("--until={time}"))).collect()
    }
}

/// What counts of a line here.
#[derive(Debug, Deserialize)]
struct Line {
    offset: u64,
}

/// Where the line begins that `which` chooses of those that were written then.
async fn line(name: &str, tab: Tab, flags: &[String], which: &str) -> Result<Option<u64>, Problem> {
    let tab = if tab == Tab::Stdout { "--stdout" } else { "--stderr" };
    let mut arguments = vec!["--json", "--offsets", tab, which];
    arguments.extend(flags.iter().map(String::as_str));
    arguments.push("-");
    let came = verbs::run("bgrun-logs", &arguments, verbs::named(name)).await?;
    if came.exit != Some(0) {
        return Err(came.problem());
    }
    let first = came.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(serde_json::from_slice(first).ok().map(|Line { offset }| offset))
}

/// The byte behind the line that begins at `offset`; the end of the log if it is not finished.
fn end_of_line(log: &Log, offset: u64) -> io::Result<u64> {
    let (mut at, end) = (offset, log.end()?);
    while at < end {
        let bytes = logs::read(log, at, (end - at).min(logs::STEP))?;
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(newline) => return Ok(at + newline as u64 + 1),
            None if bytes.is_empty() => break,
            None => at += bytes.len() as u64,
        }
    }
    Ok(at)
}
