//! `POST /api/check`: whether a spec would start, as far as can be told without starting it,
//! and the command line that would.

use std::num::NonZeroU64;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use axum::response::Response;
use bgrun_store::{KeepAlive, name, rendered};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, Problem};
use crate::extract::Sent;

/// What is checked of a spec.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Spec {
    name: Option<String>,
    command: Option<String>,
    argv: Option<Vec<String>>,
    #[serde(alias = "directory")]
    workdir: Option<PathBuf>,
    group: Option<String>,
    env: Option<std::collections::BTreeMap<String, String>>,
    env_files: Option<Vec<String>>,
    keep_alive: Option<KeepAlive>,
    memory_limit_bytes: Option<u64>,
    restart_interval_minutes: Option<NonZeroU64>,
    stop_signal: Option<String>,
    stop_timeout_ms: Option<u64>,
}

pub(crate) async fn check(sent: Sent) -> Result<Response, Problem> {
    let spec: Spec = sent.json()?;
    let here = std::env::current_dir().unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let known = std::env::split_paths(&path).collect::<Vec<_>>();
    answer::value(&checked(&spec, &here, &known))
}

fn checked(spec: &Spec, here: &Path, known: &[PathBuf]) -> Value {
    let mut problems = Vec::new();
    let mut complain = |field: &str, message: String| {
        problems.push(json!({"field": field, "message": message}));
    };
    if let Some(name) = &spec.name
        && let Err(rule) = name::check(name)
    {
        complain("name", rule.to_string());
    }
    let directory = here.join(spec.workdir.as_deref().unwrap_or(Path::new("")));
    let is_directory = directory.is_dir();
    if !is_directory {
        let what = if directory.exists() { "is no directory" } else { "does not exist" };
        complain("workdir", format!("{} {what}", directory.display()));
    }
    let mut program = None;
    match (&spec.argv, &spec.command) {
        (Some(argv), _) => match argv.first().filter(|word| !word.is_empty()) {
            None => complain("command", "what is to be started?".to_owned()),
            Some(word) => {
                program = find(word, &directory, known);
                if program.is_none() && is_directory {
                    complain("command", format!("{word}: not found, or it cannot be executed"));
                }
            }
        },
        (None, Some(line)) if !line.trim().is_empty() => program = find("sh", &directory, known),
        (None, _) => complain("command", "what is to be started?".to_owned()),
    }
    json!({
        "line": line(spec),
        "problems": problems,
        "directory": directory.to_string_lossy(),
        "program": program.map(|program| program.to_string_lossy().into_owned()),
    })
}

/// The program that `word` means in `directory`, as exec would find it.
fn find(word: &str, directory: &Path, known: &[PathBuf]) -> Option<PathBuf> {
    let can_be_executed = |path: &PathBuf| {
        path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
    };
    if word.contains('/') {
        return Some(directory.join(word)).filter(can_be_executed);
    }
    known.iter().map(|above| directory.join(above).join(word)).find(can_be_executed)
}

/// The command line that starts `spec`. Values of variables are secrets until the opposite
/// is known, but these are being typed by who reads them.
fn line(spec: &Spec) -> String {
    let mut words: Vec<String> = ["bgrun", "run"].map(str::to_owned).to_vec();
    words.extend(spec.name.clone());
    if let Some(directory) = &spec.workdir {
        words.push(format!("--directory={}", directory.display()));
    }
    words.extend(spec.group.as_ref().map(|group| format!("--group={group}")));
    if let Some(policy) = spec.keep_alive.filter(|policy| *policy != KeepAlive::Never) {
        words.push(format!("--keep-alive={policy}"));
    }
    words.extend(spec.memory_limit_bytes.map(|bytes| format!("--memory-limit={bytes}")));
    let interval = spec.restart_interval_minutes;
    words.extend(interval.map(|minutes| format!("--restart-interval={minutes}")));
    words.extend(spec.stop_signal.as_ref().map(|signal| format!("--stop-signal={signal}")));
    words.extend(spec.stop_timeout_ms.map(|ms| format!("--stop-timeout={ms}ms")));
    words.extend(spec.env_files.iter().flatten().map(|file| format!("--env-file={file}")));
    for (key, value) in spec.env.iter().flatten() {
        words.push(format!("--env={key}={value}"));
    }
    match (&spec.argv, &spec.command) {
        (Some(argv), _) => {
            words.push("--".to_owned());
            words.extend(argv.iter().cloned());
        }
        (None, Some(command)) => words.extend(["--command".to_owned(), command.clone()]),
        (None, None) => {}
    }
    let words: Vec<std::ffi::OsString> = words.into_iter().map(Into::into).collect();
    rendered(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(spec: Value) -> Value {
        let spec: Spec = serde_json::from_value(spec).expect("a spec");
        let known = ["/usr/bin", "/bin"].map(PathBuf::from);
        checked(&spec, Path::new("/"), &known)
    }

    #[test]
    fn what_is_fine_has_its_command_line() {
        let fine = answer(json!({"name": "web", "argv": ["sh", "-c", "a b"], "workdir": "/tmp",
            "env": {"A": "x y"}, "keep_alive": "on-failure"}));
        assert_eq!(fine["problems"], json!([]));
        let line = "bgrun run web --directory=/tmp --keep-alive=on-failure '--env=A=x y' -- \
                    sh -c 'a b'";
        assert_eq!(fine["line"], line);
        let shell = answer(json!({"command": "a | b"}));
        assert_eq!(shell["line"], "bgrun run --command 'a | b'");
        assert_eq!(shell["problems"], json!([]));
    }

    #[test]
    fn each_problem_is_told_at_its_field() {
        for (spec, field) in [
            (json!({"argv": ["no-such-program-x"]}), "command"),
            (json!({"argv": ["/etc/passwd"]}), "command"),
            (json!({"argv": ["./sh"]}), "command"),
            (json!({"argv": []}), "command"),
            (json!({"command": " "}), "command"),
            (json!({}), "command"),
            (json!({"argv": ["sh"], "workdir": "/does/not/exist"}), "workdir"),
            (json!({"argv": ["sh"], "workdir": "/etc/passwd"}), "workdir"),
            (json!({"argv": ["sh"], "name": "../x"}), "name"),
        ] {
            let problems = answer(spec.clone())["problems"].clone();
            assert_eq!(problems[0]["field"], field, "{spec}");
            assert_eq!(problems.as_array().map(Vec::len), Some(1), "{spec}");
        }
    }
}
