//! One tree that is being stopped: signalled, waited for, insisted upon.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bgrun_platform::events::StopNotice;
use bgrun_platform::{Ended, Identity, Lock, LockError, Pidfd, Signal};
use bgrun_store::{End, Home, LockLine, Reason};

use crate::args::Args;
use crate::containers::{self, Contained, EngineStop, GRACE};
use crate::stop::{Outcome, Stopped};
use crate::target::Target;

/// A tree that is being stopped.
pub(crate) struct Stopping {
    target: Target,
    deadline: Instant,
    signalled: HashSet<u32>,
    /// Those that were seen, held: they are waited for.
    members: Vec<Pidfd>,
    is_killed: bool,
    /// The system does not let us signal some of it: insisting is of no use.
    is_refused: bool,
    empty_looks: u32,
    /// When to look for processes that came since, where no end of one asks for it.
    look_again_at: Instant,
    survivors: Vec<u32>,
    waited: Option<Duration>,
    error: Option<String>,
    /// The engine that stops it, if it is a container.
    engine: Option<EngineStop>,
    /// The engine has failed or is done: what is left of the tree is ours to end.
    is_left_to_us: bool,
    had_supervisor: bool,
    /// For a supervisor: how long it is waited for, and whether the wish to run remains.
    notice: StopNotice,
    /// Its lock, while what a supervisor left is found by its traces: those of a run that
    /// somebody starts meanwhile would be the same.
    stand_in: Option<Lock>,
    /// Its engine does not say whether the container has ended.
    may_live_on: bool,
}

/// How long after SIGKILL something may still be there: it hangs in the kernel then.
const AFTER_KILL: Duration = Duration::from_secs(2);
/// How long the parent of a process without supervisor may take to reap it: an init does
/// it at once, as a rule.
const REAPING: Duration = Duration::from_millis(50);
/// How long others may look at the lock: it takes them microseconds.
const GLANCE: Duration = Duration::from_millis(5);
/// How long between two looks for processes that came since.
const LOOK: Duration = Duration::from_millis(50);
/// How long between two looks at the lock of a supervisor that is about to let go of it: at
/// first, and at last.
const LEAVING: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(5));

impl Stopping {
    /// Tells the supervisor, then everything below it.
    pub(crate) fn begin(
        target: Target,
        args: &Args,
        home: &Home,
        started: Instant,
        keeps_wish: bool,
    ) -> Self {
        let asked = args.timeout.unwrap_or(target.process.stop_timeout);
        // An engine insists by itself; only one that hangs is not waited for.
        let is_container = target.process.container.is_some();
        let timeout = if is_container { asked + GRACE } else { asked };
        let engine = EngineStop::begin(&target, asked);
        let mut stopping = Self {
            target,
            deadline: started + timeout,
            signalled: HashSet::new(),
            members: Vec::new(),
            is_killed: false,
            is_refused: false,
            empty_looks: 0,
            look_again_at: started,
            survivors: Vec::new(),
            waited: None,
            error: None,
            engine: None,
            is_left_to_us: false,
            had_supervisor: false,
            notice: StopNotice { timeout, keeps_wish },
            stand_in: None,
            may_live_on: false,
        };
        match engine {
            Some(Ok(engine)) => stopping.engine = Some(engine),
            Some(Err(error)) => stopping.error = Some(error.to_string()),
            None => {}
        }
        if stopping.target.sight.is_elsewhere {
            stopping.error = Some("it runs in another pid namespace: stop it there".to_owned());
            stopping.waited = Some(Duration::ZERO);
            return stopping;
        }
        // First the supervisor: what it would start from now on, it does not.
        stopping.tell();
        if !stopping.is_still_meant(home) {
            stopping.waited = Some(Duration::ZERO);
            return stopping;
        }
        let signal = stopping.engine.is_none().then(|| stopping.stop_signal());
        stopping.signal_new(signal);
        stopping
    }

    /// Tells the supervisor, if there is one, to stop its tree.
    fn tell(&mut self) {
        let Some(supervisor) = &self.target.sight.supervisor else { return };
        self.had_supervisor = true;
        let told = supervisor.send_with_value(Signal::USR2, self.notice.value());
        // One that somebody has stopped in its tracks could not hear it.
        let _ = supervisor.send(Signal::CONT);
        if let Err(error) = told {
            self.error = Some(format!("its supervisor cannot be told: {error}"));
        }
    }

