//! Where the last lines of a log begin, found from its end: the cost grows with what is
//! shown, never with the size of the log.

use std::io;

use crate::args::Lines;
use crate::log::Log;

/// How much is read first: more than most last lines need, and few pages to touch.
const FIRST_BYTES: usize = 16 << 10;

/// The offset at which the last `lines` of the first `length` bytes begin. A newline ends
/// a line; what follows the last one is a line, too.
pub(crate) fn start_of_last(
    lines: Lines,
    log: &Log,
    length: u64,
    block: &mut [u8],
) -> io::Result<u64> {
    let mut left = match lines {
        Lines::All => return Ok(0),
        Lines::Last(0) => return Ok(length),
        Lines::Last(count) => count,
    };
    let mut end = length;
    while end > 0 {
        let size = if end == length { block.len().min(FIRST_BYTES) } else { block.len() } as u64;
        // At multiples of the block's size, as the page cache has them.
        let start = (end - 1) / size * size;
        let wanted = usize::try_from(end - start).unwrap_or(block.len());
        let count = log.read(start, &mut block[..wanted])?;
        // The newline at the very end begins no line.
        let searched = if end == length { count.min(wanted - 1) } else { count };
        for newline in memchr::memrchr_iter(b'\n', &block[..searched]) {
            left -= 1;
            if left == 0 {
                return Ok(start + newline as u64 + 1);
            }
        }
        end = start;
    }
    Ok(0)
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
