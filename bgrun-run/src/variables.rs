//! What the variables of a process come to: its caller's environment below, then the files
//! of variables, then the configuration, and over all of these what is set by name.

mod print;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::{Spec, variables};

use crate::ask::Ask;
use crate::config::{self, Configuration, Surroundings};
use crate::environment::{self, Policies};
use crate::prepare::{absolute, file_path};

pub(crate) use print::print;

/// The variables of one process, and what they declare of it.
#[derive(Debug)]
pub(crate) struct Variables {
    pub(crate) caller_environment: Vec<(OsString, OsString)>,
    pub(crate) environment_files: Vec<PathBuf>,
    /// The configuration that was found.
    pub(crate) config: Option<PathBuf>,
    pub(crate) no_config: bool,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) overrides: BTreeMap<String, String>,
    /// What is said now: by files, by the caller, by name.
    pub(crate) declared: Policies,
    /// What is stored and still holds.
    pub(crate) kept: Policies,
    /// What was declared before, where it is not stored as a policy yet.
    pub(crate) inherited: Policies,
}

/// Reads all files anew and lays everything over each other.
///
/// # Errors
/// A file cannot be read or understood, or a value makes no sense.
pub(crate) fn of(
    ask: &Ask,
    name: &str,
    directory: &Path,
    kept: Option<&Spec>,
) -> Result<Variables, Failure> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    let mut caller_environment = match (&ask.caller_environment, kept) {
        (Some(given), _) => given.clone(),
        // What was taken over from elsewhere has none yet.
        (None, Some(kept)) if !ask.fresh_environment && !kept.caller_environment.is_empty() => {
            kept.caller_environment.clone()
        }
        _ => environment::of_caller(),
    };
    let environment_files = if ask.environment_files.is_empty() {
        kept.map(|kept| kept.environment_files.clone()).unwrap_or_default()
    } else {
        ask.environment_files.iter().map(|file| absolute(file)).collect::<Result<_, _>>()?
    };
    let mut settings = match kept {
        Some(kept) if !ask.has_all_settings => kept.settings.clone(),
        _ => BTreeMap::new(),
    };
    let mut given = environment::read_files(&environment_files)
        .map_err(|what| Failure::new(Exit::Failed, what))?;
    let stored = kept.map(|kept| (&*kept.directory, kept.config.as_deref(), kept.no_config));
    let choice = config::choose(ask.config.as_ref(), ask.no_config, directory, stored);
    let no_config = choice == config::Choice::None;
    let choice = match choice {
        config::Choice::Named(path) => config::Choice::Named(file_path(&path)?),
        other => other,
    };
    let surroundings = Surroundings {
        directory,
        caller: &caller_environment,
        above: [&given, &settings, &ask.settings],
    };
    let Configuration { path, variables } = config::read(choice, name, &surroundings)?;
    given.extend(variables);
    // What the shell has, now or when it was recorded, is below all files.
    settings.retain(|key, value| {
        !(is_recorded(key) && given.contains_key(key) && has(&caller_environment, key, value))
    });
    let mut recorded = environment::recorded();
    recorded.retain(|key, _| !given.contains_key(key));
    for (key, value) in &recorded {
        caller_environment.retain(|(other, _)| other != key.as_str());
        caller_environment.push((key.into(), value.into()));
    }
    given.extend(recorded.clone());
    given.extend(ask.settings.clone());
    // What is said now goes before what is stored, a flag before a variable.
    let declared = environment::policies(&given).map_err(usage)?;
    settings.extend(recorded);
    settings.extend(ask.settings.clone());
    let overrides = overrides(given, &settings)?;
    Ok(Variables {
        inherited: environment::policies(&overrides).map_err(usage)?,
        kept: kept.map(|kept| still_holds(kept, &overrides)).unwrap_or_default(),
        caller_environment,
        environment_files,
        config: path,
        no_config,
        settings,
        overrides,
        declared,
    })
}

fn is_recorded(key: &str) -> bool {
    variables::RECORDED.contains(&key)
}

fn has(environment: &[(OsString, OsString)], key: &str, value: &str) -> bool {
    environment.iter().any(|(name, text)| name == key && text == value)
}

/// All overrides: what is set by name goes before what files say.
fn overrides(
    mut given: BTreeMap<String, String>,
    settings: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Failure> {
    given.extend(settings.clone());
    match environment::impossible(&given) {
        Some(what) => Err(Failure::new(Exit::Usage, what)),
        None => Ok(given),
    }
}

/// The stored policies, but for those that a variable declared which is there no more.
fn still_holds(kept: &Spec, now: &BTreeMap<String, String>) -> Policies {
    let was = environment::policies(&kept.overrides).unwrap_or_default();
    let is_gone = |key: &str| kept.overrides.contains_key(key) && !now.contains_key(key);
    let holds = |key, is_from_there: bool| !(is_gone(key) && is_from_there);
    let group = kept.group.clone();
    let (limit, interval) = (kept.memory_limit_bytes, kept.restart_interval_minutes);
    Policies {
        after: Some(kept.after.clone())
            .filter(|_| holds(variables::DEPENDS_ON, was.after.as_ref() == Some(&kept.after))),
        keep_alive: Some(kept.keep_alive)
            .filter(|own| holds(variables::KEEP_ALIVE, was.keep_alive == Some(*own))),
        memory_limit_bytes: limit
            .filter(|_| holds(variables::MEMORY_LIMIT, was.memory_limit_bytes == limit)),
        restart_interval_minutes: interval.filter(|_| {
            holds(variables::RESTART_INTERVAL, was.restart_interval_minutes == interval)
        }),
        group: group.filter(|own| holds(variables::GROUP, was.group.as_ref() == Some(own))),
    }
}
