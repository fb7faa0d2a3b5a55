//! One call of a tool: what it is given, and what came back.

use crate::life::Life;
use serde_json::Value;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A tool may take this long before the test fails; none should, by far.
const LONGEST: Duration = Duration::from_secs(40);
/// After a tool has left, its output must close: a process it started must not hold it open.
const CLOSING: Duration = Duration::from_secs(5);

/// A call that has not been made yet.
pub struct Call {
    pub(crate) command: Command,
    stdin: Vec<u8>,
    limit: Duration,
}

impl Call {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self { command: Command::new(program), stdin: Vec::new(), limit: LONGEST }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub fn cwd(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// How long the call may take.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Makes the call and waits for its end.
    #[track_caller]
    pub fn run(self) -> Output {
        let limit = self.limit;
        self.spawn().finish(limit)
    }

    /// Makes the call; fails the test unless its exit code is 0.
    #[track_caller]
    pub fn ok(self) -> Output {
        self.run().expect_code(0)
    }

    /// Makes the call; fails the test unless its exit code is `code`.
    #[track_caller]
    pub fn code(self, code: i32) -> Output {
        self.run().expect_code(code)
    }

    /// Makes the call, which must succeed, and reads its stdout as JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        self.ok().json()
    }

    /// Makes the call and leaves it running.
    #[track_caller]
    pub fn spawn(mut self) -> Running {
        let line = format!("{:?}", self.command);
        self.command.stdin(if self.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let begun = Instant::now();
        let mut child = self.command.spawn().unwrap_or_else(|why| panic!("{line}: {why}"));
        if let Some(mut pipe) = child.stdin.take() {
            // A tool may leave without reading everything: that is its right.
            thread::spawn(move || pipe.write_all(&self.stdin));
        }
        let stdout = Collected::from(child.stdout.take().expect("stdout is piped"));
        let stderr = Collected::from(child.stderr.take().expect("stderr is piped"));
        let life = Life::of(i32::try_from(child.id()).expect("a pid fits"));
        Running { child, life, stdout, stderr, line, begun }
    }
}

/// What a pipe has brought so far, and news of its end.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    closed: mpsc::Receiver<()>,
}

impl Collected {
    fn from(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (closing, closed) = mpsc::channel();
        let into = Arc::clone(&bytes);
        thread::spawn(move || {
            let mut chunk = [0; 65536];
            while let Ok(length @ 1..) = pipe.read(&mut chunk) {
                into.lock().expect("no reader panics").extend_from_slice(&chunk[..length]);
            }
            closing.send(())
        });
        Self { bytes, closed }
    }

    fn so_far(&self) -> Vec<u8> {
        self.bytes.lock().expect("no reader panics").clone()
    }
}

/// A call that is being made; dropped, it is ended.
pub struct Running {
    child: Child,
    pub life: Life,
    stdout: Collected,
    stderr: Collected,
    line: String,
    begun: Instant,
}

impl Running {
    pub fn pid(&self) -> i32 {
        self.life.pid
    }

    /// What it has written to stdout so far.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout.so_far()).into_owned()
    }

    /// What it has written to stderr so far.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr.so_far()).into_owned()
    }

    /// Waits until its stdout contains `text`.
    #[track_caller]
    pub fn until_it_says(&self, text: &str) {
        crate::eventually(&format!("{} says {text:?}", self.line), || self.out().contains(text));
    }

    /// Waits for its end; fails the test when it takes longer than `limit`.
    #[track_caller]
    pub fn finish(mut self, limit: Duration) -> Output {
        let left = limit.saturating_sub(self.begun.elapsed());
        let ended = self.life.ends_within(left);
        assert!(
            ended,
            "still running after {limit:?}: {}\n{}{}",
            self.line,
            self.out(),
            self.err()
        );
        let elapsed = self.begun.elapsed();
        let status = self.child.wait().expect("a child of ours can be waited for");
        for (stream, pipe) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let closed = pipe.closed.recv_timeout(CLOSING).is_ok();
            assert!(closed, "{} left, but something holds its {stream} open", self.line);
        }
        Output {
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()),
            stdout: self.stdout.so_far(),
            stderr: self.stderr.so_far(),
            elapsed,
            line: std::mem::take(&mut self.line),
        }
    }

    /// Waits for its end, as long as any tool may take.
    #[track_caller]
    pub fn done(self) -> Output {
        self.finish(LONGEST)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}

/// What came back from a call.
#[derive(Debug)]
pub struct Output {
    /// The exit code; 128 + signal when a signal ended it, as a shell says it.
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub elapsed: Duration,
    line: String,
}

impl Output {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Its stdout as JSON; fails the test when there is anything else on it.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|why| panic!("not JSON: {why}\n{self}"))
    }

    /// Its stdout as one JSON value per line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|why| panic!("not JSON: {why}\n{line}"))
        };
        self.out().lines().map(parse).collect()
    }

    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "the exit code of\n{self}");
        self
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        self.expect_code(0)
    }

    /// Fails the test unless stderr contains `text`.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.err().contains(text), "stderr does not say {text:?}:\n{self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, code, elapsed, .. } = self;
        write!(f, "{line}\nexit code {code} after {elapsed:?}\n")?;
        write!(f, "-- stdout\n{}\n-- stderr\n{}", self.out(), self.err())
    }
}
