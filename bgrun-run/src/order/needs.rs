//! What has to be there before what: found out before anything is started.

use std::collections::{BTreeMap, BTreeSet};

use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::{After, Condition, Home, Process, Store, Wanted, circle, name};

use crate::args::Args;
use crate::existing::is_up;
use crate::prepare::Attempt;
use crate::stored::store_failure;

/// What has to be there before what.
pub(crate) struct Needs {
    /// For each process that is to be started, what it comes after.
    after: BTreeMap<String, Vec<After>>,
    /// What was not asked for, and is to be started first.
    pub(crate) others: BTreeSet<String>,
    /// Those that say how one finds out that they are ready.
    probed: BTreeSet<String>,
    /// Jobs that have done their work already.
    finished: BTreeSet<String>,
}

impl Needs {
    /// What the process `name` comes after.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &After> {
        self.after.get(name).into_iter().flatten()
    }

    /// Whether more than its start is to be waited for.
    pub(crate) fn is_waited_for(&self, after: &After) -> bool {
        match after.condition {
            Condition::Running => false,
            Condition::Ready => self.probed.contains(&after.name),
            Condition::Exited => !self.finished.contains(&after.name),
        }
    }
}

/// Everything that is known of one process.
struct Known<'a> {
    after: &'a [String],
    is_probed: bool,
    stored: Option<&'a Process>,
}

/// Finds out what the attempts need. One that runs already, and is not to be started again,
/// needs nothing; one that needs what nobody knows has failed.
///
/// # Errors
/// A circle; the store cannot be read.
pub(crate) fn of(
    args: &Args,
    attempts: &mut [Attempt],
    home: &Home,
    store: &Store,
) -> anyhow::Result<Needs> {
    let processes = store.processes().map_err(store_failure)?;
    let mut known: BTreeMap<&str, Known<'_>> = processes
        .iter()
        .map(|stored| {
            let after = stored.after.as_slice();
            let is_probed = stored.ready.is_some();
            (stored.name.as_str(), Known { after, is_probed, stored: Some(stored) })
        })
        .collect();
    let mut roots = Vec::new();
    for (name, attempt) in attempts.iter() {
        let Ok(prepared) = attempt else {
            known.insert(name, Known { after: &[], is_probed: false, stored: None });
            continue;
        };
        let stored = prepared.stored.as_ref();
        let is_left = !args.restart
            && !args.force
            && stored.map(|stored| is_up(stored, home)).transpose()?.unwrap_or(false);
        let after = if is_left { &[] } else { prepared.spec.after.as_slice() };
        let is_probed = prepared.spec.ready.is_some();
        known.insert(name, Known { after, is_probed, stored });
        if !is_left {
            roots.push(name.as_str());
        }
    }
    let after = |name: &str| {
        let after = known.get(name).map_or([].as_slice(), |known| known.after);
        after.iter().filter_map(|text| text.parse::<After>().ok()).collect::<Vec<_>>()
    };
    refuse_circle(&roots, &known, &after)?;
    let is_known = |name: &str| known.contains_key(name);
    let unknown: Vec<_> = roots.iter().map(|root| find_unknown(root, &is_known, &after)).collect();
    let is_asked = |name: &str| attempts.iter().any(|(asked, _)| asked == name);
    let mut needs = Needs {
        after: roots
            .iter()
            .zip(&unknown)
            .filter(|(_, unknown)| unknown.is_none())
            .map(|(name, _)| ((*name).to_owned(), after(name)))
            .collect(),
        others: BTreeSet::new(),
        probed: known.iter().filter(|one| one.1.is_probed).map(|one| (*one.0).to_owned()).collect(),
        finished: BTreeSet::new(),
    };
    for need in needs.after.values().flatten().filter(|need| !is_asked(&need.name)) {
        let stored = known.get(need.name.as_str()).and_then(|known| known.stored);
        let has_finished = match stored {
            Some(stored) if need.condition == Condition::Exited => has_finished(stored, home)?,
            _ => false,
        };
        if has_finished {
            needs.finished.insert(need.name.clone());
        } else {
            needs.others.insert(need.name.clone());
        }
    }
    // One process may be a job for one and a server for another.
    needs.finished.retain(|name| !needs.others.contains(name));
    let mut refused: BTreeMap<String, Failure> = BTreeMap::new();
    for (root, unknown) in roots.iter().zip(unknown) {
        if let Some((by, missing)) = unknown {
            let others = known.keys().copied().filter(|name| name != root);
            let near = name::nearest(&missing, others);
            refused.insert((*root).to_owned(), lacks(root, &by, &missing, near));
        }
    }
    for (name, attempt) in attempts {
        if let Some(failure) = refused.remove(name) {
            *attempt = Err(failure);
        }
    }
    Ok(needs)
}

/// Whether it was to run, has done so, and has ended with 0.
fn has_finished(process: &Process, home: &Home) -> std::io::Result<bool> {
    let end = process.run.as_ref().and_then(|run| run.end.as_ref());
    let is_well = process.wanted == Wanted::Up && process.has_run_as_asked();
    Ok(is_well && end.is_some_and(|end| end.code == Some(0)) && !is_up(process, home)?)
}

fn refuse_circle(
    roots: &[&str],
    known: &BTreeMap<&str, Known<'_>>,
    after: &impl Fn(&str) -> Vec<After>,
) -> Result<(), Failure> {
    // Names as long-lived as what is known.
    let names_after = |name: &str| {
        let after = after(name);
        after
            .iter()
            .filter_map(|one| known.get_key_value(one.name.as_str()))
            .map(|one| *one.0)
            .collect()
    };
    match circle(roots.iter().copied(), names_after) {
        None => Ok(()),
        Some(names) => {
            let shown: Vec<_> = names.iter().map(|name| safe(name)).collect();
            let what = format!("they come after each other: {}", shown.join(" → "));
            Err(Failure::new(Exit::Usage, what).hint("--after says anew what one comes after"))
        }
    }
}

/// What nobody knows and `root` needs, itself or by what it needs, and who names it.
fn find_unknown(
    root: &str,
    is_known: &impl Fn(&str) -> bool,
    after: &impl Fn(&str) -> Vec<After>,
) -> Option<(String, String)> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut left = vec![root.to_owned()];
    while let Some(at) = left.pop() {
        for need in after(&at) {
            if !is_known(&need.name) {
                return Some((at, need.name));
            }
            if seen.insert(need.name.clone()) {
                left.push(need.name);
            }
        }
    }
    None
}

fn lacks(root: &str, by: &str, missing: &str, near: Option<&str>) -> Failure {
    let who = if by == root { String::new() } else { format!("needs {}, which ", safe(by)) };
    let what = format!("{who}comes after '{}', and no process has this name", safe(missing));
    Failure::new(Exit::Unknown, what).hint(match near {
        Some(near) => format!("did you mean '{}'?", safe(near)),
        None => "start that first; states are NAME:running, NAME:ready and NAME:exited".to_owned(),
    })
}
