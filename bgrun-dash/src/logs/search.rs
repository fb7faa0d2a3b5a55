//! `GET /api/logs/{name}/search`: the lines of a whole log, archives too, that match a regular
//! expression. `bgrun-logs` searches, from the end, and is ended when nobody waits any more.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::extract::State;
use axum::response::Response;
use bgrun_platform::sibling;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStderr, ChildStdout, Command};
use tokio::sync::Semaphore;

use crate::answer::{self, Problem};
use crate::extract::{Asked, Name};
use crate::logs::{self, Tab};
use crate::state::Dashboard;
use crate::verbs::{self, Came};

/// The hits of an answer when their number is not said, and the most.
const HITS: u64 = 200;
const MOST_HITS: u64 = 1000;
/// So many characters of a hit are shown.
const SHOWN: usize = 1000;
/// The longest expression.
const LONGEST_EXPRESSION: usize = 1000;
/// An expression that is compiled to more is refused: repetitions of repetitions cost seconds and
/// hundreds of megabytes before the first line is read.
const LARGEST_COMPILED: usize = 1 << 20;
/// A search that has not come to its end by then is given up.
const TAKES: Duration = Duration::from_secs(60);
/// One record of `bgrun-logs`: a line is cut at 1 MiB there, and may be escaped.
const LARGEST_RECORD: u64 = 16 * 1024 * 1024;
/// What a tool says of itself is shorter.
const LARGEST_COMPLAINT: u64 = 64 * 1024;

/// Searches under way: each is a process that reads as fast as the disk gives.
static UNDER_WAY: Semaphore = Semaphore::const_new(4);

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    tab: Tab,
    grep: String,
    ignore_case: bool,
    before: Option<u64>,
    lines: Option<u64>,
}

/// A line that matches.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Hit {
    /// The byte at which it begins.
    offset: u64,
    run: Option<i64>,
    time: Option<String>,
    text: String,
    /// Whether the line is longer than what is shown of it.
    is_cut: bool,
}

/// A record of `bgrun-logs`.
#[derive(Debug, Deserialize)]
struct Record {
    offset: u64,
    run: Option<i64>,
    time: Option<String>,
    line: String,
    #[serde(default)]
    partial: bool,
}

/// The hits, the oldest first.
#[derive(Debug, Serialize)]
struct Found {
    name: String,
    tab: Tab,
    hits: Vec<Hit>,
    /// Whether there are older ones: ask again with `before` the first one's offset.
    more: bool,
}

pub(crate) async fn search(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
    Asked(question): Asked<Question>,
) -> Result<Response, Problem> {
    if question.grep.is_empty() || question.grep.chars().count() > LONGEST_EXPRESSION {
        let error = format!("grep is a regular expression of 1 to {LONGEST_EXPRESSION} characters");
        return Err(Problem::bad(error));
    }
    let (whose, tab, expression) = (name.clone(), question.tab, question.grep.clone());
    let check = move || {
        logs::place(&dashboard.home, &whose, tab)?;
        check(&expression)
    };
    tokio::task::spawn_blocking(check).await.context("look at the question")??;
    let most = question.lines.unwrap_or(HITS).clamp(1, MOST_HITS);
    let searched = async {
        let _turn = UNDER_WAY.acquire().await.context("wait for a turn")?;
        run(&name, &question, most).await
    };
    let mut hits = tokio::time::timeout(TAKES, searched).await.map_err(|_| {
        let error = format!("not searched through within {} seconds", TAKES.as_secs());
        Problem::new(StatusCode::GATEWAY_TIMEOUT, error)
    })??;
    let more = hits.len() as u64 > most;
    if more {
        hits.remove(0);
    }
    answer::value(&Found { name, tab: question.tab, hits, more })
}

fn check(expression: &str) -> Result<(), Problem> {
    let wrong = |what: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, what);
    match regex::bytes::RegexBuilder::new(expression).size_limit(LARGEST_COMPILED).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => Err(wrong(
            "the regular expression is too large once its repetitions are counted out".to_owned(),
        )),
        // The last line of it says what is wrong, those before draw where.
        Err(error) => {
            let error = error.to_string();
            let last = error.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
            Err(wrong(format!(
                "no regular expression: {}",
                last.trim().trim_start_matches("error: ")
            )))
        }
    }
}

