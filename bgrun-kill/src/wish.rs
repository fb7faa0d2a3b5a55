//! Storing that processes are not wanted any more, and how they ended.

use std::time::Duration;

use bgrun_platform::{Identity, Lock, fault};
use bgrun_store::{Durability, End, Error, Home, LockLine, Process, Reason, Run, Store, time};

use crate::stop::Stopped;

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
    /// in the lock files, or else as it was seen from here.
    pub(crate) fn record_ends(&mut self, stopped: &[Stopped], reason: Reason) -> Result<(), Error> {
        fault::at("kill:before-record");
        let mut ends = Vec::new();
        for one in stopped.iter().filter(|one| one.is_over()) {
            let mut process = one.target.process.clone();
            let seen = end_seen(self.home, &mut process, one, reason);
            if let Some(run) = process.run {
                ends.push((process.id, process.supervisor, run, seen));
            }
        }
        if ends.is_empty() {
            return Ok(());
        }
        // The wish survives a loss of power; after one, nothing runs anyway.
        self.store(Store::PATIENCE)?.write(Durability::Boot, |writer| {
            for (id, supervisor, run, end) in &ends {
                writer.record_run(*id, &Run { end: None, ..run.clone() }, supervisor.as_deref())?;
                writer.record_end(*id, run.number, end)?;
            }
            Ok(())
        })
    }
}

/// How the run of `process` ended. The supervisor knows; what it wrote is taken over.
fn end_seen(home: &Home, process: &mut Process, stopped: &Stopped, reason: Reason) -> End {
    let text = Lock::line_at(&home.lock(process.id)).unwrap_or_default();
    if let Ok(line) = serde_json::from_str::<LockLine<Identity>>(&text) {
        process.learn_from(&line);
    }
    let known = process.run.as_ref().and_then(|run| run.end.clone());
    match known {
        Some(end) if end.reason == Reason::Stop => End { reason, ..end },
        Some(end) => end,
        None => stopped.end_without_supervisor(reason),
    }
}

/// Notes in the lock file that the user has stopped the process: for a store that could
/// not take it. Only where no supervisor holds the file; one that does writes it itself.
pub(crate) fn note_in_lock(home: &Home, stopped: &[Stopped], reason: Reason) {
    for one in stopped.iter().filter(|one| one.is_over()) {
        let path = home.lock(one.target.process.id);
        let Ok(lock) = Lock::take(&path, Duration::from_millis(5)) else { continue };
        let text = lock.line().unwrap_or_default();
        let Ok(mut line) = serde_json::from_str::<LockLine<Identity>>(&text) else { continue };
        line.stopped = reason == Reason::Stop;
        if line.ended.is_none() {
            line.ended = Some(End { at: Some(time::now()), ..one.end_without_supervisor(reason) });
        }
        if let Ok(text) = serde_json::to_string(&line) {
            let _ = lock.write_line(&text);
        }
    }
}
