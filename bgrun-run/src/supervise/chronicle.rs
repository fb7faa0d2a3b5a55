//! When what was written, and whether it is time to rotate: looks at how long both logs are
//! when they have grown, and writes it into their index. Not in the path of the data: what
//! is missed here costs a line its time, and nothing else.
//!
//! Nothing wakes it while nothing is written. Written to, it looks at once, and then not
//! again for a tenth of a second; each look arms the watch anew, so that a program that
//! never stops writing costs ten looks a second.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bgrun_platform::Identity;
use bgrun_platform::logs::continuous::Log;
use bgrun_platform::logs::index::{self, Record};
use bgrun_platform::logs::{FileId, Touched};
use bgrun_store::{Home, LockLine, time};

use crate::rotating::Rotating;

/// The time between two looks while much is written: one step of the index.
const STEP: Duration = Duration::from_millis(100);

/// Where the kernel cannot tell of growth: the time between two looks after one that saw
/// some, and the longest, to which it doubles while nothing is written.
const SLOW: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Both logs of the process, and what was seen of them.
pub(crate) struct Chronicle {
    index: PathBuf,
    touched: Option<Touched>,
    logs: [Option<Log>; 2],
    ends: (u64, u64),
    run: u32,
    /// When to look next, if not before by being told.
    next: Option<Instant>,
    /// How long a look is put off where nobody tells of growth.
    slow: Duration,
    rotating: Rotating,
}

impl Chronicle {
    /// Begins with the logs of a run that has begun, or was found (`adopts`).
    pub(crate) fn begin(home: &Home, line: &LockLine<Identity>, adopts: bool) -> Self {
        let mut chronicle = Self {
            index: home.index(&line.name),
            touched: Touched::new(),
            logs: [None, None],
            ends: (0, 0),
            run: 0,
            next: None,
            slow: SLOW.0,
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
        let now = Instant::now();
        if self.next.is_none_or(|next| next <= now) {
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
        self.look(line);
        self.next = None;
    }

    /// Arms the watches, before it is looked: what is written after a look is told.
    fn rest(&mut self, line: &LockLine<Identity>) {
        let Some(touched) = &self.touched else {
            self.next = Some(Instant::now() + self.slow);
            self.slow = (self.slow * 2).min(SLOW.1);
            return;
        };
        touched.forget();
        for path in [&line.stdout_path, &line.stderr_path] {
            if let Err(error) = touched.watch(path)
                && error.kind() == std::io::ErrorKind::StorageFull
            {
                // The user's watches are used up.
                self.touched = None;
                return self.rest(line);
            }
        }
    }

    /// Looks, and notes what has grown.
    fn look(&mut self, line: &LockLine<Identity>) {
        self.open(line);
        let Some(ends) = self.look_at_ends().filter(|ends| *ends != self.ends) else { return };
        self.ends = ends;
        self.write(time::now().as_millisecond(), false);
        match self.touched {
            Some(_) => self.next = Some(Instant::now() + STEP),
            None => {
                self.slow = SLOW.0;
                self.next = Some(Instant::now() + self.slow);
            }
        }
        let live_bytes = |log: &Log| log.end().ok()?.checked_sub(log.live_from().ok()?);
        let largest = self.logs.iter().flatten().filter_map(live_bytes).max();
        self.rotating.has_grown(largest.unwrap_or(0), &line.log_policy);
    }

    /// Opens what is not open, and what was replaced.
    fn open(&mut self, line: &LockLine<Identity>) {
        let open = |slot: &mut Option<Log>, path: &Path| {
            let there = FileId::at(path);
            if slot.as_ref().map(Log::id) != there {
                *slot = Log::open(path).ok().flatten();
            }
        };
        let [out, err] = &mut self.logs;
        open(out, &line.stdout_path);
        if line.stderr_path != line.stdout_path {
            open(err, &line.stderr_path);
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

    fn write(&self, time_ms: i64, is_first_look: bool) {
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
