//! `bgrun-supervise --probe`: finds out when one run is ready, says so, and leaves.

mod command;
mod http;
mod log;
mod port;

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use bgrun_platform::events::{self, Signals, Wake};
use bgrun_platform::probe::Probe;
use bgrun_platform::{Identity, Lock, descriptors};
use bgrun_run::{receive, send};
use bgrun_store::{Durability, Error, Home, LockLine, Store, time};

use crate::readiness::Task;

/// How long a locked store is waited for before readiness is told without it.
const STORE: Duration = Duration::from_secs(1);

/// Looks until it has been seen, or nobody wants to know any more.
pub(crate) fn run() -> anyhow::Result<()> {
    let socket = UnixStream::from(descriptors::take_standard(0)?);
    descriptors::leave_directory();
    let task: Task = serde_json::from_str(&receive::<String>(&socket)?)?;
    // What a probing command leaves behind comes here, and is ended here.
    events::adopt_orphans()?;
    let asker = Asker { socket, signals: Signals::block(&[])? };
    let is_ready = match task.probe.parse::<Probe>().map_err(anyhow::Error::msg)? {
        Probe::After(duration) => !asker.leaves_within(duration)?,
        Probe::Port(port) => asker.look_often(Pace::PORT, || Ok(port::listens(&task, port)))?,
        Probe::Http(target) => asker.look_often(Pace::HTTP, || Ok(http::answers(&target)))?,
        Probe::Log(pattern) => log::matches(&task, &pattern, &asker)?,
        Probe::Command(line) => {
            asker.look_often(Pace::COMMAND, || command::succeeds(&task, &line, &asker))?
        }
    };
    if is_ready {
        tell(&task, &asker.socket)?;
    }
    Ok(())
}

/// Writes down that the run is ready, then tells the supervisor, whose lock file tells
/// everybody who waits.
fn tell(task: &Task, socket: &UnixStream) -> anyhow::Result<()> {
    let now = time::now();
    let home = task.home();
    // It may go on with another main process by now.
    if let Some(mut line) = task.current_line(&home) {
        line.ready_at = Some(now);
        let supervisor = line.supervisor.as_ref().and_then(|one| serde_json::to_string(one).ok());
        // What the store does not take now, it gets with the end of the run.
        let _ = Store::open_within(&home, STORE).and_then(|(mut store, _)| {
            store.write::<_, Error>(Durability::Boot, |writer| {
                writer.record_run(line.id, &line.as_run(), supervisor.as_deref())
            })
        });
    }
    Ok(send(socket, &time::text(now))?)
}

impl Task {
    fn home(&self) -> Home {
        Home::at(&self.home).with_database(&self.database_name)
    }

    /// What the lock file says of this run now. None: it is over.
    fn current_line(&self, home: &Home) -> Option<LockLine<Identity>> {
        let text = Lock::line_at(&home.lock(self.line.id)).ok()?;
        let line = LockLine::<Identity>::read(&text)?;
        let is_same = line.cookie == self.line.cookie && line.run == self.line.run;
        (is_same && line.ended.is_none()).then_some(line)
    }
}

/// Who wants to know, and will not any more when the run is over.
pub(crate) struct Asker {
    socket: UnixStream,
    signals: Signals,
}

/// How often is looked: first after the shortest pause, each further one half as long
/// again, up to the longest. What takes long is looked at ever less often.
#[derive(Debug, Clone, Copy)]
struct Pace(Duration, Duration);

/// No pause needs to be shorter than this part of the time that it has taken so far.
const PATIENT: u32 = 50;

impl Pace {
    const PORT: Self = Self(Duration::from_millis(5), Duration::from_millis(500));
    const HTTP: Self = Self(Duration::from_millis(20), Duration::from_secs(1));
    const COMMAND: Self = Self(Duration::from_millis(250), Duration::from_secs(1));

    fn after(self, so_far: Duration) -> Self {
        let longest = self.1.max(so_far / PATIENT);
        Self((self.0 * 3 / 2).min(longest), self.1)
    }
}

impl Asker {
    /// Sleeps; answers whether nobody wants to know any more.
    fn leaves_within(&self, duration: Duration) -> anyhow::Result<bool> {
        let deadline = Instant::now().checked_add(duration);
        let wake = self.signals.wait(&[self.socket.as_fd()], deadline)?;
        Ok(wake != Wake::Deadline)
    }

    /// Sleeps until `other` can be read or `deadline` is over. `None`: nobody wants to know
    /// any more. Otherwise whether it can be read.
    fn sleep_on(
        &self,
        other: std::os::fd::BorrowedFd<'_>,
        deadline: Option<Instant>,
    ) -> anyhow::Result<Option<bool>> {
        match self.signals.wait(&[self.socket.as_fd(), other], deadline)? {
            Wake::Readable(0) | Wake::Signal(..) => Ok(None),
            Wake::Readable(_) => Ok(Some(true)),
            Wake::Deadline => Ok(Some(false)),
        }
    }

    /// Looks again and again; answers whether it was seen.
    fn look_often(
        &self,
        mut pace: Pace,
        mut look: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<bool> {
        let begun = Instant::now();
        loop {
            if look()? {
                return Ok(true);
            }
            if self.leaves_within(pace.0)? {
                return Ok(false);
            }
            pace = pace.after(begun.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_looked_at_less_often() {
        let mut pace = Pace::PORT;
        let mut so_far = Duration::ZERO;
        let mut looks = 0;
        while so_far < Duration::from_secs(3600) {
            so_far += pace.0;
            pace = pace.after(so_far);
            looks += 1;
            assert!(pace.0 <= Duration::from_millis(500).max(so_far / PATIENT));
        }
        assert!((100..1000).contains(&looks), "{looks} looks in an hour");
    }
}
