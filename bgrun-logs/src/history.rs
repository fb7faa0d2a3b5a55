//! What is in the logs already: the last lines of each.

use std::io;

use bgrun_platform::tool;

use crate::args::Lines;
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

/// Shows the last `lines` of log `number`.
///
/// # Errors
/// Those of the output; a log that cannot be read is reported and [`Left::Unreadable`].
pub(crate) fn show(
    source: &Source,
    number: usize,
    lines: Lines,
    has_heading: bool,
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
    let found = log.end().and_then(|end| {
        let (start, before) = start_of(lines, output.search(), &log, end, block)?;
        Ok((end, start, before))
    });
    let (end, start, before) = match found {
        Ok(found) => found,
        Err(error) => return complain(source.unreadable(&error)),
    };
    output.begin(number, end);
    if has_heading && start < end {
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

/// Where that begins which is to be shown, and what is known from the lines before.
fn start_of(
    lines: Lines,
    search: Option<&Search>,
    log: &Log,
    end: u64,
    block: &mut [u8],
) -> io::Result<(u64, Before)> {
    match (lines, search) {
        (Lines::Last(count @ 1..), Some(search)) if !search.filter.takes_all() => {
            search::start_of_last(count, &search.filter, log, log.begin()?..end, block)
        }
        _ => Ok((tail::start_of_last(lines, log, end, block)?, Before::default())),
    }
}
