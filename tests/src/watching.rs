//! A watcher at work, and the directory that it watches.

use crate::{Home, Record, Running, Value, eventually, eventually_some, holds_for};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A pause long enough for the files to settle on a busy machine, and short for a test.
pub const DEBOUNCE: &str = "200ms";

/// `bgrun watch --json` of a process, with what it has said.
pub struct Watching {
    pub running: Running,
    directory: PathBuf,
}

impl Watching {
    /// Begins to watch the process `web`, and waits until changes are seen.
    #[track_caller]
    pub fn web(home: &Home, args: &[&str]) -> Self {
        Self::of(home, home.verb("watch", ["web", "--json", "--debounce", DEBOUNCE]).args(args))
    }

    /// The same for a call of another form; it must say `--json`.
    #[track_caller]
    pub fn of(home: &Home, call: crate::Call) -> Self {
        let running = call.spawn();
        eventually(&format!("it watches:\n{}", running.err()), || {
            running.out().contains("\"watching\"")
        });
        Self { running, directory: home.path().to_owned() }
    }

    /// All that it has said.
    pub fn events(&self) -> Vec<Value> {
        let out = self.running.out();
        let whole = out.rfind('\n').map_or("", |end| &out[..end]);
        whole.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// What it has said of this event.
    pub fn of_event(&self, event: &str) -> Vec<Value> {
        self.events().into_iter().filter(|one| one["event"] == event).collect()
    }

    /// Waits until an event has come so often; answers the latest.
    #[track_caller]
    pub fn until(&self, event: &str, times: usize) -> Value {
        eventually_some(&format!("{event} {times} times"), || {
            self.of_event(event).get(times - 1).cloned()
        })
    }

    /// Writes a file, and waits for the restart after it, the `times`-th. Answers the event.
    #[track_caller]
    pub fn change(&self, file: &str, times: usize) -> Value {
        fs::write(self.directory.join(file), format!("{times}")).expect("a file can be written");
        let restart = self.until("restart", times);
        assert!(restart.text("path").ends_with(file), "{restart:#}");
        restart
    }

    /// Waits until nothing has been said for longer than a look, a debounce and a restart take;
    /// answers how many restarts there were.
    #[track_caller]
    pub fn settle(&self) -> usize {
        let (mut said, mut since) = (self.running.out().len(), Instant::now());
        eventually("it says nothing for a while", || {
            let now = self.running.out().len();
            if now != said {
                (said, since) = (now, Instant::now());
            }
            since.elapsed() > Duration::from_millis(2500)
        });
        self.of_event("restart").len()
    }

    /// Fails the test if anything more is said for a while.
    #[track_caller]
    pub fn must_be_quiet(&self, what: &str) {
        let before = self.events().len();
        holds_for(Duration::from_millis(700), what, || self.events().len() == before);
    }
}
