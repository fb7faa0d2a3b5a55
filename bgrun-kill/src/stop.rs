//! Stopping trees: all at once, so that a hundred take no longer than one.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use bgrun_platform::{Ended, Lock, fault, tool};
use bgrun_store::{End, Error, Home, Reason, Store, Wanted, time};

use crate::args::Args;
use crate::containers;
use crate::stopping::{Stopping, wait};
use crate::stranger::Stranger;
use crate::target::Target;
use crate::{forget, report, wish};

/// What became of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It ended when asked.
    Stopped,
    /// It ended when killed.
    Killed,
    /// Nothing of it lived.
    AlreadyStopped,
    /// Some of it lives on.
    Survivors,
    /// The record was of an earlier run: nothing was done.
    Stale,
    /// Nothing was to be done.
    DryRun,
    /// A signal was sent, as asked.
    Signalled,
    /// It was not running, and so no signal was sent.
    NotRunning,
}

/// One process that was acted upon.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) target: Target,
    pub(crate) outcome: Outcome,
    /// Pids that live on.
    pub(crate) survivors: Vec<u32>,
    pub(crate) waited: Duration,
    pub(crate) is_deleted: bool,
    /// Why it could not be done.
    pub(crate) error: Option<String>,
    /// How the main process ended, seen without its supervisor.
    pub(crate) ended: Ended,
}

impl Stopped {
    pub(crate) fn new(target: Target, outcome: Outcome) -> Self {
        Self {
            target,
            outcome,
            survivors: Vec::new(),
            waited: Duration::ZERO,
            is_deleted: false,
            error: None,
            ended: Ended::Unknown,
        }
    }

    /// Whether a run was ended here.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.outcome, Outcome::Stopped | Outcome::Killed)
    }

    /// The end of the run as far as it was seen from outside.
    pub(crate) fn end_without_supervisor(&self, reason: Reason) -> End {
        let (code, signal, reason) = match self.ended {
            Ended::Code(code) => (Some(code), None, reason),
            Ended::Signal(signal) => (None, Some(signal.to_string()), reason),
            Ended::Unknown => (None, None, Reason::Unknown),
        };
        End { at: Some(time::now()), code, signal, reason }
    }
}

/// What would be stopped.
pub(crate) fn plan(targets: Vec<Target>) -> Done {
    let planned = |target: Target| {
        let outcome = if target.is_stale { Outcome::Stale } else { Outcome::DryRun };
        Stopped::new(target, outcome)
    };
    Done { stopped: targets.into_iter().map(planned).collect(), ..Done::default() }
}

/// How long a guard may be looking at who is at work: it takes microseconds.
const GLANCE: Duration = Duration::from_millis(5);

/// Shows the guard that a stop is at work, and since when; what is left of it when this is
/// killed says that one died.
struct AtWork {
    file: PathBuf,
    lock: Option<Lock>,
}

impl AtWork {
    /// Nobody is kept alive because it cannot be shown.
    fn begin(home: &Home) -> Self {
        let file = home.stop_lock();
        let lock = Lock::share(&file, GLANCE).ok();
        if let Some(lock) = &lock {
            let _ = lock.touch();
        }
        Self { file, lock }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            lock.leave(&self.file);
        }
    }
}

/// What was done, and why it could not be written down, if so.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) stopped: Vec<Stopped>,
    /// Who else held the port that was to be freed.
    pub(crate) strangers: Vec<Stranger>,
    pub(crate) trouble: Option<Error>,
}

/// Stops `targets` and, if asked, forgets them; `store` is the registry, where it is open. One
/// that cannot be written keeps nothing from being stopped.
///
/// # Errors
/// The kernel refuses to say what runs.
pub(crate) fn all(
    args: &Args,
    targets: Vec<Target>,
    home: &Home,
    store: Option<Store>,
) -> anyhow::Result<Done> {
    let reason: Reason = args
        .reason
        .parse()
        .map_err(|error| tool::Failure::new(tool::Exit::Usage, format!("--reason: {error}")))?;
    let keeps_wish = reason != Reason::Stop;
    let _at_work = AtWork::begin(home);
    // What cannot be stopped from here stays wanted.
    let is_within_reach = |one: &&Target| !one.is_stale && !one.sight.is_elsewhere;
    let ids: Vec<i64> = targets.iter().filter(is_within_reach).map(|one| one.process.id).collect();
    let mut books = wish::Books::new(home, store);
    // The wish of a stop that is only finished is there already, and may have changed since.
    let is_told = !keeps_wish && !args.unfinished;
    let stored = if is_told { books.down(&ids) } else { Ok(()) };
    fault::at("kill:after-wish");

    let started = Instant::now();
    let mut done = Vec::new();
    let mut up = Vec::new();
    let mut looked_at = Vec::new();
    for target in targets {
        if target.is_stale {
            done.push(Stopped::new(target, Outcome::Stale));
            continue;
        }
        // Since the first look it may have been started, or started again.
        looked_at.push(Target::look(target.process, home)?);
    }
    fault::at("kill:after-look");
    containers::ask(&mut looked_at, home);
    for mut target in looked_at {
        let is_up = target.is_up()?;
        if is_up && !target.sight.is_up() {
            // Found by its traces alone: either it has lost its supervisor, or it was started
            // after the look, and its supervisor is to be told.
            let Target { process, is_stale, contained, .. } = target;
            target = Target { is_stale, contained, ..Target::look(process, home)? };
        }
        let is_wanted = target.process.wanted == Wanted::Up || target.was_started_since;
        if args.unfinished && is_wanted {
            done.push(Stopped::new(target, Outcome::Stale));
        } else if is_up || target.may_live_in_engine() {
            up.push(target);
        } else {
            done.push(Stopped::new(target, Outcome::AlreadyStopped));
        }
    }
    // What somebody has started between the wish and now is wanted again; it is stopped
    // all the same, and so is the wish.
    let again: Vec<i64> =
        up.iter().filter(|one| one.was_started_since).map(|one| one.process.id).collect();
    let stored = if is_told { stored.and_then(|()| books.down(&again)) } else { stored };
    let mut stopping: Vec<Stopping> = up
        .into_iter()
        .map(|target| Stopping::begin(target, args, home, started, keeps_wish))
        .collect();
    fault::at("kill:after-signal");
    let stored = stored.and_then(|()| books.sync());
    wait(&mut stopping, home, started);
    done.extend(stopping.into_iter().map(|one| one.finish(home)));

    let mut trouble = None;
    if let Err(error) = &stored {
        report::waiting(args, &done, error);
        wish::note_in_lock(home, &done, reason);
        trouble = books.down_late(&ids).err();
    }
    if trouble.is_none() {
        trouble = books.record_ends(&done, reason).err();
    }
    if args.delete || args.clean || args.nuke {
        let forgotten = if trouble.is_none() { forget::all(args, &mut done, home) } else { Ok(()) };
        trouble = trouble.or(forgotten.err());
    }
    Ok(Done { stopped: done, trouble, ..Done::default() })
}
