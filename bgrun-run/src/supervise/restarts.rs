//! What a supervisor remembers of its restarts.

use std::time::{Duration, Instant};

use crate::decide::History;

/// A run that lasted this long was healthy: the restarts before it are forgotten.
const HEALTHY: Duration = Duration::from_secs(60);
/// So many are remembered; more than that within any window is counted as so many.
const MOST: usize = 1000;

/// The restarts so far.
#[derive(Debug)]
pub(crate) struct Restarts {
    run_began: Instant,
    in_a_row: u32,
    at: Vec<Instant>,
}

impl Restarts {
    /// With the first run.
    pub(crate) fn begin() -> Self {
        Self { run_began: Instant::now(), in_a_row: 0, at: Vec::new() }
    }

    /// Another run has begun.
    pub(crate) fn run_has_begun(&mut self) {
        self.run_began = Instant::now();
    }

    /// Another restart is made.
    pub(crate) fn count(&mut self) {
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.at.push(Instant::now());
        let excess = self.at.len().saturating_sub(MOST);
        self.at.drain(..excess);
    }

    /// What counts after a run that has just ended.
    pub(crate) fn within(&mut self, window: Option<Duration>) -> History {
        if self.run_began.elapsed() >= HEALTHY {
            self.in_a_row = 0;
        }
        let is_within = |at: &&Instant| window.is_some_and(|window| at.elapsed() < window);
        let in_window = self.at.iter().filter(is_within).count();
        History { in_a_row: self.in_a_row, in_window: in_window.try_into().unwrap_or(u32::MAX) }
    }
}
