//! From what was asked and what is stored to what to start, with every check that can
//! be made before anything is touched.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use bgrun_platform::spawn::{self, Refused};
use bgrun_platform::text::{safe, safe_path};
use bgrun_platform::tool::{Exit, Failure, callers_umask};
use bgrun_store::{
    Home, KeepAlive, LogPolicy, Process, RestartPolicy, Spec, Store, Stream, container, name,
    rendered,
};

use crate::ask::{Ask, Command};
use crate::changes;
use crate::environment;
use crate::order;
use crate::stored::store_failure;
use crate::variables::{self, Variables};

/// One process, checked and ready to be started.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) spec: Spec,
    /// The process as it is stored, if it is.
    pub(crate) stored: Option<Process>,
}

/// One process for each ask, or why it is not started.
pub(crate) type Attempt = (String, Result<Prepared, Failure>);

/// Prepares every ask that is not refused already. One that fails does not keep the others from being started.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn all(
    asks: &[Ask],
    refused: Vec<Option<Failure>>,
    home: &Home,
    store: &Store,
) -> anyhow::Result<Vec<Attempt>> {
    let mut attempts: Vec<Attempt> = Vec::new();
    for (ask, refused) in asks.iter().zip(refused) {
        let (name, stored) = identify(ask, store, &attempts)?;
        let old = match &stored {
            Some(process) => store.spec(process.id).map_err(store_failure)?,
            None => None,
        };
        if let Some(failure) = refused {
            attempts.push((name, Err(failure)));
            continue;
        }
        let old =
            if ask.is_reset { old.map(|old| changes::without_choices(old, home)) } else { old };
        let spec = spec(ask, &name, old, home).and_then(|spec| {
            // A job that comes first may make the program or the directory.
            if order::has_job_before(&spec) { Ok(spec) } else { check(&spec).map(|()| spec) }
        });
        attempts.push((name, spec.map(|spec| Prepared { spec, stored })));
    }
    Ok(attempts)
}

/// The names of those that say how one finds out that they are ready.
pub(crate) fn probed(attempts: &[Attempt]) -> BTreeSet<String> {
    let is_probed = |(name, attempt): &Attempt| {
        let prepared = attempt.as_ref().ok()?;
        prepared.spec.ready.is_some().then(|| name.clone())
    };
    attempts.iter().filter_map(is_probed).collect()
}

/// The name of what is asked for, and the stored process of that name.
///
/// A derived name belongs to a stored process only if that has the same command in the
/// same directory; otherwise the next free name is taken.
pub(crate) fn identify(
    ask: &Ask,
    store: &Store,
    attempts: &[Attempt],
) -> anyhow::Result<(String, Option<Process>)> {
    if let Some(name) = &ask.name {
        return Ok((name.clone(), store.process(name).map_err(store_failure)?));
    }
    let command = match &ask.command {
        Some(Command::Argv(argv)) => rendered(argv),
        Some(Command::Shell(line)) => line.clone(),
        None => String::new(),
    };
    let words: Vec<Cow<'_, str>> = match &ask.command {
        Some(Command::Argv(argv)) => argv.iter().map(|word| word.to_string_lossy()).collect(),
        _ => command.split_whitespace().map(Cow::from).collect(),
    };
    let derived = name::derive(&words);
    let directory = directory(ask, None).map_err(anyhow::Error::from)?;
    let processes = store.processes().map_err(store_failure)?;
    let is_same = |process: &&Process| process.command == command && process.directory == directory;
    let numbered = format!("{derived}-");
    let of_that_name =
        |process: &&Process| process.name == derived || process.name.starts_with(&numbered);
    if let Some(same) = processes.iter().filter(of_that_name).find(is_same) {
        return Ok((same.name.clone(), Some(same.clone())));
    }
    let is_taken = |candidate: &str| {
        processes.iter().any(|process| process.name == candidate)
            || attempts.iter().any(|(name, _)| name == candidate)
    };
    Ok((name::free(&derived, is_taken), None))
}

pub(crate) fn directory(ask: &Ask, old: Option<&Spec>) -> Result<PathBuf, Failure> {
    match (&ask.directory, &ask.command, old) {
        (Some(directory), _, _) => absolute(directory),
        // Started again: where it was. With a command: here.
        (None, None, Some(old)) => Ok(old.directory.clone()),
        (None, _, _) => std::env::current_dir().map_err(|error| {
            Failure::new(Exit::NotExecutable, format!("the current directory is gone: {error}"))
        }),
    }
}