    /// Whether what lives of it is still what is to be stopped, and not what somebody has
    /// started since. Without a supervisor nobody can start it from here on.
    fn is_still_meant(&mut self, home: &Home) -> bool {
        if self.target.sight.supervisor.is_some() || self.stand_in.is_some() {
            return true;
        }
        let process = &self.target.process;
        let path = home.lock(process.id);
        let taken = Lock::take(&path, GLANCE);
        let line = LockLine::<Identity>::read(&Lock::line_at(&path).unwrap_or_default());
        if line.is_some_and(|line| line.id == process.id && line.request > process.request) {
            return false;
        }
        match taken {
            Ok(lock) => self.stand_in = Some(lock),
            Err(LockError::Held(_)) => {
                // A guard has just given it a new supervisor.
                if let Ok(now) = Target::look(process.clone(), home) {
                    self.target.sight = now.sight;
                    self.tell();
                }
            }
            // A home that may not be written keeps nothing alive.
            Err(LockError::Io { .. }) => {}
        }
        true
    }

    /// Signals every process of the tree that was not signalled yet, or only takes hold of
    /// it; answers how many live.
    fn signal_new(&mut self, signal: Option<Signal>) -> usize {
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
                || !is_first && signal != Some(Signal::KILL) && is_helper()
            {
                continue;
            }
            self.signalled.insert(stat.pid);
            let Some(pidfd) = stat.hold() else { continue };
            if let Some(signal) = signal
                && let Err(error) = pidfd.send(signal).and_then(|()| pidfd.send(Signal::CONT))
            {
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
        if self.supervisor_has_left(home) {
            self.target.sight.supervisor = None;
            // In good order it leaves only when nothing is left below it. Otherwise what
            // was below it is found by its traces: killed after an end of another kind, it may
            // have begun the next run.
            if self.end_in_lock_line(home).is_some_and(|end| end.reason == Reason::Stop) {
                return self.is_over(started);
            }
        }
        if !self.is_still_meant(home) {
            return self.is_over(started);
        }
        let is_at_it = self.engine.as_mut().is_some_and(|engine| {
            engine.is_at_it().unwrap_or_else(|error| {
                self.error = Some(error.to_string());
                false
            })
        });
        if self.engine.is_some() && !is_at_it && !self.is_left_to_us {
            self.is_left_to_us = true;
            self.signalled.clear();
        }
        let now = Instant::now();
        if now >= self.deadline && !self.is_killed {
            self.is_killed = true;
            self.signalled.clear();
        } else if self.is_killed && (self.is_refused || now >= self.deadline + AFTER_KILL) {
            self.give_up(started);
            return true;
        }
        if self.is_supervisor_leaving() && now < self.look_again_at {
            return false;
        }
        self.look_again_at = now + LOOK;
        let signal = if self.is_killed { Signal::KILL } else { self.stop_signal() };
        if self.signal_new((self.is_killed || !is_at_it).then_some(signal)) > 0 {
            self.empty_looks = 0;
            return false;
        }
        // The supervisor writes down the end and leaves; that takes it a moment.
        if self.target.sight.supervisor.is_some() {
            return false;
        }
        // A process that was just forked can be missed by one look, not by two.
        self.empty_looks += u32::from(!self.is_engine_busy());
        if self.empty_looks >= 2 {
            self.waited = Some(started.elapsed());
        }
        self.waited.is_some()
    }

    /// Nothing of what was to be stopped is left.
    fn is_over(&mut self, started: Instant) -> bool {
        self.survivors.clear();
        self.waited = Some(started.elapsed());
        true
    }

    fn is_engine_busy(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.pidfd().is_some())
    }

    fn stop_signal(&self) -> Signal {
        self.target.process.stop_signal.parse().unwrap_or(Signal::TERM)
    }

    /// Whether nothing that was seen lives but the supervisor, which is about to go.
    fn is_supervisor_leaving(&self) -> bool {
        self.target.sight.supervisor.is_some() && self.members.is_empty()
    }

