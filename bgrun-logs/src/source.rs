//! The logs of the chosen processes: one for each stream that is asked for.

use std::io;
use std::path::{Path, PathBuf};

use bgrun_platform::logs::{Held, LogRefused, held_open};
use bgrun_platform::{Identity, text};
use bgrun_store::{Process, Run, Stream};

use crate::args::Args;
use crate::log::Log;

/// One log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// The process's id in the store.
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) stream: Stream,
    pub(crate) path: PathBuf,
    /// Where its process has it open, when it is no longer at `path`.
    pub(crate) held: Option<Held>,
    /// The process's latest run.
    pub(crate) run: Option<LatestRun>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LatestRun {
    pub(crate) number: i64,
    /// End of the log when it began.
    pub(crate) offset: u64,
}

impl Source {
    /// As a heading says it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", text::safe(&self.name), self.stream_name())
    }

    /// `stdout` or `stderr`.
    pub(crate) fn stream_name(&self) -> &'static str {
        match self.stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }

    /// Where the file is that is written now.
    pub(crate) fn place(&self) -> &Path {
        self.held.as_ref().map_or(&self.path, |held| &held.path)
    }

    /// Opens it, if something was ever written there.
    ///
    /// # Errors
    /// See [`LogRefused`].
    pub(crate) fn open(&self) -> Result<Option<Log>, LogRefused> {
        match &self.held {
            Some(held) => Log::open_held(&self.path, &held.path),
            None => Log::open(&self.path),
        }
    }

    /// That its file is gone from its place, in a line; none while it is there.
    pub(crate) fn astray(&self) -> Option<String> {
        let (title, path) = (self.title(), text::safe_path(&self.path));
        Some(match &self.held.as_ref()?.now_at {
            Some(now_at) => {
                let now_at = text::safe_path(now_at);
                format!("{title}: {path} was renamed; this is what it writes into {now_at}")
            }
            None => format!("{title}: {path} was deleted; this is what it writes, read through it"),
        })
    }

    /// That somebody has cut it, in a line.
    pub(crate) fn truncated(&self) -> String {
        format!("{}: log truncated; what was in it before is gone", self.title())
    }

    /// Why this log was not opened, in a line.
    pub(crate) fn refused(&self, error: &LogRefused) -> String {
        format!("{}: {error}", text::safe(&self.name))
    }

    /// That so much of it was removed before it could be shown, in a line.
    pub(crate) fn removed(&self, bytes: u64) -> String {
        format!("{}: {bytes} bytes were removed before they could be read", self.title())
    }

    /// Why this log cannot be read, in a line.
    pub(crate) fn unreadable(&self, error: &io::Error) -> String {
        let path = text::safe_path(&self.path);
        format!("{}: cannot read {path}: {}", text::safe(&self.name), text::reason(error))
    }
}

/// Which streams are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Streams {
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
}

impl Streams {
    /// None named means both.
    pub(crate) fn of(args: &Args) -> Self {
        Self { stdout: args.stdout || !args.stderr, stderr: args.stderr || !args.stdout }
    }
}

/// The logs of `process`. Where both streams go into one file there is one log.
pub(crate) fn of(process: &Process, streams: Streams) -> Vec<Source> {
    let source = |stream, path: &PathBuf| Source {
        id: process.id,
        name: process.name.clone(),
        stream,
        path: path.clone(),
        held: None,
        run: process
            .run
            .as_ref()
            .map(|run| LatestRun { number: run.number, offset: run_offset(run, stream) }),
    };
    let mut sources = Vec::with_capacity(2);
    if streams.stdout {
        sources.push(source(Stream::Stdout, &process.stdout));
    }
    if streams.stderr && !(streams.stdout && process.stderr == process.stdout) {
        sources.push(source(Stream::Stderr, &process.stderr));
    }
    sources
}

/// The logs of `process` where they can be read: one that was deleted or renamed while the
/// process writes into it, through the process.
pub(crate) fn readable(process: &Process, streams: Streams) -> Vec<Source> {
    let mut sources = of(process, streams);
    let run = process.run.as_ref().filter(|run| run.end.is_none());
    let identity = run.and_then(|run| serde_json::from_str(run.identity.as_deref()?).ok());
    if let Some(identity) = identity {
        let identity: Identity = identity;
        for source in &mut sources {
            let descriptor = match source.stream {
                Stream::Stdout => 1,
                Stream::Stderr => 2,
            };
            source.held = held_open(&identity, descriptor, &source.path);
        }
    }
    sources
}

/// The logical offset in a log at which `run` began.
pub(crate) fn run_offset(run: &Run, stream: Stream) -> u64 {
    let offset = match stream {
        Stream::Stdout => run.stdout_offset,
        Stream::Stderr => run.stderr_offset,
    };
    offset.try_into().unwrap_or(0)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use bgrun_store::LockLine;

    pub(crate) fn process(id: i64, name: &str, stdout: &str, stderr: &str) -> Process {
        let line = serde_json::json!({
            "id": id, "name": name, "command": "true", "workdir": "/", "stdout_path": stdout,
            "stderr_path": stderr, "cookie": "", "stop_signal": "SIGTERM", "stop_timeout_ms": 0,
            "request": 0, "run": 0, "started_at": null,
        });
        let line: LockLine<serde_json::Value> = serde_json::from_value(line).expect("a line");
        line.as_process()
    }

    #[test]
    fn the_streams_that_are_asked_for() {
        let web = process(1, "web", "/out", "/err");
        let both = Streams { stdout: true, stderr: true };
        let paths = |process, streams| -> Vec<_> {
            of(process, streams).into_iter().map(|source| source.path).collect()
        };
        assert_eq!(paths(&web, both), [PathBuf::from("/out"), PathBuf::from("/err")]);
        assert_eq!(paths(&web, Streams { stderr: false, ..both }), [PathBuf::from("/out")]);
        assert_eq!(paths(&web, Streams { stdout: false, ..both }), [PathBuf::from("/err")]);
    }

    #[test]
    fn one_file_for_both_streams_is_one_log() {
        let web = process(1, "web", "/both", "/both");
        assert_eq!(of(&web, Streams { stdout: true, stderr: true }).len(), 1);
        assert_eq!(of(&web, Streams { stdout: false, stderr: true })[0].stream, Stream::Stderr);
    }
}
