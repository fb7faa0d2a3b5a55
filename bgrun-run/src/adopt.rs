//! `--adopt`: a new supervisor for a process that lost its own.

use std::time::Duration;

use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Identity, Lock, LockError, Sight, clock};
use bgrun_run::{Answer, ContainerAct, Launch, Verdict, container_words, receive, send};
use bgrun_store::{Durability, Error, Home, LockLine, Process, Store, Wanted, time};

use crate::ask::Ask;
use crate::container;
use crate::existing::{runs_already, traces};
use crate::start::{Outcome, Refused, supervisor};
use crate::stored::store_failure;

/// How long another tool may look at the lock.
const GLANCE: Duration = Duration::from_millis(50);

/// Adopts every process that `asks` name.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn all(
    asks: &[Ask],
    home: &Home,
    store: &mut Store,
) -> anyhow::Result<Vec<(String, Outcome)>> {
    let mut outcomes = Vec::new();
    for name in asks.iter().filter_map(|ask| ask.name.clone()) {
        let outcome = match store.process(&name).map_err(store_failure)? {
            None => Outcome::Failed(Failure::new(Exit::Unknown, "no process has this name")),
            Some(process) => match one(process, home, store) {
                Ok(line) => Outcome::Started(Box::new(line)),
                Err(Refused::Process(failure)) => Outcome::Failed(failure),
                Err(Refused::Store(error)) => Outcome::Failed(store_failure(error)),
                Err(Refused::StoredOnly) => Outcome::Left,
            },
        };
        outcomes.push((name, outcome));
    }
    Ok(outcomes)
}

fn one(
    mut process: Process,
    home: &Home,
    store: &mut Store,
) -> Result<LockLine<Identity>, Refused> {
    let refused = |exit, what: String| Refused::Process(Failure::new(exit, what));
    let system = |error: std::io::Error| refused(Exit::Failed, error.to_string());
    if process.wanted == Wanted::Down {
        return Err(refused(Exit::NotRunning, "is not wanted any more".to_owned()));
    }
    let path = home.lock(process.id);
    // Held from here on: nobody starts, adopts or forgets it meanwhile.
    let lock = Lock::take(&path, GLANCE).map_err(|error| match error {
        LockError::Held(_) => Refused::Process(runs_already()),
        LockError::Io { .. } => refused(Exit::Store, error.to_string()),
    })?;
    let known = LockLine::<Identity>::read(&lock.line().unwrap_or_default());
    if let Some(known) = &known {
        process.learn_from(known);
    }
    let identity = process.run.as_ref().and_then(|run| run.identity.as_deref());
    let sight = Sight::look(&path, None, identity).map_err(system)?;
    let tree = sight.tree(&traces(&process)).map_err(system)?;
    let main = sight.process.as_ref().map(bgrun_platform::Pidfd::pid);
    let oldest = tree.iter().min_by_key(|stat| (stat.start_ticks, stat.pid)).map(|stat| stat.pid);
    let pid = main.or(oldest);
    let is_container = process.container.is_some();
    // Of a container not even the client may be left.
    if pid.is_none() && !(is_container && container::is_alive(&process, home)) {
        return Err(refused(Exit::NotRunning, "is not running".to_owned()));
    }
    // Without the line of its last supervisor too little is known to follow it.
    let Some(mut line) = known.filter(|line| line.cookie == process.cookie) else {
        return Err(refused(Exit::Failed, "its lock file does not tell of it".to_owned()));
    };
    let (new, socket) = supervisor(&process.name, &lock)?;
    line.supervisor = Identity::of(new).ok();
    line.process = pid.and_then(|pid| Identity::of(pid).ok());
    line.request = process.request;
    if let Some(run) = process.run.as_ref().filter(|run| run.end.is_some()) {
        // Its end is final: what lives is the next run, which its supervisor began and could
        // not write down, or a container that was taken for ended.
        let recorded = process.supervisor.as_deref();
        line.run = store.write::<_, Error>(Durability::Boot, |writer| {
            writer.record_run(process.id, run, recorded)?;
            writer.begin_restart(process.id)
        })?;
        line.started_at = None;
        if let Some(stat) = tree.iter().find(|stat| Some(stat.pid) == pid) {
            let began = stat.began_since_boot();
            line.started_at = Some(time::now() - clock::since_boot().saturating_sub(began));
            line.started_since_boot_ms = began.as_millis().try_into().ok();
        }
    }
    line.ended = None;
    line.started_at = line.started_at.or(process.timestamp);
    // Whoever was to find out that it is ready has left with its supervisor.
    let probe = process.ready.clone().filter(|_| line.ready_at.is_none());
    let needs_spec = probe.is_some() || pid.is_none();
    let spec = if needs_spec { store.spec(process.id).ok().flatten() } else { None };
    let argv = match &spec {
        Some(spec) if pid.is_none() => container_words(ContainerAct::Resume, spec, &process.cookie),
        _ => Vec::new(),
    };
    let environment = spec.as_ref().map(|spec| spec.environment(&line.cookie, line.run));
    let launch = Launch {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        home: home.directory().to_owned(),
        database_name: home.database_name().to_owned(),
        adopts: true,
        argv,
        environment: environment.unwrap_or_default(),
        umask: spec.map_or(0o022, |spec| spec.umask),
        probe,
        line,
    };
    send(&socket, &launch).map_err(system)?;
    let Ok(Answer::Started(line)) = receive::<Answer>(&socket) else {
        return Err(refused(Exit::NotStarted, "its new supervisor gave no answer".to_owned()));
    };
    let supervisor = line.supervisor.as_ref().and_then(|one| serde_json::to_string(one).ok());
    store.write::<_, Error>(Durability::Boot, |writer| {
        writer.record_run(line.id, &line.as_run(), supervisor.as_deref())
    })?;
    let _ = send(&socket, &Verdict::Recorded);
    Ok(*line)
}
