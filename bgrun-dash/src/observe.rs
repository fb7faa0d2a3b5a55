//! The one observer: it looks, by running `bgrun-ls`, when something was written, when
//! something died, and, while somebody looks, once a second. While nobody is there it
//! sleeps.

use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bgrun_platform::logs::Growth;
use bgrun_platform::{Pidfd, clock, tool};
use bgrun_store::Home;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::events::{Audience, Hub};
use crate::verbs;

/// How often load and memory are sampled for somebody who looks.
const SAMPLING: Duration = Duration::from_secs(1);
/// Many things are written one shortly after the other: it is looked once for all.
const SETTLING: Duration = Duration::from_millis(20);
/// A sign of life, so that a page knows a broken connection from a quiet one.
const PING: Duration = Duration::from_secs(10);
/// After a look that took a second of processor time no other follows for so many: in
/// the worst storm of changes a twentieth of a core is spent.
const REST: u32 = 19;
/// Nobody is left with an old picture for longer, whatever a look took.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// So many descriptors are held for deaths; the others are seen a second later.
const MOST_HELD: usize = 2048;

/// Tells pages what changes, as long as there are any.
pub(crate) async fn forever(home: Home, hub: Arc<Hub>) {
    let changed = Arc::new(Notify::new());
    let _watch = watch(&home, Arc::clone(&changed));
    let mut held = Held { changed: Arc::clone(&changed), of: HashMap::new() };
    let mut pinged = Instant::now();
    loop {
        if hub.audience() == Audience::Nobody {
            held.of.clear();
            hub.wanted.notified().await;
            pinged = Instant::now();
            continue;
        }
        let (begun, spent) = (Instant::now(), clock::spent());
        meanwhile_pinging(&hub, &mut pinged, look(&hub)).await;
        let pids = hub.pids();
        held.hold(&pids);
        let may_look_again = Instant::now() + rest(clock::spent().saturating_sub(spent));
        let sampled_at = begun + SAMPLING;
        loop {
            let audience = hub.audience();
            if audience == Audience::Nobody {
                break;
            }
            let next = if audience == Audience::Looks { sampled_at } else { pinged + PING };
            let next = next.min(pinged + PING).into();
            let is_news = tokio::select! {
                () = changed.notified() => true,
                () = hub.wanted.notified() => hub.is_awaited(),
                () = tokio::time::sleep_until(next) => false,
            };
            if is_news {
                let until = may_look_again.max(Instant::now() + SETTLING);
                let pause = tokio::time::sleep_until(until.into());
                meanwhile_pinging(&hub, &mut pinged, pause).await;
                break;
            }
            if pinged.elapsed() >= PING {
                hub.ping();
                pinged = Instant::now();
            }
            if audience == Audience::Looks && Instant::now() >= sampled_at {
                break;
            }
        }
    }
}

/// How long after a look that took so much processor time no other follows. What else is done
/// meanwhile counts too, which the longest rest makes bearable.
fn rest(spent: Duration) -> Duration {
    (spent * REST).min(LONGEST_REST)
}

/// Does `work`; pages hear that we live, however long that takes on a busy machine.
async fn meanwhile_pinging(hub: &Hub, pinged: &mut Instant, work: impl Future<Output = ()>) {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            () = &mut work => return,
            () = tokio::time::sleep_until((*pinged + PING).into()) => {
                hub.ping();
                *pinged = Instant::now();
            }
        }
    }
}

async fn look(hub: &Hub) {
    match verbs::run("bgrun-ls", &["--json"], "").await.and_then(verbs::Came::done) {
        Ok(printed) => {
            if let Err(error) = hub.look(&printed, Instant::now()) {
                tool::warn(format_args!("cannot read what bgrun-ls printed: {error}"));
            }
        }
        // Pages see that nothing comes; the next look may succeed.
        Err(problem) => tool::warn(problem.error),
    }
}

/// Those whose death is told.
struct Held {
    changed: Arc<Notify>,
    of: HashMap<u32, Waiting>,
}

/// Waits for the end of one process, until it is dropped.
struct Waiting(JoinHandle<()>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Held {
    fn hold(&mut self, pids: &[u32]) {
        let mut before = std::mem::take(&mut self.of);
        for pid in pids.iter().take(MOST_HELD) {
            let kept = before.remove(pid).filter(|waiting| !waiting.0.is_finished());
            // Whoever has the pid by now: its death makes us look, and no more.
            if let Some(waiting) = kept.or_else(|| self.wait_for(*pid)) {
                self.of.insert(*pid, waiting);
            }
        }
    }

    fn wait_for(&self, pid: u32) -> Option<Waiting> {
        let descriptor: OwnedFd = Pidfd::open(pid).ok()?.as_fd().try_clone_to_owned().ok()?;
        #[expect(deprecated, reason = "unsound only for types whose descriptor changes")]
        let ended = AsyncFd::with_interest(descriptor, tokio::io::Interest::READABLE).ok()?;
        let changed = Arc::clone(&self.changed);
        Some(Waiting(tokio::spawn(async move {
            if ended.readable().await.is_ok() {
                changed.notify_one();
            }
        })))
    }
}

/// Watches the lock files, which change with every start, stop and end, and those that a
/// guard leaves news in. The registry is not watched: to look at it is a change there,
/// for SQLite sets the owner of its files when root opens them.
fn watch(home: &Home, changed: Arc<Notify>) -> std::io::Result<()> {
    let directory = home.lock_directory();
    let mut growth = Growth::new();
    let _ = growth.add_contents(&directory);
    let sleep = move || {
        while growth.is_told() && growth.wait(None).is_ok() {
            changed.notify_one();
            // It may have been removed and made anew.
            let _ = growth.add_contents(&directory);
        }
    };
    std::thread::Builder::new().name("news".into()).spawn(sleep).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_long_after_much_work_and_never_too_long() {
        for (spent_ms, rest_ms) in [(0, 0), (10, 190), (200, 3800), (1000, 5000), (60_000, 5000)] {
            assert_eq!(rest(Duration::from_millis(spent_ms)), Duration::from_millis(rest_ms));
        }
        // A page thinks that it is alone after 25 seconds (SILENCE_MS of events.js).
        assert!(PING + LONGEST_REST < Duration::from_secs(25));
    }
}
