//! What is to be seen of one managed process: its supervisor, its main process, its lock.

use std::io;
use std::path::Path;

use super::identity::{Identity, Presence};
use super::lock::Lock;
use super::pidfd::Pidfd;
use super::stat::Stat;
use super::tree::{self, Traces};

/// The live ends of one managed process.
#[derive(Debug, Default)]
pub struct Sight {
    /// Its supervisor, held, if that lives and can be reached.
    pub supervisor: Option<Pidfd>,
    /// Its main process, held, if that lives and can be reached.
    pub process: Option<Pidfd>,
    /// Whether its lock is held: somebody starts or supervises it.
    pub is_held: bool,
    /// Whether it lives in another pid namespace, where it can be neither seen nor
    /// signalled from here.
    pub is_elsewhere: bool,
    /// Whether it was last seen in this boot: otherwise nothing of it can live.
    pub is_of_this_boot: bool,
}

impl Sight {
    /// Looks for the process whose lock file is `lock`; the identities are JSON as the
    /// store and the lock line keep them.
    ///
    /// # Errors
    /// The kernel refuses to say.
    pub fn look(lock: &Path, supervisor: Option<&str>, process: Option<&str>) -> io::Result<Self> {
        let mut sight = Self::default();
        if let Some(supervisor) = read(supervisor)
            && let Presence::Alive(pidfd) = supervisor.presence()?
        {
            sight.supervisor = Some(pidfd);
        }
        let mut may_be_elsewhere = false;
        if let Some(process) = read(process) {
            sight.is_of_this_boot = process.is_of_this_boot();
            match process.presence()? {
                Presence::Alive(pidfd) => sight.process = Some(pidfd),
                Presence::Elsewhere => may_be_elsewhere = true,
                Presence::Gone => {}
            }
        }
        // A supervisor with a live process holds its lock for certain; otherwise it may
        // have given it back and only be busy writing down the end.
        sight.is_held = match (&sight.supervisor, &sight.process) {
            (Some(_), Some(_)) => true,
            _ => Lock::is_held(lock)?,
        };
        sight.is_elsewhere = may_be_elsewhere && sight.is_held;
        Ok(sight)
    }

    /// Whether the process, or somebody at work on it, lives. Traces of a tree without
    /// main process and supervisor are a matter for [`Sight::tree`].
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.is_held || self.process.is_some() || self.is_elsewhere
    }

    /// Its live processes. With a live supervisor they are what descends from it; without,
    /// or when it was adopted by one that is not its ancestor, `traces` are looked for
    /// among all processes.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn tree(&self, traces: &Traces) -> io::Result<Vec<Stat>> {
        let main = self.process.as_ref().map(Pidfd::pid);
        if traces.is_container {
            return tree::of_container(self.supervisor.as_ref().map(Pidfd::pid), main);
        }
        if let Some(supervisor) = &self.supervisor {
            let below = tree::below_supervisor(supervisor.pid(), &traces.cookie, main)?;
            let has_main = |main: &Pidfd| below.iter().any(|stat| stat.pid == main.pid());
            let is_elsewhere = |main: &Pidfd| !has_main(main) && !main.has_ended().unwrap_or(true);
            if !self.process.as_ref().is_some_and(is_elsewhere) {
                return Ok(below);
            }
        }
        let traces = Traces { main, ..traces.clone() };
        Ok(tree::by_traces(&[traces])?.swap_remove(0))
    }
}

fn read(identity: Option<&str>) -> Option<Identity> {
    serde_json::from_str(identity?).ok()
}
