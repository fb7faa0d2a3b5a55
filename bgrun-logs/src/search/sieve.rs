//! One log as it comes, block by block: of each its wanted lines, and those around them.
//!
//! Nothing is copied but a line that goes over the end of a block. What lies further back
//! (lines of context, the beginning of a very long line) is read again from the log.

use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

use super::filter::{Before, Filter};
use super::long::{Long, Verdict};
use crate::args::Lines;
use crate::log::{BLOCK_BYTES, Log};
use crate::tail;

/// A line that is longer is looked at in parts.
pub(super) const HELD_BYTES: usize = 1 << 20;

/// How many lines around each wanted one are shown.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) before: u64,
    pub(crate) after: u64,
}

/// What a sieve gives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selected<'a> {
    /// Bytes at this place in the log: wanted lines, or a part of one.
    Wanted(u64, &'a [u8]),
    /// The same, of lines around these.
    Context(u64, &'a [u8]),
    /// Lines of the log are left out here.
    Gap,
}

/// What takes it.
pub(crate) type Give<'a> = dyn FnMut(Selected<'_>) -> io::Result<()> + 'a;

/// Sifts one log.
#[derive(Debug)]
pub(crate) struct Sieve {
    filter: Rc<Filter>,
    context: Context,
    /// How many wanted lines are still to be given.
    left: Option<u64>,
    before: Before,
    /// The beginning of the line that is not complete.
    held: Vec<u8>,
    held_at: u64,
    /// When it was last added to.
    held_since: Option<Instant>,
    long: Option<Long>,
    /// Where what was given last ends, or nothing before is to be given.
    given_to: u64,
    has_given: bool,
    /// How many of the next lines are context.
    after: u64,
}

impl Sieve {
    /// Gives at most `most` wanted lines.
    pub(crate) fn new(filter: Rc<Filter>, context: Context, most: Option<u64>) -> Self {
        Self {
            filter,
            context,
            left: most,
            before: Before::default(),
            held: Vec::new(),
            held_at: 0,
            held_since: None,
            long: None,
            given_to: 0,
            has_given: false,
            after: 0,
        }
    }

    /// The log is sifted from now on; nothing before `floor` belongs to it.
    pub(crate) fn begin(&mut self, floor: u64, before: Before) {
        let (filter, left) = (Rc::clone(&self.filter), self.left);
        *self = Self { before, given_to: floor, ..Self::new(filter, self.context, left) };
    }

    /// Whether it gives nothing more.
    pub(crate) fn is_done(&self) -> bool {
        self.left == Some(0) && self.after == 0
    }

    /// Takes the bytes at `at` of `log`, which follow those taken before.
    ///
    /// # Errors
    /// Those of `give`, and those of reading again.
    pub(crate) fn take(
        &mut self,
        at: u64,
        mut bytes: &[u8],
        log: &Log,
        give: &mut Give<'_>,
    ) -> io::Result<()> {
        if self.held.is_empty() && self.long.is_none() {
            self.held_at = at;
        } else {
            let line_end = memchr::memchr(b'\n', bytes).map(|newline| newline + 1);
            let (rest_of_line, rest) = bytes.split_at(line_end.unwrap_or(bytes.len()));
            self.hold(rest_of_line, log, give)?;
            if line_end.is_none() {
                return Ok(());
            }
            self.finish(Some(log), give)?;
            bytes = rest;
        }
        let end = memchr::memrchr(b'\n', bytes).map_or(0, |newline| newline + 1);
        let (lines, unfinished) = bytes.split_at(end);
        let lines_at = self.held_at;
        self.held_at += lines.len() as u64;
        self.sift(lines, lines_at, Some(log), give)?;
        self.hold(unfinished, log, give)
    }

    /// The line that is not complete stays so.
    ///
    /// # Errors
    /// As for [`Sieve::take`].
    pub(crate) fn finish(&mut self, log: Option<&Log>, give: &mut Give<'_>) -> io::Result<()> {
        if let Some(long) = self.long.take() {
            return self.finish_long(long, log, give);
        }
        let line = std::mem::take(&mut self.held);
        let at = self.held_at;
        self.held_at += line.len() as u64;
        let sifted = self.sift(&line, at, log, give);
        self.held = line;
        self.held.clear();
        sifted
    }

    /// Where the last line that was given ends.
    pub(crate) fn given_to(&self) -> u64 {
        self.given_to
    }

    /// Since when the line that is not complete has not grown, if it is wanted as it is.
    pub(crate) fn unfinished_since(&self) -> Option<Instant> {
        let is_wanted = || self.filter.next(&self.held, 0, &mut self.before.clone()).is_some();
        self.held_since.filter(|_| !self.held.is_empty() && self.left != Some(0) && is_wanted())
    }

    fn hold(&mut self, mut part: &[u8], log: &Log, give: &mut Give<'_>) -> io::Result<()> {
        if !part.is_empty() {
            self.held_since = Some(Instant::now());
        }
        if self.long.is_none() {
            let room = HELD_BYTES - self.held.len();
            let (filling, rest) = part.split_at(part.len().min(room));
            self.held.extend_from_slice(filling);
            if rest.is_empty() {
                return Ok(());
            }
            part = rest;
            let beginning = std::mem::take(&mut self.held);
            self.long = Some(Long::new(self.held_at, beginning, &self.filter, &mut self.before));
        }
        if let Some(mut long) = self.long.take() {
            long.take(part, &self.filter);
            let given = self.give_long(&long, log, give);
            self.long = Some(long);
            return given;
        }
        Ok(())
    }

