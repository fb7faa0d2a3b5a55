//! `/api/project`: a project file, and making everything as it says, as `bgrun up` does.

use std::path::{Path, PathBuf};

use axum::response::Response;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{self, Problem};
use crate::extract::{Asked, Sent};
use crate::verbs;

/// What a project file is called.
const FILE: &str = "bgrun.toml";

/// Which project.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    /// The file, or a directory: it is there or above. A relative one begins where the
    /// dashboard was started.
    path: PathBuf,
    /// What the file no longer names is stopped and forgotten.
    remove_orphans: bool,
}

pub(crate) async fn look(Asked(which): Asked<Which>) -> Result<Response, Problem> {
    let file = which.file()?;
    let orphans = which.remove_orphans.then_some("--remove-orphans");
    let flags: Vec<&str> = ["--dry-run"].into_iter().chain(orphans).collect();
    let plan = run(&file, &flags, &[]).await?;
    answer::value(&json!({"file": file.to_string_lossy(), "plan": plan}))
}

/// What is to be done with a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    path: PathBuf,
    remove_orphans: bool,
    /// Processes of the file; all, if none is named.
    names: Vec<String>,
    /// Answer when all are ready.
    wait: bool,
}

pub(crate) async fn up(sent: Sent) -> Result<Response, Problem> {
    act(sent.json()?, None).await
}

pub(crate) async fn down(sent: Sent) -> Result<Response, Problem> {
    let wanted: Wanted = sent.json()?;
    act(Wanted { wait: false, ..wanted }, Some("--down")).await
}

async fn act(wanted: Wanted, down: Option<&'static str>) -> Result<Response, Problem> {
    let Wanted { path, remove_orphans, names, wait } = wanted;
    let file = Which { path, remove_orphans }.file()?;
    let orphans = remove_orphans.then_some("--remove-orphans");
    let wait = wait.then_some("--wait");
    let flags: Vec<&str> = down.into_iter().chain(orphans).chain(wait).collect();
    answer::value(&run(&file, &flags, &names).await?)
}

impl Which {
    /// The project file.
    fn file(&self) -> Result<PathBuf, Problem> {
        let here = std::env::current_dir().unwrap_or_default();
        let path = here.join(&self.path);
        if path.is_file() {
            return Ok(path);
        }
        if !path.is_dir() {
            let what =
                if path.exists() { "is neither a file nor a directory" } else { "does not exist" };
            let error = format!("{} {what}", path.display());
            return Err(Problem::new(StatusCode::NOT_FOUND, error));
        }
        nearest(&path).ok_or_else(|| {
            let error = format!("there is no {FILE} in {} or above", path.display());
            Problem::new(StatusCode::NOT_FOUND, error)
        })
    }
}

/// The project file of a directory, or of the nearest one above that has one.
fn nearest(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().map(|above| above.join(FILE)).find(|file| file.is_file())
}

/// Runs `bgrun-up`; answers what it printed.
async fn run(file: &Path, flags: &[&str], names: &[String]) -> Result<Value, Problem> {
    let file = format!("--file={}", file.to_string_lossy());
    let mut arguments: Vec<&str> = vec!["--json", &file];
    arguments.extend(flags);
    arguments.push("--");
    arguments.extend(names.iter().map(String::as_str));
    let came = verbs::run("bgrun-up", &arguments, "").await?;
    let printed: Value = serde_json::from_slice(&came.stdout).unwrap_or_default();
    if came.exit == Some(0) {
        return Ok(printed);
    }
    let mut problem = came.problem();
    // Of several the first that failed is named; the others are seen in the list.
    let failed = printed.as_array().into_iter().flatten();
    if let Some((name, error)) =
        failed.filter_map(|one| Some((one["name"].as_str()?, one["error"].as_str()?))).next()
    {
        problem.error = format!("{name}: {error}");
    }
    Err(problem)
}
