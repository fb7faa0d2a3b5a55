//! What is in the logs already: the last lines of each.

use std::io;
use std::ops::Range;

use bgrun_platform::tool;

use crate::args::Lines;
use crate::cursor::Cursor;
use crate::log::{Log, Reached};
use crate::output::Output;
use crate::search::{self, Before, Search};
use crate::source::Source;
use crate::tail;
use crate::window::{Bounds, Edge};

/// After so much it is asked whether more is wanted.
const TURN_BYTES: u64 = 1 << 20;

/// How one log was left.
#[derive(Debug)]
pub(crate) enum Left {
    /// Nothing was ever written.
    Absent,
    /// Read up to here.
    ReadTo(Log, u64),
    /// It cannot be read, as was said with this line.
    Unreadable(String),
}

/// What is to be shown of a log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// How many lines, from the end.
    pub(crate) lines: Lines,
    /// Only what this reader has not seen.
    pub(crate) cursor: Option<&'a Cursor>,
    /// Whether a line without its end is left for the next time.
    pub(crate) is_whole: bool,
    pub(crate) has_heading: bool,
    /// Only this part.
    pub(crate) bounds: Bounds,
}

/// A log of which something is to be shown.
#[derive(Debug)]
pub(crate) enum Opened {
    /// Nothing is.
    Nothing(Left),
    /// This part.
    Part(Part),
}

/// What is still to be shown of a log.
#[derive(Debug)]
pub(crate) struct Part {
    number: usize,
    log: Log,
    reached: Reached,
    end: u64,
}

impl Opened {
    /// What is still to be shown.
    pub(crate) fn range(&self) -> Option<Range<u64>> {
        match self {
            Self::Nothing(_) => None,
            Self::Part(part) => Some(part.reached.at..part.end),
        }
    }

    /// Whether all that is left of the log is shown, up to where it ends.
    pub(crate) fn reaches_back(&self) -> Option<u64> {
        let Self::Part(Part { log, reached, .. }) = self else { return None };
        // The archives are only looked for where something before them is left out.
        let is_in_live = reached.at > log.live_from().ok()?;
        (!is_in_live && reached.at <= log.begin().ok()?).then(|| log.end().ok()).flatten()
    }

    /// The log, where there is one.
    pub(crate) fn log(&self) -> Option<&Log> {
        match self {
            Self::Nothing(_) => None,
            Self::Part(part) => Some(&part.log),
        }
    }

    /// Shows all of it.
    pub(crate) fn show(
        &mut self,
        source: &Source,
        block: &mut [u8],
        output: &mut Output,
    ) -> io::Result<()> {
        match self.range() {
            Some(range) => self.show_to(source, range.end, block, output),
            None => Ok(()),
        }
    }

    /// Shows it up to the offset `to`, in turns, so that no more is read than is wanted.
    pub(crate) fn show_to(
        &mut self,
        source: &Source,
        to: u64,
        block: &mut [u8],
        output: &mut Output,
    ) -> io::Result<()> {
        let Self::Part(Part { number, log, reached, .. }) = self else { return Ok(()) };
        while reached.at < to && reached.trouble.is_none() && !output.is_done(*number) {
            let turn = reached.at..to.min(reached.at + TURN_BYTES);
            let end_of_turn = turn.end;
            let show = |at, bytes: &[u8]| output.show(*number, log, at, bytes);
            let before = std::mem::replace(reached, Reached::at(turn.start));
            *reached = before.and(log.each_block(turn, block, show)?);
            if reached.at < end_of_turn {
                break;
            }
        }
        if let Some(error) = &reached.trouble {
            tool::warn(source.unreadable(error));
        }
        Ok(())
    }

