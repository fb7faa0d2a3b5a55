//! Containers: that their names are free before they are started, and what their
//! supervisors have done for them ([`client`]).

pub(crate) mod client;

use std::ffi::OsStr;

use bgrun_platform::engine::{Container, Engine};
use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Identity, Lock, spawn};
use bgrun_store::container::{EngineCall, LABEL};
use bgrun_store::{Home, LockLine, Process, Spec, variables};

use crate::existing::runs_already;
use crate::prepare::{Prepared, path_of};

/// How the engine of the container of `spec` is called, with its program as it is found now.
pub(crate) fn call(spec: &Spec) -> Option<EngineCall> {
    let call = spec.engine_call(None)?;
    let program = OsStr::new(call.words.first()?);
    let found = spawn::find_program(program, path_of(spec), &spec.directory).ok();
    spec.engine_call(found.as_deref().map(AsRef::as_ref))
}

fn engine(call: EngineCall) -> Engine {
    Engine::new(call.words, call.environment, &variables::ENGINE)
}

/// Whether the container of `process` lives, without a client that could be seen. An engine
/// that gives no answer is asked again before anything is started.
pub(crate) fn is_alive(process: &Process, home: &Home) -> bool {
    let text = Lock::line_at(&home.lock(process.id)).unwrap_or_default();
    let line = LockLine::<Identity>::read(&text);
    let Some(call) = process.engine_call(line.as_ref()) else { return false };
    let containers = engine(call).containers(Some(LABEL)).unwrap_or_default();
    containers.iter().any(|one| is_of(one, &process.cookie) && one.is_alive())
}

/// Whether a container is that of the process with `cookie`.
fn is_of(container: &Container, cookie: &str) -> bool {
    container.labels.get(LABEL).is_some_and(|label| label == cookie)
}

/// What stands in the way of a container that is to be started.
#[derive(Debug, PartialEq, Eq)]
enum Room {
    /// Only these, left by earlier runs of the process.
    Stale(Vec<String>),
    /// The container of the process, which runs.
    Running(String),
    /// One of somebody else's, with the same name.
    Strangers,
}

fn room(containers: &[Container], name: &str, cookie: Option<&str>) -> Room {
    let is_own = |one: &&Container| cookie.is_some_and(|cookie| is_of(one, cookie));
    if let Some(running) = containers.iter().filter(is_own).find(|one| one.is_alive()) {
        return Room::Running(running.id.clone());
    }
    if containers.iter().any(|one| one.name == name && !is_own(&one)) {
        return Room::Strangers;
    }
    Room::Stale(containers.iter().filter(is_own).map(|one| one.id.clone()).collect())
}

/// Sees to it that the container of `prepared` can be started, if it is one: what is left of
/// its earlier runs is removed, and nobody else's.
///
/// # Errors
/// Why it cannot be started.
pub(crate) fn make_room(prepared: &Prepared) -> Result<(), Failure> {
    let (Some(container), Some(call)) = (&prepared.spec.container, call(&prepared.spec)) else {
        return Ok(());
    };
    let engine = engine(call);
    let failed = |error| Failure::new(Exit::Failed, format!("engine unreachable: {error}"));
    let containers = engine.containers(None).map_err(failed)?;
    let cookie = prepared.stored.as_ref().map(|stored| stored.cookie.as_str());
    match room(&containers, &container.name, cookie) {
        Room::Stale(ids) => remove(&engine, &ids).map_err(failed),
        Room::Running(_) => Err(runs_already()),
        Room::Strangers => {
            let name = safe(&container.name);
            let what = format!("a container called '{name}' is there already, and not of ours");
            let hint = format!("give another --name, or remove it: {} rm {name}", container.engine);
            Err(Failure::new(Exit::Failed, what).hint(hint))
        }
    }
}

fn remove(engine: &Engine, ids: &[String]) -> Result<(), bgrun_platform::engine::Unreachable> {
    if ids.is_empty() {
        return Ok(());
    }
    let words: Vec<&str> = ["rm"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    engine.begin(&words)?.finish(bgrun_platform::engine::PATIENCE).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_earlier_runs_left_is_in_nobodys_way() {
        let container = |name: &str, cookie: &str, state: &str| Container {
            id: format!("{name}-{state}"),
            name: name.to_owned(),
            state: state.to_owned(),
            labels: [(LABEL.to_owned(), cookie.to_owned())].into(),
            ports: Vec::new(),
        };
        let stale = |ids: &[&str]| Room::Stale(ids.iter().map(|id| (*id).to_owned()).collect());
        let old = [container("web", "c", "exited"), container("x", "d", "running")];
        assert_eq!(room(&old, "web", Some("c")), stale(&["web-exited"]));
        assert_eq!(room(&old, "web", Some("d")), Room::Running("x-running".to_owned()));
        assert_eq!(room(&old, "web", Some("e")), Room::Strangers);
        assert_eq!(room(&old, "web", None), Room::Strangers);
        assert_eq!(room(&old, "other", None), stale(&[]));
        let renamed = [container("renamed", "c", "created")];
        assert_eq!(room(&renamed, "web", Some("c")), stale(&["renamed-created"]));
    }
}
