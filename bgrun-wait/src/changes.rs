//! What supervisors and other tools write: told by the kernel, as something to read.
//!
//! A wait sleeps on processes and on files at once. Processes are descriptors; the
//! watched files are not, and so a thread sleeps on them and passes the word through a
//! pipe. It ends with this program.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use bgrun_platform::clock;
use bgrun_platform::logs::Growth;
use bgrun_store::Home;

/// Something was written, from now on.
#[derive(Debug)]
pub(crate) struct Changes {
    news: PipeReader,
}

impl Changes {
    /// Begins to watch the lock files, and with `with_store` also what is only stored: a
    /// wish that no supervisor has to hear of. What is written after this is told.
    ///
    /// # Errors
    /// No descriptors or threads are left.
    pub(crate) fn watch(home: &Home, with_store: bool) -> anyhow::Result<Self> {
        let (news, teller) = std::io::pipe().context("make a pipe")?;
        if with_store {
            let teller = teller.try_clone().context("make a pipe")?;
            sleep_on(StoreLog::of(home), teller)?;
        }
        sleep_on(Locks(home.lock_directory()), teller)?;
        Ok(Self { news })
    }

    /// Takes the news; they only say that there is something to look at.
    ///
    /// # Errors
    /// Nobody watches any more.
    pub(crate) fn take(&mut self) -> anyhow::Result<()> {
        match self.news.read(&mut [0; 512]) {
            Ok(0) => anyhow::bail!("the kernel does not tell any more what is written"),
            Ok(_) => Ok(()),
            Err(error) => Err(error).context("wait for what is written"),
        }
    }
}

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }
}

/// Files that are watched.
trait Watched: Send + 'static {
    /// Watches them, also those that have come since.
    fn add(&self, growth: &mut Growth);
    /// Whether what woke us is worth telling.
    fn is_news(&mut self) -> bool;
}

fn sleep_on(mut watched: impl Watched, mut teller: PipeWriter) -> anyhow::Result<()> {
    let mut growth = Growth::new();
    watched.add(&mut growth);
    let pass_on = move || {
        while growth.wait(None).is_ok() {
            watched.add(&mut growth);
            if watched.is_news() && teller.write_all(b".").is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().spawn(pass_on).context("start a thread").map(drop)
}

/// The directory of the lock files.
struct Locks(PathBuf);

impl Watched for Locks {
    fn add(&self, growth: &mut Growth) {
        if growth.add_contents(&self.0).is_err() {
            // The first start makes it.
            let above = self.0.ancestors().skip(1).take(3);
            let _ = above.map(|path| growth.add_directory(path)).find(Result::is_ok);
        }
    }

    fn is_news(&mut self) -> bool {
        true
    }
}

/// The log into which SQLite writes every transaction.
struct StoreLog {
    log: PathBuf,
    index: PathBuf,
    directory: PathBuf,
    seen: Option<[u8; LAST.1]>,
}

/// What the index of the log says of the last transaction (sqlite.org/walformat.html,
/// WAL-index header): the bytes from the number of its last frame to the salts hold the
/// checksum of all frames, and so differ after every commit.
const LAST: (usize, usize) = (16, 24);

impl StoreLog {
    fn of(home: &Home) -> Self {
        let beside = |suffix: &str| {
            let mut path = home.database().into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        };
        let index = beside("-shm");
        let directory = home.directory().to_owned();
        Self { seen: last_commit(&index), log: beside("-wal"), index, directory }
    }
}

impl Watched for StoreLog {
    fn add(&self, growth: &mut Growth) {
        if growth.add(&self.log).is_err() {
            let _ = growth.add_directory(&self.directory);
        }
    }

    /// Who opens the store as root gives its log to its owner (`robustFchown` of SQLite's
    /// os_unix.c), and so each look at the store would lead to the next one: only another
    /// last transaction is news.
    fn is_news(&mut self) -> bool {
        let now = last_commit(&self.index);
        std::mem::replace(&mut self.seen, now) != now
    }
}

/// What tells the last transaction from any other, once the index has it: a commit is
/// written into the log first, and whoever opens a store that nobody has open makes its
/// index anew.
fn last_commit(index: &Path) -> Option<[u8; LAST.1]> {
    let deadline = Instant::now() + SETTLING;
    let mut before = None;
    loop {
        let now = std::fs::read(index)
            .ok()
            .and_then(|bytes| <[u8; LAST.1]>::try_from(bytes.get(LAST.0..LAST.0 + LAST.1)?).ok());
        // The same twice, and something: it is not just being written.
        let is_made = now.is_some_and(|bytes| bytes != [0; LAST.1]);
        if is_made && now == before || Instant::now() >= deadline {
            return now;
        }
        before = now;
        clock::pause(Duration::from_millis(5));
    }
}

/// How long a commit, or the making of an index, is given.
const SETTLING: Duration = Duration::from_millis(200);
