//! Stopping trees: all at once, so that a hundred take no longer than one.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bgrun_platform::events::StopNotice;
use bgrun_platform::{Ended, Identity, Lock, Pidfd, Signal, fault, tool};
use bgrun_store::{End, Error, Home, LockLine, Reason, time};

use crate::args::Args;
use crate::target::Target;
use crate::{forget, wish};

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
    ended: Ended,
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

/// A tree that is being stopped.
struct Stopping {
    target: Target,
    deadline: Instant,
    signalled: HashSet<u32>,
    /// Those that were seen, held: they are waited for.
    members: Vec<Pidfd>,
    is_killed: bool,
    /// The system does not let us signal some of it: insisting is of no use.
    is_refused: bool,
    empty_looks: u32,
    survivors: Vec<u32>,
    waited: Option<Duration>,
    error: Option<String>,
}

/// How long after SIGKILL something may still be there: it hangs in the kernel then.
const AFTER_KILL: Duration = Duration::from_secs(2);
/// How long the parent of a process without supervisor may take to reap it: an init does
/// it at once, as a rule.
const REAPING: Duration = Duration::from_millis(50);
/// How long between two looks for processes that came since.
const LOOK: Duration = Duration::from_millis(50);

/// What would be stopped.
pub(crate) fn plan(targets: Vec<Target>) -> Done {
    let planned = |target: Target| {
        let outcome = if target.is_stale { Outcome::Stale } else { Outcome::DryRun };
        Stopped::new(target, outcome)
    };
    Done { stopped: targets.into_iter().map(planned).collect(), trouble: None }
}

/// What was done, and why it could not be written down, if so.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) stopped: Vec<Stopped>,
    pub(crate) trouble: Option<Error>,
}

