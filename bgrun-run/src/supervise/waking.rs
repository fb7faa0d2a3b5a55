//! When the logs are looked at: once the kernel tells that they were written, and then not
//! again for a tenth of a second; each look asks anew to be told. So nothing wakes a
//! supervisor while nothing is written, and a program that never stops writing wakes it ten
//! times a second.
//!
//! A user has 128 inotify instances as a rule, and other programs need some. Who gets none is
//! told of all that is written in the directories of its logs: of nothing while all is quiet,
//! and beside one that writes it looks ever more seldom, down to twice a minute.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use bgrun_platform::Identity;
use bgrun_platform::logs::{Held, Touched, instances_to_share};
use bgrun_store::{Home, LockLine};

/// The time between two looks while much is written: one step of the index.
const STEP: Duration = Duration::from_millis(100);

/// Told for nothing, because another log in the directory was written: how long it does not
/// listen the first time, and at most; it doubles each time.
const DEAF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Where the kernel cannot tell at all: the time between two looks after one that saw growth,
/// and the longest, to which it doubles while nothing is written.
const SLOW: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// What is slept on, and until when.
pub(crate) struct Waking {
    touched: Option<Touched>,
    /// When to look next, if not before by being told.
    next: Option<Instant>,
    /// How long the next look is put off that is not asked for by growth.
    pause: Duration,
}

/// Why it is time to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// One of the logs was written, or a pause is over.
    Due,
    /// Something in their directories was written.
    Neighbourhood,
}

impl Waking {
    /// By files, for as many processes as leave other programs of this user an inotify
    /// instance: those that are known here for longest. By directories for all others.
    pub(crate) fn begin(home: &Home, line: &LockLine<Identity>) -> Self {
        let older = home.locks().iter().filter(|(id, _)| *id < line.id).count();
        let by_files = (older < instances_to_share()).then(Touched::by_files).flatten();
        Self::with(by_files.or_else(Touched::by_directories))
    }

    fn with(touched: Option<Touched>) -> Self {
        Self { touched, next: None, pause: SLOW.0 }
    }

    /// What can be read when something was written, unless it is not listened to now.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.touched.as_ref().filter(|_| self.next.is_none()).map(AsFd::as_fd)
    }

    /// When it is to be looked without being told.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Why it is time to look; `None` when it is not.
    pub(crate) fn cause(&mut self) -> Option<Cause> {
        let is_told = self.next.is_none() && self.touched.as_ref().is_some_and(Touched::forget);
        let is_over = self.next.take_if(|next| *next <= Instant::now()).is_some();
        let is_exact = self.touched.as_ref().is_none_or(Touched::is_exact);
        (is_told || is_over).then_some(match is_told && !is_exact {
            true => Cause::Neighbourhood,
            false => Cause::Due,
        })
    }

    /// From now on it is told when one of `logs` is written: each with its path, and where
    /// it is instead, if it was moved. To be called before a look: what is written after
    /// that is told then.
    pub(crate) fn listen(&mut self, logs: [(&Path, Option<&Held>); 2]) {
        let Some(touched) = &mut self.touched else { return self.look_later() };
        touched.forget();
        for (path, held) in logs {
            let place = match held {
                None => path,
                Some(held) if touched.is_exact() => &held.path,
                Some(held) => held.now_at.as_deref().unwrap_or(path),
            };
            let Err(error) = touched.watch(place) else { continue };
            if !touched.is_exact() {
                // Where this directory cannot be watched, it is looked from time to time.
                return self.look_later();
            }
            if error.kind() == std::io::ErrorKind::StorageFull {
                // The user's watches are used up.
                self.touched = Touched::by_directories();
                return self.listen(logs);
            }
        }
    }

    fn look_later(&mut self) {
        self.next = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(SLOW.1);
    }

    /// Of the neighbourhood it was told for nothing: one that writes without a pause is not
    /// listened to for a while, and not asked to tell.
    pub(crate) fn was_for_nothing(&mut self) {
        self.next = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).clamp(DEAF.0, DEAF.1);
    }

    /// A look saw that something was written.
    pub(crate) fn has_grown(&mut self) {
        let (pause, until_next) = match self.touched {
            Some(_) => (DEAF.0, STEP),
            None => (SLOW.0, SLOW.0),
        };
        self.pause = pause;
        self.next = Some(Instant::now() + until_next);
    }

    /// Nothing more is expected.
    pub(crate) fn settle(&mut self) {
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pause before each of the next looks, in seconds.
    fn pauses(waking: &mut Waking, mut nothing_new: impl FnMut(&mut Waking)) -> Vec<u64> {
        let pause = |_| {
            let pause = waking.pause;
            nothing_new(waking);
            assert!(waking.deadline().is_some_and(|next| next > Instant::now()));
            pause.as_secs()
        };
        (0..11).map(pause).collect()
    }

    #[test]
    fn where_the_kernel_cannot_tell_the_pauses_grow_to_five_minutes() {
        let mut waking = Waking::with(None);
        let log = Path::new("/nowhere/web-out.txt");
        let listen = |waking: &mut Waking| waking.listen([(log, None); 2]);
        assert_eq!(pauses(&mut waking, listen), [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        waking.has_grown();
        assert_eq!(waking.pause, SLOW.0);
        assert!(waking.deadline().is_some_and(|next| next > Instant::now() + STEP));
    }

    #[test]
    fn beside_one_that_writes_the_pauses_grow_to_half_a_minute() {
        let mut waking = Waking::with(None);
        let told = pauses(&mut waking, Waking::was_for_nothing);
        assert_eq!(told, [1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30]);
        assert_eq!(waking.cause(), None, "it is not yet time");
    }
}
