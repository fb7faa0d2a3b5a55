//! What is in the logs already: the last lines of each.

use std::io;

use bgrun_platform::tool;

use crate::args::Lines;
use crate::log::Log;
use crate::output::Output;
use crate::source::Source;
use crate::tail;

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
    let found = log.end().and_then(|end| Ok((end, tail::start_of_last(lines, &log, end, block)?)));
    let (end, start) = match found {
        Ok(found) => found,
        Err(error) => return complain(source.unreadable(&error)),
    };
    output.begin(number, end);
    if has_heading && start < end {
        output.heading(&source.title())?;
    }
    let reached = log.each_block(start..end, block, |at, bytes| output.show(number, at, bytes))?;
    if reached.removed_bytes > 0 {
        tool::warn(source.removed(reached.removed_bytes));
    }
    match reached.trouble {
        Some(error) => complain(source.unreadable(&error)),
        None => Ok(Left::ReadTo(log, reached.at)),
    }
}
