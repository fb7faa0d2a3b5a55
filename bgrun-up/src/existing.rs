//! What there is already, and whose it is.

use std::path::Path;

use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use serde_json::Value;

use crate::calls::{Talk, call};
use crate::file::{Declared, Project};

/// The records of all processes.
///
/// # Errors
/// Nobody can tell.
pub(crate) fn all() -> anyhow::Result<Vec<Value>> {
    Ok(call("bgrun-ls", &["--json".into()], None, Talk::Shown)?.records)
}

/// The record of the process `name`.
pub(crate) fn find<'a>(records: &'a [Value], name: &str) -> Option<&'a Value> {
    records.iter().find(|record| record["name"].as_str() == Some(name))
}

/// Whether the process of `record` is the one that the file declares: started by this file,
/// or by hand in the same directory.
pub(crate) fn is_of(project: &Project, declared: &Declared, record: &Value) -> bool {
    match record["project"].as_str() {
        Some(other) => Path::new(other) == project.path,
        None => real(&declared.record["workdir"]) == real(&record["workdir"]),
    }
}

fn real(path: &Value) -> Option<std::path::PathBuf> {
    let path = Path::new(path.as_str()?);
    Some(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
}

/// What is said of a name that another process has.
pub(crate) fn taken(record: &Value) -> Failure {
    let what = match (record["project"].as_str(), record["workdir"].as_str()) {
        (Some(project), _) => format!("is a process of {} already", safe(project)),
        (None, directory) => {
            format!("is a process in {} already", safe(directory.unwrap_or("another directory")))
        }
    };
    let name = record["name"].as_str().unwrap_or_default();
    Failure::new(Exit::Exists, what)
        .hint(format!("give one of them another name, or: bgrun kill {} --delete", safe(name)))
}

/// The names of what this file has started and says no more.
pub(crate) fn orphans(project: &Project, records: &[Value]) -> Vec<String> {
    let is_orphan = |record: &&Value| {
        let name = record["name"].as_str().unwrap_or_default();
        record["project"].as_str().is_some_and(|of| Path::new(of) == project.path)
            && project.processes.iter().all(|declared| declared.name != name)
    };
    let orphans = records.iter().filter(is_orphan);
    orphans.filter_map(|record| record["name"].as_str().map(str::to_owned)).collect()
}
