//! Looking: the list, and one process in full. `bgrun-ls` makes the records.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use crate::answer::{self, Problem};
use crate::extract::Name;
use crate::reach::watching;
use crate::state::Dashboard;
use crate::verbs;

/// So many last lines of its stderr explain an end.
const LAST_WORDS: &str = "20";

pub(crate) async fn list() -> Result<Response, Problem> {
    let came = verbs::run("bgrun-ls", &["--json"], "").await?;
    Ok(answer::printed(came.done()?))
}

/// The record of one process, as `bgrun-ls` prints it with `flags`.
pub(crate) async fn record(name: &str, flags: &[&str]) -> Result<Value, Problem> {
    let mut arguments = vec!["--json"];
    arguments.extend(flags);
    arguments.push("-");
    let came = verbs::run("bgrun-ls", &arguments, verbs::named(name)).await?;
    came.only_of(name)
}

pub(crate) async fn details(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
) -> Result<Response, Problem> {
    // With the environment it also says which variables were set by name; their values stay here.
    let mut record = record(&name, &["--details", "--env"]).await?;
    hide_values(&mut record);
    record["last_stderr"] = last_words(&record, &name).await.into();
    for (path, size) in [("stdout_path", "stdout_bytes"), ("stderr_path", "stderr_bytes")] {
        let path = record[path].as_str().unwrap_or_default();
        let length = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
        record[size] = length.map(|data| data.len()).into();
    }
    record["watcher"] = watching::watcher(&dashboard.home, &record);
    answer::value(&record)
}

/// The end of what the run that ended last wrote to its stderr: nothing, if it said nothing.
async fn last_words(record: &Value, name: &str) -> Vec<Value> {
    let Some(run) = explained(record) else { return Vec::new() };
    let run = format!("--run={run}");
    let words = ["--json", "--stderr", "--lines", LAST_WORDS, &run, "-"];
    // Without them the details are still worth showing.
    let came = verbs::run("bgrun-logs", &words, verbs::named(name)).await;
    let printed = came.map(|came| came.stdout).unwrap_or_default();
    let lines = printed.split(|byte| *byte == b'\n');
    let lines = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    lines.map(|mut line| line["line"].take()).collect()
}

/// The run whose end the details explain: the latest that has one, or whose end nobody saw.
fn explained(record: &Value) -> Option<u64> {
    let is_down = record["pid"].is_null();
    let has_ended = |run: &&Value| is_down || !run["ended_at"].is_null();
    record["runs"].as_array()?.iter().find(has_ended)?["run"].as_u64()
}

/// Leaves the environment that is shown to everybody: the overrides called `BGR_*`.
fn hide_values(record: &mut Value) {
    let keys = record["env_keys"].clone();
    let is_shown = |key: &str| {
        key.starts_with("BGR_") && keys.as_array().is_some_and(|all| all.contains(&key.into()))
    };
    if let Some(env) = record["env"].as_object_mut() {
        env.retain(|key, _| is_shown(key));
    }
}

pub(crate) async fn version(State(dashboard): State<Arc<Dashboard>>) -> Result<Response, Problem> {
    answer::value(&json!({
        "name": "bgrun",
        "version": env!("CARGO_PKG_VERSION"),
        "read_only": dashboard.gate.read_only,
        "pid": std::process::id(),
        "host": bgrun_platform::user::machine_name(),
        "home": dashboard.home.directory().to_string_lossy(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_that_ended_last_is_explained() {
        let ended = json!({"run": 1, "ended_at": "2026-11-23T08:54:00Z"});
        let open = json!({"run": 2, "ended_at": null});
        for (pid, runs, run) in [
            (json!(7), json!([open, ended]), Some(1)),
            (json!(null), json!([open, ended]), Some(2)),
            (json!(7), json!([open]), None),
            (json!(null), json!([]), None),
        ] {
            assert_eq!(explained(&json!({"pid": pid, "runs": runs})), run, "{pid} {runs}");
        }
    }
}
