//! `/api/watch/{name}`: restarting a process when its files change. The watcher is a process
//! like any other, `NAME.watch`, as one would start it by
//! `bgrun run --name NAME.watch -- bgrun watch NAME`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use bgrun_platform::{Lock, sibling};
use bgrun_store::{Home, Known};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, Problem};
use crate::extract::{Name, Sent};
use crate::state::Dashboard;
use crate::{actions, processes, verbs};

const TOOL: &str = "bgrun-watch";
/// A watcher has read all its directories within this time, or something is wrong.
const BEGINNING: Duration = Duration::from_secs(20);
/// How often it is looked whether it has.
const GLANCE: Duration = Duration::from_millis(30);

/// Who watches the process of `record`: `{pid, name}`, the name null where bgrun did not
/// start it; or null.
pub(crate) fn watcher(home: &Home, record: &Value) -> Value {
    let Some(pid) = record["id"].as_i64().and_then(|id| pid(home, id)) else { return Value::Null };
    let known = Known::read(home).processes.into_iter();
    let mut names = known.filter(|process| {
        process.run.as_ref().and_then(|run| run.pid).is_some_and(|own| u64::from(own) == pid)
    });
    json!({"pid": pid, "name": names.next().map(|process| process.name)})
}

/// The pid of whoever watches the process `id`; 0 where it has not said yet.
fn pid(home: &Home, id: i64) -> Option<u64> {
    let lock = home.watch_lock(id);
    if !Lock::is_held(&lock).unwrap_or(false) {
        return None;
    }
    let line = Lock::line_at(&lock).unwrap_or_default();
    let line: Value = serde_json::from_str(&line).unwrap_or_default();
    Some(line["pid"].as_u64().unwrap_or(0))
}

/// Whether it is to be watched.
#[derive(Debug, Deserialize)]
pub(crate) struct Watch {
    on: bool,
}

pub(crate) async fn watch(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
    sent: Sent,
) -> Result<Response, Problem> {
    let Watch { on } = sent.json()?;
    let home = &dashboard.home;
    let subject = processes::record(&name, &[]).await?;
    let all: Vec<Value> =
        serde_json::from_slice(&verbs::run("bgrun-ls", &["--json"], "").await?.done()?)
            .unwrap_or_default();
    let watchers: Vec<&Value> = all.iter().filter(|one| subject_of(one) == Some(&name)).collect();
    if on {
        begin(home, &subject, &watchers).await?;
    } else {
        end(home, &subject, &watchers).await?;
    }
    answer::value(&json!({"name": name, "watcher": watcher(home, &subject)}))
}

async fn begin(home: &Home, subject: &Value, watchers: &[&Value]) -> Result<(), Problem> {
    let name = subject["name"].as_str().unwrap_or_default();
    let id = subject["id"].as_i64().unwrap_or_default();
    if pid(home, id).is_some() {
        // Somebody does already: that is what is wanted.
        return Ok(());
    }
    let record = match watchers.first() {
        Some(stored) => {
            let stored = stored["name"].as_str().unwrap_or_default();
            actions::again(stored, &["--if-absent"]).await?
        }
        None => actions::run(&spec(subject), &[]).await?,
    };
    let own = record["name"].as_str().unwrap_or_default();
    let deadline = Instant::now() + BEGINNING;
    while pid(home, id).is_none() {
        tokio::time::sleep(GLANCE).await;
        let now = processes::record(own, &[]).await?;
        let has_ended = matches!(now["status"].as_str(), Some("failed" | "exited" | "stopped"));
        if has_ended || Instant::now() >= deadline {
            let error = format!("{own} was started, and does not watch {name}");
            let hint = format!("its log says why: bgrun logs {own}");
            return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error).hint(hint));
        }
    }
    Ok(())
}

async fn end(home: &Home, subject: &Value, watchers: &[&Value]) -> Result<(), Problem> {
    let name = subject["name"].as_str().unwrap_or_default();
    let ours = watchers.iter().filter(|watcher| watcher["pid"].is_number());
    for watcher in ours {
        let own = watcher["name"].as_str().unwrap_or_default();
        // One that was made by a click is made again by a click; another one's flags stay.
        let is_plain =
            watcher["name"] == spec(subject)["name"] && watcher["argv"] == spec(subject)["argv"];
        let arguments: &[&str] =
            if is_plain { &["--json", "--delete", "-"] } else { &["--json", "-"] };
        verbs::run("bgrun-kill", arguments, verbs::named(own)).await?.only_of(own)?;
    }
    match pid(home, subject["id"].as_i64().unwrap_or_default()) {
        None => Ok(()),
        Some(pid) => {
            let error = format!("{name} is watched by pid {pid}, which bgrun did not start");
            let hint = "end it where it runs, such as by Ctrl-C";
            Err(Problem::new(StatusCode::CONFLICT, error).hint(hint))
        }
    }
}

/// The watcher of a process, as it is made by a click.
fn spec(subject: &Value) -> Value {
    let name = subject["name"].as_str().unwrap_or_default();
    let mut spec = json!({
        "name": format!("{name}.watch"),
        "argv": [sibling::path(TOOL).to_string_lossy(), name],
        "workdir": subject["workdir"],
    });
    if subject["group"].is_string() {
        spec["group"] = subject["group"].clone();
    }
    spec
}

/// The process that the one of `record` watches, if it is a watcher.
fn subject_of(record: &Value) -> Option<&str> {
    let argv: Option<Vec<&str>> = record["argv"].as_array()?.iter().map(Value::as_str).collect();
    watched_by(&argv?)
}

/// The process that a command line watches.
fn watched_by<'a>(argv: &[&'a str]) -> Option<&'a str> {
    let (program, words) = argv.split_first()?;
    let words = match (Path::new(program).file_name()?.to_str()?, words) {
        (TOOL, words) | ("bgrun", ["watch", words @ ..]) => words,
        _ => return None,
    };
    // With a command, its name is among flags of bgrun run.
    let has_command = words.contains(&"--");
    let mut words = words.iter().filter(|_| !has_command);
    while let Some(word) = words.next() {
        match *word {
            "--path" | "--ignore" | "--debounce" | "--exec" => {
                words.next();
            }
            flag if flag.starts_with('-') => {}
            name => return Some(name),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_is_known_by_its_command_line() {
        for (line, watched) in [
            ("bgrun-watch web", Some("web")),
            ("/opt/bin/bgrun-watch --path src --json web", Some("web")),
            ("bgrun watch --exec make --poll=2s web --logs", Some("web")),
            ("bgrun watch", None),
            ("bgrun watch --name web -- node x", None),
            ("bgrun run web", None),
            ("watch web", None),
            ("node bgrun-watch web", None),
        ] {
            let argv: Vec<&str> = line.split(' ').collect();
            assert_eq!(watched_by(&argv), watched, "{line}");
        }
    }
}