/// `path` from the root, without `.`, `..` and links: the same place has one name. What
/// is not there yet is taken as it is written.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    if path.as_os_str().is_empty() {
        return Err(Failure::new(Exit::Usage, "a path is not empty"));
    }
    let whole = std::path::absolute(path)
        .map_err(|error| Failure::new(Exit::Usage, format!("{}: {error}", safe_path(path))))?;
    let mut resolved = PathBuf::from("/");
    for part in whole.components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => {
                resolved.push(name);
                if let Ok(real) = resolved.canonicalize() {
                    resolved = real;
                }
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Ok(resolved)
}

/// A file's path from the root; the file itself is not resolved: a log that is a link is
/// refused, and a link to a configuration is followed at each start.
pub(crate) fn file_path(path: &Path) -> Result<PathBuf, Failure> {
    let wrong = |what: &str| Failure::new(Exit::Usage, format!("{}: {what}", safe_path(path)));
    let file = path.file_name().ok_or_else(|| wrong("not the name of a file"))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok(absolute(parent.unwrap_or(Path::new(".")))?.join(file))
}

/// What to start: what is asked, else what is stored, else the default.
fn spec(ask: &Ask, name: &str, old: Option<Spec>, home: &Home) -> Result<Spec, Failure> {
    let directory = directory(ask, old.as_ref())?;
    let kept = old;
    let (command, argv) = match (&ask.command, &kept) {
        (Some(Command::Argv(argv)), _) => (rendered(argv), Some(argv.clone())),
        (Some(Command::Shell(line)), _) => (line.clone(), None),
        (None, Some(kept)) => (kept.command.clone(), kept.argv.clone()),
        (None, None) => {
            let what = "no process has this name, and there is no command";
            let hint =
                ask.hint.as_deref().unwrap_or("to start a new one: bgrun run NAME -- COMMAND…");
            return Err(Failure::new(Exit::Unknown, what).hint(hint));
        }
    };
    let container = container::recognised(argv.as_deref(), &command, name);
    let log = |given: &Option<PathBuf>, kept: Option<&PathBuf>, stream| -> Result<_, Failure> {
        match (given, &ask.logs_directory, kept) {
            (Some(path), _, _) => file_path(path),
            (None, Some(directory), _) => Ok(home.log(Some(&absolute(directory)?), name, stream)),
            (None, None, Some(kept)) => Ok(kept.clone()),
            (None, None, None) => Ok(home.log(None, name, stream)),
        }
    };
    let stdout = log(&ask.stdout, kept.as_ref().map(|kept| &kept.stdout), Stream::Stdout)?;
    let stderr = log(&ask.stderr, kept.as_ref().map(|kept| &kept.stderr), Stream::Stderr)?;
    let variables = variables::of(ask, name, &directory, kept.as_ref())?;
    let Variables { declared, inherited, kept: policies, .. } = variables;
    let spec = Spec {
        name: name.to_owned(),
        group: ask
            .group
            .clone()
            .or(declared.group)
            .or(policies.group)
            .filter(|group| !group.is_empty()),
        command,
        argv,
        directory,
        config: variables.config,
        stdout,
        stderr,
        shared_log: ask.shared_log || kept.as_ref().is_some_and(|kept| kept.shared_log),
        caller_environment: variables.caller_environment,
        environment_files: variables.environment_files,
        settings: variables.settings,
        overrides: variables.overrides,
        umask: kept.as_ref().map_or_else(callers_umask, |kept| kept.umask),
        stop_signal: match (ask.stop_signal, &kept) {
            (Some(signal), _) => signal.to_string(),
            (None, Some(kept)) => kept.stop_signal.clone(),
            (None, None) => "SIGTERM".to_owned(),
        },
        stop_timeout: ask
            .stop_timeout
            .or(kept.as_ref().map(|kept| kept.stop_timeout))
            .unwrap_or(Duration::from_secs(10)),
        keep_alive: ask
            .keep_alive
            .or(declared.keep_alive)
            .or(policies.keep_alive)
            .unwrap_or(KeepAlive::Never),
        restart_policy: restart_policy(ask, kept.as_ref()),
        memory_limit_bytes: ask
            .memory_limit_bytes
            .or(declared.memory_limit_bytes)
            .or(policies.memory_limit_bytes)
            .or(inherited.memory_limit_bytes),
        restart_interval_minutes: ask
            .restart_interval_minutes
            .or(declared.restart_interval_minutes)
            .or(policies.restart_interval_minutes)
            .or(inherited.restart_interval_minutes),
        started_by: environment::outer_process(),
        no_config: variables.no_config,
        after: ask.after.clone().or(declared.after).or(policies.after).unwrap_or_default(),
        ready: ask
            .ready
            .clone()
            .or(kept.as_ref().and_then(|kept| kept.ready.clone()))
            .filter(|probe| !probe.is_empty()),
        container,
        log_policy: log_policy(ask, kept.as_ref()),
        project: ask.project.clone().or(kept.as_ref().and_then(|kept| kept.project.clone())),
    };
    let is_missing = |key: &&String| !spec.overrides.contains_key(*key);
    let missing: Vec<_> = ask.missing_values.iter().filter(is_missing).cloned().collect();
    if !missing.is_empty() && kept.is_none() {
        bgrun_platform::tool::warn(format_args!(
            "{name}: the record has no values for {} (bgrun ls --json --env has)",
            missing.join(", ")
        ));
    }
    Ok(spec)
}