    /// How the log is left.
    pub(crate) fn left(self, source: &Source) -> Left {
        let Part { log, reached, .. } = match self {
            Self::Nothing(left) => return left,
            Self::Part(part) => part,
        };
        if reached.removed_bytes > 0 {
            tool::warn(source.removed(reached.removed_bytes));
        }
        match reached.trouble {
            Some(error) => Left::Unreadable(source.unreadable(&error)),
            None => Left::ReadTo(log, reached.at),
        }
    }
}

/// Opens log `number` and finds what is to be shown of it. A log that cannot be read is
/// reported.
pub(crate) fn open(
    source: &Source,
    number: usize,
    wish: Wish<'_>,
    block: &mut [u8],
    output: &mut Output,
) -> Opened {
    let complain = |line: String| {
        tool::warn(&line);
        Opened::Nothing(Left::Unreadable(line))
    };
    let log = match source.open() {
        Ok(Some(log)) => log,
        Ok(None) => return Opened::Nothing(Left::Absent),
        Err(error) => return complain(source.refused(&error)),
    };
    let (place, before) = match place(source, wish, output.search(), &log, block) {
        Ok(found) => found,
        Err(error) => return complain(source.unreadable(&error)),
    };
    let Range { start, end } = place;
    output.begin(number, end);
    if wish.has_heading && start < end {
        output.announce(&source.title());
    }
    output.search_from(number, 0, before);
    Opened::Part(Part { number, log, reached: Reached::at(start), end })
}

/// Where that lies which is to be shown, and what is known from the lines before.
fn place(
    source: &Source,
    wish: Wish<'_>,
    search: Option<&Search>,
    log: &Log,
    block: &mut [u8],
) -> io::Result<(Range<u64>, Before)> {
    let end = log.end()?;
    let end = match wish.bounds.to {
        Some(edge) => resolved(edge, log, end, block)?,
        None => end,
    };
    let seen = match wish.cursor {
        None => None,
        Some(cursor) => Some(cursor.place(source, log)?.map_or_else(|| log.begin(), Ok)?),
    };
    let seen = match wish.bounds.from {
        Some(edge) => resolved(edge, log, end, block)?.max(seen.unwrap_or(0)).into(),
        None => seen,
    };
    let end = match seen {
        Some(seen) if wish.is_whole && end > seen => {
            last_line_end(log, end, block)?.clamp(seen, end)
        }
        _ => end,
    };
    let (start, before) = match (wish.lines, search) {
        (Lines::Last(count @ 1..), Some(search)) if !search.filter.takes_all() => {
            let floor = seen.map_or_else(|| log.begin(), Ok)?;
            search::start_of_last(count, &search.filter, log, floor..end, block)?
        }
        (Lines::All, _) if seen.is_some() => (seen.unwrap_or(end), Before::default()),
        (lines, _) => {
            let start = tail::start_of_last(lines, log, end, block)?;
            (start.max(seen.unwrap_or(start)), Before::default())
        }
    };
    Ok((start..end, before))
}

/// Where the last line ends that is complete.
fn last_line_end(log: &Log, end: u64, block: &mut [u8]) -> io::Result<u64> {
    let mut last = [0];
    match log.read(end - 1, &mut last)? {
        1 if last == *b"\n" => Ok(end),
        _ => tail::start_of_last(Lines::Last(1), log, end, block),
    }
}

/// The offset of an edge, within what there is before `end`.
fn resolved(edge: Edge, log: &Log, end: u64, block: &mut [u8]) -> io::Result<u64> {
    let begin = log.begin()?.min(end);
    let mut at = match edge {
        Edge::Exact(at) => return Ok(at.clamp(begin, end)),
        Edge::Line(at) if at <= begin => return Ok(begin),
        Edge::Line(at) => at,
    };
    // From the byte before it: a newline there says that a line begins.
    at -= 1;
    while at < end {
        let count = log.read(at, block)?;
        if let Some(newline) = memchr::memchr(b'\n', &block[..count]) {
            return Ok((at + newline as u64 + 1).min(end));
        }
        if count == 0 {
            break;
        }
        at += count as u64;
    }
    Ok(end)
}