    /// Whether the supervisor has gone, or is done: it has let go of the lock, having left the
    /// end of the run there. Its exit is not waited for, because that takes the kernel
    /// some 10 ms more while it closes a watch on files (inotify(7)).
    fn supervisor_has_left(&self, home: &Home) -> bool {
        let Some(supervisor) = &self.target.sight.supervisor else { return false };
        let is_done = || {
            self.members.is_empty()
                && self.end_in_lock_line(home).is_some()
                && !Lock::is_held(&home.lock(self.target.process.id)).unwrap_or(true)
        };
        supervisor.has_ended().unwrap_or(true) || is_done()
    }

    /// The end of the run, if the supervisor has left it in the lock file.
    fn end_in_lock_line(&self, home: &Home) -> Option<End> {
        let text = Lock::line_at(&home.lock(self.target.process.id)).unwrap_or_default();
        let line = LockLine::<Identity>::read(&text);
        let run = self.target.process.run.as_ref().map_or(0, |run| run.number);
        line.filter(|line| line.run >= run)?.ended
    }

    /// Takes stock of what lives on. A supervisor without anything below it that still has
    /// not left hangs, and would keep the lock for ever.
    fn give_up(&mut self, started: Instant) {
        let left = self.signal_new(Some(Signal::KILL));
        if left == 0
            && let Some(supervisor) = &self.target.sight.supervisor
        {
            let _ = supervisor.send(Signal::KILL);
            let _ = supervisor.wait(Some(LOOK));
        }
        self.waited = Some(started.elapsed());
    }

    pub(crate) fn finish(mut self, home: &Home) -> Stopped {
        self.stand_in = None;
        let is_unsupervised = self.target.process.container.is_some() && !self.had_supervisor;
        let is_in_doubt = self.engine.is_none() || self.error.is_some();
        if self.target.process.container.is_some() && is_in_doubt {
            let timeout = self.deadline.saturating_duration_since(Instant::now());
            if let Some(left) = containers::left_alive(&mut self.target, home, timeout) {
                self.error.get_or_insert(left);
                self.may_live_on = true;
            }
        }
        let has_killed = self.engine.as_mut().is_some_and(EngineStop::has_killed);
        let outcome =
            if !self.survivors.is_empty() || self.may_live_on || self.target.sight.is_elsewhere {
                Outcome::Survivors
            } else if self.is_killed || has_killed {
                Outcome::Killed
            } else {
                Outcome::Stopped
            };
        let mut stopped = Stopped::new(self.target, outcome);
        // Where no supervisor has seen it, the engine of a container remembers how it ended, and
        // of others a new enough kernel tells.
        let contained = stopped.target.contained.as_ref().filter(|_| is_unsupervised);
        if let Some(code) = contained.and_then(Contained::code) {
            stopped.ended = Ended::Code(code);
        } else if let (true, Some(main)) = (stopped.is_over(), &stopped.target.sight.process) {
            stopped.ended = main.ended(REAPING);
        }
        stopped.survivors = self.survivors;
        stopped.waited = self.waited.unwrap_or_default();
        stopped.error = self.error;
        stopped
    }
}

/// Waits until every tree is empty, or given up.
pub(crate) fn wait(stopping: &mut [Stopping], home: &Home, started: Instant) {
    let mut leaving = LEAVING.0;
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
        let mut pause = until_deadline.map_or(LOOK, |left| left.min(LOOK));
        if left.iter().any(|one| one.is_supervisor_leaving()) {
            pause = pause.min(leaving);
            leaving = (leaving * 2).min(LEAVING.1);
        }
        let watched: Vec<&Pidfd> = left
            .iter()
            .flat_map(|one| one.members.iter().chain(&one.target.sight.supervisor))
            .chain(left.iter().filter_map(|one| one.engine.as_ref()?.pidfd()))
            .collect();
        if watched.is_empty() {
            bgrun_platform::clock::pause(pause.min(Duration::from_millis(1)));
        } else {
            let _ = bgrun_platform::wait_until_one_ends(&watched, Some(pause));
        }
    }
}
