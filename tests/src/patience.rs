//! Waiting for facts: the only place in the tests that sleeps.

use std::time::{Duration, Instant};

/// How long a fact may take that normally takes milliseconds; a loaded machine is slow, not wrong.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// How long a value must not change to count as settled.
const QUIET: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(5);

#[expect(
    clippy::disallowed_methods,
    reason = "other processes tell a test nothing: it must look again"
)]
fn pause() {
    std::thread::sleep(PAUSE);
}

/// Waits until `fact` holds; fails the test when it does not within [`PATIENCE`].
#[track_caller]
pub fn eventually(what: &str, mut fact: impl FnMut() -> bool) {
    eventually_some(what, || fact().then_some(()));
}

/// Waits until `fact` yields something, and returns it.
#[track_caller]
pub fn eventually_some<T>(what: &str, mut fact: impl FnMut() -> Option<T>) -> T {
    eventually_ok(|| fact().ok_or_else(|| what.to_owned()))
}

/// Waits until `fact` succeeds, and returns what it found; else its last complaint fails the test.
#[track_caller]
pub fn eventually_ok<T>(mut fact: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match fact() {
            Ok(found) => return found,
            Err(why) => assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {why}"),
        }
        pause();
    }
}

/// Waits a moment for what may legitimately never come.
pub(crate) fn briefly<T>(mut fact: impl FnMut() -> Option<T>) -> Option<T> {
    (0..10).find_map(|look| {
        if look > 0 {
            pause();
        }
        fact()
    })
}

/// Looks at `fact` for the whole of `window`; for what must *not* happen there is no other way.
#[track_caller]
pub fn holds_for(window: Duration, what: &str, mut fact: impl FnMut() -> bool) {
    let begun = Instant::now();
    while begun.elapsed() < window {
        assert!(fact(), "no longer after {:?}: {what}", begun.elapsed());
        pause();
    }
}

/// Waits until a value has stayed the same for a while, and returns it.
#[track_caller]
pub fn settled<T: PartialEq>(what: &str, mut value: impl FnMut() -> T) -> T {
    let mut last = value();
    let mut since = Instant::now();
    eventually_some(what, move || {
        let now = value();
        if now != last {
            last = now;
            since = Instant::now();
            return None;
        }
        (since.elapsed() > QUIET).then_some(now)
    })
}
