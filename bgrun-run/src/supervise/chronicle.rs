//! When what was written, and whether it is time to rotate: looks at how long both logs are
//! when they have grown, and writes it into their index. Not in the path of the data: what
//! is missed here costs a line its time, and nothing else.
//!
//! Nothing wakes it while nothing is written. Written to, it looks at once, and then not
//! again for a tenth of a second; each look arms the watch anew, so that a program that
//! never stops writing costs ten looks a second.
//!
//! A user has 128 inotify instances as a rule, and other programs need some. Who gets none is
//! told of all that is written in the directory of the logs: of nothing while all is quiet, and
//! beside one that writes it looks ever more seldom, down to twice a minute.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use bgrun_platform::Identity;
use bgrun_platform::logs::continuous::Log;
use bgrun_platform::logs::index::{self, Record};
use bgrun_platform::logs::{FileId, Held, Touched, held_open, instances_to_share};
use bgrun_store::{Home, LockLine, time};

use crate::rotating::Rotating;

/// The time between two looks while much is written: one step of the index.
const STEP: Duration = Duration::from_millis(100);

/// Told for nothing, because another log in the directory was written: how long it does not
/// listen the first time, and at most; it doubles each time.
const DEAF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Where the kernel cannot tell at all: the time between two looks after one that saw growth,
/// and the longest, to which it doubles while nothing is written.
const SLOW: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// Both logs of the process, and what was seen of them.
pub(crate) struct Chronicle {
    index: PathBuf,
    touched: Option<Touched>,
    logs: [Option<Log>; 2],
    /// Where those are that were renamed or deleted while the process writes on.
    held: [Option<Held>; 2],
    ends: (u64, u64),
    /// The time of the last record, in milliseconds since 1970.
    noted_ms: i64,
    run: u32,
    /// When to look next, if not before by being told.
    next: Option<Instant>,
    /// How long the next look is put off that is not asked for by growth.
    pause: Duration,
    rotating: Rotating,
}

impl Chronicle {
    /// Begins with the logs of a run that has begun, or was found (`adopts`).
    pub(crate) fn begin(home: &Home, line: &LockLine<Identity>, adopts: bool) -> Self {
        let mut chronicle = Self {
            index: home.index(&line.name),
            touched: touched(home, line),
            logs: [None, None],
            held: [None, None],
            ends: (0, 0),
            noted_ms: 0,
            run: 0,
            next: None,
            pause: SLOW.0,
            rotating: Rotating::default(),
        };
        let known = index::last(&chronicle.index).map(|last| (last.out, last.err));
        chronicle.ends = known.unwrap_or((0, 0));
        if adopts {
            chronicle.open(line);
            chronicle.run = u32::try_from(line.run).unwrap_or(0);
            chronicle.ends = chronicle.look_at_ends().unwrap_or(chronicle.ends);
            chronicle.write(time::now().as_millisecond(), true);
            chronicle.rest(line);
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
        self.rest(line);
        self.look(line);
    }

    /// What can be read when something was written, unless it is not looked at now.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.touched.as_ref().filter(|_| self.next.is_none()).map(AsFd::as_fd)
    }

    /// When it is to be looked without being told.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.next, self.rotating.due()].into_iter().flatten().min()
    }

    /// It was told, or the deadline is over.
    pub(crate) fn wake(&mut self, line: &LockLine<Identity>) {
        let is_told = self.next.is_none() && self.touched.as_ref().is_some_and(Touched::forget);
        let is_exact = self.touched.as_ref().is_none_or(Touched::is_exact);
        if is_told && !is_exact {
            // Another log of the directory may be written without a pause: it is not asked
            // to tell again for a while.
            if !self.look(line) {
                self.next = Some(Instant::now() + self.pause);
                self.pause = (self.pause * 2).clamp(DEAF.0, DEAF.1);
            }
        } else if is_told || self.next.is_some_and(|next| next <= Instant::now()) {
            self.next = None;
            self.rest(line);
            self.look(line);
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
        self.next = None;
    }

    /// Arms the watches, before it is looked: what is written after a look is told.
    fn rest(&mut self, line: &LockLine<Identity>) {
        let Some(touched) = &mut self.touched else { return self.look_later() };
        touched.forget();
        for (path, held) in [&line.stdout_path, &line.stderr_path].into_iter().zip(&self.held) {
            let now_at = held.as_ref().map(|held| match touched.is_exact() {
                true => &held.path,
                false => held.now_at.as_ref().unwrap_or(path),
            });
            let Err(error) = touched.watch(now_at.unwrap_or(path)) else { continue };
            if !touched.is_exact() {
                // Where this directory cannot be watched, it is looked from time to time.
                return self.look_later();
            }
            if error.kind() == std::io::ErrorKind::StorageFull {
                // The user's watches are used up.
                self.touched = Touched::by_directories();
                return self.rest(line);
            }
        }
    }

    fn look_later(&mut self) {
        self.next = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(SLOW.1);
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
        let is_told = self.touched.is_some();
        self.pause = if is_told { DEAF.0 } else { SLOW.0 };
        self.next = Some(Instant::now() + if is_told { STEP } else { self.pause });
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

/// By files, for as many processes as leave other programs of this user an inotify instance:
/// those that are known here for longest.
fn touched(home: &Home, line: &LockLine<Identity>) -> Option<Touched> {
    let older = home.locks().iter().filter(|(id, _)| *id < line.id).count();
    let by_files = (older < instances_to_share()).then(Touched::by_files).flatten();
    by_files.or_else(Touched::by_directories)
}
