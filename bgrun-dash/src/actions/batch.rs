//! `/api/batch` and `/api/undo`: the same for many processes by one run of the tool that does
//! it, so that five hundred take hardly longer than one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bgrun_store::{KeepAlive, name, selection};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::actions::{Guard, Signal};
use crate::answer::{self, Problem};
use crate::extract::Sent;
use crate::state::Dashboard;
use crate::undo::{self, Undo};
use crate::verbs;

/// What is done to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Start,
    Stop,
    Restart,
    Delete,
    Guard,
    Signal,
    Rotate,
}

/// What is to be done, and to whom.
#[derive(Debug, Deserialize)]
pub(crate) struct Batch {
    action: Action,
    names: Vec<String>,
    /// With stop: how long each may take to end.
    timeout_ms: Option<u64>,
    /// With delete.
    #[serde(default)]
    keep_logs: bool,
    /// With guard: keep them alive, or no longer.
    on: Option<bool>,
    /// With guard: when they are started again, if not always.
    keep_alive: Option<KeepAlive>,
    /// With signal.
    signal: Option<String>,
    /// With signal: to all of each tree.
    #[serde(default)]
    tree: bool,
}

pub(crate) async fn act(
    State(dashboard): State<Arc<Dashboard>>,
    sent: Sent,
) -> Result<Response, Problem> {
    let Batch { action, mut names, timeout_ms, keep_logs, on, keep_alive, signal, tree } =
        sent.json()?;
    let mut known = std::collections::HashSet::new();
    names.retain(|name| known.insert(name.clone()));
    if let Some(name) = names.iter().find(|one| name::check(one).is_err()) {
        return Err(wrong(format!("'{name}' is no name")));
    }
    answered(match action {
        Action::Start => run(&["--json", "-"], bare(&names)).await?,
        Action::Restart => run(&["--json", "--restart", "-"], bare(&names)).await?,
        Action::Stop => {
            let timeout = timeout_ms.map(|ms| format!("--timeout={ms}ms"));
            let flags: Vec<&str> = ["--json", "-"].into_iter().chain(timeout.as_deref()).collect();
            kill(&flags, &names).await?
        }
        Action::Delete => delete(&dashboard, &names, keep_logs).await?,
        Action::Guard => {
            let on = on.ok_or_else(|| wrong("on: true or false?"))?;
            guard(&names, &Guard { on, keep_alive }).await?
        }
        Action::Signal => {
            let signal = signal.ok_or_else(|| wrong("signal: which one is to be sent?"))?;
            let flags = Signal { signal, tree }.flags()?;
            kill(&flags.iter().map(String::as_str).collect::<Vec<_>>(), &names).await?
        }
        Action::Rotate => {
            let flags = ["--json", "--rotate", "-"];
            list(&verbs::run("bgrun-logs", &flags, selectors(&names)).await?)?
        }
    })
}

fn wrong(what: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what)
}

/// Keeps them alive, or no longer.
async fn guard(names: &[String], how: &Guard) -> Result<Vec<Value>, Problem> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let words = how.words(names.iter().map(String::as_str));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut done = list(&verbs::run("bgrun-guard", &words, "").await?)?;
    for one in done.iter_mut().filter_map(Value::as_object_mut) {
        // What is left is a record, as of the other acts.
        one.retain(|key, value| match key.as_str() {
            "time" | "action" => false,
            "error" => !value.is_null(),
            _ => true,
        });
    }
    Ok(done)
}

/// Stops and forgets them; each can be taken back.
async fn delete(
    dashboard: &Dashboard,
    names: &[String],
    keep_logs: bool,
) -> Result<Vec<Value>, Problem> {
    let came = verbs::run("bgrun-ls", &["--json", "--env", "-"], selectors(names)).await?;
    let kept: Vec<Value> = list(&came)?;
    let mut deleted = kill(&["--json", "--delete", "--keep-logs", "-"], names).await?;
    for one in &mut deleted {
        let Some(record) = kept.iter().find(|record| record["name"] == one["name"]) else {
            continue;
        };
        if one["deleted"] == true {
            one["undo"] = Undo::new(record.clone(), !keep_logs).keep(&dashboard.home)?.into();
        }
    }
    undo::expire_later(dashboard.home.clone());
    Ok(deleted)
}

