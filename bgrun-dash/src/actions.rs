//! Acting: every action is a tool that is run, and its answer handed on.

pub(crate) mod batch;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bgrun_platform::text;
use bgrun_store::{KeepAlive, selection};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{self, Problem};
use crate::extract::{Asked, Name, Nothing, Sent};
use crate::state::Dashboard;
use crate::undo::{self, Undo};
use crate::{processes, verbs};

/// So many bytes of what a program said before it ended are handed on.
const MOST_SAID: usize = 4096;

/// How a start is meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HowToStart {
    restart: bool,
    force: bool,
    if_absent: bool,
    wait: bool,
    fetch: bool,
}

impl HowToStart {
    fn flags(&self) -> Vec<&'static str> {
        let all = [
            (self.restart, "--restart"),
            (self.force, "--force"),
            (self.if_absent, "--if-absent"),
            (self.wait, "--wait"),
            (self.fetch, "--fetch"),
        ];
        all.into_iter().filter_map(|(is_asked, flag)| is_asked.then_some(flag)).collect()
    }
}

pub(crate) async fn start(Asked(how): Asked<HowToStart>, sent: Sent) -> Result<Response, Problem> {
    let spec: Map<String, Value> = sent.json()?;
    let has = |key: &str| spec.get(key).is_some_and(|value| !value.is_null());
    if !has("name") && !has("command") && !has("argv") {
        let error = "nothing to start: neither a name nor a command";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error));
    }
    answer::value(&run(&spec.into(), &how.flags()).await.map_err(of_work_tree)?)
}

/// Starts what `spec` says; answers its record.
pub(crate) async fn run(spec: &Value, flags: &[&str]) -> Result<Value, Problem> {
    let mut arguments = vec!["-", "--json"];
    arguments.extend(flags);
    let input = Value::from(vec![spec.clone()]).to_string();
    let came = verbs::run("bgrun-run", &arguments, input).await?;
    came.only().map_err(|problem| of_program(problem, &came))
}

/// That a program ended while it was waited for is no fault of ours; what it said of that goes
/// with the answer.
fn of_program(mut problem: Problem, came: &verbs::Came) -> Problem {
    if problem.error.starts_with("ended before it ") {
        problem.status = StatusCode::UNPROCESSABLE_ENTITY;
        let (said, _) = came.around(&problem.error);
        let mut from = said.len().saturating_sub(MOST_SAID);
        while !said.is_char_boundary(from) {
            from += 1;
        }
        let said: Vec<_> = said[from..].lines().map(text::safe).collect();
        if !said.is_empty() {
            problem.error += &format!("; the last it wrote to stderr:\n{}", said.join("\n"));
        }
    }
    problem
}

/// Starts the stored process `name`; answers its record.
pub(crate) async fn again(name: &str, flags: &[&str]) -> Result<Value, Problem> {
    let mut arguments = vec!["-", "--json"];
    arguments.extend(flags);
    let input = json!([{"name": name}]).to_string();
    verbs::run("bgrun-run", &arguments, input).await?.only_of(name)
}

/// That a work tree cannot be brought forward is no fault of ours.
fn of_work_tree(problem: Problem) -> Problem {
    let is_refused = problem.error.starts_with("cannot fetch");
    let status = if is_refused { StatusCode::CONFLICT } else { problem.status };
    Problem { status, ..problem }
}

/// How a stop is meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HowToStop {
    timeout_ms: Option<u64>,
}

pub(crate) async fn stop(
    Name(name): Name,
    Asked(how): Asked<HowToStop>,
    _: Nothing,
) -> Result<Response, Problem> {
    let timeout = how.timeout_ms.map(|ms| format!("--timeout={ms}ms"));
    let arguments: Vec<&str> = ["--json", "-"].into_iter().chain(timeout.as_deref()).collect();
    let came = verbs::run("bgrun-kill", &arguments, verbs::named(&name)).await?;
    answer::value(&came.only_of(&name)?)
}

/// How a restart is meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HowToRestart {
    force: bool,
    fetch: bool,
}

pub(crate) async fn restart(
    Name(name): Name,
    Asked(how): Asked<HowToRestart>,
    _: Nothing,
) -> Result<Response, Problem> {
    let mode = if how.force { "--force" } else { "--restart" };
    let fetch = how.fetch.then_some("--fetch");
    let flags: Vec<&str> = [mode].into_iter().chain(fetch).collect();
    answer::value(&again(&name, &flags).await.map_err(of_work_tree)?)
}

