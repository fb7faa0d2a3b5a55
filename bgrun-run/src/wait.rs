//! `--wait`: coming back only when the process is ready, or has lived for a while.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Identity, Lock, Presence, clock, sibling};
use bgrun_store::selection::exactly;
use bgrun_store::{Home, LockLine};
use serde_json::json;

use crate::args::Args;
use crate::awaited::{self, Awaited};
use crate::start::Outcome;

/// How many lines of stderr tell why a process ended.
const LAST_LINES: &str = "10";
/// For how long a process has to live that says nothing of readiness.
const LIFE: Duration = Duration::from_secs(1);
/// How long one may take to be ready, if nothing else is said.
pub(crate) const READINESS: Duration = Duration::from_secs(60);

/// Waits for all that were started, if that is asked for: until those that are `probed`
/// are ready, and for the others until they have lived for a while. One that ends before
/// is a failure, and the end of its stderr is shown.
pub(crate) fn all(
    args: &Args,
    outcomes: Vec<(String, Outcome)>,
    probed: &BTreeSet<String>,
    home: &Home,
) -> Vec<(String, Outcome)> {
    let Some(duration) = args.wait else { return outcomes };
    let readiness = duration.unwrap_or(READINESS);
    let life = args.life.or(duration).unwrap_or(LIFE);
    let deadline = Instant::now() + life;
    let asked: Vec<_> = outcomes
        .iter()
        .filter(|(name, _)| probed.contains(name))
        .filter_map(|(name, outcome)| match outcome {
            Outcome::Started(line) => Some(json!({"name": name, "id": line.id, "run": line.run})),
            Outcome::Left => Some(json!({"name": name})),
            Outcome::Failed(_) => None,
        })
        .collect();
    let mut answers = awaited::ask("ready", &asked, Some(readiness));
    outcomes
        .into_iter()
        .map(|(name, outcome)| match (answers.remove(&name), outcome) {
            (Some(awaited), outcome @ (Outcome::Started(_) | Outcome::Left)) => {
                let outcome = judged(&name, awaited, readiness).map_or(outcome, Outcome::Failed);
                (name, outcome)
            }
            (None, Outcome::Started(line)) => match lives_until(deadline, &line, home) {
                None => (name, Outcome::Started(line)),
                Some(how) => {
                    show_stderr(&name, Some(line.run));
                    let what = format!("ended before it had lived for {life:?}: {how}");
                    let hint = format!("bgrun logs {name}");
                    (name, Outcome::Failed(Failure::new(Exit::Failed, what).hint(hint)))
                }
            },
            (_, other) => (name, other),
        })
        .collect()
}

/// What a wait for readiness came to, if it is not ready.
fn judged(name: &str, awaited: Awaited, readiness: Duration) -> Option<Failure> {
    match awaited {
        Awaited::Reached => None,
        Awaited::TimedOut => {
            let what = format!("is not ready after {readiness:?}, and goes on");
            let hint = "--wait=5m waits longer; --ready says how to tell that it is ready";
            Some(Failure::new(Exit::TimedOut, what).hint(hint))
        }
        Awaited::Ended { run, how, .. } => {
            show_stderr(name, run);
            let what = format!("ended before it was ready: {how}");
            Some(Failure::new(Exit::Failed, what).hint(format!("bgrun logs {name}")))
        }
        Awaited::Unknown(why) => Some(Failure::new(Exit::Failed, why)),
    }
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
            // Who could tell how it ended died as well.
            _ if left.is_zero() => return Some("nobody saw how".to_owned()),
            _ => {}
        }
        // Its main process has ended. Whether that is the end of the run is for the
        // supervisor to say, at once: it may go on with a descendant, or start it again.
        let text = Lock::line_at(&home.lock(started.id)).unwrap_or_default();
        match LockLine::<Identity>::read(&text) {
            Some(line) if line.run > started.run => return Some("it was started again".to_owned()),
            Some(line) if line.ended.is_some() => return line.ended.as_ref().map(how),
            Some(line) if line.process != main => main = line.process,
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

/// Shows the end of what the process `name` wrote to its stderr, in that `run` if it is known.
pub(crate) fn show_stderr(name: &str, run: Option<i64>) {
    let mut command = sibling::command("bgrun-logs", ["--stderr", "--lines", LAST_LINES]);
    if let Some(run) = run {
        command.arg(format!("--run={run}"));
    }
    // stdout is data: what the process said of its end is talk.
    let to_stderr = Stdio::from(std::io::stderr());
    let command = command.args(["--", &exactly(name)]).stdin(Stdio::null()).stdout(to_stderr);
    let _ = command.status();
}