/// Deletions and changes that are to be taken back.
#[derive(Debug, Deserialize)]
pub(crate) struct Ids {
    ids: Vec<String>,
}

/// Flags of `bgrun-run`, and what is started so: ids and specs.
type Way = (&'static [&'static str], Vec<(String, Value)>);

pub(crate) async fn undo(
    State(dashboard): State<Arc<Dashboard>>,
    sent: Sent,
) -> Result<Response, Problem> {
    let Ids { ids } = sent.json()?;
    let all: Vec<Value> = list(&verbs::run("bgrun-ls", &["--json"], "").await?)?;
    let is_there = |name: &str| all.iter().any(|record| record["name"] == name);
    let mut done = Vec::new();
    // What is started in one way is started by one run.
    let mut ways: Vec<Way> = Vec::new();
    for id in ids {
        let Some(undo) = Undo::find(&dashboard.home, &id) else {
            done.push(json!({"name": null, "error": "that cannot be undone any more"}));
            continue;
        };
        if let Some(error) = undo.refusal(is_there(undo.name())) {
            done.push(json!({"name": undo.name(), "error": error}));
            continue;
        }
        match ways.iter_mut().find(|(flags, _)| *flags == undo.flags()) {
            Some((_, specs)) => specs.push((id, undo.spec())),
            None => ways.push((undo.flags(), vec![(id, undo.spec())])),
        }
    }
    for (flags, specs) in ways {
        let flags: Vec<&str> = ["--json", "-"].into_iter().chain(flags.iter().copied()).collect();
        let input: Vec<&Value> = specs.iter().map(|(_, spec)| spec).collect();
        let came = run(&flags, json!(input).to_string()).await?;
        for (id, spec) in &specs {
            let is_back = |one: &&Value| one["name"] == spec["name"] && one["error"].is_null();
            if came.iter().any(|one| is_back(&one)) {
                Undo::forget(&dashboard.home, id);
            }
        }
        done.extend(came);
    }
    answered(done)
}

/// 207 where something was not done: each says what came of it.
fn answered(done: Vec<Value>) -> Result<Response, Problem> {
    let is_done = done.iter().all(|one| one["error"].is_null());
    let mut response = answer::value(&done)?;
    if !is_done {
        *response.status_mut() = StatusCode::MULTI_STATUS;
    }
    Ok(response)
}

async fn run(flags: &[&str], input: impl Into<Vec<u8>>) -> Result<Vec<Value>, Problem> {
    list(&verbs::run("bgrun-run", flags, input).await?)
}

async fn kill(flags: &[&str], names: &[String]) -> Result<Vec<Value>, Problem> {
    let mut done = list(&verbs::run("bgrun-kill", flags, selectors(names)).await?)?;
    for one in done.iter_mut().filter(|one| one["outcome"] == "survivors") {
        if one["error"].is_null() {
            one["error"] = format!("still alive: {}", one["survivors"]).into();
        }
    }
    Ok(done)
}

/// What a tool printed of each.
fn list(came: &verbs::Came) -> Result<Vec<Value>, Problem> {
    match serde_json::from_slice(&came.stdout) {
        Ok(Value::Array(all)) => Ok(all),
        _ => Err(came.problem()),
    }
}

fn selectors(names: &[String]) -> String {
    let all = names.iter().map(|name| json!({"name": selection::exactly(name)}));
    Value::from_iter(all).to_string()
}

fn bare(names: &[String]) -> String {
    Value::from_iter(names.iter().map(|name| json!({"name": name}))).to_string()
}
