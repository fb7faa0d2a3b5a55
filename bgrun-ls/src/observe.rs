//! What the system shows of each process: whether it lives, and what its tree uses.

use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use bgrun_platform::ports::Listeners;
use bgrun_platform::stat::{Stat, ticks_per_second};
use bgrun_platform::tree::{Traces, by_traces, from_process, of_healthy};
use bgrun_platform::{Identity, Lock, Pidfd, Sight, clock};
use bgrun_store::{
    Home, LockLine, Observed, Process, Reason, Record, Status, Store, Wanted, status, time,
};
use jiff::SignedDuration;

use crate::containers::{self, Known};
use crate::ending::{self, Patience};

/// A process with what is seen of it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) process: Process,
    /// Its supervisor, if that lives.
    supervisor: Option<u32>,
    /// Its main process, if that lives.
    main: Option<u32>,
    /// Somebody holds its lock.
    is_held: bool,
    /// It lives in another pid namespace.
    is_elsewhere: bool,
    is_of_this_boot: bool,
    /// Its live processes.
    pub(crate) tree: Vec<Stat>,
    /// Its listening ports, ascending.
    pub(crate) ports: Vec<u16>,
    /// What its engine says of it, if it is a container.
    pub(crate) container: Known,
    /// It has ended, and its supervisor, which somebody has paused, has not seen that.
    is_unseen: bool,
    /// It is between the two runs of a restart.
    is_restarted: bool,
    /// Somebody restarts it when its files change.
    is_watched: bool,
    /// What happened since the store was read is missing: the end before a run that only the
    /// lock file tells of, or the run that a restart has begun.
    has_outrun_store: bool,
}

/// From so many on a second thread is worth its start.
const MANY: usize = 48;

/// Looks for every process; `store`, from which they were read, is asked again where that is
/// needed. What cannot be looked at counts as not there.
pub(crate) fn all(home: &Home, mut processes: Vec<Process>, store: Option<&Store>) -> Vec<Seen> {
    let (ports, patience) = (Ports::default(), Patience::default());
    let look = |share: Vec<Process>| -> Vec<Seen> {
        let one = |process| {
            let mut seen = one(home, process, &patience);
            ports.find(&mut seen);
            seen
        };
        share.into_iter().map(one).collect()
    };
    let mut seen = if processes.len() < MANY {
        look(processes)
    } else {
        let rest = processes.split_off(processes.len() / 2);
        let (mut first, second) = on_two_threads(|| look(processes), || look(rest));
        first.extend(second);
        first
    };
    // Since the store was read runs have ended and begun: now it has them, too.
    for outrun in seen.iter_mut().filter(|one| one.has_outrun_store) {
        let process = store.and_then(|store| store.process(&outrun.process.name).ok().flatten());
        if let Some(process) = process {
            *outrun = one(home, process, &patience);
            ports.find(outrun);
        }
    }
    for found in find_left_behind(&mut seen) {
        ports.find(found);
    }
    find_watched(home, &mut seen);
    containers::ask(home, &mut seen);
    seen
}

/// From so many on it is cheaper to list the directory than to ask for each file in it.
const FEW: usize = 8;

/// Finds out which are restarted when their files change. Nearly always there is no file
/// that could be locked for that.
fn find_watched(home: &Home, seen: &mut [Seen]) {
    let is_watched = |id| Lock::is_held(&home.watch_lock(id)).unwrap_or(false);
    if seen.len() <= FEW {
        seen.iter_mut().for_each(|one| one.is_watched = is_watched(one.process.id));
        return;
    }
    let entries = std::fs::read_dir(home.lock_directory()).into_iter().flatten().flatten();
    let id = |name: OsString| name.to_str()?.strip_suffix(".watch")?.parse::<i64>().ok();
    for id in entries.filter_map(|entry| id(entry.file_name())).filter(|id| is_watched(*id)) {
        seen.iter_mut().filter(|one| one.process.id == id).for_each(|one| one.is_watched = true);
    }
}

/// The listening sockets of the machine, asked for when something runs that may have one.
#[derive(Default)]
struct Ports {
    listeners: OnceLock<Option<Listeners>>,
}

impl Ports {
    fn find(&self, seen: &mut Seen) {
        if seen.tree.is_empty() {
            return;
        }
        let Some(listeners) = self.listeners.get_or_init(|| Listeners::read().ok()) else { return };
        for stat in &seen.tree {
            listeners.add_ports_of(stat.pid, &mut seen.ports);
        }
        seen.ports.sort_unstable();
        seen.ports.dedup();
    }
}

