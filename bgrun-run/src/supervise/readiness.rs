//! Whether the run is ready. Another program finds out, a child of this one that bears the
//! same name, so that no tree includes it: the supervisor itself sleeps on.
//!
//! A socket joins the two. The prober is told what to look for; it says when that was seen,
//! once, and leaves; it leaves too when the socket closes, because the run is over or the
//! supervisor is dead.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use bgrun_platform::{Identity, sibling, spawn};
use bgrun_run::{PROBER, SUPERVISOR, receive, send};
use bgrun_store::{Home, LockLine, time};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a prober is told. As JSON, whose fields are only ever added: the program on the
/// disk may be a newer one than the supervisor that runs.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) home: std::path::PathBuf,
    pub(crate) database_name: String,
    /// How it is found out, as the user said it.
    pub(crate) probe: String,
    /// The environment of the process, for a command that finds out.
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) umask: u32,
    /// The run.
    pub(crate) line: LockLine<Identity>,
}

/// What is known of the readiness of this run.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    prober: Option<UnixStream>,
}

/// How the next run is to be probed: the probe, the environment, the mask.
pub(crate) type Probing = (String, Vec<(OsString, OsString)>, u32);

impl Readiness {
    /// Has somebody find out, for the run of `line`. Without a prober it is never ready,
    /// which is what is seen then.
    pub(crate) fn probe(&mut self, home: &Home, line: &LockLine<Identity>, probing: Probing) {
        let (probe, environment, umask) = probing;
        let task = Task {
            home: home.directory().to_owned(),
            database_name: home.database_name().to_owned(),
            probe,
            environment,
            umask,
            line: line.clone(),
        };
        self.prober = prober(&task);
    }

    /// The run is over: whoever still looks has nothing more to find.
    pub(crate) fn forget(&mut self) {
        self.prober = None;
    }

    /// What can be read when the prober has something to say.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.prober.as_ref().map(AsFd::as_fd)
    }

    /// What the prober says: since when the run is ready. None: it was killed.
    pub(crate) fn take(&mut self) -> Option<Timestamp> {
        let prober = self.prober.take()?;
        time::parse(&receive::<String>(&prober).ok()?)
    }
}

fn prober(task: &Task) -> Option<UnixStream> {
    let (ours, theirs) = UnixStream::pair().ok()?;
    let words = [OsString::from(SUPERVISOR), OsString::from(PROBER)];
    let kept = ["PATH", "HOME"];
    let surroundings =
        kept.iter().filter_map(|key| Some((OsString::from(key), std::env::var_os(key)?)));
    let surroundings: Vec<_> = surroundings.collect();
    let null = File::options().write(true).open("/dev/null").ok()?;
    let program = sibling::path(SUPERVISOR);
    spawn::detached(&program, &words, &surroundings, theirs.as_fd(), null.as_fd(), &[]).ok()?;
    send(&ours, &serde_json::to_string(task).ok()?).ok()?;
    Some(ours)
}
