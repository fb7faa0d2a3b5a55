//! What others tell a supervisor: to stop, to look again, that its run is written down.

use bgrun_run::{Verdict, receive};
use bgrun_store::Reason;

use super::Keeper;
use crate::record;
use crate::stopping::Stopping;

impl Keeper {
    /// Somebody stops the tree, or has asked for that.
    pub(super) fn stop(&mut self, stopping: Stopping) {
        if self.main.is_none() && self.ended.is_none() {
            // Between two runs, or busy writing down the last end.
            if stopping.by_killer {
                self.line.stopped = !stopping.keeps_wish;
                self.write_line();
            }
            self.is_done = true;
            return;
        }
        self.stopping = Some(stopping);
        // The last of the tree may have gone before this was told.
        if self.family.is_adopted() {
            self.follow_on();
        } else {
            self.reap();
        }
    }

    /// The machine or the session goes down: everything ends, the wish remains.
    pub(super) fn shut_down(&mut self) {
        self.stop_by_itself(Reason::Shutdown);
    }

    /// Told that the wish has changed.
    pub(super) fn look_at_store(&mut self) {
        if matches!(record::is_still_wanted(&self.home, &self.line), Ok(false)) {
            self.stop_by_itself(Reason::Stop);
        }
    }

    /// Stops the tree, unless somebody does already, and then leaves.
    fn stop_by_itself(&mut self, reason: Reason) {
        if self.main.is_none() && self.ended.is_none() {
            // Between two runs, or busy writing down the last end.
            self.is_done = true;
        } else if self.stopping.is_none() {
            self.stopping = Some(Stopping::own(Some(reason), &self.line));
            self.ask_to_end();
        }
    }

    /// bgrun-run says what it did, or is gone.
    pub(super) fn take_verdict(&mut self) {
        let Some(socket) = self.socket.take() else { return };
        match receive::<Verdict>(&socket) {
            Ok(Verdict::Recorded) => {}
            Ok(Verdict::Undo) => self.stop_by_itself(Reason::Stop),
            Err(_) => self.record_run(),
        }
    }
}