fn on_two_threads<A, B: Send>(
    here: impl FnOnce() -> A,
    there: impl FnOnce() -> B + Send,
) -> (A, B) {
    std::thread::scope(|scope| {
        let there = scope.spawn(there);
        let here = here();
        // A panic there is one here: nothing is listed by halves.
        (here, there.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn one(home: &Home, mut process: Process, patience: &Patience) -> Seen {
    let lock = home.lock(process.id);
    let is_over = process.has_run_as_asked()
        && process.next_restart_at.is_none()
        && process.run.as_ref().is_some_and(|run| run.end.is_some());
    let run = process.run.as_ref();
    let known_run = run.map(|run| run.number);
    let may_be_ready = process.ready.is_some() && run.is_some_and(|run| run.ready_at.is_none());
    let mut sight = Sight::default();
    // An end in the store is final but for a supervisor that may be about to go on, unless
    // the user has stopped it: only its lock tells.
    if is_over {
        let may_go_on = process.wanted == Wanted::Up;
        sight.is_held = may_go_on && Lock::is_held(&lock).unwrap_or(false);
    } else if !may_be_ready && let Some(healthy) = healthy(&process) {
        return Seen {
            process,
            supervisor: Some(healthy.supervisor),
            main: Some(healthy.main),
            // A supervisor with a live process holds its lock for certain.
            is_held: true,
            is_elsewhere: false,
            is_of_this_boot: true,
            tree: healthy.tree,
            ports: Vec::new(),
            container: Known::default(),
            is_unseen: false,
            is_restarted: false,
            is_watched: false,
            has_outrun_store: false,
        };
    } else if process.request > 0 {
        sight = look(&process, &lock);
    }
    let is_plain =
        is_over && !sight.is_held || sight.supervisor.is_some() && sight.process.is_some();
    if (!is_plain || may_be_ready) && process.request > 0 {
        // The lock file may know more than the store: a run just begun or ended.
        let text = Lock::line_at(&lock).unwrap_or_default();
        if let Some(line) = LockLine::<Identity>::read(&text)
            && process.learn_from(&line)
        {
            sight = look(&process, &lock);
        }
    }
    let mut tree = tree(&process, &sight);
    if tree.is_empty() && ending::is_due(&process, &sight) && patience.wait(&lock, &mut process) {
        sight = look(&process, &lock);
        tree = self::tree(&process, &sight);
    }
    let is_unseen =
        tree.is_empty() && ending::is_due(&process, &sight) && ending::is_put_off(&sight);
    let is_alive = !tree.is_empty() || sight.process.is_some() || sight.is_elsewhere;
    let may_be_lost =
        status(&process, Observed { is_alive, is_held: sight.is_held }) == Status::Lost;
    let is_restarted =
        may_be_lost && Lock::is_held(&home.restart_lock(process.id)).unwrap_or(false);
    let is_later_run = process.run.as_ref().map(|run| run.number) != known_run;
    let has_outrun_store = is_later_run || may_be_lost && !is_restarted && has_just_ended(&process);
    Seen {
        process,
        supervisor: sight.supervisor.as_ref().map(Pidfd::pid),
        main: sight.process.as_ref().map(Pidfd::pid),
        is_held: sight.is_held,
        is_elsewhere: sight.is_elsewhere,
        is_of_this_boot: sight.is_of_this_boot,
        tree,
        ports: Vec::new(),
        container: Known::default(),
        is_unseen,
        is_restarted,
        is_watched: false,
        has_outrun_store,
    }
}

/// A restart is over within this time, as a rule.
const RESTARTING: SignedDuration = SignedDuration::from_secs(10);

/// Whether its latest run ended a moment ago: if that was for a restart, it may be over by now.
fn has_just_ended(process: &Process) -> bool {
    let ended_at = process.run.as_ref().and_then(|run| run.end.as_ref()?.at);
    ended_at.is_some_and(|at| time::now().duration_since(at) < RESTARTING)
}

/// The live processes below its supervisor, or below itself.
fn tree(process: &Process, sight: &Sight) -> Vec<Stat> {
    // What lives below a supervisor whose run has ended is the next one, executed already and
    // not written down yet: it has no number.
    let is_between_runs = process.container.is_none()
        && process.wanted == Wanted::Up
        && process.run.as_ref().is_some_and(|run| run.end.is_some());
    match (&sight.supervisor, &sight.process) {
        (Some(_), None) if is_between_runs => Vec::new(),
        (Some(_), _) => sight.tree(&traces(process)).unwrap_or_default(),
        (None, Some(main)) => from_process(main.pid()),
        (None, None) => Vec::new(),
    }
}

fn look(process: &Process, lock: &Path) -> Sight {
    let identity = process.run.as_ref().and_then(|run| run.identity.as_deref());
    Sight::look(lock, process.supervisor.as_deref(), identity).unwrap_or_default()
}

/// What is seen of a process that runs as it should.
struct Healthy {
    supervisor: u32,
    main: u32,
    tree: Vec<Stat>,
}

/// Looks for a process that runs as it should, with the fewest questions.
fn healthy(process: &Process) -> Option<Healthy> {
    if process.container.is_some() {
        return None;
    }
    let read = |text: &str| serde_json::from_str::<Identity>(text).ok();
    let supervisor = read(process.supervisor.as_deref()?)?;
    let main = read(process.run.as_ref()?.identity.as_deref()?)?;
    let tree = of_healthy(&supervisor, &main, &process.cookie)?;
    Some(Healthy { supervisor: supervisor.pid, main: main.pid, tree })
}

/// By what the tree of a process is known without its supervisor.
fn traces(process: &Process) -> Traces {
    Traces {
        cookie: process.cookie.clone(),
        logs: process.own_logs(),
        main: None,
        is_container: process.container.is_some(),
    }
}

/// Looks for the trees of processes whose supervisor is gone, all in one pass, and answers
/// these processes.
fn find_left_behind(seen: &mut [Seen]) -> Vec<&mut Seen> {
    let is_left_behind = |one: &&mut Seen| {
        // Who holds the lock without having told of itself is only just starting it.
        one.supervisor.is_none()
            && !one.is_held
            && one.process.container.is_none()
            && one.process.may_live_unseen(one.is_of_this_boot)
    };
    let mut left: Vec<&mut Seen> = seen.iter_mut().filter(is_left_behind).collect();
    if left.is_empty() {
        return left;
    }
    let traces: Vec<Traces> =
        left.iter().map(|one| Traces { main: one.main, ..traces(&one.process) }).collect();
    if let Ok(trees) = by_traces(&traces) {
        for (one, tree) in left.iter_mut().zip(trees) {
            one.tree = tree;
        }
    }
    left
}

impl Seen {
    /// The status that follows.
    pub(crate) fn status(&self) -> Status {
        let is_alive = self.main.is_some()
            || self.is_elsewhere
            || !self.tree.is_empty()
            || self.container.is_alive();
        match status(&self.process, Observed { is_alive, is_held: self.is_held }) {
            Status::Lost if self.is_restarted => Status::Starting,
            Status::Starting if self.is_unseen => Status::Lost,
            status => status,
        }
    }

    /// The record of the process.
    pub(crate) fn record(&self) -> Record {
        let status = self.status();
        let mut record = Record::of(&self.process, status);
        if status == Status::Lost && self.process.run.as_ref().is_some_and(|run| run.end.is_none())
        {
            (record.exit_code, record.exit_signal, record.ended_at) = (None, None, None);
            record.exit_reason = Some(Reason::Unknown.as_str());
        }
        record.watched = self.is_watched;
        record.supervised = self.supervisor.is_some() && self.is_held || self.is_elsewhere;
        record.supervisor_pid = self.supervisor;
        let oldest = || self.tree.iter().min_by_key(|one| (one.start_ticks, one.pid));
        record.pid = self.main.or_else(|| oldest().map(|one| one.pid));
        if self.is_elsewhere && record.pid.is_none() {
            record.pid = self.process.run.as_ref().and_then(|run| run.pid);
        }
        if let Some(container) = &mut record.container {
            container.status = self.container.status();
        }
        if record.pid.is_none() && !self.container.is_alive() {
            return record;
        }
        let lasted_ms = self.lasted_ms();
        record.uptime_ms = lasted_ms;
        if !self.tree.is_empty() {
            record.memory_bytes = Some(self.tree.iter().map(Stat::memory_bytes).sum());
            record.processes = Some(self.tree.len());
            record.cpu_ms = Some(self.cpu_ticks() * 1000 / ticks_per_second());
            record.cpu_percent = lasted_ms.map(|ms| percent(self.cpu_ticks(), ms));
        }
        record.ports.clone_from(&self.ports);
        record.ports.extend(self.container.ports());
        record.ports.sort_unstable();
        record.ports.dedup();
        record
    }

    /// How long the run has lasted, on the clock that nobody sets.
    fn lasted_ms(&self) -> Option<u64> {
        let started = self.process.run.as_ref()?.started_since_boot_ms?;
        let now = i64::try_from(clock::since_boot().as_millis()).ok()?;
        u64::try_from(now - started).ok()
    }

    /// Processor time of the tree so far.
    fn cpu_ticks(&self) -> u64 {
        self.tree.iter().map(|one| one.cpu_ticks).sum()
    }
}

/// Processor time over real time, in percent of one core, to a tenth.
#[allow(clippy::cast_precision_loss, reason = "a display value")]
pub(crate) fn percent(ticks: u64, milliseconds: u64) -> f64 {
    let seconds = ticks as f64 / ticks_per_second() as f64;
    let percent = seconds * 100_000.0 / milliseconds.max(1) as f64;
    (percent * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_busy_core_is_a_hundred_percent() {
        let second = ticks_per_second();
        assert!((percent(second, 1000) - 100.0).abs() < 0.01);
        assert!((percent(second, 4000) - 25.0).abs() < 0.01);
        assert!(percent(0, 0).abs() < 0.01);
    }
}
