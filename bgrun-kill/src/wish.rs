//! Storing that processes are not wanted any more, and how they ended.

use std::time::Duration;

use bgrun_platform::{Identity, Lock, fault};
use bgrun_store::{Durability, End, Error, Home, LockLine, Process, Reason, Run, Store, time};

use crate::stop::{Outcome, Stopped};

/// How long the wish is tried to be stored before the signals are sent: a store that is
/// kept locked must not keep a process alive.
const FIRST_PATIENCE: Duration = Duration::from_millis(100);

/// The store of one stop, opened once: to open it costs more than to write into it.
pub(crate) struct Books<'a> {
    home: &'a Home,
    store: Option<Store>,
}

impl<'a> Books<'a> {
    /// Goes on with `store`, where it is open already.
    pub(crate) fn new(home: &'a Home, store: Option<Store>) -> Self {
        Self { home, store }
    }

    /// The store, open, and still the one that is at its path.
    fn store(&mut self, patience: Duration) -> Result<&mut Store, Error> {
        let store = match self.store.take().filter(Store::is_writable) {
            Some(store) => store,
            None => Store::open_within(self.home, patience)?.0,
        };
        store.set_patience(patience)?;
        Ok(self.store.insert(store))
    }

    /// Stores that none of `ids` is wanted. When the store does not take it in time, the
    /// answer is the error, and it is to be tried again after the stop.
    ///
    /// Everybody sees it from here on; [`Books::sync`] makes it survive a loss of power.
    pub(crate) fn down(&mut self, ids: &[i64]) -> Result<(), Error> {
        fault::at("kill:before-wish");
        self.write_down(ids, FIRST_PATIENCE, Durability::Boot)
    }

    /// The same again, with all patience.
    pub(crate) fn down_late(&mut self, ids: &[i64]) -> Result<(), Error> {
        self.write_down(ids, Store::PATIENCE, Durability::Power)
    }

    fn write_down(
        &mut self,
        ids: &[i64],
        patience: Duration,
        durability: Durability,
    ) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        self.store(patience)?
            .write(durability, |writer| ids.iter().try_for_each(|id| writer.want_down(*id)))
    }

    /// Waits until what was stored is on the disk. Done while the processes end, it costs no
    /// time of its own.
    pub(crate) fn sync(&self) -> Result<(), Error> {
        self.store.as_ref().map_or(Ok(()), Store::sync)
    }

    /// Writes down how the runs of the stopped processes ended, as their supervisors left it
    /// in the lock files, or else as it was seen from here, and that nothing of them lives.
    pub(crate) fn record_ends(&mut self, stopped: &[Stopped], reason: Reason) -> Result<(), Error> {
        fault::at("kill:before-record");
        let over = || stopped.iter().filter(|one| one.is_over());
        let ends: Vec<_> = over().flat_map(|one| ends_seen(self.home, one, reason)).collect();
        let was_due = |one: &&Stopped| {
            let is_idle = one.outcome == Outcome::AlreadyStopped;
            is_idle && one.target.process.next_restart_at.is_some()
        };
        let idle: Vec<i64> =
            over().chain(stopped.iter().filter(was_due)).map(|one| one.target.process.id).collect();
        if idle.is_empty() {
            return Ok(());
        }
        // The wish survives a loss of power; after one, nothing runs anyway.
        self.store(Store::PATIENCE)?.write(Durability::Boot, |writer| {
            for Ended { id, supervisor, run, end } in &ends {
                writer.record_run(*id, run, supervisor.as_deref())?;
                writer.record_end(*id, run.number, end)?;
            }
            idle.iter().try_for_each(|id| writer.stop_is_over(*id))
        })
    }
}

/// A run that is over.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    /// Of this process.
    id: i64,
    /// Who supervised it, if that is who supervises the process now.
    supervisor: Option<String>,
    /// Without its end.
    run: Run,
    end: End,
}

/// How what was stopped has ended. The supervisor knows; what it wrote is taken over.
fn ends_seen(home: &Home, stopped: &Stopped, reason: Reason) -> Vec<Ended> {
    let process = &stopped.target.process;
    let text = Lock::line_at(&home.lock(process.id)).unwrap_or_default();
    let line = LockLine::<Identity>::read(&text);
    ends_known(process, line.as_ref(), &stopped.end_without_supervisor(reason), reason)
}

