//! News for the main thread: what was touched, and what children came to. Others put them
//! in; a pipe says that there are some.

use std::collections::BTreeMap;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::process::Output;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many paths are kept apart; more are one large change.
const MOST: usize = 65_536;

/// What has come since it was last taken.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    /// What the kernel told of; whether it came, went or was moved.
    pub(crate) touched: BTreeMap<PathBuf, bool>,
    /// What polling found, which counts as it is.
    pub(crate) changed: Vec<PathBuf>,
    /// More has happened than anybody could tell.
    pub(crate) is_overflow: bool,
    /// The process may have started or ended.
    pub(crate) is_of_process: bool,
    /// The source can go on no more.
    pub(crate) trouble: Option<String>,
    /// A child has ended.
    pub(crate) ended: Option<io::Result<Output>>,
}

#[derive(Debug, Default)]
struct Mailbox {
    letters: Letters,
    is_said: bool,
}

/// The side that is told.
#[derive(Debug)]
pub(crate) struct News {
    pipe: PipeReader,
    teller: Teller,
}

/// The side that tells.
#[derive(Debug, Clone)]
pub(crate) struct Teller {
    shared: Arc<Mutex<Mailbox>>,
    pipe: Arc<PipeWriter>,
}

impl News {
    /// No news yet.
    ///
    /// # Errors
    /// No descriptors are left.
    pub(crate) fn new() -> io::Result<Self> {
        let (pipe, writer) = io::pipe()?;
        let teller = Teller { shared: Arc::default(), pipe: Arc::new(writer) };
        Ok(Self { pipe, teller })
    }

    /// For somebody who has something to tell.
    pub(crate) fn teller(&self) -> Teller {
        self.teller.clone()
    }

    /// Takes all there are.
    pub(crate) fn take(&mut self) -> Letters {
        let mut shared = self.teller.lock();
        if std::mem::take(&mut shared.is_said) {
            // There is exactly one byte, written under the lock: this neither waits nor fails.
            let _ = self.pipe.read(&mut [0; 1]);
        }
        std::mem::take(&mut shared.letters)
    }
}

impl AsFd for News {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl Teller {
    /// Tells something.
    pub(crate) fn tell(&self, add: impl FnOnce(&mut Letters)) {
        let mut shared = self.lock();
        add(&mut shared.letters);
        if shared.letters.touched.len() > MOST || shared.letters.changed.len() > MOST {
            shared.letters.touched.clear();
            shared.letters.changed.clear();
            shared.letters.is_overflow = true;
        }
        if !std::mem::replace(&mut shared.is_said, true) {
            // Nobody listens any more: then nobody is to be told.
            let _ = (&*self.pipe).write_all(&[1]);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        // What a thread was adding when it panicked is whole or absent.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bgrun_platform::events::{Signals, Wake};
    use std::time::{Duration, Instant};

    #[test]
    fn news_are_said_once_and_taken_together() {
        let mut news = News::new().expect("pipe");
        let signals = Signals::block(&[]).expect("signals");
        let is_said = |news: &News| {
            let soon = Instant::now() + Duration::from_millis(20);
            signals.wait(&[news.as_fd()], Some(soon)).expect("poll") == Wake::Readable(0)
        };
        assert!(!is_said(&news));
        let teller = news.teller();
        teller.tell(|letters| letters.is_of_process = true);
        teller.tell(|letters| letters.touched.extend([("/a".into(), false)]));
        assert!(is_said(&news));
        let letters = news.take();
        assert!(letters.is_of_process && letters.touched.len() == 1);
        assert!(!is_said(&news) && news.take().touched.is_empty());
    }

    #[test]
    fn too_many_paths_are_one_large_change() {
        let mut news = News::new().expect("pipe");
        for n in 0..=MOST {
            let path = PathBuf::from(n.to_string());
            news.teller().tell(|letters| letters.touched.extend([(path, true)]));
        }
        let letters = news.take();
        assert!(letters.is_overflow && letters.touched.is_empty());
    }
}
