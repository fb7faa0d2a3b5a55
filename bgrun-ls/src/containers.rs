//! What engines say of the processes that are containers: each engine is asked once, however
//! many there are of its containers, and none where there is none.

use std::collections::BTreeMap;

use bgrun_platform::engine::{self, Container, Engine};
use bgrun_platform::{Identity, Lock, tool};
use bgrun_store::container::{EngineCall, LABEL};
use bgrun_store::{Home, LockLine, variables};

use crate::observe::Seen;

/// What is known of a container.
#[derive(Debug, Default)]
pub(crate) enum Known {
    /// It is none, or its engine gave no answer.
    #[default]
    Nothing,
    /// Its engine has no such container.
    Absent,
    /// Its engine has it.
    There(Container),
}

impl Known {
    /// Whether the engine says that it lives.
    pub(crate) fn is_alive(&self) -> bool {
        matches!(self, Self::There(container) if container.is_alive())
    }

    /// Its state, in the engine's words. None: the engine gave no answer.
    pub(crate) fn status(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Absent => Some("absent".to_owned()),
            Self::There(container) => Some(container.state.clone()),
        }
    }

    /// The ports that it publishes.
    pub(crate) fn ports(&self) -> &[u16] {
        match self {
            Self::There(container) if container.is_alive() => &container.ports,
            _ => &[],
        }
    }
}

/// Asks the engines of all that are containers. One that gives no answer is told on stderr.
pub(crate) fn ask(home: &Home, seen: &mut [Seen]) {
    let mut asked: BTreeMap<EngineCall, Vec<&mut Seen>> = BTreeMap::new();
    for one in seen.iter_mut().filter(|one| one.process.container.is_some()) {
        let text = Lock::line_at(&home.lock(one.process.id)).unwrap_or_default();
        let line = LockLine::<Identity>::read(&text);
        if let Some(call) = one.process.engine_call(line.as_ref()) {
            asked.entry(call).or_default().push(one);
        }
    }
    if asked.is_empty() {
        return;
    }
    let engines: Vec<Engine> = asked
        .keys()
        .map(|call| Engine::new(call.words.clone(), call.environment.clone(), &variables::ENGINE))
        .collect();
    let answers = engine::ask_all(&engines.iter().collect::<Vec<_>>(), LABEL);
    for (answer, processes) in answers.into_iter().zip(asked.into_values()) {
        match answer {
            Ok(containers) => {
                for one in processes {
                    one.container = find(&containers, &one.process.cookie);
                }
            }
            Err(error) => tool::warn(format_args!(
                "engine unreachable: {error}; of its containers only the clients are known"
            )),
        }
    }
}

/// The container that has the label of a process; a live one before others.
fn find(containers: &[Container], cookie: &str) -> Known {
    let is_its = |one: &&Container| one.labels.get(LABEL).is_some_and(|value| value == cookie);
    let of_process: Vec<&Container> = containers.iter().filter(is_its).collect();
    let alive = of_process.iter().find(|one| one.is_alive());
    alive.or(of_process.first()).map_or(Known::Absent, |one| Known::There((*one).clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_known_by_its_label_and_not_by_its_name() {
        let container = |cookie: &str, state: &str| Container {
            name: "web".to_owned(),
            state: state.to_owned(),
            labels: BTreeMap::from([(LABEL.to_owned(), cookie.to_owned())]),
            ports: vec![80],
            ..Container::default()
        };
        let all = [container("a", "exited"), container("b", "running"), container("b", "exited")];
        assert_eq!(find(&all, "a").status().as_deref(), Some("exited"));
        assert!(find(&all, "b").is_alive() && !find(&all, "a").is_alive());
        assert_eq!(find(&all, "c").status().as_deref(), Some("absent"));
        assert_eq!((find(&all, "b").ports(), find(&all, "a").ports()), (&[80][..], &[][..]));
    }
}
