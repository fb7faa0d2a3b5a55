//! When what was written, and whether it is time to rotate: looks at how long both logs are
//! when they have grown, and writes it into their index. Not in the path of the data: what
//! is missed here costs a line its time, and nothing else.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use bgrun_platform::Identity;
use bgrun_platform::logs::continuous::Log;
use bgrun_platform::logs::index::{self, Record};
use bgrun_platform::logs::{FileId, Held, held_open};
use bgrun_store::{Home, LockLine, time};

use crate::rotating::Rotating;
use crate::waking::{Cause, Waking};

/// Both logs of the process, and what was seen of them.
pub(crate) struct Chronicle {
    index: PathBuf,
    logs: [Option<Log>; 2],
    /// Where those are that were renamed or deleted while the process writes on.
    held: [Option<Held>; 2],
    ends: (u64, u64),
    /// The time of the last record, in milliseconds since 1970.
    noted_ms: i64,
    run: u32,
    waking: Waking,
    rotating: Rotating,
}

impl Chronicle {
    /// Begins with the logs of a run that has begun, or was found (`adopts`).
    pub(crate) fn begin(home: &Home, line: &LockLine<Identity>, adopts: bool) -> Self {
        let mut chronicle = Self {
            index: home.index(&line.name),
            logs: [None, None],
            held: [None, None],
            ends: (0, 0),
            noted_ms: 0,
            run: 0,
            waking: Waking::begin(home, line),
            rotating: Rotating::default(),
        };
        let known = index::last(&chronicle.index).map(|last| (last.out, last.err));
        chronicle.ends = known.unwrap_or((0, 0));
        if adopts {
            chronicle.open(line);
            chronicle.run = u32::try_from(line.run).unwrap_or(0);
            chronicle.ends = chronicle.look_at_ends().unwrap_or(chronicle.ends);
            chronicle.write(time::now().as_millisecond(), true);
            chronicle.listen(line);
        } else {
            chronicle.next_run(line);
        }
        chronicle
    }

    /// Another run has begun.
    pub(crate) fn next_run(&mut self, line: &LockLine<Identity>) {
        self.run = u32::try_from(line.run).unwrap_or(0);
        let offset = |offset: i64| u64::try_from(offset).unwrap_or(0);
        let begun = (offset(line.stdout_offset), offset(line.stderr_offset));
        // What nobody saw being written before the run began has no time.
        let is_first_look = begun != self.ends;
        self.ends = begun;
        let at = line.started_at.unwrap_or_else(time::now);
        self.write(at.as_millisecond(), is_first_look);
        self.listen(line);
        self.look(line);
    }

    /// What can be read when something was written, unless it is not looked at now.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.waking.descriptor()
    }

    /// When it is to be looked without being told.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.waking.deadline(), self.rotating.due()].into_iter().flatten().min()
    }

    /// It was told, or the deadline is over.
    pub(crate) fn wake(&mut self, line: &LockLine<Identity>) {
        if let Some(cause) = self.waking.cause() {
            if cause == Cause::Due {
                self.listen(line);
            }
            let has_grown = self.look(line);
            if cause == Cause::Neighbourhood && !has_grown {
                self.waking.was_for_nothing();
            }
        }
        self.rotating.start_if_due(line);
    }

    /// A child has ended, with success or not: it may have been one that rotated.
    pub(crate) fn child_has_ended(&mut self, pid: u32, is_success: bool) {
        self.rotating.child_has_ended(pid, is_success);
    }

    /// The run is over: notes its last lines.
    pub(crate) fn end_run(&mut self, line: &LockLine<Identity>) {
        // Not opened anew: it was written there to the last.
        self.note(line);
        self.waking.settle();
    }

    /// To be called before a look.
    fn listen(&mut self, line: &LockLine<Identity>) {
        let [out, err] = &self.held;
        self.waking.listen([(&line.stdout_path, out.as_ref()), (&line.stderr_path, err.as_ref())]);
    }

    /// Looks, and notes what has grown; answers whether anything has.
    fn look(&mut self, line: &LockLine<Identity>) -> bool {
        self.open(line);
        self.note(line)
    }

    fn note(&mut self, line: &LockLine<Identity>) -> bool {
        let Some(ends) = self.look_at_ends().filter(|ends| *ends != self.ends) else {
            return false;
        };
        self.ends = ends;
        self.write(self.written_ms(), false);
        self.waking.has_grown();
        let live_bytes = |log: &Log| log.end().ok()?.checked_sub(log.live_from().ok()?);
        // Whoever has moved a log away sees to its size.
        let in_place = self.logs.iter().zip(&self.held).filter(|(_, held)| held.is_none());
        let largest = in_place.filter_map(|(log, _)| live_bytes(log.as_ref()?)).max();
        self.rotating.has_grown(largest.unwrap_or(0), &line.log_policy);
        true
    }

    /// When what was found now was written: a look may come long after it.
    fn written_ms(&self) -> i64 {
        let now = time::now().as_millisecond();
        let written = self.logs.iter().flatten().filter_map(|log| log.written_at().ok()).max();
        let since_epoch = written.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let written = since_epoch.and_then(|since| i64::try_from(since.as_millis()).ok());
        written.unwrap_or(now).max(self.noted_ms).min(now)
    }

    /// Opens what is not open, and what was replaced; what its process writes on into is
    /// followed wherever it was moved.
    fn open(&mut self, line: &LockLine<Identity>) {
        let paths = [&line.stdout_path, &line.stderr_path];
        let count = if line.stderr_path == line.stdout_path { 1 } else { 2 };
        for (number, path) in paths.into_iter().enumerate().take(count) {
            let (slot, held) = (&mut self.logs[number], &mut self.held[number]);
            if slot.as_ref().is_some_and(|log| FileId::at(path) == Some(log.id())) {
                *held = None;
                continue;
            }
            let descriptor = if number == 0 { 1 } else { 2 };
            *held = line.process.as_ref().and_then(|one| held_open(one, descriptor, path));
            let place = held.as_ref().map_or(path, |held| &held.path);
            if slot.as_ref().map(Log::id) != FileId::at(place) {
                let log = match held {
                    Some(held) => Log::open_held(path, &held.path),
                    None => Log::open(path),
                };
                *slot = log.ok().flatten();
            }
        }
    }

    /// Where both end; where one cannot be read, where it ended before.
    fn look_at_ends(&self) -> Option<(u64, u64)> {
        let [out, err] = &self.logs;
        let out_end = out.as_ref().and_then(|log| log.end().ok());
        let err_end = err.as_ref().and_then(|log| log.end().ok());
        if out_end.is_none() && err_end.is_none() {
            return None;
        }
        // One file for both streams is the log of stdout.
        Some((out_end.unwrap_or(self.ends.0), err_end.unwrap_or(self.ends.1)))
    }

    fn write(&mut self, time_ms: i64, is_first_look: bool) {
        self.noted_ms = time_ms;
        let (out, err) = self.ends;
        let time_ms = u64::try_from(time_ms).unwrap_or(0);
        let record = Record { time_ms, is_first_look, run: self.run, out, err };
        let begin = || {
            let begin = |log: &Option<Log>| log.as_ref().and_then(|log| log.begin().ok());
            (begin(&self.logs[0]).unwrap_or(0), begin(&self.logs[1]).unwrap_or(0))
        };
        // On a full disk lines have no time for a while.
        let _ = index::append(&self.index, &record, begin);
    }
}
