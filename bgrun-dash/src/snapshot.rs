//! `--snapshot`: the present state as one static page, with nothing in it that acts.

use std::io::Write as _;
use std::process::Stdio;

use anyhow::Context;
use axum::response::Response;
use bgrun_platform::tool::Exit;
use bgrun_platform::{sibling, user};
use bgrun_store::time;
use hyper::StatusCode;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};
use serde_json::Value;

use crate::answer::{self, Problem};
use crate::verbs;

/// How it looks. It is part of the page: whoever gets the file gets all of it.
const STYLE: &str = include_str!("snapshot.css");

/// Prints the page.
///
/// # Errors
/// The processes cannot be listed.
pub(crate) fn print() -> anyhow::Result<Exit> {
    let output = sibling::command("bgrun-ls", ["--json"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("run bgrun-ls")?;
    let records: Vec<Value> =
        serde_json::from_slice(&output.stdout).context("read what bgrun-ls printed")?;
    let tails: Vec<String> = records.iter().map(last_words).collect();
    let page = page(&records, &tails, &time::text(time::now()), &user::machine_name());
    let mut out = std::io::stdout().lock();
    out.write_all(page.as_bytes()).and_then(|()| out.flush())?;
    Ok(Exit::Done)
}

/// The same page, for a browser to keep.
///
/// # Errors
/// The processes cannot be listed.
pub(crate) async fn download() -> Result<Response, Problem> {
    let page = verbs::run("bgrun-dash", &["--snapshot"], "").await?.done()?;
    let mut response = answer::text(StatusCode::OK, "text/html; charset=utf-8", page);
    let disposition = HeaderValue::from_static("attachment; filename=\"processes.html\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// Whether its end asks for a reason.
fn has_failed(record: &Value) -> bool {
    matches!(record["status"].as_str(), Some("failed" | "lost" | "backoff"))
}

/// The last lines that the run of what failed wrote to stderr.
fn last_words(record: &Value) -> String {
    let name = record["name"].as_str().filter(|_| has_failed(record));
    let Some(name) = name.map(bgrun_store::selection::exactly) else { return String::new() };
    let run = format!("--run={}", record["run"]);
    let words = ["--json", "--stderr", "--lines", "5", &run, "--", &name];
    let logs =
        sibling::command("bgrun-logs", words).stdin(Stdio::null()).stderr(Stdio::null()).output();
    // Without them the rest is still worth showing.
    let printed = logs.map(|output| output.stdout).unwrap_or_default();
    let lines = printed.split(|byte| *byte == b'\n');
    let lines = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let lines: Vec<String> =
        lines.filter_map(|line| line["line"].as_str().map(str::to_owned)).collect();
    lines.join("\n")
}

/// The whole page. Failed ones come first.
fn page(records: &[Value], tails: &[String], now: &str, machine: &str) -> String {
    let mut all: Vec<(&Value, &String)> = records.iter().zip(tails).collect();
    all.sort_by_key(|(record, _)| !has_failed(record));
    let rows: String = all.iter().map(|(record, tail)| row(record, tail)).collect();
    let count = all.len();
    let failed = all.iter().filter(|(record, _)| has_failed(record)).count();
    let headings = COLUMNS
        .map(|(class, heading)| format!("<th scope=\"col\" class=\"{class}\">{heading}</th>"));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>bgrun on {machine}, {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>Processes on {machine}</h1>\n<table>\n<caption>{count} processes, {failed} of them \
         failed, at {now}; all times are UTC</caption>\n<thead><tr>{}</tr></thead>\n<tbody>\n\
         {rows}</tbody>\n</table>\n</main>\n</body>\n</html>\n",
        headings.concat(),
        machine = safe(machine),
        title = safe(now),
        now = moment(now),
    )
}

/// The class of each column and its heading, which stands before the value on a card.
const COLUMNS: [(&str, &str); 11] = [
    ("name", "Name"),
    ("status", "Status"),
    ("group", "Group"),
    ("number", "Pid"),
    ("started", "Started"),
    ("number", "Restarts"),
    ("number", "CPU %"),
    ("number", "Memory"),
    ("ports", "Ports"),
    ("end", "Last end"),
    ("command", "Command"),
];

/// One process.
fn row(record: &Value, tail: &str) -> String {
    let status = text(&record["status"]);
    let tail = if tail.is_empty() { String::new() } else { format!("<pre>{}</pre>", safe(tail)) };
    let cells = [
        format!("<bdi>{}</bdi>", text(&record["name"])),
        format!("<span class=\"{status}\">{status}</span>"),
        text(&record["group"]),
        text(&record["pid"]),
        record["timestamp"].as_str().map(moment).unwrap_or_default(),
        text(&record["restarts"]),
        text(&record["cpu_percent"]),
        record["memory_bytes"].as_u64().map(mebibytes).unwrap_or_default(),
        ports(record),
        last_end(record),
        format!("<code>{}</code>{tail}", text(&record["command"])),
    ];
    let mut row = "<tr>".to_owned();
    for ((class, heading), cell) in COLUMNS.iter().zip(cells) {
        row += &match *class {
            "name" => format!("<th scope=\"row\">{cell}</th>"),
            _ => format!("<td class=\"{class}\" data-heading=\"{heading}\">{cell}</td>"),
        };
    }
    row + "</tr>\n"
}

fn ports(record: &Value) -> String {
    let ports = record["ports"].as_array().cloned().unwrap_or_default();
    ports.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn last_end(record: &Value) -> String {
    let Some(reason) = record["exit_reason"].as_str() else { return String::new() };
    let how = match (record["exit_code"].as_i64(), record["exit_signal"].as_str()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => signal.to_owned(),
        (None, None) => "not seen".to_owned(),
    };
    let at = record["ended_at"].as_str().map(moment).unwrap_or_default();
    // The one says the other there.
    let why = if matches!(reason, "exit" | "signal") { "" } else { reason };
    let why = if why.is_empty() { String::new() } else { format!(" ({})", safe(why)) };
    format!("<span>{}{why} {at}</span>", safe(&how))
}

/// A point in time to the second, for people.
fn moment(at: &str) -> String {
    let shown = time::parse(at).map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string());
    let shown = shown.map_or_else(|| safe(at), |shown| safe(&shown));
    format!("<time datetime=\"{}\">{shown}</time>", safe(at))
}

#[allow(clippy::cast_precision_loss, reason = "a display value")]
fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

/// A value as text of HTML; nothing for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => safe(text),
        other => safe(&other.to_string()),
    }
}

/// `text` as it is to be read, whatever is in it.
fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push('\n'),
            other if bgrun_platform::text::is_unsafe(other) => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whatever_is_in_a_record_is_text() {
        let evil = "</td><script>alert(1)</script>\u{1b}]8;;javascript:x\u{7}\u{202e}\"'&";
        let record = json!({"name": evil, "status": "failed", "group": evil, "command": evil,
            "exit_reason": evil, "exit_signal": evil, "ended_at": evil, "ports": [80]});
        let page = page(&[record], &[evil.to_owned()], "now", evil);
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    }

    #[test]
    fn what_failed_comes_first() {
        let record = |name: &str, status: &str| json!({"name": name, "status": status});
        let records =
            [record("fine", "running"), record("bad", "failed"), record("off", "stopped")];
        let page = page(&records, &[String::new(), String::new(), String::new()], "now", "here");
        let at = |name: &str| page.find(&format!("<bdi>{name}</bdi>")).expect("it is there");
        assert!(at("bad") < at("fine") && at("fine") < at("off"));
        assert!(page.contains("3 processes, 1 of them failed, at <time"));
    }
}