fn restart_policy(ask: &Ask, kept: Option<&Spec>) -> RestartPolicy {
    let mut policy = kept.map(|kept| kept.restart_policy.clone()).unwrap_or_default();
    if let Some(pauses) = ask.backoff {
        (policy.shortest_pause, policy.longest_pause) = pauses;
    }
    if let Some(most) = ask.max_restarts {
        (policy.most, policy.window) = most;
    }
    if let Some(codes) = &ask.final_codes {
        policy.final_codes.clone_from(codes);
    }
    policy
}

fn log_policy(ask: &Ask, kept: Option<&Spec>) -> LogPolicy {
    let kept = kept.map(|kept| kept.log_policy).unwrap_or_default();
    LogPolicy {
        max_size_bytes: ask.log_max_size_bytes.unwrap_or(kept.max_size_bytes),
        keep: ask.log_keep.unwrap_or(kept.keep),
        compress: ask.log_compress.unwrap_or(kept.compress),
        max_total_bytes: match ask.log_max_total_bytes {
            Some(0) => None,
            given => given.or(kept.max_total_bytes),
        },
    }
}

/// Where its process looks for programs.
pub(crate) fn path_of(spec: &Spec) -> Option<&OsStr> {
    spec.overrides.get("PATH").map(OsStr::new).or_else(|| {
        let of_caller = spec.caller_environment.iter().find(|(key, _)| key == "PATH");
        of_caller.map(|(_, path)| path.as_os_str())
    })
}

/// Checks what the supervisor would only find out later: the directory, the command,
/// that the two logs are not one file by accident.
pub(crate) fn check(spec: &Spec) -> Result<(), Failure> {
    let refused = |refused: Refused| match &refused {
        Refused::NotFound(program) => {
            let failure = Failure::new(Exit::NotFound, &refused);
            if program.to_string_lossy().contains(char::is_whitespace) {
                return failure.hint("for a shell command use -c '…'");
            }
            // `pm2 start npm -- start`
            let name = OsStr::new(&spec.name);
            match spawn::find_program(name, path_of(spec), &spec.directory) {
                Ok(_) => {
                    let words =
                        rendered(&[&[OsString::from(name)], spec.words().as_slice()].concat());
                    failure.hint(format_args!(
                        "the program comes behind --: bgrun run -- {}",
                        safe(&words)
                    ))
                }
                Err(_) => failure,
            }
        }
        Refused::System(_) => Failure::new(Exit::NotStarted, refused),
        _ => Failure::new(Exit::NotExecutable, refused),
    };
    // Records and lock files are JSON, and could not tell of any other path.
    let paths = [&spec.directory, &spec.stdout, &spec.stderr];
    if let Some(path) = paths.into_iter().find(|path| path.to_str().is_none()) {
        let what = format!("the path {} is no UTF-8", safe_path(path));
        return Err(Failure::new(Exit::NotStarted, what));
    }
    spawn::open_directory(&spec.directory).map_err(refused)?;
    let words = spec.words();
    let path = path_of(spec);
    let program = words.first().map_or(OsStr::new(""), |word| word.as_os_str());
    spawn::find_program(program, path, &spec.directory).map_err(refused)?;
    // A shell would find out too, but nobody would hear of it.
    if let Some(engine) = spec.engine_call(None).and_then(|call| call.words.into_iter().next()) {
        spawn::find_program(OsStr::new(&engine), path, &spec.directory).map_err(refused)?;
    }
    if words.iter().any(|word| word.as_encoded_bytes().contains(&0)) {
        return Err(Failure::new(Exit::Usage, "an argument contains a NUL byte"));
    }
    Ok(())
}
