//! Starting: the wish is stored, supervisors are launched, and what came of it is
//! written down. Many processes take one transaction for each step.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Identity, Lock, LockError, Signal, events, fault, sibling, spawn};
use bgrun_run::{Answer, Launch, Refusal, SUPERVISOR, Verdict, receive, send};
use bgrun_store::{
    Durability, End, Error, Home, LockLine, Process, Reason, Spec, Start, Store, Wanted, Writer,
    container, new_cookie, variables,
};

use crate::args::Args;
use crate::existing::{Plan, Way, runs_already};
use crate::prepare::Prepared;
use crate::stored::store_failure;

/// What became of one name.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It runs.
    Started(Box<LockLine<Identity>>),
    /// It ran already.
    Left,
    /// It was not started.
    Failed(Failure),
}

/// A wish that is written down, with the lock that goes to its supervisor.
struct Asked {
    spec: Spec,
    start: Start,
    lock: Lock,
}

/// For each name how far it has come, or what became of it already.
type Each<T> = Vec<(String, Result<T, Outcome>)>;

/// From so many on a second thread is worth its start.
const MANY: usize = 8;

/// A supervisor that waits to be told to go on.
struct Waiting {
    launch: Launch,
    socket: UnixStream,
}

/// A glance of another tool at the lock takes no longer.
const GLANCE: Duration = Duration::from_millis(5);

/// Carries out the plans.
pub(crate) fn all(args: &Args, way: Way, home: &Home, store: &mut Store) -> Vec<(String, Outcome)> {
    // What keeps other restarts away is let go when all is done.
    let Way { plans, restarts: _restarts } = way;
    fault::at("run:before-commit");
    let stored = store.write::<_, Error>(Durability::Power, |writer| {
        let ready = |(name, plan)| match plan {
            Plan::Start(prepared) => match ask(args, writer, home, *prepared) {
                Ok(asked) => Ok((name, Ok(asked))),
                Err(Refused::Process(failure))
                    if args.if_absent && failure.exit() == Exit::Exists =>
                {
                    Ok((name, Err(Outcome::Left)))
                }
                Err(Refused::Process(failure)) => Ok((name, Err(Outcome::Failed(failure)))),
                Err(Refused::Store(error)) => Err(error),
                Err(Refused::StoredOnly) => Ok((name, Err(Outcome::Left))),
            },
            Plan::Leave => Ok((name, Err(Outcome::Left))),
            Plan::Fail(failure) => Ok((name, Err(Outcome::Failed(failure)))),
        };
        equip_all(plans.into_iter().map(ready).collect::<Result<Vec<_>, _>>()?, home)
    });
    fault::at("run:after-commit");
    // Supervisors of a transaction that failed see their socket close, and leave.
    let waiting = match stored {
        Ok(waiting) => waiting,
        Err(error) => return vec![(String::new(), Outcome::Failed(store_failure(error)))],
    };
    let sent: Vec<_> = waiting
        .into_iter()
        .map(|(name, waiting)| (name, waiting.map(|one| (send(&one.socket, &one.launch), one))))
        .collect();
    let answered: Vec<_> = sent
        .into_iter()
        .map(|(name, sent)| {
            let answered = sent.map(|(sent, one)| {
                let answer = sent.and_then(|()| receive::<Answer>(&one.socket));
                (answer, one.socket)
            });
            (name, answered)
        })
        .collect();
    fault::at("run:before-record");
    let recorded = store.write::<_, Error>(Durability::Boot, |writer| {
        for (_, answered) in &answered {
            if let Ok((Ok(Answer::Started(line) | Answer::Refused(line, _)), _)) = answered {
                let supervisor =
                    line.supervisor.as_ref().and_then(|one| serde_json::to_string(one).ok());
                writer.record_run(line.id, &line.as_run(), supervisor.as_deref())?;
            }
        }
        Ok(())
    });
    let verdict = if recorded.is_ok() { Verdict::Recorded } else { Verdict::Undo };
    let trouble = recorded.err();
    answered
        .into_iter()
        .map(|(name, answered)| {
            let outcome = match answered {
                Err(outcome) => outcome,
                Ok((answer, socket)) => {
                    let _ = send(&socket, &verdict);
                    match &trouble {
                        Some(error) => Outcome::Failed(store_failure(error.clone())),
                        None => outcome(answer),
                    }
                }
            };
            (name, outcome)
        })
        .collect()
}

fn outcome(answer: std::io::Result<Answer>) -> Outcome {
    Outcome::Failed(match answer {
        Ok(Answer::Started(line)) => return Outcome::Started(line),
        Ok(Answer::Refused(_, Refusal { code, reason })) => Failure::new(Exit::Other(code), reason),
        Ok(Answer::Withdrawn) => {
            Failure::new(Exit::NotRunning, "was stopped before it could start")
        }
        Err(_) => Failure::new(Exit::NotStarted, "its supervisor died before it answered")
            .hint("'bgrun ls' shows whether it runs"),
    })
}

