//! Tests of sifting: every result is compared with what going through the lines one by one
//! gives, wherever the blocks are cut.

use super::*;
use crate::search::Pattern;

fn pattern(expression: &str, is_inverted: bool) -> Rc<Filter> {
    let pattern = Pattern::new(&[expression.to_owned()], false).expect("it is one");
    Rc::new(Filter::new(Some(pattern), is_inverted, None, vec![]))
}

fn log_of(text: &[u8]) -> (tempfile::NamedTempFile, Log) {
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), text).expect("write");
    let log = Log::open(file.path()).expect("open").expect("there");
    (file, log)
}

/// What is given; context in `()`, `--` for a gap.
fn sifted(sieve: &mut Sieve, text: &[u8], size: usize) -> String {
    let (_file, log) = log_of(text);
    let mut given = String::new();
    let mut give = |selected: Selected<'_>| {
        let (at, bytes, is_context) = match selected {
            Selected::Wanted(at, bytes) => (at, bytes, false),
            Selected::Context(at, bytes) => (at, bytes, true),
            Selected::Gap => {
                given.push_str("--\n");
                return Ok(());
            }
        };
        let place = usize::try_from(at).expect("small");
        assert_eq!(&text[place..place + bytes.len()], bytes);
        for line in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            match is_context {
                true => given.push_str(&format!(
                    "({}){}",
                    line.trim_end(),
                    if line.ends_with('\n') { "\n" } else { "" }
                )),
                false => given.push_str(line),
            }
        }
        Ok(())
    };
    for (number, block) in text.chunks(size).enumerate() {
        sieve.take((number * size) as u64, block, &log, &mut give).expect("take");
    }
    sieve.finish(Some(&log), &mut give).expect("finish");
    given
}

#[test]
fn lines_with_those_around_them_however_they_come() {
    let text = b"a\nb\nx1\nc\nd\ne\nf\nx2\nx3\ng\nend x";
    for (before, after, most, expected) in [
        (0, 0, None, "x1\nx2\nx3\nend x"),
        (1, 0, None, "(b)\nx1\n--\n(f)\nx2\nx3\n(g)\nend x"),
        (0, 1, None, "x1\n(c)\n--\nx2\nx3\n(g)\nend x"),
        (2, 2, None, "(a)\n(b)\nx1\n(c)\n(d)\n(e)\n(f)\nx2\nx3\n(g)\nend x"),
        (9, 9, None, "(a)\n(b)\nx1\n(c)\n(d)\n(e)\n(f)\nx2\nx3\n(g)\nend x"),
        (0, 0, Some(2), "x1\nx2\n"),
        (0, 1, Some(1), "x1\n(c)\n"),
        (1, 0, Some(0), ""),
    ] {
        for size in 1..text.len() + 1 {
            let mut sieve = Sieve::new(pattern("x", false), Context { before, after }, most);
            assert_eq!(sifted(&mut sieve, text, size), expected, "{before} {after} by {size}");
        }
    }
}

#[test]
fn the_others_when_it_is_inverted() {
    for size in 1..20 {
        let mut sieve = Sieve::new(pattern("x", true), Context::default(), None);
        assert_eq!(sifted(&mut sieve, b"a\nx\nb\nc\nx\nd", size), "a\nb\nc\nd");
        let mut sieve = Sieve::new(pattern("x", true), Context::default(), Some(2));
        assert_eq!(sifted(&mut sieve, b"a\nx\nb\nc\nx\nd", size), "a\nb\n");
    }
}

/// A line of more than three windows with `inside` at `at`.
fn long_line(inside: &[u8], at: usize) -> Vec<u8> {
    let mut line = vec![b'.'; 3 * HELD_BYTES + 77];
    line[at..at + inside.len()].copy_from_slice(inside);
    line.push(b'\n');
    line
}

#[test]
fn a_match_is_found_anywhere_in_a_line_of_any_length() {
    let size = BLOCK_BYTES;
    let last = 3 * HELD_BYTES + 77;
    let borders = [HELD_BYTES, HELD_BYTES + size, HELD_BYTES + 2 * size, 2 * HELD_BYTES];
    let around = borders.iter().flat_map(|border| border - 8..border + 3);
    for at in around.chain([0, 1, last - 6]) {
        let text = [b"first\n".as_slice(), &long_line(b"needle", at), b"last\n"].concat();
        let mut sieve = Sieve::new(pattern("ne+dle", false), Context::default(), None);
        assert_eq!(sifted(&mut sieve, &text, size).len(), last + 1, "at {at}");
        let mut sieve = Sieve::new(pattern("ne+dle", true), Context::default(), None);
        assert_eq!(sifted(&mut sieve, &text, size), "first\nlast\n", "at {at}");
    }
}

#[test]
fn a_long_line_begins_and_ends_only_once() {
    let last = 3 * HELD_BYTES + 77;
    for (expression, inside, at, is_found) in [
        ("^needle", "needle", 0, true),
        ("^needle", "needle", HELD_BYTES, false),
        ("^needle", "needle", HELD_BYTES - OVERLAP_FOR_TEST, false),
        ("needle$", "needle", last - 6, true),
        ("needle$", "needle", HELD_BYTES - 6, false),
        (r"needle\b", "needlex", HELD_BYTES - 6, false),
        (".*needle.*", "needle", 5, true),
        ("[.]+$", ".", 5, true),
    ] {
        let text = long_line(inside.as_bytes(), at);
        let mut sieve = Sieve::new(pattern(expression, false), Context::default(), None);
        let given = sifted(&mut sieve, &text, BLOCK_BYTES).len();
        assert_eq!(given > 0, is_found, "{expression} at {at}");
        assert!(given == 0 || given == last + 1);
    }
}

/// Where the second window of a long line begins, before the end of the first.
const OVERLAP_FOR_TEST: usize = 64 << 10;

#[test]
fn long_lines_are_context_too() {
    let text = [b"a\nx1\n".as_slice(), &long_line(b"", 0), b"x2\n"].concat();
    for context in [Context { before: 1, after: 0 }, Context { before: 0, after: 1 }] {
        let mut sieve = Sieve::new(pattern("x", false), context, None);
        let given = sifted(&mut sieve, &text, BLOCK_BYTES);
        let dots = given.bytes().filter(|&byte| byte == b'.').count();
        assert_eq!(dots, 3 * HELD_BYTES + 77, "{context:?}");
        assert!(given.contains("x1\n") && given.ends_with("x2\n"));
    }
}
