//! Containers: their engines end them, and remove them. They are known by their label, so
//! that no other container is touched, whatever its name.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bgrun_platform::engine::{self, Act, Engine, PATIENCE, Unreachable};
use bgrun_platform::{Identity, Lock, Pidfd, Signal};
use bgrun_store::container::{EngineCall, LABEL};
use bgrun_store::{Home, LockLine, variables};

use crate::target::Target;

/// What an engine says of the container of a process.
#[derive(Debug, Clone)]
pub(crate) struct Contained {
    engine: Engine,
    /// All that have its label: one, or what earlier runs left too.
    pub(crate) all: Vec<String>,
    /// Those of them that live.
    pub(crate) alive: Vec<String>,
    /// TCP ports that they publish.
    pub(crate) ports: Vec<u16>,
    /// Why nothing is known.
    pub(crate) trouble: Option<Unreachable>,
}

/// Asks the engines of those targets that are containers, each once.
pub(crate) fn ask(targets: &mut [Target], home: &Home) {
    let mut asked: BTreeMap<EngineCall, Vec<&mut Target>> = BTreeMap::new();
    for target in targets.iter_mut().filter(|target| target.process.container.is_some()) {
        let text = Lock::line_at(&home.lock(target.process.id)).unwrap_or_default();
        let line = LockLine::<Identity>::read(&text);
        if let Some(call) = target.process.engine_call(line.as_ref()) {
            asked.entry(call).or_default().push(target);
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
    for ((engine, answer), targets) in engines.iter().zip(answers).zip(asked.into_values()) {
        for target in targets {
            target.contained = Some(Contained::of(engine, &answer, &target.process.cookie));
        }
    }
}

impl Contained {
    fn of(
        engine: &Engine,
        answer: &Result<Vec<engine::Container>, Unreachable>,
        cookie: &str,
    ) -> Self {
        let own: Vec<_> = answer
            .iter()
            .flatten()
            .filter(|one| one.labels.get(LABEL).is_some_and(|label| label == cookie))
            .collect();
        let alive = || own.iter().filter(|one| one.is_alive());
        Self {
            engine: engine.clone(),
            all: own.iter().map(|one| one.id.clone()).collect(),
            alive: alive().map(|one| one.id.clone()).collect(),
            ports: alive().flat_map(|one| one.ports.clone()).collect(),
            trouble: answer.as_ref().err().cloned(),
        }
    }

    /// Has the engine begin to stop what lives. None: nothing does.
    pub(crate) fn stop(&self, timeout: Duration) -> Option<Result<Act, Unreachable>> {
        let seconds = timeout.as_secs_f64().ceil().to_string();
        self.begin(&["stop", "-t", &seconds], &self.alive)
    }

    /// Sends a signal to the main process of what lives.
    pub(crate) fn signal(&self, signal: Signal) -> Option<Result<(), Unreachable>> {
        let act = self.begin(&["kill", "--signal", &signal.to_string()], &self.alive)?;
        Some(act.and_then(|act| act.finish(PATIENCE)).map(|_| ()))
    }

    /// The code with which the container has ended.
    pub(crate) fn code(&self) -> Option<i32> {
        let inspect = ["container", "inspect", "--format", "{{.State.ExitCode}}"];
        let act = self.begin(&inspect, &self.all)?.ok()?;
        act.finish(PATIENCE).ok()?.trim().parse().ok()
    }

    /// Removes all that is left.
    pub(crate) fn remove(&self) -> Result<(), Unreachable> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        match self.begin(&["rm"], &self.all) {
            Some(act) => act?.finish(PATIENCE).map(|_| ()),
            None => Ok(()),
        }
    }

    fn begin(&self, words: &[&str], ids: &[String]) -> Option<Result<Act, Unreachable>> {
        let words: Vec<&str> =
            words.iter().copied().chain(ids.iter().map(String::as_str)).collect();
        (!ids.is_empty()).then(|| self.engine.begin(&words))
    }
}

/// How long after its own timeout an engine may take to stop a container.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// How long what belongs to a container may take to leave after it.
const CLEANING: Duration = Duration::from_secs(3);

/// An engine that stops a container.
#[derive(Debug)]
pub(crate) struct EngineStop {
    act: Option<Act>,
    begun: Instant,
    timeout: Duration,
    /// Whether the container took all its time, and was killed.
    has_killed: bool,
    /// Until when the tree is left alone.
    leaves_until: Option<Instant>,
}

impl EngineStop {
    /// Begins to stop the container of `target`, if it lives.
    pub(crate) fn begin(target: &Target, timeout: Duration) -> Option<Result<Self, Unreachable>> {
        let begun = Instant::now();
        let act = target.contained.as_ref()?.stop(timeout)?;
        Some(act.map(|act| Self {
            act: Some(act),
            begun,
            timeout,
            has_killed: false,
            leaves_until: None,
        }))
    }

    /// Whether the tree is to be left alone still; an error once, when the engine failed.
    pub(crate) fn is_at_it(&mut self) -> Result<bool, Unreachable> {
        if let Some(act) = self.act.take_if(|act| act.is_over()) {
            self.has_killed = self.begun.elapsed() >= self.timeout && !self.timeout.is_zero();
            act.finish(PATIENCE)?;
            self.leaves_until = Some(Instant::now() + CLEANING);
        }
        Ok(self.act.is_some() || self.leaves_until.is_some_and(|at| Instant::now() < at))
    }

    /// Whether the container took all its time, and was killed; the engine may be a moment
    /// behind the end of all that belonged to the container.
    pub(crate) fn has_killed(&mut self) -> bool {
        if let Some(act) = self.act.take() {
            let _ = act.finish(PATIENCE);
            self.has_killed = self.begun.elapsed() >= self.timeout && !self.timeout.is_zero();
        }
        self.has_killed
    }

    /// What ends when the engine is done.
    pub(crate) fn pidfd(&self) -> Option<&Pidfd> {
        self.act.as_ref().and_then(Act::pidfd)
    }
}

/// Looks again at the containers of what was stopped: a client may have been about to start
/// one. Answers what of `target` still lives, or cannot be known, in one line.
pub(crate) fn left_alive(target: &mut Target, home: &Home, timeout: Duration) -> Option<String> {
    ask(std::slice::from_mut(target), home);
    let contained = target.contained.clone()?;
    let stopped = match contained.stop(timeout) {
        Some(act) => act.and_then(|act| act.finish(timeout + GRACE)).map(|_| ()),
        None => Ok(()),
    };
    let trouble = contained.trouble.or(stopped.err())?;
    let name = target.process.container.as_ref().map_or("", |container| container.name.as_str());
    Some(format!("engine unreachable: {trouble}; the container '{name}' may run on"))
}