    fn finish_long(
        &mut self,
        mut long: Long,
        log: Option<&Log>,
        give: &mut Give<'_>,
    ) -> io::Result<()> {
        self.held_at = long.end();
        long.finish(&self.filter);
        let Some(log) = log else { return Ok(()) };
        self.give_long(&long, log, give)?;
        if self.given_to == long.start() && self.after > 0 {
            self.after -= 1;
            self.given_to = long.end();
            let range = long.start()..long.end();
            return give_again(log, range, &mut |at, bytes| give(Selected::Context(at, bytes)));
        }
        Ok(())
    }

    /// Gives what there is of a long line, if it is wanted.
    fn give_long(&mut self, long: &Long, log: &Log, give: &mut Give<'_>) -> io::Result<()> {
        let has_begun = self.given_to > long.start();
        if long.verdict() != Verdict::Wanted || !has_begun && self.left == Some(0) {
            return Ok(());
        }
        if !has_begun {
            self.lead_up(&[], long.start(), Some(log), give)?;
            self.left = self.left.map(|left| left - 1);
            self.after = self.context.after;
            self.has_given = true;
            self.given_to = long.start();
        }
        let range = self.given_to..long.end();
        self.given_to = long.end();
        give_again(log, range, &mut |at, bytes| give(Selected::Wanted(at, bytes)))
    }

    /// Gives what is wanted of whole lines.
    fn sift(
        &mut self,
        lines: &[u8],
        at: u64,
        log: Option<&Log>,
        give: &mut Give<'_>,
    ) -> io::Result<()> {
        let filter = Rc::clone(&self.filter);
        let mut done = 0;
        while self.left != Some(0)
            && let Some(range) = filter.next(lines, done, &mut self.before)
        {
            let range = self.limit(lines, range);
            self.trail(&lines[done..range.start], at + done as u64, give)?;
            self.lead_up(&lines[..range.start], at, log, give)?;
            done = range.end;
            self.given_to = at + done as u64;
            self.has_given = true;
            self.after = self.context.after;
            give(Selected::Wanted(at + range.start as u64, &lines[range]))?;
        }
        self.trail(&lines[done..], at + done as u64, give)
    }

    /// As many of these wanted lines as are still to be given.
    fn limit(&mut self, lines: &[u8], range: Range<usize>) -> Range<usize> {
        let Some(left) = self.left else { return range };
        let wanted = &lines[range.clone()];
        let (count, length) = first_lines(wanted, left);
        self.left = Some(left - count);
        range.start..range.start + length
    }

    /// Gives the first of `lines`, which follow a wanted one, as context.
    fn trail(&mut self, lines: &[u8], at: u64, give: &mut Give<'_>) -> io::Result<()> {
        if self.after == 0 || lines.is_empty() {
            return Ok(());
        }
        let (count, length) = first_lines(lines, self.after);
        self.after -= count;
        self.given_to = at + length as u64;
        give(Selected::Context(at, &lines[..length]))
    }

    /// Gives the lines before a wanted one: the last of `lines`, which stand at `at`, and of
    /// the log before.
    fn lead_up(
        &mut self,
        lines: &[u8],
        at: u64,
        log: Option<&Log>,
        give: &mut Give<'_>,
    ) -> io::Result<()> {
        if self.context == Context::default() {
            return Ok(());
        }
        let (mut begin, mut missing) = (lines.len(), self.context.before);
        while missing > 0 && begin > 0 {
            begin = memchr::memrchr(b'\n', &lines[..begin - 1]).map_or(0, |newline| newline + 1);
            missing -= 1;
        }
        let mut from = at + begin as u64;
        if let Some(log) = log.filter(|_| missing > 0 && at > self.given_to) {
            let mut block = vec![0; BLOCK_BYTES];
            from = tail::start_of_last(Lines::Last(missing), log, at, &mut block)?;
        }
        from = from.max(self.given_to);
        if self.has_given && from > self.given_to {
            give(Selected::Gap)?;
        }
        if let Some(log) = log.filter(|_| from < at) {
            give_again(log, from..at, &mut |at, bytes| give(Selected::Context(at, bytes)))?;
        }
        let begin = usize::try_from(from.saturating_sub(at)).unwrap_or(0);
        match lines.get(begin..) {
            Some(lines) if !lines.is_empty() => give(Selected::Context(at + begin as u64, lines)),
            _ => Ok(()),
        }
    }
}

/// At most `most` of the first `lines`: how many, and how many bytes.
fn first_lines(lines: &[u8], most: u64) -> (u64, usize) {
    let mut count = 0;
    for newline in memchr::memchr_iter(b'\n', lines) {
        if count == most {
            break;
        }
        count += 1;
        if count == most {
            return (count, newline + 1);
        }
    }
    let has_rest = !lines.is_empty() && !lines.ends_with(b"\n");
    (count + u64::from(has_rest), lines.len())
}

/// Reads a part of the log once more.
fn give_again(
    log: &Log,
    range: Range<u64>,
    give: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut block = vec![0; BLOCK_BYTES];
    log.each_block(range, &mut block, |at, bytes| give(at, bytes))?;
    Ok(())
}

#[cfg(test)]
mod tests;
