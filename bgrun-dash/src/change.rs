//! `POST /api/change/{name}`: another spec for a process that is there. What is sent has the
//! fields that shall be different; null takes one away, as in a JSON merge patch (RFC 7396).
//!
//! `bgrun run` leaves what is not said as it is stored, so what is only set is handed on as it
//! is. To take something away, everything is forgotten (`--reset`) and what is to stay is said
//! again, from the record. So no secret travels that the page does not change itself.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{self, Problem};
use crate::check::spec::Spec;
use crate::extract::{Asked, Name, Sent};
use crate::state::Dashboard;
use crate::undo::{self, Undo};
use crate::{actions, processes};

/// What a record says of how a process is started, beside its command, directory and variables.
const FIELDS: [&str; 22] = [
    "group",
    "env_files",
    "configPath",
    "no_config",
    "stdout_path",
    "stderr_path",
    "shared_log",
    "after",
    "ready_probe",
    "keep_alive",
    "backoff_min_ms",
    "backoff_max_ms",
    "max_restarts",
    "restart_window_ms",
    "stop_exit_codes",
    "memory_limit_bytes",
    "restart_interval_minutes",
    "stop_signal",
    "stop_timeout_ms",
    "log_max_size_bytes",
    "log_keep",
    "log_compress",
];
/// What takes part in a change beside these.
const OTHERS: [&str; 5] = ["command", "argv", "workdir", "env", "log_max_total_bytes"];
/// Those that are said together, or the other one is forgotten.
const PAIRS: [[&str; 2]; 2] =
    [["backoff_min_ms", "backoff_max_ms"], ["max_restarts", "restart_window_ms"]];

/// What stands for a value that the store knows and the reader need not.
const UNTOLD: &str = "…";

/// How a change is meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct How {
    /// Start what does not run, too.
    start: bool,
    /// What it has from its caller is taken from the dashboard now.
    fresh_env: bool,
}

pub(crate) async fn change(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
    Asked(how): Asked<How>,
    sent: Sent,
) -> Result<Response, Problem> {
    let patch: Map<String, Value> = sent.json()?;
    let record = processes::record(&name, &["--env"]).await?;
    let change = Change::new(&record, &patch)?.with_fresh_env(how.fresh_env);
    let mut changed = actions::run(change.spec(), &change.flags(how.start)).await?;
    let undo = Undo::of_change(record);
    changed["undo"] = undo.keep(&dashboard.home)?.into();
    changed["undo_ms"] = undo::WINDOW.as_millis().try_into().unwrap_or(u64::MAX).into();
    undo::expire_later(dashboard.home.clone());
    answer::value(&changed)
}

/// A change, worked out.
#[derive(Debug)]
pub(crate) struct Change {
    /// What is handed to `bgrun-run`.
    spec: Value,
    /// What is stored of it.
    stored: Map<String, Value>,
    /// The variables in `spec` whose values come from the store.
    untold: Vec<String>,
    is_reset: bool,
    has_fresh_env: bool,
    is_up: bool,
}

impl Change {
    /// What `patch` makes of the process of `record`, which has its whole environment.
    ///
    /// # Errors
    /// The patch makes no sense.
    pub(crate) fn new(record: &Value, patch: &Map<String, Value>) -> Result<Self, Problem> {
        let patch = sound(record, patch)?;
        let is_said = |key: &str| patch.get(key).is_some_and(|value| !value.is_null());
        let is_reset = takes_away(&patch);
        let mut stored = Map::new();
        let mut store = |key: &str| stored.insert(key.to_owned(), record[key].clone());
        if is_reset {
            let all = FIELDS.into_iter().chain(["log_max_total_bytes", "project"]);
            all.filter(|key| !says_nothing(&record[*key])).for_each(|key| {
                store(key);
            });
        }
        for pair in PAIRS.into_iter().filter(|pair| pair.iter().any(|key| is_said(key))) {
            pair.into_iter().for_each(|key| {
                store(key);
            });
        }
        if is_said("argv") || is_said("command") {
            // Whoever names a command starts it here; it shall stay where it was.
            store("workdir");
        }
        let mut spec = stored;
        spec.extend(patch.clone());
        let untold = if is_reset { kept_variables(record, &patch) } else { Vec::new() };
        let own = patch.get("env").and_then(Value::as_object).cloned().unwrap_or_default();
        let kept = untold.iter().map(|key| (key.clone(), record["env"][key].clone()));
        let env: Map<String, Value> =
            kept.chain(own).filter(|(_, value)| !value.is_null()).collect();
        if is_reset {
            // Named, these are all there shall be.
            spec.insert("env_keys".to_owned(), env.keys().cloned().collect());
            spec.insert("env_set".to_owned(), env.keys().cloned().collect());
        }
        spec.insert("env".to_owned(), env.into());
        spec.insert("name".to_owned(), record["name"].clone());
        spec.retain(|_, value| !value.is_null());
        let stored =
            ["command", "argv", "workdir"].map(|key| (key.to_owned(), record[key].clone()));
        let status = record["status"].as_str().unwrap_or_default();
        Ok(Self {
            spec: spec.into(),
            stored: stored.into_iter().collect(),
            untold,
            is_reset,
            has_fresh_env: false,
            is_up: ["starting", "running", "backoff", "stopping"].contains(&status),
        })
    }

