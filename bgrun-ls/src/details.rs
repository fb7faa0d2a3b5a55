//! Everything about a process, on one screen.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bgrun_platform::logs::disk::Usage;
use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_store::selection::exactly;
use bgrun_store::{Container, End, Record, Run, Standing, Status, time};

use crate::collect::Listed;
use crate::format;

/// Prints every process, with an empty line between two.
pub(crate) fn print(listed: &[Listed], out: &mut impl Write) -> anyhow::Result<()> {
    let colors = format::with_colors();
    for (at, listed) in listed.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        let record = &listed.record;
        let title = safe(&record.name);
        let status = Standing::of(record).to_string();
        if colors {
            let color = format::color(record);
            writeln!(
                out,
                "\u{1b}[1m{title}\u{1b}[0m  \u{1b}[{color}m{status}\u{1b}[0m{}",
                tail(record)
            )?;
        } else {
            writeln!(out, "{title}  {status}{}", tail(record))?;
        }
        for (label, value) in fields(record) {
            writeln!(out, "  {label:<10} {value}")?;
        }
        for (key, value) in &record.env {
            writeln!(out, "  {:<10} {}={}", "variable", safe(key), safe(value))?;
        }
        if !listed.runs.is_empty() {
            writeln!(out, "  runs")?;
        }
        for run in &listed.runs {
            writeln!(out, "    {}", run_line(run, record))?;
        }
        let last_words =
            match listed.runs.iter().find(|run| run.end.is_some() || record.pid.is_none()) {
                Some(run) if has_failed(record) => last_words(&record.name, run.number),
                _ => Vec::new(),
            };
        if !last_words.is_empty() {
            writeln!(out, "  last lines of stderr")?;
        }
        for line in last_words {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

/// Whether its last end asks for a reason.
fn has_failed(record: &Record) -> bool {
    let failed = matches!(record.status, Status::Failed | Status::Backoff | Status::Lost);
    failed || record.restarts > 0
}

/// The end of what that `run` wrote to its stderr, as `bgrun-logs` shows it.
fn last_words(name: &str, run: i64) -> Vec<String> {
    let (name, run) = (exactly(name), format!("--run={run}"));
    let words = ["--stderr", "--lines", "5", &run, "--", &name];
    let output =
        sibling::command("bgrun-logs", words).stdin(Stdio::null()).stderr(Stdio::null()).output();
    // Without it the details are still worth showing.
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(|line| safe(line).into_owned()).collect()
}

/// What stands behind the status in the first line.
fn tail(record: &Record) -> String {
    let uptime = record.uptime_ms.map(|ms| format::duration(Duration::from_millis(ms)));
    let mut words = String::new();
    if let Some(uptime) = uptime {
        words.push_str(&format!(" for {uptime}"));
    }
    if matches!(record.status, Status::Running | Status::Stopping) && !record.supervised {
        words.push_str(", without a supervisor ('bgrun guard' gives it a new one)");
    }
    if record.watched {
        words.push_str(", watched");
    }
    if has_given_up(record) {
        words.push_str(&format!(", gave up after {} restarts", record.restarts));
    }
    words
}

/// Whether another run would have followed the last one, but for how many there were.
fn has_given_up(record: &Record) -> bool {
    let end = record.exit_reason.and_then(|reason| {
        let (code, signal) = (record.exit_code, record.exit_signal.clone());
        Some(End { at: None, code, signal, reason: reason.parse().ok()? })
    });
    record.status == Status::Failed
        && record.restarts >= record.max_restarts.into()
        && end.is_some_and(|end| record.keep_alive.follows(&end, &record.stop_exit_codes))
}

/// Where a log is, and what it takes.
fn log(path: &str) -> String {
    let usage = Usage::of(Path::new(path));
    let live = format::bytes(usage.live_bytes);
    match usage.archives {
        0 => format!("{} ({live})", safe(path)),
        1 => format!("{} ({live}, archive {})", safe(path), format::bytes(usage.archive_bytes)),
        count => {
            let archives = format::bytes(usage.archive_bytes);
            format!("{} ({live}, {count} archives {archives})", safe(path))
        }
    }
}

fn fields(record: &Record) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let mut add = |label, value: Option<String>| {
        if let Some(value) = value {
            fields.push((label, value));
        }
    };
    add("command", Some(safe(&record.command).into_owned()));
    add("directory", Some(safe(&record.workdir).into_owned()));
    add("group", record.group.as_deref().map(|group| safe(group).into_owned()));
    add("container", record.container.as_ref().map(container));
    add(
        "pid",
        record.pid.map(|pid| match record.supervisor_pid {
            Some(supervisor) => format!("{pid} (supervisor {supervisor})"),
            None => pid.to_string(),
        }),
    );
    add(
        "ports",
        (!record.ports.is_empty())
            .then(|| record.ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")),
    );
    add(
        "memory",
        record.memory_bytes.map(|memory| match record.processes {
            Some(1) | None => format::bytes(memory),
            Some(count) => format!("{} in {count} processes", format::bytes(memory)),
        }),
    );
    add("cpu", record.cpu_percent.map(|percent| format!("{percent:.1}%")));
    add("started", record.timestamp.map(format::moment));
    add("ready", ready(record));
    add(
        "run",
        (record.run > 0).then(|| match record.restarts {
            0 => record.run.to_string(),
            restarts => format!("{}, {}", record.run, format::restarted(restarts)),
        }),
    );
    add("last end", last_end(record));
    add("restart at", record.next_restart_at.map(format::moment));
    add(
        "keep alive",
        (record.keep_alive.as_str() != "never").then(|| record.keep_alive.to_string()),
    );
    add("memory max", record.memory_limit_bytes.map(format::bytes));
    add("interval", record.restart_interval_minutes.map(|minutes| format!("{minutes} minutes")));
    add("after", (!record.after.is_empty()).then(|| safe(&record.after.join(", ")).into_owned()));
    add("started by", record.started_by.as_deref().map(|name| safe(name).into_owned()));
    add("config", record.config_path.as_deref().map(|path| safe(path).into_owned()));
    add("stdout", Some(log(&record.stdout_path)));
    add("stderr", Some(log(&record.stderr_path)));
    for file in &record.env_files {
        add("env file", Some(safe(file).into_owned()));
    }
    let hidden: Vec<_> = record
        .env_keys
        .iter()
        .filter(|key| !record.env.contains_key(*key))
        .map(|key| safe(key).into_owned())
        .collect();
    add(
        "variables",
        (!hidden.is_empty()).then(|| format!("{} (--env shows their values)", hidden.join(", "))),
    );
    fields
}

/// What it is to its engine.
fn container(container: &Container) -> String {
    let status = container.status.as_deref().unwrap_or("engine unreachable");
    safe(&format!("{} {} ({status})", container.engine, container.name)).into_owned()
}

/// Since when it is ready, and how that is found out.
fn ready(record: &Record) -> Option<String> {
    let probe = safe(record.ready_probe.as_deref()?).into_owned();
    Some(match record.ready_at {
        Some(at) => format!("{} ({probe})", time::text(at)),
        None if record.pid.is_some() => format!("not yet ({probe})"),
        None => format!("- ({probe})"),
    })
}

fn last_end(record: &Record) -> Option<String> {
    let reason = record.exit_reason?;
    let how = how(record.exit_code, record.exit_signal.as_deref(), reason);
    let at = record.ended_at.map_or_else(String::new, |at| format!(", {}", format::moment(at)));
    Some(format!("{how}{at}"))
}

/// How a run ended, and why, where the one does not say the other.
fn how(code: Option<i32>, signal: Option<&str>, reason: &str) -> String {
    let how = match (code, signal, reason) {
        (None, None, "unknown") => return "nobody saw how".to_owned(),
        (None, None, reason) => return reason.to_owned(),
        (Some(code), ..) => format!("exit code {code}"),
        (None, Some(signal), _) => signal.to_owned(),
    };
    if matches!(reason, "exit" | "signal") { how } else { format!("{how} ({reason})") }
}

fn run_line(run: &Run, record: &Record) -> String {
    let started = run.started_at.map_or_else(|| "-".to_owned(), time::text);
    let lasted = match (run.started_at, run.end.as_ref().and_then(|end| end.at)) {
        (Some(from), Some(to)) => {
            let lasted = Duration::try_from(to.duration_since(from)).unwrap_or_default();
            format!("{:>8}", format::duration(lasted))
        }
        _ => format!("{:>8}", "-"),
    };
    let how = match &run.end {
        None if record.run == run.number && record.pid.is_some() => "runs".to_owned(),
        None => "nobody saw its end".to_owned(),
        Some(end) => how(end.code, end.signal.as_deref(), &end.reason.to_string()),
    };
    format!("{:>4}  {started}  {lasted}  {how}", run.number)
}
