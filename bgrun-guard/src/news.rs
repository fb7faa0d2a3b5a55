//! News of the processes: a thread that sleeps until one is started, ends, or is told
//! something new, and says so through a pipe.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bgrun_platform::logs::Growth;
use bgrun_store::Home;

/// What happens in one home.
#[derive(Debug)]
pub(crate) struct News {
    pipe: PipeReader,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Something is in the pipe.
    is_said: AtomicBool,
    /// The kernel tells of changes.
    is_told: AtomicBool,
}

impl News {
    /// Begins to watch. Signals that are to be waited for must be blocked before: the
    /// thread would take them otherwise.
    ///
    /// # Errors
    /// No descriptor or no thread is to be had.
    pub(crate) fn watch(home: &Home) -> io::Result<Self> {
        let (pipe, writer) = io::pipe()?;
        let shared =
            Arc::new(Shared { is_said: AtomicBool::new(false), is_told: AtomicBool::new(true) });
        let (home, thread_shared) = (home.clone(), Arc::clone(&shared));
        let mut growth = Growth::new();
        // Before the first look: what happens from now on is seen or told.
        watch_all(&home, &mut growth);
        std::thread::Builder::new()
            .name("news".into())
            .spawn(move || follow(&home, growth, &thread_shared, writer))?;
        Ok(Self { pipe, shared })
    }

    /// Whether the kernel tells of changes. It may run out of watches at any time.
    pub(crate) fn is_told(&self) -> bool {
        self.shared.is_told.load(Ordering::SeqCst)
    }

    /// Takes the news: what happens from now on is said anew.
    pub(crate) fn take(&mut self) {
        if self.shared.is_said.load(Ordering::SeqCst) {
            // There is exactly one byte: it cannot block for long, nor fail.
            let _ = self.pipe.read(&mut [0; 1]);
            self.shared.is_said.store(false, Ordering::SeqCst);
        }
    }
}

impl AsFd for News {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

fn follow(home: &Home, mut growth: Growth, shared: &Shared, mut writer: PipeWriter) {
    loop {
        if !growth.is_told() || growth.wait(None).is_err() {
            shared.is_told.store(false, Ordering::SeqCst);
        }
        // Files may have been replaced, or have appeared; before the news is said, so
        // that whoever looks then misses nothing.
        watch_all(home, &mut growth);
        if !shared.is_said.swap(true, Ordering::SeqCst) && writer.write_all(&[1]).is_err() {
            return;
        }
        if !shared.is_told.load(Ordering::SeqCst) {
            return;
        }
    }
}

/// Watches the lock files, which change with each run, and what [`say`] writes beside
/// them. Not the registry: to look at it is an event there already, for SQLite sets the
/// owner of its files when root opens them.
fn watch_all(home: &Home, growth: &mut Growth) {
    if growth.add_contents(&home.lock_directory()).is_err() {
        let mut above = home.lock_directory();
        while above.pop() && growth.add_directory(&above).is_err() {}
    }
}

/// Tells a guard that stays of a change that no lock file shows.
pub(crate) fn say(home: &Home) {
    // Without lock files nothing runs, and nobody is to be told of what is lost.
    let _ = std::fs::write(home.lock_directory().join("guard.news"), "changed\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use bgrun_platform::events::{Signals, Wake};
    use std::time::{Duration, Instant};

    #[test]
    fn a_new_lock_file_is_news_and_news_is_told_once() {
        let directory = tempfile::tempdir().expect("directory");
        let home = Home::at(directory.path());
        std::fs::create_dir(home.lock_directory()).expect("create");
        let mut news = News::watch(&home).expect("watch");
        let signals = Signals::block(&[]).expect("no signal");
        let wait = |news: &News, patience| {
            signals.wait(&[news.as_fd()], Some(Instant::now() + patience)).expect("poll")
        };
        assert_eq!(wait(&news, Duration::from_millis(20)), Wake::Deadline);
        for _ in 0..3 {
            std::fs::write(home.lock(1), "x").expect("write");
            assert_eq!(wait(&news, Duration::from_secs(20)), Wake::Readable(0));
            while wait(&news, Duration::from_millis(50)) == Wake::Readable(0) {
                news.take();
            }
        }
        assert!(news.is_told());
    }
}
