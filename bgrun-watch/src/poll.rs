//! Looking at all files every so often: for network mounts, of whose changes no kernel
//! tells, and where its limits are used up.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::listing::{self, Directory};
use crate::news::Teller;
use crate::scope::Scope;

/// Looking takes at most one part in so many of the time.
const SHARE: u32 = 5;

/// A thread that looks; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Poll {
    end: Arc<(Mutex<bool>, Condvar)>,
}

/// By what a changed file is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Directory,
    /// Length, and when it was written or its inode changed. Not the inode number: some
    /// file systems give it anew with each look.
    File(u64, Option<SystemTime>, (i64, i64)),
}

type Picture = HashMap<PathBuf, Mark>;

impl Poll {
    /// Begins to look every `every`; what is there now is no change. Signals must be blocked
    /// before, as for any thread.
    ///
    /// # Errors
    /// No thread is to be had.
    pub(crate) fn begin(
        scope: Arc<Scope>,
        teller: Teller,
        every: Duration,
    ) -> std::io::Result<Self> {
        let end = Arc::new((Mutex::new(false), Condvar::new()));
        let ended = Arc::clone(&end);
        // Taken here: what happens from now on is seen.
        let mut before = picture(&scope).unwrap_or_default();
        let mut lock_before = mark(&scope.lock);
        std::thread::Builder::new().name("poll".into()).spawn(move || {
            let mut pause = every;
            while !has_ended(&ended, pause) {
                let begun = Instant::now();
                let lock = mark(&scope.lock);
                if lock != lock_before {
                    teller.tell(|letters| letters.is_of_process = true);
                    lock_before = lock;
                }
                // A root that cannot be read now may be so again: nothing of it is gone.
                if let Some(now) = picture(&scope) {
                    let changed = difference(&before, &now);
                    if !changed.is_empty() {
                        teller.tell(|letters| letters.changed.extend(changed));
                    }
                    before = now;
                }
                pause = every.max(begun.elapsed() * (SHARE - 1));
            }
        })?;
        Ok(Self { end })
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        *self.end.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.1.notify_all();
    }
}

/// Waits for `pause`, or until it is to end.
fn has_ended(end: &(Mutex<bool>, Condvar), pause: Duration) -> bool {
    let ended = end.0.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = end.1.wait_timeout_while(ended, pause, |ended| !*ended);
    *waited.unwrap_or_else(PoisonError::into_inner).0
}

/// All that counts, as it is now.
fn picture(scope: &Scope) -> Option<Picture> {
    let mut picture = Picture::new();
    let mut seen = HashSet::new();
    let mut left: Vec<Directory> = listing::roots(scope);
    while let Some(directory) = left.pop() {
        if !seen.insert(directory.real.clone()) {
            continue;
        }
        match directory.list(scope, true) {
            Ok((_, listing)) => {
                for below in listing.directories {
                    picture.insert(below.shown.clone(), Mark::Directory);
                    left.push(below);
                }
                for (shown, real) in listing.files {
                    if !scope.is_barred(&real)
                        && let Some(mark) = mark(&real)
                    {
                        picture.insert(shown, mark);
                    }
                }
            }
            Err(error) => {
                let is_root = scope.roots.iter().any(|(root, _)| *root == directory.shown);
                if is_root && error.kind() != std::io::ErrorKind::NotFound {
                    return None;
                }
            }
        }
    }
    for file in &scope.files {
        if let Some(mark) = mark(file) {
            picture.insert(file.clone(), mark);
        }
    }
    Some(picture)
}

fn mark(file: &Path) -> Option<Mark> {
    use std::os::unix::fs::MetadataExt;
    // A link that leads nowhere is something too.
    let metadata = std::fs::metadata(file).or_else(|_| file.symlink_metadata()).ok()?;
    let inode_changed = (metadata.ctime(), metadata.ctime_nsec());
    Some(Mark::File(metadata.len(), metadata.modified().ok(), inode_changed))
}

/// What is new, gone, or other than before, in order.
fn difference(before: &Picture, now: &Picture) -> Vec<PathBuf> {
    let other = now.iter().filter(|(path, mark)| before.get(*path) != Some(mark));
    let gone = before.keys().filter(|path| !now.contains_key(*path));
    let mut changed: Vec<PathBuf> = other.map(|(path, _)| path).chain(gone).cloned().collect();
    changed.sort();
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_what_came_went_or_changed() {
        let file = |length| Mark::File(length, None, (0, 0));
        let picture = |entries: &[(&str, Mark)]| -> Picture {
            entries.iter().map(|(path, mark)| (PathBuf::from(path), *mark)).collect()
        };
        let before = picture(&[("a", file(1)), ("b", file(2)), ("c", Mark::Directory)]);
        let now = picture(&[("a", file(1)), ("b", file(3)), ("d", file(0))]);
        assert_eq!(difference(&before, &now), ["b", "c", "d"].map(PathBuf::from));
        assert!(difference(&now, &now.clone()).is_empty());
    }
}