/// Stops `targets` and, if asked, forgets them. A store that cannot be written keeps
/// nothing from being stopped.
///
/// # Errors
/// The kernel refuses to say what runs.
pub(crate) fn all(args: &Args, targets: Vec<Target>, home: &Home) -> anyhow::Result<Done> {
    let reason: Reason = args
        .reason
        .parse()
        .map_err(|error| tool::Failure::new(tool::Exit::Usage, format!("--reason: {error}")))?;
    let keeps_wish = reason != Reason::Stop;
    let ids: Vec<i64> =
        targets.iter().filter(|one| !one.is_stale).map(|one| one.process.id).collect();
    let mut books = wish::Books::new(home);
    let stored = if keeps_wish { Ok(()) } else { books.down(&ids) };
    fault::at("kill:after-wish");

    let started = Instant::now();
    let mut done = Vec::new();
    let mut up = Vec::new();
    for target in targets {
        if target.is_stale {
            done.push(Stopped::new(target, Outcome::Stale));
            continue;
        }
        // Since the first look it may have been started, or started again.
        let target = Target::look(target.process, home)?;
        if target.is_up()? {
            up.push(target);
        } else {
            done.push(Stopped::new(target, Outcome::AlreadyStopped));
        }
    }
    // What somebody has started between the wish and now is wanted again; it is stopped
    // all the same, and so is the wish.
    let again: Vec<i64> =
        up.iter().filter(|one| one.was_started_since).map(|one| one.process.id).collect();
    let stored = if keeps_wish { stored } else { stored.and_then(|()| books.down(&again)) };
    let mut stopping: Vec<Stopping> =
        up.into_iter().map(|target| Stopping::begin(target, args, started, keeps_wish)).collect();
    fault::at("kill:after-signal");
    let stored = stored.and_then(|()| books.sync());
    wait(&mut stopping, home, started);
    done.extend(stopping.into_iter().map(Stopping::finish));

    let mut trouble = None;
    if stored.is_err() {
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
    Ok(Done { stopped: done, trouble })
}

impl Stopping {
    /// Tells the supervisor, then everything below it.
    fn begin(target: Target, args: &Args, started: Instant, keeps_wish: bool) -> Self {
        let timeout = args.timeout.unwrap_or(target.process.stop_timeout);
        let mut stopping = Self {
            target,
            deadline: started + timeout,
            signalled: HashSet::new(),
            members: Vec::new(),
            is_killed: false,
            is_refused: false,
            empty_looks: 0,
            survivors: Vec::new(),
            waited: None,
            error: None,
        };
        if stopping.target.sight.is_elsewhere {
            stopping.error = Some("it runs in another pid namespace: stop it there".to_owned());
            stopping.waited = Some(Duration::ZERO);
            return stopping;
        }
        if let Some(supervisor) = &stopping.target.sight.supervisor {
            let notice = StopNotice { timeout, keeps_wish };
            // First the supervisor: what it would start from now on, it does not.
            let told = supervisor.send_with_value(Signal::USR2, notice.value());
            // One that somebody has stopped in its tracks could not hear it.
            let _ = supervisor.send(Signal::CONT);
            if let Err(error) = told {
                stopping.error = Some(format!("its supervisor cannot be told: {error}"));
            }
        }
        stopping.signal_new(stopping.stop_signal());
        stopping
    }

    /// Signals every process of the tree that was not signalled yet; answers how many
    /// live.
    fn signal_new(&mut self, signal: Signal) -> usize {
        let tree = match self.target.sight.tree(&self.target.traces()) {
            Ok(tree) => tree,
            Err(error) => {
                self.error = Some(format!("its tree cannot be seen: {error}"));
                return 0;
            }
        };
        let is_first = self.signalled.is_empty();
        for stat in &tree {
            // What comes after the first signals is a helper of a process that ends in good
            // order, unless its parent has gone: then it has slipped through.
            let is_helper = || tree.iter().any(|other| other.pid == stat.parent);
            if self.signalled.contains(&stat.pid)
                || !is_first && signal != Signal::KILL && is_helper()
            {
                continue;
            }
            self.signalled.insert(stat.pid);
            let Ok(pidfd) = Pidfd::open(stat.pid) else { continue };
            // The pid may have passed on between the look and the hold: only the process
            // that was seen has this start.
            let is_same = bgrun_platform::stat::Stat::read(stat.pid)
                .is_ok_and(|now| now.start_ticks == stat.start_ticks);
            if !is_same {
                continue;
            }
            if let Err(error) = pidfd.send(signal).and_then(|()| pidfd.send(Signal::CONT)) {
                self.is_refused = true;
                self.error = Some(format!("pid {} cannot be signalled: {error}", stat.pid));
            }
            self.members.push(pidfd);
        }
        self.survivors = tree.iter().map(|stat| stat.pid).collect();
        tree.len()
    }

    /// Looks whether it is over; insists when its time is. Answers whether it is done.
    fn look(&mut self, home: &Home, started: Instant) -> bool {
        if self.waited.is_some() {
            return true;
        }
        self.members.retain(|member| !member.has_ended().unwrap_or(true));
        let supervisor = self.target.sight.supervisor.as_ref();
        if supervisor.is_some_and(|supervisor| supervisor.has_ended().unwrap_or(true)) {
            self.target.sight.supervisor = None;
            // In good order it leaves only when nothing is left below it. Otherwise what
            // was below it is found by its traces.
            if self.supervisor_left_in_order(home) {
                self.survivors.clear();
                self.waited = Some(started.elapsed());
                return true;
            }
        }
        let now = Instant::now();
        if now >= self.deadline && !self.is_killed {
            self.is_killed = true;
            self.signalled.clear();
        } else if self.is_killed && (self.is_refused || now >= self.deadline + AFTER_KILL) {
            self.give_up(started);
            return true;
        }
        let signal = if self.is_killed { Signal::KILL } else { self.stop_signal() };
        if self.signal_new(signal) > 0 {
            self.empty_looks = 0;
            return false;
        }
        // The supervisor writes down the end and leaves; that takes it a moment.
        if self.target.sight.supervisor.is_some() {
            return false;
        }
        // A process that was just forked can be missed by one look, not by two.
        self.empty_looks += 1;
        if self.empty_looks >= 2 {
            self.waited = Some(started.elapsed());
        }
        self.waited.is_some()
    }

    fn stop_signal(&self) -> Signal {
        self.target.process.stop_signal.parse().unwrap_or(Signal::TERM)
    }

    /// Whether the supervisor has left the end of the run in the lock file.
    fn supervisor_left_in_order(&self, home: &Home) -> bool {
        let text = Lock::line_at(&home.lock(self.target.process.id)).unwrap_or_default();
        let line = serde_json::from_str::<LockLine<Identity>>(&text);
        let run = self.target.process.run.as_ref().map_or(0, |run| run.number);
        line.is_ok_and(|line| line.run >= run && line.ended.is_some())
    }

    /// Takes stock of what lives on. A supervisor without anything below it that still has
    /// not left hangs, and would keep the lock for ever.
    fn give_up(&mut self, started: Instant) {
        let left = self.signal_new(Signal::KILL);
        if left == 0
            && let Some(supervisor) = &self.target.sight.supervisor
        {
            let _ = supervisor.send(Signal::KILL);
            let _ = supervisor.wait(Some(LOOK));
        }
        self.waited = Some(started.elapsed());
    }

    fn finish(self) -> Stopped {
        let outcome = if !self.survivors.is_empty() || self.target.sight.is_elsewhere {
            Outcome::Survivors
        } else if self.is_killed {
            Outcome::Killed
        } else {
            Outcome::Stopped
        };
        let mut stopped = Stopped::new(self.target, outcome);
        // Where no supervisor has seen it, a new enough kernel tells how it ended.
        if let (true, Some(main)) = (stopped.is_over(), &stopped.target.sight.process) {
            stopped.ended = main.ended(REAPING);
        }
        stopped.survivors = self.survivors;
        stopped.waited = self.waited.unwrap_or_default();
        stopped.error = self.error;
        stopped
    }
}

/// Waits until every tree is empty, or given up.
fn wait(stopping: &mut [Stopping], home: &Home, started: Instant) {
    loop {
        let mut left = Vec::new();
        for one in &mut *stopping {
            if !one.look(home, started) {
                left.push(&*one);
            }
        }
        if left.is_empty() {
            return;
        }
        let next_deadline = left.iter().filter(|one| !one.is_killed).map(|one| one.deadline).min();
        let now = Instant::now();
        let until_deadline = next_deadline.map(|at| at.saturating_duration_since(now));
        let pause = until_deadline.map_or(LOOK, |left| left.min(LOOK));
        let watched: Vec<&Pidfd> = left
            .iter()
            .flat_map(|one| one.members.iter().chain(&one.target.sight.supervisor))
            .collect();
        if watched.is_empty() {
            bgrun_platform::clock::pause(pause.min(Duration::from_millis(1)));
        } else {
            let _ = bgrun_platform::wait_until_one_ends(&watched, Some(pause));
        }
    }
}
