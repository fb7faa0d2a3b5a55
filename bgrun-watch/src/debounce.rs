//! When changes are acted upon: when nothing more has come for a while.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// So many changed paths are remembered to be told.
const TOLD: usize = 20;
/// Changes that never stop are acted upon after so many times the pause.
const LONGEST: u32 = 10;

/// Changes that wait to be acted upon.
#[derive(Debug)]
pub(crate) struct Changes {
    first: Instant,
    last: Instant,
    /// The first of them.
    pub(crate) paths: Vec<PathBuf>,
    /// There were more, or the kernel lost count.
    pub(crate) is_more: bool,
}

impl Changes {
    /// Adds what has changed at `now` to what there is.
    pub(crate) fn add(
        pending: &mut Option<Self>,
        now: Instant,
        paths: Vec<PathBuf>,
        is_overflow: bool,
    ) {
        if paths.is_empty() && !is_overflow {
            return;
        }
        let changes = pending.get_or_insert(Self {
            first: now,
            last: now,
            paths: Vec::new(),
            is_more: false,
        });
        changes.last = now;
        changes.is_more |= is_overflow;
        for path in paths {
            if changes.paths.contains(&path) {
                continue;
            }
            if changes.paths.len() == TOLD {
                changes.is_more = true;
                break;
            }
            changes.paths.push(path);
        }
    }

    /// When they are to be acted upon, with this pause.
    pub(crate) fn due(&self, pause: Duration) -> Instant {
        (self.last + pause).min(self.first + pause * LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(500);

    #[test]
    fn a_pause_after_the_last_change_is_waited_for_but_not_for_ever() {
        let begin = Instant::now();
        let mut pending = None;
        let at = |ms| begin + Duration::from_millis(ms);
        Changes::add(&mut pending, at(0), Vec::new(), false);
        assert!(pending.is_none(), "nothing has changed");
        for ms in (0..4000).step_by(400) {
            Changes::add(&mut pending, at(ms), vec![PathBuf::from("a")], false);
            assert_eq!(pending.as_ref().expect("a change").due(PAUSE), at(ms + 500));
        }
        for ms in (4800..9000).step_by(400) {
            Changes::add(&mut pending, at(ms), vec![PathBuf::from("b")], false);
            assert_eq!(pending.as_ref().expect("a change").due(PAUSE), at(5000));
        }
        assert_eq!(pending.expect("a change").paths, ["a", "b"].map(PathBuf::from));
    }

    #[test]
    fn the_first_paths_are_remembered() {
        let paths = |count: usize| (0..count).map(|n| PathBuf::from(n.to_string())).collect();
        let mut pending = None;
        for (count, told, is_more) in [(2, 2, false), (TOLD, TOLD, false), (10_000, TOLD, true)] {
            Changes::add(&mut pending, Instant::now(), paths(count), false);
            let changes = pending.as_ref().expect("a change");
            assert_eq!((changes.paths.len(), changes.is_more), (told, is_more), "{count}");
        }
        let mut lost = None;
        Changes::add(&mut lost, Instant::now(), Vec::new(), true);
        assert!(lost.expect("a change").is_more, "the kernel lost count");
    }
}