/// Why something was not started.
#[derive(Debug)]
pub(crate) enum Refused {
    /// For a reason of its own.
    Process(Failure),
    /// The store cannot be used.
    Store(Error),
    /// It was only to be stored, and is.
    StoredOnly,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Gives everyone a supervisor. To execute a program takes longer than all else here, and
/// its starter waits for that: many are started from two threads.
fn equip_all(mut asked: Each<Asked>, home: &Home) -> Result<Each<Waiting>, Error> {
    let equip = |share: Each<Asked>| {
        let one = |(name, asked): (String, Result<Asked, Outcome>)| match asked {
            Err(outcome) => Ok((name, Err(outcome))),
            Ok(asked) => match equip(asked, home) {
                Ok(waiting) => Ok((name, Ok(waiting))),
                Err(Refused::Process(failure)) => Ok((name, Err(Outcome::Failed(failure)))),
                Err(Refused::Store(error)) => Err(error),
                Err(Refused::StoredOnly) => Ok((name, Err(Outcome::Left))),
            },
        };
        share.into_iter().map(one).collect::<Result<Vec<_>, Error>>()
    };
    if asked.len() < MANY {
        return equip(asked);
    }
    let rest = asked.split_off(asked.len() / 2);
    let (first, second) = std::thread::scope(|scope| {
        let second = scope.spawn(|| equip(rest));
        let first = equip(asked);
        (first, second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let mut all = first?;
    all.extend(second?);
    Ok(all)
}

/// Stores the wish, with the lock in the hand: from here on everybody sees that the name
/// is taken.
fn ask(
    args: &Args,
    writer: &Writer<'_>,
    home: &Home,
    prepared: Prepared,
) -> Result<Asked, Refused> {
    let Prepared { spec, stored } = prepared;
    let now = writer.process(&spec.name)?;
    if args.automatic && now.as_ref().is_none_or(|now| now.wanted == Wanted::Down) {
        return Err(Refused::Process(Failure::new(Exit::NotRunning, "is not wanted any more")));
    }
    // Somebody may have been faster since this tool looked.
    match change(stored.as_ref(), now.as_ref()) {
        Change::None => {}
        Change::Started => return Err(Refused::Process(runs_already())),
        Change::Stopped => {
            return Err(Refused::Process(Failure::new(Exit::NotRunning, "was stopped meanwhile")));
        }
        Change::Forgotten => {
            return Err(Refused::Process(Failure::new(Exit::Unknown, "was forgotten meanwhile")));
        }
    }
    for log in [&spec.stdout, &spec.stderr] {
        if log.as_os_str() == "/dev/null" {
            continue;
        }
        if let Some(other) = writer.other_writer(&spec.name, log, spec.shared_log)? {
            let what = format!("'{other}' writes into {} already", log.display());
            let hint = "say --shared-log for both, or choose another file";
            return Err(Refused::Process(Failure::new(Exit::Failed, what).hint(hint)));
        }
    }
    let take = |id| {
        Lock::take(&home.lock(id), GLANCE).map_err(|error| match error {
            LockError::Held(_) => Refused::Process(runs_already()),
            LockError::Io { .. } => Refused::Process(Failure::new(Exit::Store, error)),
        })
    };
    // Locked before anything is changed, where there is something to lock.
    let mut least_run = 1;
    let (id, lock) = match now {
        Some(process) => {
            let lock = take(process.id)?;
            least_run = note_unrecorded_end(writer, &lock, process)?;
            (writer.save(&spec, &new_cookie())?, lock)
        }
        None => {
            let id = writer.save(&spec, &new_cookie())?;
            let lock = take(id).map_err(|refused| match writer.forget(id) {
                // Nothing of a start that was refused is left.
                Ok(_) => refused,
                Err(error) => Refused::Store(error),
            })?;
            (id, lock)
        }
    };
    if args.stored_only {
        return Err(Refused::StoredOnly);
    }
    let mut start = if args.automatic { writer.want_again(id)? } else { writer.want_up(id)? };
    start.run = start.run.max(least_run);
    Ok(Asked { spec, start, lock })
}

/// Makes a supervisor wait for its launch, and names it in the lock file.
fn equip(asked: Asked, home: &Home) -> Result<Waiting, Refused> {
    let Asked { spec, start, lock } = asked;
    let (pid, socket) = supervisor(&spec.name, &lock)?;
    let line = line(&spec, &start, Identity::of(pid).ok());
    let text = serde_json::to_string(&line).map_err(|error| system(error.into()))?;
    lock.write_line(&text).map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => Refused::Store(Error::Full(home.lock(start.id))),
        _ => system(error),
    })?;
    let environment = spec.environment(&start.cookie, start.run);
    let launch = Launch {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        home: home.directory().to_owned(),
        database_name: home.database_name().to_owned(),
        argv: container::launch_words(&spec, &start.cookie),
        environment,
        umask: spec.umask,
        probe: spec.ready,
        adopts: false,
        line,
    };
    Ok(Waiting { launch, socket })
}

/// Starts a supervisor that waits, with the lock in its hand, for a launch on the socket.
pub(crate) fn supervisor(name: &str, lock: &Lock) -> Result<(u32, UnixStream), Refused> {
    let (ours, theirs) = UnixStream::pair().map_err(system)?;
    let arguments = [OsString::from(SUPERVISOR), OsString::from(name)];
    let program = sibling::path(SUPERVISOR);
    // A stop may come before it listens.
    let held = [Signal::HUP, Signal::INT, Signal::TERM, Signal::USR1, Signal::USR2];
    spawn::detached(&program, &arguments, &surroundings(), lock.as_fd(), theirs.as_fd(), &held)
        .map(|pid| (pid, ours))
        .map_err(|error| {
            Refused::Process(Failure::new(Exit::NotStarted, format!("{SUPERVISOR}: {error}")))
        })
}

fn system(error: std::io::Error) -> Refused {
    Refused::Process(Failure::new(Exit::NotStarted, error))
}

/// What came between the look and now.
enum Change {
    None,
    Started,
    Stopped,
    Forgotten,
}

fn change(then: Option<&Process>, now: Option<&Process>) -> Change {
    match (then, now) {
        (Some(then), Some(now)) if then.id != now.id || then.request != now.request => {
            Change::Started
        }
        // A stop that comes while it is restarted is the later wish.
        (Some(then), Some(now)) if then.wanted == Wanted::Up && now.wanted == Wanted::Down => {
            Change::Stopped
        }
        (None, None) | (Some(_), Some(_)) => Change::None,
        (Some(_), None) => Change::Forgotten,
        (None, Some(_)) => Change::Started,
    }
}

/// Writes down an end that only the lock file knows, or nobody: the next line will be
/// over it. Answers the least number for the next run: none is given twice, also when the
/// store does not know of the last one.
fn note_unrecorded_end(
    writer: &Writer<'_>,
    lock: &Lock,
    mut process: Process,
) -> Result<i64, Error> {
    let line = LockLine::<Identity>::read(&lock.line().unwrap_or_default());
    let line = line.filter(|line| line.id == process.id && line.cookie == process.cookie);
    let learned = line.as_ref().is_some_and(|line| process.learn_from(line));
    let least = line.map_or(1, |line| line.run + i64::from(line.started_at.is_some()));
    let Some(mut run) = process.run else { return Ok(least) };
    if run.end.is_none() {
        // Nothing of it lives, and nobody saw it end.
        run.end = Some(End { at: None, code: None, signal: None, reason: Reason::Unknown });
    } else if !learned {
        return Ok(least);
    }
    writer.record_run(process.id, &run, process.supervisor.as_deref())?;
    Ok(least)
}

fn line(spec: &Spec, start: &Start, supervisor: Option<Identity>) -> LockLine<Identity> {
    let lossy = |argv: &Vec<OsString>| {
        argv.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    };
    LockLine {
        id: start.id,
        name: spec.name.clone(),
        group: spec.group.clone(),
        command: spec.command.clone(),
        argv: spec.argv.as_ref().map(lossy),
        workdir: spec.directory.clone(),
        stdout_path: spec.stdout.clone(),
        stderr_path: spec.stderr.clone(),
        shared_log: spec.shared_log,
        cookie: start.cookie.clone(),
        stop_signal: spec.stop_signal.clone(),
        stop_timeout_ms: spec.stop_timeout.as_millis().try_into().unwrap_or(u64::MAX),
        keep_alive: spec.keep_alive,
        request: start.request,
        supervisor,
        run: start.run,
        process: None,
        started_at: None,
        started_since_boot_ms: None,
        stdout_offset: 0,
        stderr_offset: 0,
        ready_at: None,
        log_policy: spec.log_policy,
        container: spec.container.clone(),
        engine_call: crate::container::call(spec),
        ended: None,
        stopped: false,
    }
}

/// The environment of a supervisor: nothing of the caller's, whose secrets would stay in
/// it, and nothing of an outer managed process.
fn surroundings() -> Vec<(OsString, OsString)> {
    let kept = ["PATH", "HOME", "BGRUN_FAULT"];
    debug_assert!(!kept.contains(&variables::OWN_ID));
    let kept = kept.iter().filter_map(|key| Some((OsString::from(key), std::env::var_os(key)?)));
    let (key, value) = events::GIVES_ALL_MEMORY_BACK;
    kept.chain([(key.into(), value.into())]).collect()
}
