//! Starting one run: the log files, the process, and its identity.

use std::ffi::OsString;
use std::os::fd::AsFd;

use bgrun_platform::logs::continuous::Log;
use bgrun_platform::spawn::{Command, Refused};
use bgrun_platform::{Identity, clock, fault, logs, spawn};
use bgrun_run::{ContainerAct, Refusal, container_words};
use bgrun_store::{End, Error, LockLine, Reason, Spec, Writer, time};

use crate::readiness::Probing;
use crate::record;

/// Starts the run that `line` tells of, and notes in it what came of that: the identity
/// of the process, or the end of a run that never was.
///
/// # Errors
/// Why nothing runs.
pub(crate) fn start(
    line: &mut LockLine<Identity>,
    argv: &[OsString],
    environment: &[(OsString, OsString)],
    umask: u32,
) -> Result<(), Refusal> {
    line.process = None;
    line.ended = None;
    line.ready_at = None;
    line.started_at = Some(time::now());
    line.started_since_boot_ms = clock::since_boot().as_millis().try_into().ok();
    let started = execute(line, argv, environment, umask);
    if started.is_err() {
        let at = Some(time::now());
        line.ended = Some(End { at, code: None, signal: None, reason: Reason::Exec });
    }
    started
}

/// Starts the next run as `spec` has it, says in `begun` what became of that, and writes it
/// down.
///
/// # Errors
/// The store cannot be used. Unless `begun` is empty the run has begun all the same.
pub(crate) fn start_next(
    writer: &Writer<'_>,
    line: &mut LockLine<Identity>,
    spec: &Spec,
    begun: &mut Option<Begun>,
) -> Result<(), Error> {
    // The number that the store will give: only the holder of the lock begins runs.
    line.run += 1;
    let environment = spec.environment(&line.cookie, line.run);
    let words = match &spec.container {
        Some(_) => container_words(ContainerAct::Again, spec, &line.cookie),
        None => spec.words(),
    };
    let is_running = start(line, &words, &environment, spec.umask).is_ok();
    fault::at("supervise:between-runs");
    let probing = spec.ready.clone().map(|probe| (probe, environment, spec.umask));
    *begun = Some(Begun { is_running, probing });
    writer.begin_restart(line.id)?;
    record::write_run(writer, line)
}

/// What became of the next run.
pub(crate) struct Begun {
    pub(crate) is_running: bool,
    pub(crate) probing: Option<Probing>,
}

/// Lets `bgrun-run` act for the container of the run that `line` tells of: the client that
/// it becomes writes into the logs where the last one left off.
pub(crate) fn act_for_container(
    line: &LockLine<Identity>,
    argv: &[OsString],
    environment: &[(OsString, OsString)],
    umask: u32,
) -> Result<u32, Refusal> {
    let mut line = line.clone();
    execute(&mut line, argv, environment, umask)?;
    line.process
        .map(|process| process.pid)
        .ok_or_else(|| Refusal { code: 125, reason: "the client cannot be identified".to_owned() })
}

fn execute(
    line: &mut LockLine<Identity>,
    argv: &[OsString],
    environment: &[(OsString, OsString)],
    umask: u32,
) -> Result<(), Refusal> {
    let log = |path| {
        logs::open_for_append(path)
            .map_err(|error| Refusal { code: 125, reason: format!("log file: {error}") })
    };
    let stdout = log(&line.stdout_path)?;
    let stderr = log(&line.stderr_path)?;
    let end = |path| {
        let log = Log::open(path).ok().flatten();
        log.and_then(|log| log.end().ok()?.try_into().ok()).unwrap_or(0)
    };
    line.stdout_offset = end(&line.stdout_path);
    line.stderr_offset = end(&line.stderr_path);
    fault::at("supervise:before-spawn");
    let command = Command {
        argv,
        environment,
        directory: &line.workdir,
        stdout: stdout.as_fd(),
        stderr: stderr.as_fd(),
        umask,
    };
    let pid = spawn::execute(&command).map_err(|refused| refusal(&refused))?;
    fault::at("supervise:after-spawn");
    // It cannot vanish before it is looked at: only this process can reap it.
    line.process = Identity::of(pid).ok();
    Ok(())
}

/// Which exit code a refused command gives, as shells and env(1) have it.
fn refusal(refused: &Refused) -> Refusal {
    let code = match refused {
        Refused::NotFound(_) => 127,
        Refused::NotExecutable { .. } | Refused::TooLong(_) | Refused::Directory { .. } => 126,
        Refused::System(_) => 125,
    };
    Refusal { code, reason: refused.to_string() }
}
