//! The beginning: what `bgrun-run` asks for, and the answer.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use bgrun_platform::events::Signals;
use bgrun_platform::{Identity, Lock, Signal, descriptors, events, fault};
use bgrun_run::{Answer, Launch, Refusal, Verdict, receive as receive_message, send};
use bgrun_store::Home;

use crate::keeper::{Client, Keeper};
use crate::{child, record};

/// Owns one process for as long as there is something to do.
///
/// # Errors
/// It could not begin; nothing runs.
pub(crate) fn supervise() -> anyhow::Result<()> {
    fault::at("supervise:begin");
    let lock = Lock::from_descriptor(descriptors::take_standard(0)?);
    let socket = descriptors::take_standard(1)?;
    let signals = Signals::block(&[
        Signal::CHLD,
        Signal::HUP,
        Signal::INT,
        Signal::TERM,
        Signal::USR1,
        Signal::USR2,
    ])?;
    events::adopt_orphans()?;
    match receive(lock, socket, signals)? {
        Some(keeper) => keeper.keep(),
        None => Ok(()),
    }
}

/// Waits for the launch and starts the first run. `None`: there is nothing to keep.
fn receive(lock: Lock, socket: OwnedFd, signals: Signals) -> anyhow::Result<Option<Keeper>> {
    let socket = UnixStream::from(socket);
    // When bgrun-run died before the wish was stored, this is where it shows.
    let launch: Launch = match receive_message(&socket) {
        Ok(launch) => launch,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    descriptors::leave_directory();
    let Launch { version, home, database_name, adopts, argv, environment, umask, probe, mut line } =
        launch;
    let home = Home::at(home).with_database(&database_name);
    if version != env!("CARGO_PKG_VERSION") {
        let reason = format!(
            "bgrun-run {version} and bgrun-supervise {} are of different installations",
            env!("CARGO_PKG_VERSION")
        );
        send(&socket, &Answer::Refused(Box::new(line), Refusal { code: 125, reason }))?;
        return Ok(None);
    }
    if was_stopped_already(&signals)? {
        let _ = send(&socket, &Answer::Withdrawn);
        return Ok(None);
    }
    if adopts && !argv.is_empty() {
        // A container without a client: another one takes its place.
        let client = child::act_for_container(&line, &argv, &environment, umask);
        let Ok(pid) = client else { return Ok(None) };
        line.process = Identity::of(pid).ok();
        write(&lock, &line)?;
        send(&socket, &Answer::Started(Box::new(line.clone())))?;
        let mut keeper = Keeper::new(home, lock, line, signals, socket, false);
        keeper.client = Client::replaced();
        return Ok(Some(keeper));
    }
    if adopts {
        write(&lock, &line)?;
        send(&socket, &Answer::Started(Box::new(line.clone())))?;
        let mut keeper = Keeper::new(home, lock, line, signals, socket, true);
        keeper.probe(probe.map(|probe| (probe, environment, umask)));
        return Ok(Some(keeper));
    }
    match child::start(&mut line, &argv, &environment, umask) {
        Ok(()) => {
            // What cannot be written down here is still known to bgrun-run and to us.
            let _ = write(&lock, &line);
            let _ = send(&socket, &Answer::Started(Box::new(line.clone())));
            let mut keeper = Keeper::new(home, lock, line, signals, socket, false);
            keeper.probe(probe.map(|probe| (probe, environment, umask)));
            Ok(Some(keeper))
        }
        Err(refusal) => {
            let _ = write(&lock, &line);
            let _ = send(&socket, &Answer::Refused(Box::new(line.clone()), refusal));
            if receive_message::<Verdict>(&socket).is_err() {
                record::run(&home, &line)?;
            }
            Ok(None)
        }
    }
}

/// Whether a stop has come between the wish and the start.
fn was_stopped_already(signals: &Signals) -> io::Result<bool> {
    while let Some((signal, _)) = signals.take()? {
        if matches!(signal, Signal::USR2 | Signal::TERM | Signal::HUP | Signal::INT) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes the line into the lock file.
pub(crate) fn write<I: serde::Serialize>(
    lock: &Lock,
    line: &bgrun_store::LockLine<I>,
) -> anyhow::Result<()> {
    Ok(lock.write_line(&serde_json::to_string(line)?)?)
}
