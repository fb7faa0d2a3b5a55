//! `POST /api/check`: whether a spec would start, or a change would, as far as can be told
//! without starting it, and the command line that would. `POST /api/variables`: what it would
//! be given.

pub(crate) mod spec;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use axum::response::Response;
use bgrun_store::name;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{self, Problem};
use crate::change::Change;
use crate::extract::{Asked, Sent};
use crate::{processes, verbs};
use spec::Spec;

/// What is checked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    /// The process that is to be changed so.
    change: Option<String>,
    /// Of that process: with the environment of the dashboard.
    fresh_env: bool,
}

pub(crate) async fn check(
    Asked(question): Asked<Question>,
    sent: Sent,
) -> Result<Response, Problem> {
    let here = std::env::current_dir().unwrap_or_default();
    let Some(name) = question.change else {
        let spec: Spec = sent.json()?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut checked = checked(&spec, &here, &std::env::split_paths(&path).collect::<Vec<_>>());
        checked["line"] = spec.line(&[]).into();
        if has_command(&spec) {
            try_out(&mut checked, &sent.json::<Value>()?, &[]).await?;
        }
        return answer::value(&checked);
    };
    let patch: Map<String, Value> = sent.json()?;
    let record = processes::record(&name, &["--env"]).await?;
    let change = Change::new(&record, &patch)?.with_fresh_env(question.fresh_env);
    let whole = change.outcome()?;
    let path = record["env"]["PATH"].as_str().unwrap_or_default();
    let known: Vec<_> = std::env::split_paths(path).collect();
    let mut checked = checked(&whole, &here, &known);
    checked["line"] = change.line()?.into();
    try_out(&mut checked, change.spec(), &change.flags(true)).await?;
    answer::value(&checked)
}

/// What the files and the fields of a spec set, or of a change, secrets too: asked for by itself.
pub(crate) async fn variables(
    Asked(question): Asked<Question>,
    sent: Sent,
) -> Result<Response, Problem> {
    let mut arguments = vec!["-", "--json", "--print-env"];
    let spec: Value = match question.change {
        None => sent.json()?,
        Some(name) => {
            let record = processes::record(&name, &["--env"]).await?;
            let change = Change::new(&record, &sent.json()?)?;
            arguments.extend(change.switches());
            change.spec().clone()
        }
    };
    let came = verbs::run("bgrun-run", &arguments, Value::from(vec![spec]).to_string()).await?;
    let env: Value = serde_json::from_slice(&came.done()?).context("read the variables")?;
    answer::value(&json!({"env": env}))
}

fn has_command(spec: &Spec) -> bool {
    spec.argv.is_some() || spec.command.is_some()
}

/// Asks the tool itself. What it does not like is a problem too, unless one is known already:
/// it is likely to be the same.
async fn try_out(checked: &mut Value, spec: &Value, flags: &[&str]) -> Result<(), Problem> {
    let mut arguments = vec!["-", "--json", "--dry-run"];
    arguments.extend(flags);
    let input = Value::from(vec![spec.clone()]).to_string();
    let came = verbs::run("bgrun-run", &arguments, input).await?;
    let plan: Value = serde_json::from_slice(&came.stdout).unwrap_or_default();
    checked["changes"] =
        if plan[0]["changes"].is_array() { plan[0]["changes"].clone() } else { json!([]) };
    checked["is_new"] = plan[0]["is_new"].as_bool().unwrap_or(true).into();
    if came.exit == Some(0) {
        return Ok(());
    }
    if let Some(problems) = checked["problems"].as_array_mut().filter(|known| known.is_empty()) {
        let said = plan[0]["error"].as_str().map(str::to_owned);
        let message = said.unwrap_or_else(|| came.problem().error);
        problems.push(json!({"field": "general", "message": message}));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(spec: Value) -> Value {
        let spec: Spec = serde_json::from_value(spec).expect("a spec");
        let known = ["/usr/bin", "/bin"].map(PathBuf::from);
        checked(&spec, Path::new("/"), &known)
    }

    #[test]
    fn what_is_fine_has_no_problems() {
        for fine in [
            json!({"name": "web", "argv": ["sh", "-c", "a b"], "workdir": "/tmp"}),
            json!({"command": "a | b"}),
        ] {
            assert_eq!(answer(fine)["problems"], json!([]));
        }
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