/// A signal, and to whom.
#[derive(Debug, Deserialize)]
pub(crate) struct Signal {
    signal: String,
    #[serde(default)]
    tree: bool,
}

impl Signal {
    /// The flags with which `bgrun-kill` sends it to those on its stdin.
    ///
    /// # Errors
    /// There is no such signal.
    fn flags(&self) -> Result<Vec<String>, Problem> {
        let signal: bgrun_platform::Signal = self
            .signal
            .parse()
            .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{error}")))?;
        let mut flags = vec!["--json".to_owned(), format!("--signal={signal}"), "-".to_owned()];
        flags.extend(self.tree.then(|| "--tree".to_owned()));
        Ok(flags)
    }
}

pub(crate) async fn signal(Name(name): Name, sent: Sent) -> Result<Response, Problem> {
    let flags = sent.json::<Signal>()?.flags()?;
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let came = verbs::run("bgrun-kill", &flags, verbs::named(&name)).await?;
    answer::value(&came.only_of(&name)?)
}

pub(crate) async fn rotate(Name(name): Name, _: Nothing) -> Result<Response, Problem> {
    processes::record(&name, &[]).await?;
    let arguments = ["--json", "--rotate", "-"];
    let came = verbs::run("bgrun-logs", &arguments, verbs::named(&name)).await?;
    Ok(answer::printed(came.done()?))
}

pub(crate) async fn look_after(_: Nothing) -> Result<Response, Problem> {
    let came = verbs::run("bgrun-guard", &["--json"], "").await?;
    // What it could not put right it names; that it looked is what was asked for.
    match came.exit {
        Some(0 | 1) if !came.stdout.is_empty() => Ok(answer::printed(came.stdout)),
        _ => Ok(answer::printed(came.done()?)),
    }
}

/// Whether it is to be kept alive.
#[derive(Debug, Deserialize)]
pub(crate) struct Guard {
    on: bool,
    /// When it is started again, if not always.
    keep_alive: Option<KeepAlive>,
}

impl Guard {
    /// The words with which `bgrun-guard` does it to `names`.
    fn words<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let when = self.keep_alive.map(|when| format!("--keep-alive={when}"));
        let flag = if self.on { "--on" } else { "--off" };
        let mut words: Vec<String> = ["--json".to_owned()].into_iter().chain(when).collect();
        words.push(flag.to_owned());
        words.extend(names.into_iter().map(selection::exactly));
        words
    }
}

pub(crate) async fn guard(Name(name): Name, sent: Sent) -> Result<Response, Problem> {
    let guard: Guard = sent.json()?;
    processes::record(&name, &[]).await?;
    let words = guard.words([name.as_str()]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    verbs::run("bgrun-guard", &words, "").await?.done()?;
    answer::value(&processes::record(&name, &[]).await?)
}

/// What is deleted beside the process.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HowToDelete {
    keep_logs: bool,
}

pub(crate) async fn delete(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
    Asked(how): Asked<HowToDelete>,
) -> Result<Response, Problem> {
    let kept = processes::record(&name, &["--env"]).await?;
    let arguments = ["--json", "--delete", "--keep-logs", "-"];
    let came = verbs::run("bgrun-kill", &arguments, verbs::named(&name)).await?;
    let mut deleted = came.only_of(&name)?;
    let undo = Undo::new(kept, !how.keep_logs);
    deleted["undo"] = undo.keep(&dashboard.home)?.into();
    deleted["undo_ms"] = undo::WINDOW.as_millis().try_into().unwrap_or(u64::MAX).into();
    undo::expire_later(dashboard.home.clone());
    answer::value(&deleted)
}

pub(crate) async fn undo(
    State(dashboard): State<Arc<Dashboard>>,
    Name(id): Name,
    _: Nothing,
) -> Result<Response, Problem> {
    let undo = Undo::find(&dashboard.home, &id)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "that cannot be undone any more"))?;
    let is_there = match processes::record(undo.name(), &[]).await {
        Err(problem) if problem.status == StatusCode::NOT_FOUND => false,
        Err(problem) => return Err(problem),
        Ok(_) => true,
    };
    if let Some(error) = undo.refusal(is_there) {
        return Err(Problem::new(StatusCode::CONFLICT, error));
    }
    let record = run(&undo.spec(), undo.flags()).await?;
    Undo::forget(&dashboard.home, &id);
    answer::value(&record)
}
