//! What follows the end of a run: what is to be done is read, done and written down in one
//! transaction of the store.
//!
//! A store that cannot be read lets nothing begin. One that can be read and takes nothing, on
//! a full disk, shows that only after the next run was executed: that goes on, and what was to
//! be written is owed.

use std::time::{Duration, Instant};

use bgrun_platform::{Identity, fault};
use bgrun_store::{KeepAlive, LockLine, time};

use super::Keeper;
use crate::child::{Begun, start_next};
use crate::decide::{Next, decide};
use crate::family::Family;
use crate::record;

/// The first pause after the store took nothing; each further one is twice as long, up to the
/// longest.
pub(super) const RETRY: (Duration, Duration) =
    (Duration::from_millis(500), Duration::from_secs(30));

impl Keeper {
    /// Writes into the store what it has not: how the run ended, and does what is decided
    /// then; or that it runs.
    pub(super) fn record(&mut self) {
        let Some(end) = self.line.ended.clone() else {
            self.record_run();
            return;
        };
        let restarts = &mut self.restarts;
        let jitter = f64::from(std::process::id() % 97) / 97.0;
        let is_sole = self.lock.is_some();
        let mut restarted = None;
        let mut line = self.line.clone();
        let decided = record::end(&self.home, &self.owed, &self.line, |writer, wanted, spec| {
            let policy = &spec.restart_policy;
            let history = restarts.within(policy.window);
            let next = match decide(&end, wanted, spec.keep_alive, policy, history, jitter) {
                // Without the lock somebody else may begin one.
                Next::Again(_) if !is_sole => Next::Stop,
                next => next,
            };
            match next {
                Next::Again(pause) if pause.is_zero() => {
                    start_next(writer, &mut line, spec, &mut restarted)?;
                }
                Next::Again(pause) => {
                    // A run that the store has not heard of would take the pause away.
                    record::write_run(writer, &line)?;
                    writer.record_pause(line.id, Some(time::now() + pause))?;
                }
                Next::Stop => {}
            }
            Ok(next)
        });
        match (decided, restarted) {
            (Ok(_), Some(next)) => {
                self.has_recorded();
                self.restarts.count();
                self.go_on_with(line, next);
            }
            (Err(_), Some(next)) => {
                self.restarts.count();
                self.go_on_unrecorded(line, next);
            }
            (Ok(Some(Next::Again(pause))), None) => {
                self.has_recorded();
                self.restarts.count();
                self.pause = Some(Instant::now() + pause);
            }
            (Ok(_), None) => self.is_done = true,
            // With the state directory gone there is nobody left to tell.
            (Err(_), None) if !self.home.directory().is_dir() => self.is_done = true,
            (Err(_), None) => {
                // The lock file holds the end meanwhile. Nothing is started as long as the
                // wish cannot be read.
                self.retry_soon();
                if self.line.keep_alive == KeepAlive::Never {
                    self.lock = None;
                }
            }
        }
    }

    /// The pause is over.
    pub(super) fn start_again(&mut self) {
        let mut restarted = None;
        let mut line = self.line.clone();
        let answered = record::restart(&self.home, &self.line, |writer, spec| {
            start_next(writer, &mut line, spec, &mut restarted)?;
            fault::at("supervise:after-pause");
            Ok(())
        });
        match (answered, restarted) {
            (Ok(_), Some(next)) => self.go_on_with(line, next),
            (Err(_), Some(next)) => self.go_on_unrecorded(line, next),
            (Ok(_), None) => self.is_done = true,
            (Err(_), None) => self.pause = Some(Instant::now() + RETRY.1),
        }
    }

    /// The next run, which the store knows.
    fn go_on_with(&mut self, line: LockLine<Identity>, next: Begun) {
        self.line = line;
        self.family = Family::Own;
        self.write_line();
        self.restarts.run_has_begun();
        self.main = self.line.process.as_ref().map(|process| process.pid);
        self.chronicle.next_run(&self.line);
        if next.is_running {
            self.probe(next.probing);
        } else {
            // Its end is judged as any other: by the loop, for there may be many in a row.
            self.retry = Some((Instant::now(), RETRY.0));
        }
        // It may have ended while its start was written down.
        self.reap();
    }

    /// The next run, which the store did not take: nobody but its lock file tells of it.
    fn go_on_unrecorded(&mut self, line: LockLine<Identity>, next: Begun) {
        self.owed.push(self.line.clone());
        self.retry_soon();
        self.go_on_with(line, next);
    }

    /// Writes down that it runs; what the store does not take now is tried again.
    pub(super) fn record_run(&mut self) {
        if record::owed(&self.home, &self.owed, Some(&self.line)).is_ok() {
            self.has_recorded();
        } else {
            self.retry_soon();
        }
    }

    fn has_recorded(&mut self) {
        self.owed.clear();
        self.retry = None;
    }

    fn retry_soon(&mut self) {
        if self.retry.is_none() {
            self.retry = Some((Instant::now() + RETRY.0, RETRY.0 * 2));
        }
    }
}
