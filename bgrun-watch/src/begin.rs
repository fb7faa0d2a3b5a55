//! From the command line to a watcher: the process is found or started, and marked as
//! watched for as long as the watcher lives.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bgrun_platform::events::Signals;
use bgrun_platform::logs::continuous::Log;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Lock, LockError, Signal, user};
use bgrun_store::{Home, Known};

use crate::args::Args;
use crate::children;
use crate::news::News;
use crate::scope::Scope;
use crate::source::Source;
use crate::subject;
use crate::watch::Watch;

/// Other tools look at the lock for no longer than this.
const GLANCE: Duration = Duration::from_millis(100);
/// So much of a log is read to find the lines of a run that has just begun.
const MOST_BYTES: usize = 1 << 20;
/// So many lines are shown of what has been running.
const LINES_BEFORE: u64 = 10;

/// Watches as the command line says, until told to end.
///
/// # Errors
/// There is no such process, it is watched already, or its files cannot be watched.
pub(crate) fn watch(args: &Args, for_run: Option<Vec<OsString>>) -> anyhow::Result<Exit> {
    let is_started = for_run.is_some();
    let name = match (for_run, &args.name) {
        (Some(words), _) => match children::first_start(words)? {
            Ok(name) => name,
            Err(exit) => return Ok(exit),
        },
        (None, Some(name)) => name.clone(),
        (None, None) => {
            let what = "nothing to watch: no name and no command";
            return Err(Failure::new(Exit::Usage, what)
                .hint("bgrun watch web, or bgrun watch --name web -- COMMAND")
                .into());
        }
    };
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::Store, error))?;
    let subject = subject::find(&name, &home)?;
    // Before any thread: it would take them otherwise.
    let signals = Signals::block(&[Signal::INT, Signal::TERM, Signal::HUP])?;
    let mark = home.watch_lock(subject.id);
    let lock = mark_as_watched(&mark, &name)?;
    let scope = Arc::new(Scope::new(args, &subject, &home)?);
    let news = News::new()?;
    let source = Source::begin(Arc::clone(&scope), news.teller(), args.poll)?;
    let watched = Watch::new(args, &home, subject, signals, news, source, scope).run(is_started);
    // Removed while it is held, so that nobody takes a lock that has no name.
    let _ = std::fs::remove_file(mark);
    drop(lock);
    let exit = match watched {
        Ok(exit) => exit,
        Err(error) if args.stop_on_exit => {
            children::stop(&name, true)?;
            return Err(error);
        }
        Err(error) => return Err(error),
    };
    if args.stop_on_exit && exit != Exit::Unknown {
        let stopped = children::stop(&name, args.json || args.quiet)?;
        if stopped.code() != 0 {
            return Ok(stopped);
        }
    }
    Ok(exit)
}

/// Holds the lock by which others see that the process is watched.
fn mark_as_watched(path: &Path, name: &str) -> anyhow::Result<Lock> {
    match Lock::take(path, GLANCE) {
        Ok(lock) => {
            let line = serde_json::json!({"pid": std::process::id()}).to_string();
            // It only says who it is.
            let _ = lock.write_line(&line);
            Ok(lock)
        }
        Err(LockError::Held(_)) => {
            let line = Lock::line_at(path).unwrap_or_default();
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let by = line["pid"].as_u64().map_or(String::new(), |pid| format!(", by pid {pid}"));
            let what = format!("{}: is watched already{by}", safe(name));
            Err(Failure::new(Exit::Exists, what).into())
        }
        Err(error) => Err(Failure::new(Exit::Store, error).into()),
    }
}

/// From how many lines back the logs are shown: all of a run that has just begun.
pub(crate) fn lines_back(home: &Home, name: &str, has_just_begun: bool) -> u64 {
    if !has_just_begun {
        return LINES_BEFORE;
    }
    let known = Known::read(home).processes;
    let Some(process) = known.iter().find(|process| process.name == name) else { return 0 };
    let Some(run) = &process.run else { return 0 };
    let of_stdout = lines_from(&process.stdout, run.stdout_offset);
    of_stdout.max(lines_from(&process.stderr, run.stderr_offset))
}

/// How many lines of the log at `path` begin at or after `offset`, which counts from its
/// beginning: part of them may be in archives by now. 0 if it cannot be read.
fn lines_from(path: &Path, offset: i64) -> u64 {
    let Ok(Some(log)) = Log::open(path) else { return 0 };
    let offset = offset.try_into().unwrap_or(0);
    // Of what is no longer kept, no line can be shown.
    let mut at = log.begin().map_or(offset, |begin| offset.max(begin));
    let mut text = vec![0; MOST_BYTES];
    let mut length = 0;
    while let Ok(count @ 1..) = log.read_at(at, &mut text[length..]) {
        at += count as u64;
        length += count;
    }
    let text = &text[..length];
    let whole = text.iter().filter(|byte| **byte == b'\n').count();
    let unfinished = text.last().is_some_and(|byte| *byte != b'\n');
    u64::try_from(whole).unwrap_or(0) + u64::from(unfinished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_run_are_counted_from_where_it_began() {
        let directory = tempfile::tempdir().expect("directory");
        let log = directory.path().join("web-out.txt");
        std::fs::write(&log, "old\nfirst\nsecond\nnot fin").expect("write");
        let lines = |offset| lines_from(&log, offset);
        let expected = [4, 3, 1, 0];
        assert_eq!([lines(0), lines(4), lines(17), lines(24)], expected);
        std::fs::rename(&log, directory.path().join("web-out.txt.1")).expect("rotate");
        std::fs::write(&log, "ished\nthird\n").expect("write");
        assert_eq!([lines(0), lines(4), lines(17), lines(24)], [5, 4, 2, 2], "into the archive");
        assert_eq!([lines(30), lines(36), lines(99)], [1, 0, 0]);
        assert_eq!(lines_from(&directory.path().join("none"), 0), 0);
    }
}
