//! What `bgrun-run` and `bgrun-supervise` say to each other while a process starts.
//!
//! A socket joins them. `bgrun-run` sends one [`Launch`] once the wish is stored; the
//! supervisor answers with one [`Answer`] once the command executes, or cannot; then
//! `bgrun-run` sends one [`Verdict`]. When either side is gone the other one knows what
//! to do: without a launch nothing is started, without a verdict the supervisor writes
//! down the run itself.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use bgrun_platform::{Identity, sibling};
use bgrun_store::{LockLine, Spec, container};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The program that supervises one process.
pub const SUPERVISOR: &str = "bgrun-supervise";

/// The first word that makes the supervisor's program an agent: it runs `bgrun-run` with
/// the words behind it, outside every tree.
pub const AGENT: &str = "--agent";

/// The first word that makes the supervisor's program a prober: it finds out when a run is
/// ready.
pub const PROBER: &str = "--probe";

/// The first word that makes the supervisor's program rotate the logs of a process.
pub const ROTATOR: &str = "--rotate";
/// The first word that makes `bgrun-run` act for a container: see `container::client`.
pub const CONTAINER: &str = "--container";

/// What `bgrun-run` does for a container on behalf of its supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerAct {
    /// Removes what is left of an earlier run, then becomes the engine's client.
    Again,
    /// Takes the place of a client that was lost: becomes one that hands on what the container
    /// has written since. Leaves with 125 where there is no such container.
    Resume,
    /// Waits for the end of the container and leaves with its code; with 125 where nobody
    /// knows it.
    Code,
    /// Has the engine stop it.
    Stop,
}

impl ContainerAct {
    /// The word that stands for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Again => "again",
            Self::Resume => "resume",
            Self::Code => "code",
            Self::Stop => "stop",
        }
    }

    /// The act that `word` stands for.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Again, Self::Resume, Self::Code, Self::Stop]
            .into_iter()
            .find(|act| act.as_str() == word)
    }
}

/// The words that have `bgrun-run` act for the container of `spec`.
#[must_use]
pub fn container_words(act: ContainerAct, spec: &Spec, cookie: &str) -> Vec<OsString> {
    let mut words = vec![
        sibling::path("bgrun-run").into_os_string(),
        CONTAINER.into(),
        act.as_str().into(),
        cookie.into(),
        spec.stop_timeout.as_secs_f64().ceil().to_string().into(),
    ];
    words.extend(container::launch_words(spec, cookie));
    words
}

/// Everything a supervisor needs for the first run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Launch {
    /// The version of `bgrun-run`: both must be of one installation.
    pub version: String,
    /// The state directory.
    pub home: PathBuf,
    /// The name of the database in it.
    pub database_name: String,
    /// Whether the process of `line` lives already and is to be followed, not started.
    pub adopts: bool,
    /// The words to execute.
    pub argv: Vec<OsString>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// The mask for files it makes.
    pub umask: u32,
    /// How it is found out that the run is ready, if that is to be found out.
    pub probe: Option<String>,
    /// What the lock file says of the process.
    pub line: LockLine<Identity>,
}

/// What became of a launch.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The command executes; the line has its identity and the start of its run.
    Started(Box<LockLine<Identity>>),
    /// It could not be executed; the line has the end of its run.
    Refused(Box<LockLine<Identity>>, Refusal),
    /// The user has stopped it before it could start.
    Withdrawn,
}

/// Why a command was not executed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// 126, 127, or 125 when it was not the command's fault.
    pub code: u8,
    /// In one line.
    pub reason: String,
}

/// What `bgrun-run` did with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It is written down.
    Recorded,
    /// It could not be written down and must not stay: stop it.
    Undo,
}

/// The largest message that is taken: an environment may have 2 MiB.
const LARGEST: usize = 16 << 20;

/// Sends one message.
///
/// # Errors
/// The other side is gone.
pub fn send<T: Serialize>(mut to: impl Write, message: &T) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&[&length.to_le_bytes(), bytes.as_slice()].concat())
}

/// Receives one message.
///
/// # Errors
/// `UnexpectedEof`: the other side is gone.
pub fn receive<T: DeserializeOwned>(mut from: impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LARGEST {
        return Err(io::Error::other("a message that is too long"));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let mut wire = Vec::new();
        send(&mut wire, &Verdict::Undo).expect("send");
        send(&mut wire, &Refusal { code: 127, reason: "not found".into() }).expect("send");
        let mut from = wire.as_slice();
        assert_eq!(receive::<Verdict>(&mut from).expect("receive"), Verdict::Undo);
        assert_eq!(receive::<Refusal>(&mut from).expect("receive").code, 127);
        let end = receive::<Verdict>(&mut from).expect_err("nothing left");
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }
}
