//! `--background`: the dashboard as a managed process like any other.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{clock, sibling};
use bgrun_store::Home;

use crate::args::Args;
use crate::instance::{self, Found};
use crate::listen::Wanted;

/// Its name in the list.
const NAME: &str = "bgr-dashboard";
/// It answers within this time, or something is wrong.
const ANSWERING: Duration = Duration::from_secs(15);

/// Starts it and waits until it answers; then prints its login URL.
///
/// # Errors
/// It cannot be started, or ends at once.
pub(crate) fn start(args: &Args, home: &Home, wanted: Wanted) -> anyhow::Result<Exit> {
    let mut run = sibling::command("bgrun-run", ["--quiet", "--restart", "--name", NAME, "--"]);
    run.arg(sibling::path("bgrun-dash")).args(flags(args, wanted));
    let output = run.stdin(Stdio::null()).output().context("run bgrun-run")?;
    if !output.status.success() {
        let code = output.status.code().and_then(|code| u8::try_from(code).ok());
        return Err(failure(code.unwrap_or(1), &String::from_utf8_lossy(&output.stderr)).into());
    }
    let deadline = Instant::now() + ANSWERING;
    loop {
        if let Found::Running(running) = instance::look(home)?
            && let Ok(url) = instance::fresh_url(home, &running)
        {
            instance::say(&url)?;
            let (base, pid) = (instance::url(running.port, "/"), running.pid);
            instance::say(&format!("{NAME} serves {base}, pid {pid}"))?;
            if args.open {
                crate::browser::open(&url);
            }
            return Ok(Exit::Done);
        }
        if has_ended() {
            return Err(failure(1, &last_words()).into());
        }
        if Instant::now() >= deadline {
            let what = format!("{NAME} runs, and does not answer");
            return Err(Failure::new(Exit::TimedOut, what).hint("bgrun logs bgr-dashboard").into());
        }
        clock::pause(Duration::from_millis(20));
    }
}

/// The flags of the dashboard that is started: those of this one but `--background`.
fn flags(args: &Args, wanted: Wanted) -> Vec<String> {
    let mut flags = Vec::new();
    if let Wanted::Only(port) = wanted {
        flags.push(format!("--port={port}"));
    }
    if args.read_only {
        flags.push("--read-only".to_owned());
    }
    flags.extend(args.listen.map(|address| format!("--listen={address}")));
    flags.extend(args.allow_host.iter().map(|name| format!("--allow-host={name}")));
    flags
}

fn has_ended() -> bool {
    let ls = sibling::command("bgrun-ls", ["--json", NAME]).stdin(Stdio::null()).output();
    let records = ls.ok().and_then(|output| serde_json::from_slice(&output.stdout).ok());
    let records: serde_json::Value = records.unwrap_or_default();
    !matches!(records[0]["status"].as_str(), Some("starting" | "running" | "backoff") | None)
}

/// What it said before it ended.
fn last_words() -> String {
    let words = ["--stderr", "--lines", "2", NAME];
    let logs = sibling::command("bgrun-logs", words).stdin(Stdio::null()).output();
    logs.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// What a tool said, as an error of our own.
fn failure(code: u8, said: &str) -> Failure {
    let mut lines = said.lines().map(|line| bgrun_platform::text::safe(line).into_owned());
    let first = lines.next().unwrap_or_else(|| format!("{NAME} could not be started"));
    let first = first.strip_prefix("bgrun-dash: ").unwrap_or(&first).to_owned();
    let failure = Failure::new(Exit::Other(code), first);
    match lines.find_map(|line| line.strip_prefix("hint: ").map(str::to_owned)) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
