//! The supervisor's life: it sleeps until a child ends, a pause is over, or somebody
//! tells it something.
//!
//! `main` is the process that is the run; `ended` is how it ended, while others of its
//! tree still live; `pause` is when the next run is due. Each end is written into the
//! lock file first, which needs no space and no lock of the store, and then into the
//! store.

mod client;
mod next_run;
mod orders;

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use bgrun_platform::events::{self, Signals, Wake};
use bgrun_platform::stat::Stat;
use bgrun_platform::{Ended, Identity, Lock, Presence, Signal, fault};
use bgrun_store::{End, Home, LockLine, Reason, time};

pub(crate) use client::Client;

use crate::chronicle::Chronicle;
use crate::family::Family;
use crate::readiness::{Probing, Readiness};
use crate::restarts::Restarts;
use crate::stopping::{Stopping, signal_all};
use crate::{launch, record};
use next_run::RETRY;

/// Keeps one process.
pub(crate) struct Keeper {
    home: Home,
    lock: Option<Lock>,
    line: LockLine<Identity>,
    signals: Signals,
    /// Open until bgrun-run has said that the run is written down.
    socket: Option<UnixStream>,
    readiness: Readiness,
    chronicle: Chronicle,
    main: Option<u32>,
    family: Family,
    ended: Option<Ended>,
    stopping: Option<Stopping>,
    pause: Option<Instant>,
    /// When to try again to write down what the store did not take, and after how long once
    /// more.
    retry: Option<(Instant, Duration)>,
    /// Runs that the store has not taken, and that others have followed, oldest first.
    owed: Vec<LockLine<Identity>>,
    restarts: Restarts,
    /// What became of the client of a container.
    pub(crate) client: Client,
    is_done: bool,
}

/// Who is heard where something can be read.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// bgrun-run, which started this supervisor.
    Starter,
    /// Whoever finds out whether the run is ready.
    Prober,
    /// The logs, which were written.
    Logs,
    /// A process of an adopted tree, which has ended.
    Family,
}

impl Keeper {
    /// Keeps the process of `line`; with `adopts`, one that another supervisor has started,
    /// and lost.
    pub(crate) fn new(
        home: Home,
        lock: Lock,
        line: LockLine<Identity>,
        signals: Signals,
        socket: UnixStream,
        adopts: bool,
    ) -> Self {
        let mut keeper = Self {
            chronicle: Chronicle::begin(&home, &line, adopts),
            main: line.process.as_ref().map(|process| process.pid),
            home,
            lock: Some(lock),
            line,
            signals,
            socket: Some(socket),
            readiness: Readiness::default(),
            family: Family::Own,
            ended: None,
            stopping: None,
            pause: None,
            retry: None,
            owed: Vec::new(),
            restarts: Restarts::begin(),
            client: Client::default(),
            is_done: false,
        };
        if adopts {
            keeper.adopt();
        }
        keeper
    }

    /// Takes hold of a tree that another supervisor has started. Its main process may have
    /// ended since it was looked at, and nobody tells how.
    fn adopt(&mut self) {
        let main = match self.line.process.as_ref().map(Identity::presence) {
            Some(Ok(Presence::Alive(held))) => Some(held),
            _ => None,
        };
        if main.is_none() {
            self.main = None;
            self.ended = Some(Ended::Unknown);
        }
        self.family = Family::Adopted(main.into_iter().collect());
        self.family.hold(&self.line, self.main);
        self.judge();
    }

    /// Keeps the process until nothing is left to do.
    pub(crate) fn keep(mut self) -> anyhow::Result<()> {
        events::give_memory_back();
        while !self.is_done {
            let (others, sources): (Vec<_>, Vec<_>) = self.sources().unzip();
            match self.signals.wait(&others, self.deadline())? {
                Wake::Signal(Signal::CHLD, _) => self.reap(),
                Wake::Signal(Signal::USR1, _) => self.look_at_store(),
                Wake::Signal(Signal::USR2, value) => self.stop(Stopping::by_killer(value)),
                Wake::Signal(..) => self.shut_down(),
                Wake::Readable(at) => match sources[at] {
                    Source::Starter => self.take_verdict(),
                    Source::Prober => self.take_readiness(),
                    Source::Logs => self.chronicle.wake(&self.line),
                    Source::Family => self.follow_on(),
                },
                Wake::Deadline => self.deadline_is_over(),
            }
        }
        if !self.owed.is_empty() {
            record::owed(&self.home, &self.owed, None)?;
        }
        Ok(())
    }

    /// What else it sleeps on, and who is heard there.
    fn sources(&self) -> impl Iterator<Item = (BorrowedFd<'_>, Source)> {
        let starter = self.socket.iter().map(|socket| (socket.as_fd(), Source::Starter));
        let prober = self.readiness.descriptor().map(|prober| (prober, Source::Prober));
        let logs = self.chronicle.descriptor().map(|logs| (logs, Source::Logs));
        let family = self.family.descriptors().map(|one| (one, Source::Family));
        starter.chain(prober).chain(logs).chain(family)
    }

    fn deadline(&self) -> Option<Instant> {
        let stop = self.stopping.map(|stopping| stopping.deadline);
        let retry = self.retry.map(|(at, _)| at);
        let cleaned = self.client.leaves_until;
        [stop, self.pause, retry, self.chronicle.deadline(), cleaned].into_iter().flatten().min()
    }

