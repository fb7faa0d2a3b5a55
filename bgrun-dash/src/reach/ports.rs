//! `/api/ports/{port}`: who listens on a TCP port, and freeing it, as `bgrun kill --port`
//! does. What bgrun did not start is ended only if its pid was named.

use std::num::NonZeroU32;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::response::Response;
use bgrun_platform::stat::Stat;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, Problem};
use crate::extract::Sent;
use crate::verbs;

/// The port, from the path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port(u16);

impl<S: Send + Sync> FromRequestParts<S> for Port {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::bad("the path is not UTF-8"))?;
        match text.parse() {
            Ok(port @ 1..) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Self(port)),
            _ => Err(Problem::bad(format!("'{text}' is no port: it is a number up to 65535"))),
        }
    }
}

/// Who holds a port.
#[derive(Debug)]
struct Holders {
    /// Records of our processes.
    processes: Vec<Value>,
    /// What bgrun did not start: `{pid, command}`, both null where it belongs to another user.
    others: Vec<Value>,
}

impl Holders {
    /// From what `bgrun-kill --port` printed.
    fn new(printed: Vec<Value>) -> Self {
        let (processes, strangers): (Vec<_>, Vec<_>) =
            printed.into_iter().partition(|one| one["name"].is_string());
        let other = |one: Value| {
            let pid = one["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
            let command = pid.and_then(|pid| Stat::read(pid).ok()).map(|stat| stat.command());
            json!({"pid": pid, "command": command})
        };
        Self { processes, others: strangers.into_iter().map(other).collect() }
    }

    fn answer(&self, Port(port): Port) -> Result<Response, Problem> {
        let (processes, others) = (&self.processes, &self.others);
        answer::value(&json!({"port": port, "processes": processes, "others": others}))
    }

    /// The first of the others whose pid is not among `named`.
    fn unnamed(&self, named: &[NonZeroU32]) -> Option<&Value> {
        self.others.iter().find(|other| {
            let pid = other["pid"].as_u64();
            pid.is_none_or(|pid| named.iter().all(|one| u64::from(one.get()) != pid))
        })
    }
}

pub(crate) async fn look(port: Port) -> Result<Response, Problem> {
    holders(port).await?.answer(port)
}

/// Whose end is wanted, beside that of our own processes.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Named {
    pids: Vec<NonZeroU32>,
}

pub(crate) async fn free(port: Port, sent: Sent) -> Result<Response, Problem> {
    let Named { pids } = sent.json()?;
    let held = holders(port).await?;
    if let Some(other) = held.unnamed(&pids) {
        return Err(refusal(port, other));
    }
    // By now somebody else may listen there: whom it may end is for the tool to compare.
    let named = pids.iter().map(NonZeroU32::to_string).collect::<Vec<_>>().join(",");
    let only = format!("--only-pid={named}");
    let flags: &[&str] = if pids.is_empty() { &[] } else { &["--force", &only] };
    let (printed, problem) = kill(port, flags).await?;
    match problem {
        Some(problem) => Err(match came_since(printed, &pids) {
            Some(other) => refusal(port, &other),
            None => problem,
        }),
        None => {
            // Who they were is known from before: by now they are gone.
            Holders { others: held.others, ..Holders::new(printed) }.answer(port)
        }
    }
}

/// Who was left alone because nobody has named it.
fn came_since(printed: Vec<Value>, named: &[NonZeroU32]) -> Option<Value> {
    let left = printed.into_iter().filter(|one| one["pid"].is_u64() && one["error"].is_string());
    Holders::new(left.collect()).unnamed(named).cloned()
}

fn refusal(Port(port): Port, other: &Value) -> Problem {
    let Some(pid) = other["pid"].as_u64() else {
        let error = format!("port {port} is held by a process of another user");
        return Problem::new(StatusCode::CONFLICT, error);
    };
    let command = other["command"].as_str().unwrap_or("which has just ended");
    let error = format!("port {port} is held by pid {pid} ({command}), which bgrun did not start");
    let hint = format!("name it to end it all the same: {{\"pids\": [{pid}]}}");
    Problem::new(StatusCode::CONFLICT, error).hint(hint)
}

async fn holders(port: Port) -> Result<Holders, Problem> {
    // By force, or only the first of those that bgrun did not start is told.
    let (printed, _) = kill(port, &["--dry-run", "--force"]).await?;
    Ok(Holders::new(printed))
}

/// What `bgrun-kill` printed of each holder, and why not all was done.
async fn kill(Port(port): Port, flags: &[&str]) -> Result<(Vec<Value>, Option<Problem>), Problem> {
    let port = format!("--port={port}");
    let arguments: Vec<&str> = ["--json", &port].into_iter().chain(flags.iter().copied()).collect();
    let came = verbs::run("bgrun-kill", &arguments, "").await?;
    match serde_json::from_slice(&came.stdout) {
        Ok(printed) if came.exit == Some(0) => Ok((printed, None)),
        Ok(printed) => Ok((printed, Some(came.problem()))),
        Err(_) => Err(came.problem()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_has_to_be_named_by_its_pid() {
        let others = |pids: &[Option<u32>]| {
            let strangers = pids.iter().map(|pid| json!({"name": null, "pid": pid}));
            let ours = [json!({"name": "web", "pid": 7})];
            Holders::new(ours.into_iter().chain(strangers).collect())
        };
        let named =
            |pids: &[u32]| pids.iter().copied().filter_map(NonZeroU32::new).collect::<Vec<_>>();
        assert!(others(&[]).unnamed(&[]).is_none(), "ours needs no name");
        let two = others(&[Some(4_000_001), Some(4_000_002)]);
        assert_eq!((two.processes.len(), two.others.len()), (1, 2));
        assert!(two.unnamed(&named(&[4_000_002, 4_000_001])).is_none());
        assert_eq!(two.unnamed(&named(&[4_000_001])).expect("one is left")["pid"], 4_000_002);
        assert!(others(&[None]).unnamed(&named(&[1])).is_some(), "nobody can name it");
    }
}
