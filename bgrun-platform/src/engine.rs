//! Container engines, docker and podman: what they say of their containers, and asking them
//! to act. Each is called as a program, for a bounded time: one that is down or hangs keeps
//! nobody waiting for long, and what it does not say is never taken for an answer.

mod listing;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::{Pidfd, Signal};

pub use listing::Container;

/// How long an engine may take to say what there is.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How one engine is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Engine {
    /// The program and its global options.
    pub words: Vec<String>,
    /// Variables to set; those of `hidden` that are not here are taken away.
    pub environment: BTreeMap<String, String>,
    /// Variables of the caller that the engine must not see.
    pub hidden: Vec<String>,
}

/// Why an engine said nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{program} {why}")]
pub struct Unreachable {
    program: String,
    why: String,
}

/// Something that an engine was asked to do, and is at.
#[derive(Debug)]
pub struct Act {
    program: String,
    pidfd: Option<Pidfd>,
    answer: mpsc::Receiver<Answer>,
}

type Answer = std::io::Result<std::process::Output>;

impl Engine {
    /// The engine that is called with `words` and with those of the variables `all` that
    /// `environment` has, or, without one, that the caller has.
    #[must_use]
    pub fn new(
        words: Vec<String>,
        environment: Option<BTreeMap<String, String>>,
        all: &[&str],
    ) -> Self {
        let hidden = match &environment {
            Some(_) => all.iter().map(|key| (*key).to_owned()).collect(),
            None => Vec::new(),
        };
        Self { words, environment: environment.unwrap_or_default(), hidden }
    }

    /// Every container of the engine, those that ended too; with `label` only those that
    /// have one of that name.
    ///
    /// # Errors
    /// It gave no answer in time, or one that nobody can read.
    pub fn containers(&self, label: Option<&str>) -> Result<Vec<Container>, Unreachable> {
        let filter = label.map(|label| format!("label={label}"));
        // Both engines, and each version of them, know this form.
        let mut words = vec!["ps", "--all", "--no-trunc", "--format", "{{json .}}"];
        if let Some(filter) = &filter {
            words.extend(["--filter", filter]);
        }
        let text = self.begin(&words)?.finish(PATIENCE)?;
        listing::read(&text).map_err(|why| self.unreachable(format!("answers nonsense: {why}")))
    }

    /// Has the engine begin to do something.
    ///
    /// # Errors
    /// It cannot be executed.
    pub fn begin(&self, words: &[&str]) -> Result<Act, Unreachable> {
        let program = self.words.first().map_or("", String::as_str);
        let mut command = Command::new(program);
        command.args(&self.words[1.min(self.words.len())..]).args(words);
        for key in &self.hidden {
            command.env_remove(key);
        }
        command.envs(&self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command
            .spawn()
            .map_err(|error| self.unreachable(format!("cannot be executed: {}", plain(&error))))?;
        let pidfd = Pidfd::open(child.id()).ok();
        let (sender, answer) = mpsc::channel();
        // Something that it left behind may hold its output open: nobody waits for that.
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        Ok(Act { program: self.name(), pidfd, answer })
    }

    fn name(&self) -> String {
        let program = self.words.first().map_or("", String::as_str);
        program.rsplit('/').next().unwrap_or(program).to_owned()
    }

    fn unreachable(&self, why: String) -> Unreachable {
        Unreachable { program: self.name(), why }
    }
}

impl Act {
    /// Waits for the end; answers what it wrote to stdout.
    ///
    /// # Errors
    /// It failed, for the reason that it gave, or was not done in time: then it is killed.
    pub fn finish(self, patience: Duration) -> Result<String, Unreachable> {
        let failed = |why: String| Unreachable { program: self.program.clone(), why };
        match self.answer.recv_timeout(patience) {
            Ok(Ok(output)) if output.status.success() => {
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            Ok(Ok(output)) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let line = said.lines().rfind(|line| !line.trim().is_empty());
                Err(failed(match line {
                    Some(line) => format!("says: {}", crate::text::safe(line.trim())),
                    None => format!("ended with {}", output.status),
                }))
            }
            Ok(Err(error)) => Err(failed(plain(&error))),
            Err(_) => {
                if let Some(pidfd) = &self.pidfd {
                    let _ = pidfd.send(Signal::KILL);
                }
                Err(failed(format!("gave no answer in {patience:?}")))
            }
        }
    }

    /// Whether it is over; then [`Act::finish`] answers at once.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.pidfd.as_ref().is_none_or(|pidfd| pidfd.has_ended().unwrap_or(true))
    }

    /// What ends with it, to wait for.
    #[must_use]
    pub fn pidfd(&self) -> Option<&Pidfd> {
        self.pidfd.as_ref()
    }
}

fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

/// Asks several engines at once; each answers for itself.
pub fn ask_all(engines: &[&Engine], label: &str) -> Vec<Result<Vec<Container>, Unreachable>> {
    if let [engine] = engines {
        return vec![engine.containers(Some(label))];
    }
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            engines.iter().map(|engine| scope.spawn(|| engine.containers(Some(label)))).collect();
        asked
            .into_iter()
            .map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// A deadline for several acts together.
#[must_use]
pub fn left_until(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
