//! What is to be done: which processes are meant, and one pure function for each of them.

use std::collections::BTreeSet;

use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::{Condition, name};
use serde::Serialize;

use crate::file::{Declared, Project};

/// What is done with one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// It does not run.
    Start,
    /// It runs, and the file says something else.
    Restart,
    /// It is as the file says.
    Keep,
    /// The file says nothing of it any more.
    Stop,
    /// The same, and it is left alone.
    Orphan,
}

impl Action {
    /// As in JSON and on the screen.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Restart => "restart",
            Self::Keep => "keep",
            Self::Stop => "stop",
            Self::Orphan => "orphan",
        }
    }
}

/// What is known of a process before anything is done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// Something of it lives.
    pub(crate) is_up: bool,
    pub(crate) status: Option<&'a str>,
    /// In what the file says something else.
    pub(crate) changes: &'a [&'a str],
    /// Another process waits for its end: it is to do its work once.
    pub(crate) is_job: bool,
}

/// Decides what is done with a process of the file.
pub(crate) fn decide(seen: Seen<'_>) -> Action {
    // Whose it is makes no difference to what runs.
    let is_different = seen.changes.iter().any(|change| *change != "project");
    match (seen.is_up, is_different) {
        (true, true) => Action::Restart,
        (true, false) => Action::Keep,
        (false, false) if seen.is_job && seen.status == Some("exited") => Action::Keep,
        (false, _) => Action::Start,
    }
}

/// The processes that are meant: those named with all that they come after, or all.
///
/// # Errors
/// The file says nothing of a name.
pub(crate) fn meant<'a>(
    project: &'a Project,
    names: &[String],
    with_others: bool,
) -> Result<Vec<&'a Declared>, Failure> {
    let find = |name: &str| project.processes.iter().find(|declared| declared.name == name);
    let mut meant: BTreeSet<&str> = BTreeSet::new();
    let mut left: Vec<&str> = Vec::new();
    for name in names {
        match find(name) {
            Some(declared) => left.push(&declared.name),
            None => return Err(unknown(project, name)),
        }
    }
    while let Some(name) = left.pop() {
        if meant.insert(name) && with_others {
            let after = find(name).into_iter().flat_map(|declared| &declared.after);
            left.extend(after.filter_map(|one| find(&one.name)).map(|one| one.name.as_str()));
        }
    }
    let is_meant =
        |declared: &&Declared| names.is_empty() || meant.contains(declared.name.as_str());
    Ok(project.processes.iter().filter(is_meant).collect())
}

fn unknown(project: &Project, unknown: &str) -> Failure {
    let names = || project.processes.iter().map(|declared| declared.name.as_str());
    let what = format!("the project file says nothing of '{}'", safe(unknown));
    let failure = Failure::new(Exit::Unknown, what);
    match name::nearest(unknown, names()) {
        Some(near) => failure.hint(format!("did you mean '{}'?", safe(near))),
        None => failure.hint(format!("it has {}", safe(&names().collect::<Vec<_>>().join(", ")))),
    }
}

/// Whether another process waits for the end of this one.
pub(crate) fn is_job(project: &Project, name: &str) -> bool {
    let mut after = project.processes.iter().flat_map(|declared| &declared.after);
    after.any(|one| one.name == name && one.condition == Condition::Exited)
}

/// The processes in rounds to be stopped in: what comes after others goes before them.
pub(crate) fn backwards<'a>(processes: &[&'a Declared]) -> Vec<Vec<&'a Declared>> {
    let mut left = processes.to_vec();
    let mut rounds = Vec::new();
    while !left.is_empty() {
        let is_needed = |one: &&Declared| {
            left.iter().any(|other| other.after.iter().any(|after| after.name == one.name))
        };
        let (stay, go): (Vec<_>, Vec<_>) = left.iter().copied().partition(is_needed);
        // A circle is refused when the file is read.
        if go.is_empty() {
            rounds.push(stay);
            break;
        }
        rounds.push(go);
        left = stay;
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    fn project(processes: &[(&str, &[&str])]) -> Project {
        let declared = |(name, after): &(&str, &[&str])| Declared {
            name: (*name).to_owned(),
            record: Map::new(),
            after: after.iter().map(|text| text.parse().expect("after")).collect(),
        };
        Project {
            path: "/srv/bgrun.toml".into(),
            processes: processes.iter().map(declared).collect(),
        }
    }

    fn names(processes: &[&Declared]) -> Vec<String> {
        processes.iter().map(|declared| declared.name.clone()).collect()
    }

    #[test]
    fn what_is_done_follows_from_what_is_seen() {
        use Action::{Keep, Restart, Start};
        type Case = (bool, Option<&'static str>, &'static [&'static str], bool, Action);
        let table: [Case; 9] = [
            (true, Some("running"), &[], false, Keep),
            (true, Some("backoff"), &[], false, Keep),
            (true, Some("running"), &["env"], false, Restart),
            (true, Some("running"), &["project"], false, Keep),
            (false, None, &[], false, Start),
            (false, Some("stopped"), &["env"], false, Start),
            (false, Some("exited"), &[], false, Start),
            (false, Some("exited"), &[], true, Keep),
            (false, Some("failed"), &[], true, Start),
        ];
        for (is_up, status, changes, is_job, action) in table {
            let seen = Seen { is_up, status, changes, is_job };
            assert_eq!(decide(seen), action, "{seen:?}");
        }
    }

    #[test]
    fn a_name_means_what_it_comes_after_too() {
        let project =
            project(&[("web", &["api"]), ("api", &["db:running"]), ("db", &[]), ("x", &[])]);
        let of = |words: &[&str], with_others| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            meant(&project, &words, with_others).map(|found| names(&found))
        };
        assert_eq!(of(&[], true).expect("all"), ["web", "api", "db", "x"]);
        assert_eq!(of(&["api"], true).expect("api"), ["api", "db"]);
        assert_eq!(of(&["x", "api"], false).expect("both"), ["api", "x"]);
        assert_eq!(of(&["wbe"], true).expect_err("unknown").exit(), Exit::Unknown);
    }

    #[test]
    fn what_comes_after_is_stopped_before() {
        let project =
            project(&[("db", &[]), ("api", &["db"]), ("web", &["api", "db"]), ("x", &[])]);
        let all: Vec<&Declared> = project.processes.iter().collect();
        let rounds: Vec<Vec<String>> = backwards(&all).iter().map(|round| names(round)).collect();
        assert_eq!(rounds, [vec!["web", "x"], vec!["api"], vec!["db"]]);
    }
}