/// The same, by what the lock file says and what was `seen` of the run that was stopped.
///
/// A later run is another one: its supervisor may have begun it just before it was told to
/// stop, or somebody else may have started it since, and it runs. Its end is what the line says,
/// and nothing else.
fn ends_known(
    process: &Process,
    line: Option<&LockLine<Identity>>,
    seen: &End,
    reason: Reason,
) -> Vec<Ended> {
    let mut now = process.clone();
    if let Some(line) = line {
        now.learn_from(line);
    }
    let is_same =
        |run: &Run, other: &Run| (run.number, run.request) == (other.number, other.request);
    let own = process.run.as_ref().or(now.run.as_ref());
    let later = now.run.as_ref().filter(|run| own.is_some_and(|own| !is_same(own, run)));
    let known = if later.is_none() { now.run.as_ref() } else { own };
    let mut ends = Vec::new();
    let mut take = |run: &Run, end: End, supervisor: Option<&String>| {
        // A supervisor that was asked to stop does not know why.
        let end = if end.reason == Reason::Stop { End { reason, ..end } } else { end };
        let run = Run { end: None, ..run.clone() };
        ends.push(Ended { id: process.id, supervisor: supervisor.cloned(), run, end });
    };
    if let Some(run) = known {
        let end = run.end.clone().unwrap_or_else(|| seen.clone());
        take(run, end, now.supervisor.as_ref().filter(|_| later.is_none()));
    }
    if let Some((run, end)) = later.and_then(|run| Some((run, run.end.clone()?))) {
        take(run, end, now.supervisor.as_ref());
    }
    ends
}

/// Notes in the lock file that the user has stopped the process: for a store that could
/// not take it. Only where no supervisor holds the file; one that does writes it itself.
pub(crate) fn note_in_lock(home: &Home, stopped: &[Stopped], reason: Reason) {
    for one in stopped.iter().filter(|one| one.is_over()) {
        let path = home.lock(one.target.process.id);
        let Ok(lock) = Lock::take(&path, Duration::from_millis(5)) else { continue };
        let text = lock.line().unwrap_or_default();
        let Some(mut line) = LockLine::<Identity>::read(&text) else { continue };
        let process = &one.target.process;
        if line.request > process.request {
            // Somebody has started it since.
            continue;
        }
        line.stopped = reason == Reason::Stop;
        let is_own = process.run.as_ref().is_none_or(|run| run.number == line.run);
        if is_own && line.ended.is_none() {
            line.ended = Some(End { at: Some(time::now()), ..one.end_without_supervisor(reason) });
        }
        if let Ok(text) = serde_json::to_string(&line) {
            let _ = lock.write_line(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(run: i64, ended: serde_json::Value) -> LockLine<Identity> {
        serde_json::from_value(serde_json::json!({
            "id": 4, "name": "web", "group": null, "command": "x", "argv": null, "workdir": "/",
            "stdout_path": "/o", "stderr_path": "/e", "cookie": "c", "stop_signal": "SIGTERM",
            "stop_timeout_ms": 1, "request": run, "supervisor": null, "run": run,
            "process": null, "started_at": "2026-11-27T10:00:00Z", "started_since_boot_ms": null,
            "ended": ended
        }))
        .expect("a lock line")
    }

    fn code(code: i32) -> End {
        End { at: None, code: Some(code), signal: None, reason: Reason::Stop }
    }

    fn known(of: i64, line: Option<&LockLine<Identity>>) -> Vec<(i64, Option<i32>, Reason)> {
        let process = self::line(of, serde_json::Value::Null).as_process();
        let ends = ends_known(&process, line, &code(7), Reason::Restart);
        ends.into_iter().map(|one| (one.run.number, one.end.code, one.end.reason)).collect()
    }

    #[test]
    fn an_end_is_that_of_the_run_that_was_stopped_and_of_no_later_one() {
        use serde_json::{Value, json};
        let own = (3, Some(7), Reason::Restart);
        assert_eq!(known(3, None), [own]);
        assert_eq!(known(3, Some(&line(3, Value::Null))), [own]);
        let told = json!({"at": null, "code": 9, "signal": null, "reason": "stop"});
        assert_eq!(known(3, Some(&line(3, told.clone()))), [(3, Some(9), Reason::Restart)]);
        // Somebody has started it since: that one runs.
        assert_eq!(known(3, Some(&line(4, Value::Null))), [own]);
        // Its supervisor had begun the next run, and has stopped it.
        assert_eq!(known(3, Some(&line(4, told))), [own, (4, Some(9), Reason::Restart)]);
        assert_eq!(known(3, Some(&line(2, Value::Null))), [own]);
    }
}