    /// What is handed to `bgrun-run`.
    pub(crate) fn spec(&self) -> &Value {
        &self.spec
    }

    /// How `bgrun-run` is called: what runs is restarted, what does not is only stored, unless
    /// it is to be started.
    pub(crate) fn flags(&self, starts: bool) -> Vec<&'static str> {
        let how = if self.is_up || starts { "--restart" } else { "--stored-only" };
        [how].into_iter().chain(self.switches()).collect()
    }

    /// How, as far as it is not a start.
    pub(crate) fn switches(&self) -> impl Iterator<Item = &'static str> {
        let all = [(self.is_reset, "--reset"), (self.has_fresh_env, "--fresh-env")];
        all.into_iter().filter_map(|(is_on, flag)| is_on.then_some(flag))
    }

    /// The same, with the environment of the dashboard in place of the stored one.
    pub(crate) fn with_fresh_env(self, has_fresh_env: bool) -> Self {
        Self { has_fresh_env, ..self }
    }

    /// What will run where.
    ///
    /// # Errors
    /// A value makes no sense.
    pub(crate) fn outcome(&self) -> Result<Spec, Problem> {
        let mut whole = self.stored.clone();
        if self.spec["argv"].is_array() || self.spec["command"].is_string() {
            whole.remove("argv");
            whole.remove("command");
        }
        for key in ["command", "argv", "workdir"] {
            if !self.spec[key].is_null() {
                whole.insert(key.to_owned(), self.spec[key].clone());
            }
        }
        read(whole.into())
    }

    /// The command line that does it. Values that come from the store are not in it.
    ///
    /// # Errors
    /// A value makes no sense.
    pub(crate) fn line(&self) -> Result<String, Problem> {
        let mut shown = self.spec.clone();
        for key in &self.untold {
            shown["env"][key] = UNTOLD.into();
        }
        let restart = self.is_up.then_some("--restart");
        let how: Vec<_> = restart.into_iter().chain(self.switches()).collect();
        Ok(read(shown)?.line(&how))
    }
}

fn read(spec: Value) -> Result<Spec, Problem> {
    serde_json::from_value(spec).map_err(|error| wrong(error.to_string()))
}

fn wrong(what: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what)
}

/// The patch, when it is one: of fields that can be changed, and those that have a value for
/// "none" with it.
fn sound(record: &Value, patch: &Map<String, Value>) -> Result<Map<String, Value>, Problem> {
    let mut patch = patch.clone();
    if patch.remove("name").is_some_and(|name| name != record["name"]) {
        return Err(wrong("a process keeps its name".to_owned()));
    }
    let is_known = |key: &str| FIELDS.contains(&key) || OTHERS.contains(&key);
    if let Some(unknown) = patch.keys().find(|key| !is_known(key)) {
        return Err(wrong(format!("'{unknown}' is nothing that can be changed")));
    }
    if patch.get("env").is_some_and(|env| !env.is_object()) {
        return Err(wrong("env is an object: variables and their values".to_owned()));
    }
    for (key, none) in
        [("after", json!([])), ("ready_probe", json!("")), ("log_max_total_bytes", json!(0))]
    {
        if let Some(value) = patch.get_mut(key).filter(|value| value.is_null()) {
            *value = none;
        }
    }
    // A command is said in one of two ways, and takes the other one's place.
    for key in ["command", "argv", "workdir"] {
        if patch.get(key).is_some_and(Value::is_null) {
            patch.remove(key);
        }
    }
    Ok(patch)
}

/// Whether something goes that only a reset takes away.
fn takes_away(patch: &Map<String, Value>) -> bool {
    let env = patch.get("env").and_then(Value::as_object);
    // No file at all is not said by naming none.
    let has_no_files =
        patch.get("env_files").and_then(Value::as_array).is_some_and(|files| files.is_empty());
    has_no_files
        || FIELDS.iter().any(|key| patch.get(*key).is_some_and(Value::is_null))
        || env.is_some_and(|env| env.values().any(Value::is_null))
}

/// Whether a value is what there is without it, too.
fn says_nothing(value: &Value) -> bool {
    *value == json!(false) || *value == json!([]) || *value == json!("never")
}

/// The variables that were set by name and stay as they are.
fn kept_variables(record: &Value, patch: &Map<String, Value>) -> Vec<String> {
    let set = record["env_set"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_kept = |key: &&str| patch.get("env").is_none_or(|env| env.get(*key).is_none());
    set.filter(is_kept).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
