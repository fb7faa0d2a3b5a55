//! Running a program that is not ours to its end, within a limit of time: git, an
//! interpreter. It gets the caller's umask and no stdin, stays in the process group of
//! this tool, so that Ctrl-C ends both, and is ended with all it started when it takes
//! too long.

use std::io::{self, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::stat::Stat;
use crate::{Pidfd, Signal, tool, tree};

/// The most that is kept of each stream.
const LARGEST: usize = 16 << 20;

/// How long a program may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// How long what it wrote may take to arrive once it has ended: something that it started
/// may hold its streams open for ever.
const DRAIN: Duration = Duration::from_secs(1);

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It was not done in time, and was ended.
    #[error("was not done within {0:?}")]
    TooLong(Duration),
    /// It could not be started or waited for.
    #[error("{}", crate::text::reason(.0))]
    Io(#[from] io::Error),
}

/// Runs `command` and collects what it writes, for at most `limit`.
///
/// # Errors
/// See [`Trouble`]. That it failed is in the status, and no error.
pub fn output(command: &mut Command, limit: Duration) -> Result<Output, Trouble> {
    let deadline = Instant::now() + limit;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = tool::with_callers_umask(|| command.spawn())?;
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    let is_done = wait(&child, deadline)?;
    if !is_done {
        end(&mut child);
    }
    let status = child.wait()?;
    if !is_done {
        return Err(Trouble::TooLong(limit));
    }
    let until = Instant::now() + DRAIN;
    Ok(Output { status, stdout: taken(stdout, until), stderr: taken(stderr, until) })
}

/// What a stream has brought so far, and news of its end.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    closed: mpsc::Receiver<()>,
}

/// Reads to the end in a thread of its own, which is left alone when nobody wants to wait
/// for it.
fn collect(mut stream: impl Read + Send + 'static) -> Collected {
    let (closing, closed) = mpsc::channel();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&bytes);
    thread::spawn(move || {
        let mut chunk = [0; 8192];
        // What is too much is still read, or the program would block.
        while let Ok(length @ 1..) = stream.read(&mut chunk) {
            let mut bytes = into.lock().unwrap_or_else(PoisonError::into_inner);
            let room = LARGEST.saturating_sub(bytes.len());
            bytes.extend_from_slice(&chunk[..length.min(room)]);
        }
        let _ = closing.send(());
    });
    Collected { bytes, closed }
}

fn taken(stream: Option<Collected>, until: Instant) -> Vec<u8> {
    let Some(Collected { bytes, closed }) = stream else { return Vec::new() };
    let _ = closed.recv_timeout(until.saturating_duration_since(Instant::now()));
    let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut bytes)
}

fn wait(child: &Child, deadline: Instant) -> io::Result<bool> {
    Pidfd::open(child.id())?.wait(Some(deadline.saturating_duration_since(Instant::now())))
}

/// Asks the program and all that descends from it to end, and insists.
fn end(child: &mut Child) {
    let tree: Vec<Pidfd> = tree::from_process(child.id()).iter().filter_map(Stat::hold).collect();
    let send = |signal: Signal| {
        for process in &tree {
            // It may have ended by itself.
            let _ = process.send(signal);
        }
    };
    send(Signal::TERM);
    let until = Instant::now() + GRACE;
    for process in &tree {
        let _ = process.wait(Some(until.saturating_duration_since(Instant::now())));
    }
    send(Signal::KILL);
    let _ = child.kill();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        command
    }

    #[test]
    fn both_streams_and_the_status_come_back() {
        let mut command = shell("echo out; echo err >&2; cat; exit 3");
        let output = output(&mut command, Duration::from_secs(20)).expect("output");
        assert_eq!(output.status.code(), Some(3));
        assert_eq!((output.stdout, output.stderr), (b"out\n".to_vec(), b"err\n".to_vec()));
    }

    #[test]
    fn what_takes_too_long_is_ended_with_what_it_started() {
        let mut command = shell("trap '' TERM; sleep 60 & sleep 60 & wait");
        let begun = Instant::now();
        let trouble = output(&mut command, Duration::from_millis(200)).expect_err("too long");
        assert!(matches!(trouble, Trouble::TooLong(_)), "{trouble}");
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_stream_that_somebody_holds_open_is_not_waited_for() {
        let mut command = shell("echo said; sleep 5 & exit 0");
        let begun = Instant::now();
        let output = output(&mut command, Duration::from_secs(20)).expect("output");
        assert_eq!(output.stdout, b"said\n");
        assert!(begun.elapsed() < Duration::from_secs(4));
    }
}
