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
}

/// Shows what is there of log `number`.
///
/// # Errors
/// Those of the output; a log that cannot be read is reported and [`Left::Unreadable`].
pub(crate) fn show(
    source: &Source,
    number: usize,
    wish: Wish<'_>,
    block: &mut [u8],
    output: &mut Output,
) -> io::Result<Left> {
    let complain = |line: String| {
        tool::warn(&line);
        Ok(Left::Unreadable(line))
    };
    let log = match Log::open(&source.path) {
        Ok(Some(log)) => log,
        Ok(None) => return Ok(Left::Absent),
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
    let mut reached = Reached::at(start);
    // In turns, so that no more is read than is wanted.
    while reached.at < end && reached.trouble.is_none() && !output.is_done(number) {
        let turn = reached.at..end.min(reached.at + TURN_BYTES);
        let end_of_turn = turn.end;
        let show = |at, bytes: &[u8]| output.show(number, &log, at, bytes);
        reached = reached.and(log.each_block(turn, block, show)?);
        if reached.at < end_of_turn {
            break;
        }
    }
    if reached.removed_bytes > 0 {
        tool::warn(source.removed(reached.removed_bytes));
    }
    match reached.trouble {
        Some(error) => complain(source.unreadable(&error)),
        None => Ok(Left::ReadTo(log, reached.at)),
    }
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
    let seen = match wish.cursor {
        None => None,
        Some(cursor) => Some(cursor.place(source, log)?.map_or_else(|| log.begin(), Ok)?),
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