/// Runs the search; answers the last hits, one more than `most` if there are so many.
async fn run(name: &str, question: &Question, most: u64) -> Result<Vec<Hit>, Problem> {
    let mut command = Command::from(sibling::command("bgrun-logs", flags(question, most)));
    command.process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("run bgrun-logs")?;
    if let Some(mut stdin) = child.stdin.take() {
        // It may refuse before it reads; what it says tells more.
        let _ = stdin.write_all(&verbs::named(name)).await;
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (hits, stderr) = tokio::join!(hits(stdout), complaint(stderr));
    let exit = child.wait().await.context("wait for bgrun-logs")?.code();
    match (exit, hits) {
        (Some(0), hits) => Ok(hits.context("read what bgrun-logs found")?),
        (Some(4), _) => Err(Problem::unknown(name)),
        (exit, _) => Err(Came { exit, stdout: Vec::new(), stderr }.problem()),
    }
}

fn flags(question: &Question, most: u64) -> Vec<String> {
    let tab = if question.tab == Tab::Stdout { "--stdout" } else { "--stderr" };
    let mut flags = ["--json", "--offsets", tab, "-"].map(str::to_owned).to_vec();
    flags.push(format!("--lines={}", most + 1));
    flags.push(format!("--grep={}", question.grep));
    if question.ignore_case {
        flags.push("--ignore-case".to_owned());
    }
    flags.extend(question.before.map(|before| format!("--before={before}")));
    flags
}

async fn hits(stdout: Option<ChildStdout>) -> std::io::Result<Vec<Hit>> {
    let Some(stdout) = stdout else { return Ok(Vec::new()) };
    let mut stdout = BufReader::new(stdout);
    let (mut hits, mut record, mut goes_on) = (Vec::new(), Vec::new(), false);
    loop {
        record.clear();
        if (&mut stdout).take(LARGEST_RECORD).read_until(b'\n', &mut record).await? == 0 {
            return Ok(hits);
        }
        let Ok(record) = serde_json::from_slice::<Record>(&record) else { continue };
        let is_rest = std::mem::replace(&mut goes_on, record.partial);
        if !is_rest {
            hits.push(Hit::of(record));
        }
    }
}

async fn complaint(stderr: Option<ChildStderr>) -> String {
    let mut said = Vec::new();
    if let Some(stderr) = stderr {
        // Without it the exit code has to do.
        let _ = stderr.take(LARGEST_COMPLAINT).read_to_end(&mut said).await;
    }
    String::from_utf8_lossy(&said).into_owned()
}

impl Hit {
    fn of(record: Record) -> Self {
        let Record { offset, run, time, mut line, partial } = record;
        let end = line.char_indices().nth(SHOWN).map(|(at, _)| at);
        line.truncate(end.unwrap_or(line.len()));
        Self { offset, run, time, text: line, is_cut: partial || end.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_never_taken_for_a_flag() {
        let question = Question { grep: "--raw".into(), before: Some(7), ..Question::default() };
        let flags = flags(&question, 10);
        assert!(flags.contains(&"--grep=--raw".to_owned()) && !flags.contains(&"--raw".to_owned()));
        assert!(flags.contains(&"--before=7".to_owned()));
        assert!(flags.contains(&"--lines=11".to_owned()), "one more tells whether there are more");
    }

    #[test]
    fn what_is_no_expression_or_would_cost_too_much_is_refused() {
        for fine in ["a", "GET /orders/\\d+", r"\b(timed? ?out|refused)\b", r"\w{20}", "(?i)é+"] {
            assert!(check(fine).is_ok(), "{fine}");
        }
        for wrong in ["(", "a{2", r"(\pL{1000}){1000}", r"(\w{100}){50}", "(?<=x)y"] {
            let problem = check(wrong).expect_err(wrong);
            assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(!problem.error.contains('\n'), "{}", problem.error);
        }
    }

    #[test]
    fn a_long_line_is_shown_in_part_and_between_two_characters() {
        let record =
            |line: String, partial| Record { offset: 3, run: None, time: None, line, partial };
        let long = Hit::of(record("é".repeat(SHOWN + 1), false));
        assert!(long.is_cut && long.text == "é".repeat(SHOWN));
        let short = Hit::of(record("é".repeat(SHOWN), false));
        assert!(!short.is_cut && short.text.chars().count() == SHOWN);
        assert!(Hit::of(record("x".to_owned(), true)).is_cut);
    }
}
