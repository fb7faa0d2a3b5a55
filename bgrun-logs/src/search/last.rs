//! Where the last wanted lines of a log begin: searched backwards, block by block, so that
//! the cost grows with what lies behind them, never with the size of the log.

use std::io;
use std::ops::Range;
use std::rc::Rc;

use super::filter::{Before, Filter};
use super::pattern::line_from;
use super::sieve::{Context, Selected, Sieve};
use crate::log::Log;

/// The place at which the last `count` wanted lines of `range` begin, and what is known from
/// the lines before it. The range begins and ends with a line.
pub(crate) fn start_of_last(
    count: u64,
    filter: &Rc<Filter>,
    log: &Log,
    range: Range<u64>,
    block: &mut [u8],
) -> io::Result<(u64, Before)> {
    let mut left = count;
    let mut end = range.end;
    while end > range.start && left > 0 {
        let size = end.saturating_sub(range.start).min(block.len() as u64);
        let wanted = usize::try_from(size).unwrap_or(block.len());
        let start = end - size;
        let read = log.read(start, &mut block[..wanted])?;
        let bytes = &block[..read];
        let Some(first) = first_line(bytes, start == range.start, filter) else {
            let line = long_line(log, range.start..end, block)?;
            if is_wanted(filter, log, line.clone(), block)? {
                left -= 1;
                if left == 0 {
                    return Ok((line.start, Before::default()));
                }
            }
            end = line.start;
            continue;
        };
        let wanted = starts(filter, &bytes[first..]);
        let found = wanted.len() as u64;
        if found >= left {
            let at = usize::try_from(found - left).unwrap_or(0);
            let (place, before) = wanted[at];
            return Ok((start + (first + place) as u64, before));
        }
        left -= found;
        end = start + first as u64;
    }
    Ok(if left == 0 { (range.end, Before::default()) } else { (range.start, Before::default()) })
}

/// Where the first line begins that can be judged without the lines before the block.
fn first_line(bytes: &[u8], is_first: bool, filter: &Filter) -> Option<usize> {
    if is_first {
        return Some(0);
    }
    let whole = memchr::memchr(b'\n', bytes).map(|newline| newline + 1)?;
    let mut start = whole;
    while start < bytes.len() {
        let line = line_from(bytes, start);
        if !filter.needs_lines_before(&bytes[line.clone()]) {
            return Some(start);
        }
        start = line.end;
    }
    // All of it leans back: its level is not looked for any further than this.
    (whole < bytes.len()).then_some(whole)
}

/// Where each wanted line begins, and what is known before it.
fn starts(filter: &Filter, lines: &[u8]) -> Vec<(usize, Before)> {
    let (mut starts, mut from, mut before) = (Vec::new(), 0, Before::default());
    loop {
        let known = before;
        let Some(range) = filter.next(lines, from, &mut before) else { return starts };
        from = range.end;
        let mut start = range.start;
        // Of several at once each counts. What is known changes only where they come singly;
        // for the others it is of no matter.
        while start < range.end {
            let known =
                if filter.needs_lines_before(&lines[start..range.end]) { before } else { known };
            starts.push((start, known));
            start = line_from(lines, start).end;
        }
    }
}

/// The line that ends at the end of `range` and is longer than a block.
fn long_line(log: &Log, range: Range<u64>, block: &mut [u8]) -> io::Result<Range<u64>> {
    // Its newline is its own.
    let mut end = range.end - 1;
    while end > range.start {
        let size = (end - range.start).min(block.len() as u64);
        let wanted = usize::try_from(size).unwrap_or(block.len());
        let start = end - size;
        let read = log.read(start, &mut block[..wanted])?;
        if let Some(newline) = memchr::memrchr(b'\n', &block[..read]) {
            return Ok(start + newline as u64 + 1..range.end);
        }
        end = start;
    }
    Ok(range)
}

fn is_wanted(
    filter: &Rc<Filter>,
    log: &Log,
    line: Range<u64>,
    block: &mut [u8],
) -> io::Result<bool> {
    let mut sieve = Sieve::new(Rc::clone(filter), Context::default(), Some(1));
    let mut is_wanted = false;
    let mut give = |selected: Selected<'_>| {
        is_wanted |= matches!(selected, Selected::Wanted(..));
        Ok(())
    };
    log.each_block(line, block, |at, bytes| sieve.take(at, bytes, log, &mut give))?;
    sieve.finish(Some(log), &mut give)?;
    Ok(is_wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Level;
    use crate::search::Pattern;

    fn last(count: u64, filter: Filter, text: &str, block: usize) -> String {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), text).expect("write");
        let log = Log::open(file.path()).expect("open").expect("there");
        let mut block = vec![0; block];
        let range = 0..text.len() as u64;
        let found = start_of_last(count, &Rc::new(filter), &log, range, &mut block);
        text[usize::try_from(found.expect("read").0).expect("small")..].to_owned()
    }

    #[test]
    fn the_last_wanted_lines_whatever_the_blocks() {
        let pattern = |inverted| {
            let pattern = Pattern::new(&["x".to_owned()], false).expect("it is one");
            Filter::new(Some(pattern), inverted, None, vec![])
        };
        for block in 1..40 {
            for (count, inverted, text, expected) in [
                (1, false, "", ""),
                (0, false, "x\n", ""),
                (1, false, "a\nx\nb\n", "x\nb\n"),
                (2, false, "x\na\nx\nb\n", "x\na\nx\nb\n"),
                (9, false, "a\nx\nb\n", "a\nx\nb\n"),
                (1, false, "x1\nx2\nx3", "x3"),
                (2, false, "x1\nx2 is longer\nx3", "x2 is longer\nx3"),
                (2, true, "a\nb\nc\nx\n", "b\nc\nx\n"),
                (3, true, "a\n\nb\nx\n", "a\n\nb\nx\n"),
                (
                    1,
                    false,
                    "a long line with x\nand another one\n",
                    "a long line with x\nand another one\n",
                ),
            ] {
                let found = last(count, pattern(inverted), text, block);
                assert_eq!(found, expected, "{count} of {text:?} by {block}");
            }
        }
    }

    #[test]
    fn lines_that_lean_back_are_counted_with_their_level() {
        let text = "ERROR a\n at b\n at c\nINFO d\n at e\n";
        for block in 20..50 {
            let filter = |level| Filter::new(None, false, Some(level), vec![]);
            assert_eq!(last(1, filter(Level::Error), text, block), " at c\nINFO d\n at e\n");
            assert_eq!(last(3, filter(Level::Error), text, block), text);
        }
    }
}
