//! Configuration that is code: its default export, as bun, deno or node evaluates it,
//! whichever is found first.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use bgrun_platform::foreign;
use bgrun_platform::spawn;
use bgrun_platform::text::{safe, safe_path};
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::new_cookie;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::place::Place;
use super::{LARGEST_BYTES, Value, json};

/// What is run, in whichever of them is found; it says more.
const EVALUATE: &str = include_str!("evaluate.mjs");

/// The interpreters, and what stands before the text of a module for each.
const INTERPRETERS: [(&str, &[&str]); 3] = [
    ("bun", &["--eval"]),
    ("deno", &["eval", "--quiet"]),
    ("node", &["--no-warnings", "--input-type=module", "--eval"]),
];

/// How long a file may take to be evaluated.
const LIMIT: Duration = Duration::from_secs(10);

/// Where it is evaluated: as the process itself is to run.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) caller: &'a [(OsString, OsString)],
    /// What lies over it, the highest last.
    pub(crate) above: [&'a BTreeMap<String, String>; 3],
}

/// What came back.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    error: String,
    line: Option<usize>,
    column: Option<usize>,
    #[serde(rename = "readsNoTypes", default)]
    reads_no_types: bool,
}

/// Evaluates `file`. What it prints is left unread.
///
/// # Errors
/// There is no interpreter, it throws, takes too long, or exports nothing of use.
pub(super) fn evaluate(file: &Path, surroundings: &Surroundings<'_>) -> Result<Value, Failure> {
    let failure = |what: String| Failure::new(Exit::Failed, format!("{}{what}", safe_path(file)));
    let (name, program, words) = interpreter(surroundings).ok_or_else(|| {
        failure(": nothing on PATH can evaluate it".to_owned())
            .hint("bun, deno or node does; .toml, .json and .yaml need none of them")
    })?;
    let mark = new_cookie();
    let mut command = Command::new(program);
    command
        .args(words)
        .arg(EVALUATE)
        .current_dir(surroundings.directory)
        .env_clear()
        .envs(surroundings.caller.iter().map(|(key, value)| (key, value)))
        .envs(surroundings.above.into_iter().flatten())
        .env("BGRUN_CONFIG_FILE", file)
        .env("BGRUN_CONFIG_MARK", &mark);
    let output = foreign::output(&mut command, LIMIT)
        .map_err(|trouble| failure(format!(": {name} {trouble}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // The last two marks: what the file itself printed is before them.
    let mut parts = text.rsplit(mark.as_str());
    let answer = parts.nth(1).filter(|_| parts.next().is_some());
    let answer: Answer<'_> = answer
        .and_then(|answer| serde_json::from_str(answer).ok())
        .ok_or_else(|| failure(format!(": {name} gave nothing: {}", last_words(&output))))?;
    let Some(value) = answer.value else {
        let place = answer.line.map(|line| Place { line, column: answer.column.unwrap_or(1) });
        let place = place.map_or_else(String::new, |place| format!(", {place}"));
        let failure = failure(format!("{place}: {}", safe(&answer.error)));
        return Err(if answer.reads_no_types {
            failure.hint("this node reads no types: 22.6 or newer does, and so do bun and deno")
        } else {
            failure
        });
    };
    if value.get().len() as u64 > LARGEST_BYTES {
        return Err(failure(": its default export is larger than 1 MiB".to_owned()));
    }
    json::parse(value.get()).map_err(|_| failure(": its default export is too deep".to_owned()))
}

type Interpreter = (&'static str, PathBuf, &'static [&'static str]);

fn interpreter(surroundings: &Surroundings<'_>) -> Option<Interpreter> {
    let above = surroundings.above.iter().rev().find_map(|variables| variables.get("PATH"));
    let of_caller = surroundings.caller.iter().find(|(key, _)| key == "PATH");
    let path = above.map(OsStr::new).or(of_caller.map(|(_, path)| path.as_os_str()));
    INTERPRETERS.iter().find_map(|(name, words)| {
        let found = spawn::find_program(OsStr::new(name), path, surroundings.directory);
        found.ok().map(|program| (*name, program, *words))
    })
}

/// What it said last, or how it ended.
fn last_words(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    last.map_or_else(|| output.status.to_string(), |line| safe(line.trim()).into_owned())
}
