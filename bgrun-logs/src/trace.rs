//! One log followed through the files it is made of: one that grows, is cut short, is
//! renamed or deleted, or comes into being.
//!
//! A process writes on into the file it was started with, whatever that is called by now.
//! So a renamed file is not left at once: it is read beside its successor, until that has
//! one, too.

use std::io;
use std::path::Path;

use bgrun_platform::logs::{FileId, Growth, Watch, Woken};
use bgrun_platform::tool;

use crate::cursor::Cursor;
use crate::history::Left;
use crate::log::Log;
use crate::output::Output;
use crate::source::Source;

/// A log that has more than this is left for the others in between.
const TURN_BYTES: u64 = 1 << 20;

/// How many files of one log are read: the present one, and the one before.
const FILES: usize = 2;

/// Follows one log.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) source: Source,
    number: usize,
    /// The oldest first.
    files: Vec<Growing>,
    directory: Option<Watch>,
    /// Which file the last bytes shown were from.
    shown: Option<FileId>,
    /// Where the next file is read from; else from its own first byte.
    start: Option<u64>,
    /// What was said last of a log that cannot be read.
    complaint: String,
    has_more: bool,
}

#[derive(Debug)]
struct Growing {
    log: Log,
    id: FileId,
    watch: Option<Watch>,
    at: u64,
    /// Whether something of it was shown, or it is the first.
    is_shown: bool,
    /// Whether it is read from its first byte on, rather than from a given offset.
    begins_with_file: bool,
}

impl Trace {
    /// Goes on where the history of log `number` ended.
    pub(crate) fn after(source: Source, number: usize, left: Left) -> Self {
        let mut trace = Self::new(source, number, None);
        match left {
            Left::Absent => {}
            Left::Unreadable(line) => trace.complaint = line,
            Left::ReadTo(log, at) => trace.hold(log, at),
        }
        trace
    }

    /// Follows log `number` from where the latest run began.
    pub(crate) fn of_run(source: Source, number: usize) -> Self {
        let start = source.run.map(|run| run.offset);
        Self::new(source, number, start)
    }

    /// Follows log `number` from `start` on.
    pub(crate) fn from(source: Source, number: usize, start: u64) -> Self {
        Self::new(source, number, Some(start))
    }

    fn new(source: Source, number: usize, start: Option<u64>) -> Self {
        Self {
            source,
            number,
            files: Vec::new(),
            directory: None,
            shown: None,
            start,
            complaint: String::new(),
            has_more: true,
        }
    }

    /// Takes over where the log is now. It moves with a new run, and the registry knows
    /// of the move before it does of the run: until then the old place is the right one.
    pub(crate) fn take_over(&mut self, source: Source) {
        if source.place() == self.source.place() {
            self.source = source;
        } else if let Some(run) = source.run.filter(|_| source.run != self.source.run) {
            self.start = Some(run.offset);
            self.source = source;
            self.has_more = true;
        }
    }

    /// Whether it follows this log.
    pub(crate) fn is_of(&self, number: usize) -> bool {
        self.number == number
    }

    /// Notes that it was seen up to `offset`.
    pub(crate) fn note(&self, offset: u64, cursor: &mut Cursor) {
        if let Some(file) = self.files.last() {
            cursor.set(&self.source, &file.log, offset);
        }
    }

    /// Whether there is something to look at without waiting.
    pub(crate) fn has_more(&self) -> bool {
        self.has_more
    }

    /// Whether it is about this log.
    pub(crate) fn is_meant(&self, woken: &Woken) -> bool {
        let mut watches = self.files.iter().filter_map(|file| file.watch).chain(self.directory);
        self.has_more || watches.any(|watch| woken.is_about(watch))
    }

    /// Shows what is new, for a turn.
    ///
    /// # Errors
    /// Those of the output; trouble with the log is said.
    pub(crate) fn look(
        &mut self,
        growth: &mut Growth,
        block: &mut [u8],
        output: &mut Output,
    ) -> io::Result<()> {
        // Watched first and looked at then: what happens in between is not missed.
        self.directory = watch_nearest(growth, self.source.path.parent());
        for file in self.files.iter_mut().filter(|file| file.watch.is_none()) {
            file.watch = growth.add(self.source.place()).ok();
        }
        self.look_anew_at_untouched()?;
        self.has_more = false;
        for position in 0..self.files.len() {
            self.read_on(position, block, output)?;
        }
        let Some(present) = FileId::at(self.source.place()) else { return Ok(()) };
        if let Some(position) = self.files.iter().position(|file| file.id == present) {
            // It may have got its name back.
            self.files[position..].rotate_left(1);
        } else {
            match self.source.open() {
                Ok(Some(log)) => self.succeed(log, growth, block, output)?,
                Ok(None) => {}
                Err(error) => self.complain(self.source.refused(&error)),
            }
        }
        Ok(())
    }

