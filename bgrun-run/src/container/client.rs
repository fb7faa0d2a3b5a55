//! `bgrun-run --container`: what a supervisor has done for a container. It mostly ends by
//! becoming a client of the engine, and that is the managed process then.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::Duration;

use bgrun_platform::engine::{Container, Engine, PATIENCE};
use bgrun_run::{CONTAINER, ContainerAct};
use bgrun_store::container::{self, LABEL};
use jiff::Timestamp;

use crate::container::{Room, is_of, remove, room};

/// The code of a client that failed itself.
const FAILED: u8 = 125;

/// What was asked for.
struct Asked {
    act: ContainerAct,
    cookie: String,
    /// How long it may take to stop, in seconds.
    patience: String,
    name: String,
    engine: Engine,
    /// The words that run the container.
    words: Vec<OsString>,
}

/// Acts, if that is what this program was started for. Otherwise `None`.
pub(crate) fn run() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != CONTAINER {
        return None;
    }
    let Some(asked) = asked(words) else { return Some(ExitCode::from(2)) };
    Some(ExitCode::from(act(&asked)))
}

fn asked(mut words: impl Iterator<Item = OsString>) -> Option<Asked> {
    let act = ContainerAct::of(words.next()?.to_str()?)?;
    let cookie = words.next()?.into_string().ok()?;
    let patience = words.next()?.into_string().ok()?;
    let words: Vec<OsString> = words.collect();
    let is_shell = words.len() == 3 && words[0] == "/bin/sh" && words[1] == "-c";
    let line = if is_shell { words[2].to_str()? } else { "" };
    let argv = (!is_shell).then_some(words.as_slice());
    let name = container::recognised(argv, line, "")?.name;
    let engine = Engine::new(container::engine_words(argv, line)?, None, &[]);
    Some(Asked { act, cookie, patience, name, engine, words })
}

fn act(asked: &Asked) -> u8 {
    let label = (asked.act != ContainerAct::Again).then_some(LABEL);
    let containers = asked.engine.containers(label);
    match (asked.act, containers) {
        (ContainerAct::Again, Ok(containers)) => again(asked, &containers),
        // The engine says itself, as a client of its own, what is wrong with it.
        (ContainerAct::Again, Err(_)) => become_client(&asked.words),
        (ContainerAct::Resume, Ok(containers)) => resume(asked, &containers),
        (ContainerAct::Code, Ok(containers)) => code(asked, &containers),
        (ContainerAct::Stop, Ok(containers)) => stop(asked, &containers),
        (ContainerAct::Resume | ContainerAct::Code | ContainerAct::Stop, Err(error)) => {
            complain(&error)
        }
    }
}

fn again(asked: &Asked, containers: &[Container]) -> u8 {
    match room(containers, &asked.name, Some(&asked.cookie)) {
        Room::Stale(ids) => match remove(&asked.engine, &ids) {
            Ok(()) => become_client(&asked.words),
            Err(error) => complain(&error),
        },
        Room::Running(id) => follow(asked, &id),
        Room::Strangers => {
            complain(&format!("a container called '{}' is there already, not of ours", asked.name))
        }
    }
}

fn resume(asked: &Asked, containers: &[Container]) -> u8 {
    let mut own = containers.iter().filter(|one| is_of(one, &asked.cookie));
    own.next().map_or(FAILED, |one| follow(asked, &one.id))
}

fn code(asked: &Asked, containers: &[Container]) -> u8 {
    let mut own = containers.iter().filter(|one| is_of(one, &asked.cookie));
    let Some(one) = own.next() else { return FAILED };
    let code = asked.engine.begin(&["wait", &one.id]).and_then(|act| act.finish(Duration::MAX));
    code.ok().and_then(|code| code.trim().parse().ok()).unwrap_or(FAILED)
}

fn stop(asked: &Asked, containers: &[Container]) -> u8 {
    let mut words = vec!["stop", "-t", asked.patience.as_str()];
    let own = containers.iter().filter(|one| is_of(one, &asked.cookie) && one.is_alive());
    words.extend(own.map(|one| one.id.as_str()));
    if words.len() == 3 {
        return 0;
    }
    let patience = Duration::from_secs(asked.patience.parse().unwrap_or(0)) + PATIENCE;
    match asked.engine.begin(&words).and_then(|act| act.finish(patience)) {
        Ok(_) => 0,
        Err(error) => complain(&error),
    }
}

/// Becomes a client that hands on what the container `id` writes, from where the one before
/// it left off: at the last time that something was written into the logs.
fn follow(asked: &Asked, id: &str) -> u8 {
    let written = |log: &dyn AsFd| {
        let log = File::from(log.as_fd().try_clone_to_owned().ok()?);
        Timestamp::try_from(log.metadata().ok()?.modified().ok()?).ok()
    };
    let last = written(&std::io::stdout()).max(written(&std::io::stderr()));
    let since = last.unwrap_or(Timestamp::UNIX_EPOCH).to_string();
    let engine = asked.engine.words.iter().map(OsString::from);
    let words = ["logs", "--follow", "--since", &since, id].map(OsString::from);
    become_client(&engine.chain(words).collect::<Vec<_>>())
}

/// Becomes the program that `words` name.
fn become_client(words: &[OsString]) -> u8 {
    let Some((program, arguments)) = words.split_first() else { return FAILED };
    let error = Command::new(program).args(arguments).exec();
    complain(&format!("{}: {error}", program.to_string_lossy()))
}

/// Says what is wrong where the container says what it has to say: in the log.
fn complain(what: &dyn std::fmt::Display) -> u8 {
    let _ = writeln!(std::io::stderr(), "bgrun: {what}");
    FAILED
}
