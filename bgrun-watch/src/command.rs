//! What the user's command writes itself is no change: a build that writes into a watched
//! directory must not be the reason for the next build.
//!
//! Who wrote a file is not known, so it is learnt. What changes while the command runs makes
//! one more round, for it may have been the user; what changes in that round too, or again
//! in any later one, is the command's own, until it changes at another time.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

/// What is known of the command's own files.
#[derive(Debug, Default)]
pub(crate) struct Own {
    written: BTreeSet<PathBuf>,
    window: Option<Window>,
}

/// The time in which changes may be the command's.
#[derive(Debug)]
struct Window {
    /// None: it still runs.
    until: Option<Instant>,
    /// It runs because of what changed while it ran before.
    is_second: bool,
}

/// Changes, sifted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sifted {
    /// Those that count.
    pub(crate) paths: Vec<PathBuf>,
    /// They came while the command ran.
    pub(crate) is_of_window: bool,
    /// None would count, also if nobody knows what they are.
    pub(crate) is_closed: bool,
}

impl Own {
    /// The command begins; `is_second` when what it wrote before is the only reason.
    pub(crate) fn begin(&mut self, is_second: bool) {
        self.window = Some(Window { until: None, is_second });
    }

    /// It has ended; what it wrote last may be heard of until `until`.
    pub(crate) fn end(&mut self, until: Instant) {
        if let Some(window) = &mut self.window {
            window.until = Some(until);
        }
    }

    /// Which of `paths`, heard of at `now`, count.
    pub(crate) fn sift(&mut self, now: Instant, mut paths: Vec<PathBuf>) -> Sifted {
        let window = self.window.as_ref();
        match window.filter(|window| window.until.is_none_or(|until| now < until)) {
            Some(Window { is_second, .. }) => {
                let is_closed = *is_second;
                paths.retain(|path| self.written.insert(path.clone()) && !is_closed);
                Sifted { paths, is_of_window: true, is_closed }
            }
            None => {
                self.window = None;
                for path in &paths {
                    self.written.remove(path);
                }
                Sifted { paths, is_of_window: false, is_closed: false }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_the_command_writes_makes_at_most_one_more_round() {
        let mut own = Own::default();
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let sift = |own: &mut Own, at, names: &[&str]| own.sift(at, paths(names)).paths;
        assert_eq!(sift(&mut own, now, &["src"]), paths(&["src"]));
        own.begin(false);
        assert_eq!(sift(&mut own, now, &["dist/a", "src"]), paths(&["dist/a", "src"]));
        own.end(now + Duration::from_millis(100));
        own.begin(true);
        assert!(sift(&mut own, now, &["dist/a", "dist/b"]).is_empty(), "the second round");
        own.end(now + Duration::from_millis(100));
        assert!(sift(&mut own, now, &["dist/b"]).is_empty(), "heard of a moment later");
        assert_eq!(sift(&mut own, later, &["src"]), paths(&["src"]), "the user's again");
        own.begin(false);
        assert!(sift(&mut own, later, &["dist/a", "dist/b"]).is_empty(), "known by now");
        assert_eq!(sift(&mut own, later, &["src"]), paths(&["src"]), "saved during the build");
    }
}