    fn deadline_is_over(&mut self) {
        let now = Instant::now();
        if self.chronicle.deadline().is_some_and(|at| at <= now) {
            self.chronicle.wake(&self.line);
        }
        if let Some(stopping) = &mut self.stopping
            && stopping.deadline <= now
        {
            // Whoever was to insist has not: killed itself, or there was nobody.
            stopping.deadline = now + Duration::from_secs(1);
            signal_all(&self.family.alive(&self.line, self.main), Signal::KILL);
            self.judge();
        }
        if self.client.leaves_until.is_some_and(|at| at <= now)
            && let Some(ended) = self.ended
        {
            self.run_is_over(ended);
        }
        if self.pause.is_some_and(|at| at <= now) {
            self.pause = None;
            self.start_again();
        }
        if let Some((at, pause)) = self.retry
            && at <= now
        {
            self.retry = Some((now + pause, (pause * 2).min(RETRY.1)));
            self.record();
        }
    }

    /// A process of an adopted tree has ended.
    fn follow_on(&mut self) {
        if let Some(ended) = self.main.and_then(|main| self.family.end_of(main)) {
            self.ended = Some(ended);
            self.main = None;
        }
        self.family.hold(&self.line, self.main);
        self.judge();
    }

    /// A child has ended: the main process, or an orphan of its tree.
    fn reap(&mut self) {
        self.take_the_dead();
        self.judge();
    }

    /// Reaps the children that have ended; answers whether there were any.
    fn take_the_dead(&mut self) -> bool {
        let mut were_any = false;
        while let Some((pid, ended)) = events::reap() {
            if self.main == Some(pid) {
                self.main = None;
                self.ended = Some(ended);
            }
            self.chronicle.child_has_ended(pid, ended == Ended::Code(0));
            were_any = true;
        }
        were_any
    }

    /// What lives of the tree. That nothing does is certain: a process that forked and ended
    /// during the look has left its child to this one, and itself to be reaped.
    fn left(&mut self) -> Vec<Stat> {
        loop {
            let left = self.family.alive(&self.line, self.main);
            if !left.is_empty() || !self.take_the_dead() {
                return left;
            }
        }
    }

    /// Judges what the end of the main process means.
    fn judge(&mut self) {
        let (None, Some(ended)) = (self.main, self.ended) else { return };
        if self.line.container.is_some() {
            return self.judge_client(ended);
        }
        let left = self.left();
        if left.is_empty() {
            self.run_is_over(ended);
        } else if self.stopping.is_some() {
            // It goes on until nothing is left.
        } else if ended == Ended::Code(0) {
            // The orphans' new parent is this process: the oldest of them is the run now.
            let own = std::process::id();
            let heir = left
                .iter()
                .filter(|one| one.parent == own || self.family.is_adopted())
                .min_by_key(|one| (one.start_ticks, one.pid));
            if let Some(heir) = heir {
                self.main = Some(heir.pid);
                self.ended = None;
                self.line.process = Identity::of(heir.pid).ok();
                self.write_line();
                self.record_run();
            }
        } else {
            self.stopping = Some(Stopping::own(None, &self.line));
            signal_all(&left, self.stop_signal());
        }
    }

    /// Nothing of the tree is left.
    fn run_is_over(&mut self, ended: Ended) {
        self.client = Client::default();
        self.readiness.forget();
        self.chronicle.end_run(&self.line);
        self.ended = None;
        let stopping = self.stopping.take();
        let (code, signal, own_reason) = match ended {
            Ended::Code(code) => (Some(code), None, Reason::Exit),
            Ended::Signal(signal) => (None, Some(signal.to_string()), Reason::Signal),
            Ended::Unknown => (None, None, Reason::Unknown),
        };
        let reason = stopping.and_then(|stopping| stopping.reason).unwrap_or(own_reason);
        fault::at("supervise:before-record");
        self.line.ended = Some(End { at: Some(time::now()), code, signal, reason });
        if let Some(stopping) = stopping
            && stopping.by_killer
        {
            self.line.stopped = !stopping.keeps_wish;
            self.write_line();
            fault::at("supervise:after-journal");
            // The killer writes it into the store, with the ends of all it stopped; if it
            // cannot any more, the next tool that looks finds it in the lock file.
            self.is_done = true;
            return;
        }
        self.write_line();
        fault::at("supervise:after-journal");
        self.record();
    }

    /// Has it found out when the run is ready, unless that is known or nobody asked.
    pub(crate) fn probe(&mut self, probing: Option<Probing>) {
        if let Some(probing) = probing.filter(|_| self.line.ready_at.is_none()) {
            self.readiness.probe(&self.home, &self.line, probing);
        }
    }

    fn take_readiness(&mut self) {
        if let Some(at) = self.readiness.take() {
            self.line.ready_at = Some(at);
            self.write_line();
        }
    }

    fn stop_signal(&self) -> Signal {
        self.line.stop_signal.parse().unwrap_or(Signal::TERM)
    }

    fn write_line(&self) {
        if let Some(lock) = &self.lock {
            // On a broken disk it stays as it was; the store is tried all the same.
            let _ = launch::write(lock, &self.line);
        }
    }
}
