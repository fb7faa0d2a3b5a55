//! What a supervisor writes into the store. It opens it only for that, and gives the
//! memory back.

use std::time::Duration;

use bgrun_platform::{Identity, events};
use bgrun_store::{Durability, Error, Home, KeepAlive, LockLine, Spec, Store, Wanted, Writer};

/// Writes down the run that `line` tells of, with its end if it has one.
pub(crate) fn run(home: &Home, line: &LockLine<Identity>) -> Result<(), Error> {
    in_store(home, |writer| write_run(writer, line))
}

/// Writes down the runs of `owed`, each of which another one of the same process has followed,
/// and then the `latest`.
pub(crate) fn owed(
    home: &Home,
    owed: &[LockLine<Identity>],
    latest: Option<&LockLine<Identity>>,
) -> Result<(), Error> {
    in_store(home, |writer| {
        write_owed(writer, owed)?;
        latest.map_or(Ok(()), |line| write_run(writer, line))
    })
}

/// Lets `next` go on, given what the user wants and what the process is to be, unless the user
/// has asked for another start or forgotten it, and writes down the end of the run that
/// `line` tells of, and those of `owed`, all in one transaction.
///
/// The end comes last, so that the next run waits for nothing that it does not need. The
/// store does not mind: what is newer stays.
pub(crate) fn end<T>(
    home: &Home,
    owed: &[LockLine<Identity>],
    line: &LockLine<Identity>,
    next: impl FnOnce(&Writer<'_>, Wanted, &Spec) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    in_store(home, |writer| {
        write_owed(writer, owed)?;
        let next = match meant(writer, line)? {
            Some((wanted, spec)) => Some(next(writer, wanted, &spec)?),
            None => None,
        };
        write_run(writer, line)?;
        Ok(next)
    })
}

/// Lets `act` start the next run, given what to start, unless the wish has changed.
pub(crate) fn restart<T>(
    home: &Home,
    line: &LockLine<Identity>,
    act: impl FnOnce(&Writer<'_>, &Spec) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    in_store(home, |writer| match meant(writer, line)? {
        Some((Wanted::Up, spec)) if spec.keep_alive != KeepAlive::Never => {
            act(writer, &spec).map(Some)
        }
        // It is kept alive no more.
        Some((Wanted::Up, _)) => writer.record_pause(line.id, None).map(|()| None),
        _ => Ok(None),
    })
}

/// What the process of `line` is to be.
pub(crate) fn spec(home: &Home, line: &LockLine<Identity>) -> Option<Spec> {
    let spec = in_store(home, |writer| writer.spec(line.id)).ok().flatten();
    spec.filter(|spec| spec.name == line.name)
}

/// Whether the store says that the process is to run, by the start that `line` serves.
pub(crate) fn is_still_wanted(home: &Home, line: &LockLine<Identity>) -> Result<bool, Error> {
    in_store(home, |writer| {
        let wanted = writer.wanted(line.id, &line.cookie, line.request)?;
        Ok(wanted == Some(Wanted::Up))
    })
}

fn write_owed(writer: &Writer<'_>, owed: &[LockLine<Identity>]) -> Result<(), Error> {
    for line in owed {
        // Of what was forgotten nothing is noted.
        if meant(writer, line)?.is_some() {
            write_run(writer, line)?;
            writer.begin_restart(line.id)?;
        }
    }
    Ok(())
}

pub(crate) fn write_run(writer: &Writer<'_>, line: &LockLine<Identity>) -> Result<(), Error> {
    let supervisor = line.supervisor.as_ref().and_then(|one| serde_json::to_string(one).ok());
    writer.record_run(line.id, &line.as_run(), supervisor.as_deref())
}

/// What the user wants of what, by the start that `line` serves.
fn meant(writer: &Writer<'_>, line: &LockLine<Identity>) -> Result<Option<(Wanted, Spec)>, Error> {
    writer.meant(line.id, &line.cookie, line.request)
}

/// How long other writers are waited for: nothing else is heard meanwhile, no stop either. What
/// was not written then is tried again.
const PATIENCE: Duration = Duration::from_secs(1);

fn in_store<T>(home: &Home, act: impl FnOnce(&Writer<'_>) -> Result<T, Error>) -> Result<T, Error> {
    let result = Store::open_within(home, PATIENCE)
        .and_then(|(mut store, _)| store.write(Durability::Power, act));
    events::give_memory_back();
    result
}
