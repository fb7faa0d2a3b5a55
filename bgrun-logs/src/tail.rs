//! Where the last lines of a log begin, found from its end: the cost grows with what is
//! shown, never with the size of the log.

use std::io;

use crate::args::Lines;
use crate::log::Log;

/// How much is read first: more than most last lines need, and few pages to touch.
const FIRST_BYTES: usize = 16 << 10;

/// The offset at which the last `lines` of what is before `end` begin. A newline ends a
/// line; what follows the last one is a line, too.
pub(crate) fn start_of_last(
    lines: Lines,
    log: &Log,
    end: u64,
    block: &mut [u8],
) -> io::Result<u64> {
    let left = match lines {
        Lines::All => return log.begin(),
        Lines::Last(0) => return Ok(end),
        Lines::Last(count) => count,
    };
    let mut search = Search { log, end, left, block, at: end };
    // The archives are looked for only when the live file has too few lines.
    if let Some(start) = search.down_to(log.live_from()?)? {
        return Ok(start);
    }
    let begin = log.begin()?;
    Ok(search.down_to(begin)?.unwrap_or(begin))
}

/// A search for newlines from the end on backwards.
struct Search<'a> {
    log: &'a Log,
    end: u64,
    /// How many are still to be found.
    left: u64,
    block: &'a mut [u8],
    /// Where it is.
    at: u64,
}

impl Search<'_> {
    /// Where the lines begin, if that is at `floor` or behind it.
    fn down_to(&mut self, floor: u64) -> io::Result<Option<u64>> {
        while self.at > floor {
            let is_first = self.at == self.end;
            let size = if is_first { self.block.len().min(FIRST_BYTES) } else { self.block.len() };
            // At multiples of the block's size, as the page cache has them.
            let start = ((self.at - 1) / size as u64 * size as u64).max(floor);
            let wanted = usize::try_from(self.at - start).unwrap_or(self.block.len());
            let count = self.log.read(start, &mut self.block[..wanted])?;
            // The newline at the very end begins no line.
            let searched = if is_first { count.min(wanted - 1) } else { count };
            for newline in memchr::memrchr_iter(b'\n', &self.block[..searched]) {
                self.left -= 1;
                if self.left == 0 {
                    return Ok(Some(start + newline as u64 + 1));
                }
            }
            self.at = start;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(lines: u64, text: &str, block: usize) -> String {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), text).expect("write");
        let log = Log::open(file.path()).expect("open").expect("there");
        let mut block = vec![0; block];
        let start = start_of_last(Lines::Last(lines), &log, text.len() as u64, &mut block);
        text[usize::try_from(start.expect("read")).expect("small")..].to_owned()
    }

    #[test]
    fn the_last_lines_whatever_the_blocks() {
        for block in 1..20 {
            for (lines, text, expected) in [
                (1, "", ""),
                (0, "a\nb\n", ""),
                (1, "\n", "\n"),
                (2, "\n\n\n", "\n\n"),
                (1, "a\nb\n", "b\n"),
                (2, "a\nb\n", "a\nb\n"),
                (9, "a\nb\n", "a\nb\n"),
                (1, "a\nunfinished", "unfinished"),
                (2, "a\nb\nunfinished", "b\nunfinished"),
                (1, "no newline", "no newline"),
                (2, "long line before\na long line\nx\n", "a long line\nx\n"),
            ] {
                assert_eq!(last(lines, text, block), expected, "{lines} of {text:?} by {block}");
            }
        }
    }

    #[test]
    fn all_lines_are_found_without_reading() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let log = Log::open(file.path()).expect("open").expect("there");
        assert_eq!(start_of_last(Lines::All, &log, 1 << 40, &mut []).expect("none read"), 0);
    }
}
