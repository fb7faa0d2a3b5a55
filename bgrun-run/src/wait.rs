//! `--wait`: coming back only when the process has lived for a while.

use std::process::Stdio;
use std::time::{Duration, Instant};

use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Identity, Lock, Presence, clock, sibling};
use bgrun_store::{Home, LockLine};

use crate::args::Args;
use crate::start::Outcome;

/// How many lines of stderr tell why a process ended.
const LAST_LINES: &str = "10";

/// Waits for all that were started, if that is asked for. One that ends before is a
/// failure, and the end of its stderr is shown.
pub(crate) fn all(
    args: &Args,
    outcomes: Vec<(String, Outcome)>,
    home: &Home,
) -> Vec<(String, Outcome)> {
    let Some(duration) = args.wait else { return outcomes };
    let deadline = Instant::now() + duration;
    outcomes
        .into_iter()
        .map(|(name, outcome)| match outcome {
            Outcome::Started(line) => match lives_until(deadline, &line, home) {
                None => (name, Outcome::Started(line)),
                Some(how) => {
                    show_stderr(&name);
                    let what = format!("ended before it had lived for {duration:?}: {how}");
                    let hint = format!("bgrun logs {name}");
                    (name, Outcome::Failed(Failure::new(Exit::Failed, what).hint(hint)))
                }
            },
            other => (name, other),
        })
        .collect()
}

/// `None`: it lives. Otherwise how its run ended.
fn lives_until(deadline: Instant, started: &LockLine<Identity>, home: &Home) -> Option<String> {
    let mut main = started.process.clone();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match main.as_ref().map(Identity::presence) {
            Some(Ok(Presence::Alive(pidfd))) => match pidfd.wait(Some(left)) {
                Ok(true) => {}
                _ => return None,
            },
            _ if left.is_zero() => return None,
            _ => {}
        }
        // Its main process has ended. Whether that is the end of the run is for the
        // supervisor to say, at once: it may go on with a descendant, or start it again.
        let text = Lock::line_at(&home.lock(started.id)).unwrap_or_default();
        match serde_json::from_str::<LockLine<Identity>>(&text) {
            Ok(line) if line.run > started.run => return Some("it was started again".to_owned()),
            Ok(line) if line.ended.is_some() => return line.ended.as_ref().map(how),
            Ok(line) if line.process != main => main = line.process,
            _ => clock::pause(Duration::from_millis(2)),
        }
    }
}

fn how(end: &bgrun_store::End) -> String {
    match (end.code, &end.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => signal.clone(),
        (None, None) => end.reason.to_string(),
    }
}

fn show_stderr(name: &str) {
    let words = ["--stderr", "--lines", LAST_LINES, "--", name];
    // stdout is data: what the process said of its end is talk.
    let to_stderr = Stdio::from(std::io::stderr());
    let _ = sibling::command("bgrun-logs", words).stdin(Stdio::null()).stdout(to_stderr).status();
}