    /// Where a file begins that nothing was written into depends on the one before it, which
    /// may still grow where another program has made an archive of it.
    fn look_anew_at_untouched(&mut self) -> io::Result<()> {
        let Self { source, files, .. } = self;
        for file in files.iter_mut().filter(|file| !file.is_shown && file.begins_with_file) {
            if let Some(log) = source.open().ok().flatten().filter(|log| log.id() == file.id) {
                file.at = log.live_from()?;
                file.log = log;
            }
        }
        Ok(())
    }

    /// Goes on with another file, beside the one so far.
    fn succeed(
        &mut self,
        log: Log,
        growth: &mut Growth,
        block: &mut [u8],
        output: &mut Output,
    ) -> io::Result<()> {
        let given = std::mem::take(&mut self.start);
        match given.map_or_else(|| log.live_from(), Ok) {
            Ok(start) => {
                self.hold(log, start);
                if let Some(file) = self.files.last_mut() {
                    file.begins_with_file = given.is_none();
                }
            }
            Err(error) => {
                self.complain(self.source.unreadable(&error));
                return Ok(());
            }
        }
        if let Some(file) = self.files.last_mut() {
            file.watch = growth.add(self.source.place()).ok();
        }
        if self.files.len() > FILES {
            // Where names are only taken away, again and again, its process is still at the
            // first of them.
            let untouched = self.files[1..FILES].iter().position(|file| !file.is_shown);
            self.files.remove(untouched.map_or(0, |position| position + 1));
        }
        self.read_on(self.files.len() - 1, block, output)
    }

    fn hold(&mut self, log: Log, at: u64) {
        let id = log.id();
        let is_shown = self.files.is_empty();
        let begins_with_file = false;
        self.files.push(Growing { log, id, watch: None, at, is_shown, begins_with_file });
    }

    fn read_on(
        &mut self,
        position: usize,
        block: &mut [u8],
        output: &mut Output,
    ) -> io::Result<()> {
        let number = self.number;
        let file = &mut self.files[position];
        let ends = file.log.end().and_then(|end| Ok((file.log.live_from()?, end)));
        let (live_from, length) = match ends {
            Ok(ends) => ends,
            Err(error) => {
                self.complain(self.source.unreadable(&error));
                return Ok(());
            }
        };
        if length < file.at {
            file.at = live_from;
            self.say("log truncated; on from its new start", output)?;
            output.begin_anew(number)?;
        }
        let file = &mut self.files[position];
        if length == file.at {
            return Ok(());
        }
        let (id, is_new) = (file.id, !std::mem::replace(&mut file.is_shown, true));
        if self.shown.replace(id).is_some_and(|shown| shown != id) {
            output.finish(number, None)?;
        }
        if is_new {
            self.say("goes on in a new file", output)?;
            output.begin_anew(number)?;
        }
        let file = &mut self.files[position];
        output.expect(number);
        let end = length.min(file.at + TURN_BYTES);
        let Growing { log, .. } = &*file;
        let show = |at, bytes: &[u8]| output.show(number, log, at, bytes);
        let reached = file.log.each_block(file.at..end, block, show)?;
        file.at = reached.at;
        self.has_more |= reached.at >= end && end < length;
        if reached.removed_bytes > 0 {
            output.flush()?;
            tool::warn(self.source.removed(reached.removed_bytes));
        }
        if let Some(error) = reached.trouble {
            self.complain(self.source.unreadable(&error));
        }
        Ok(())
    }

    /// Says it after what was shown before.
    fn say(&self, what: &str, output: &mut Output) -> io::Result<()> {
        output.flush()?;
        tool::warn(format_args!("{}: {what}", self.source.title()));
        Ok(())
    }

    /// Says why it cannot be read, once.
    fn complain(&mut self, line: String) {
        if line != self.complaint {
            tool::warn(&line);
            self.complaint = line;
        }
    }
}

/// Watches `directory` for what appears in it, or what is there of its path.
pub(crate) fn watch_nearest(growth: &mut Growth, directory: Option<&Path>) -> Option<Watch> {
    directory?.ancestors().find_map(|one| growth.add_directory(one).ok())
}

#[cfg(test)]
mod tests;
