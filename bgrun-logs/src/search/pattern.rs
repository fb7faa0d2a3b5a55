//! A regular expression, and the lines that it matches. A match never goes over the end of
//! a line: the expression is compiled so that nothing in it can match a newline.

use std::ops::Range;

use grep_matcher::{LineMatchKind, Matcher};
use grep_regex::{RegexMatcher, RegexMatcherBuilder};

/// One or several expressions, any of which may match.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    matcher: RegexMatcher,
}

impl Pattern {
    /// Compiles `expressions`; what is wrong with one is said in one line.
    pub(crate) fn new(expressions: &[String], ignores_case: bool) -> Result<Self, String> {
        Self::build(RegexMatcherBuilder::new().case_insensitive(ignores_case), expressions)
    }

    /// Texts that are found as they are.
    pub(crate) fn of_texts(texts: &[String], ignores_case: bool) -> Result<Self, String> {
        let mut builder = RegexMatcherBuilder::new();
        Self::build(builder.fixed_strings(true).case_insensitive(ignores_case), texts)
    }

    fn build(builder: &mut RegexMatcherBuilder, expressions: &[String]) -> Result<Self, String> {
        builder.multi_line(true).line_terminator(Some(b'\n'));
        match builder.build_many(expressions) {
            Ok(matcher) => Ok(Self { matcher }),
            Err(error) => Err(in_one_line(&error.to_string())),
        }
    }

    /// The first line at or after `from` that it matches, with its newline. `lines` are whole
    /// lines, the last of which may lack its newline; one begins at `from`.
    pub(crate) fn next_line(&self, lines: &[u8], mut from: usize) -> Option<Range<usize>> {
        while from < lines.len() {
            let (at, is_sure) = match self.candidate(&lines[from..])? {
                LineMatchKind::Confirmed(at) => (from + at, true),
                LineMatchKind::Candidate(at) => (from + at, false),
            };
            if at >= lines.len() && lines.ends_with(b"\n") {
                // An empty match after the last newline is in no line.
                return None;
            }
            let line = line_around(lines, at.max(from));
            if is_sure || self.is_in(text(&lines[line.clone()])) {
                return Some(line);
            }
            from = line.end;
        }
        None
    }

    fn candidate(&self, lines: &[u8]) -> Option<LineMatchKind> {
        self.matcher.find_candidate_line(lines).unwrap_or(None)
    }

    /// Whether it matches in `line`, which has no newline.
    pub(crate) fn is_in(&self, line: &[u8]) -> bool {
        self.matcher.is_match(line).unwrap_or(false)
    }

    /// Whether it matches at or after `from`; what stands before is only looked back at.
    pub(crate) fn is_in_from(&self, part: &[u8], from: usize) -> bool {
        self.matcher.is_match_at(part, from).unwrap_or(false)
    }

    /// The next place in `line` that it matches, at or after `from`; never an empty one.
    pub(crate) fn next_place(&self, line: &[u8], mut from: usize) -> Option<Range<usize>> {
        while from <= line.len() {
            let place = self.matcher.find_at(line, from).unwrap_or(None)?;
            if !place.is_empty() {
                return Some(place.start()..place.end());
            }
            from = place.end() + 1;
        }
        None
    }
}

/// The engine draws the expression and points into it, over several lines.
fn in_one_line(error: &str) -> String {
    let last = error.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(error);
    last.trim().trim_start_matches("error: ").to_owned()
}

/// The line, with its newline, in which the byte at `at` stands.
pub(crate) fn line_around(lines: &[u8], at: usize) -> Range<usize> {
    let before = &lines[..at.min(lines.len())];
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    line_from(lines, start)
}

/// The line, with its newline, that begins at `start`.
pub(crate) fn line_from(lines: &[u8], start: usize) -> Range<usize> {
    let end = memchr::memchr(b'\n', &lines[start..]).map_or(lines.len(), |at| start + at + 1);
    start..end
}

/// A line without its newline.
pub(crate) fn text(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(expression: &str) -> Pattern {
        Pattern::new(&[expression.to_owned()], false).expect("it is one")
    }

    fn lines(expression: &str, text: &str) -> Vec<String> {
        let pattern = pattern(expression);
        let (mut found, mut from) = (Vec::new(), 0);
        while let Some(line) = pattern.next_line(text.as_bytes(), from) {
            from = line.end;
            found.push(text[line].to_owned());
        }
        found
    }

    #[test]
    fn the_lines_that_match() {
        for (expression, text, expected) in [
            ("b", "abc\nx\nb\n", &["abc\n", "b\n"][..]),
            ("", "a\n\nb", &["a\n", "\n", "b"]),
            ("^$", "a\n\nb\n\n", &["\n", "\n"]),
            ("^b", "ab\nb\n", &["b\n"]),
            ("b$", "ba\nab", &["ab"]),
            ("a[^x]*b", "a\nb\nab\na b", &["ab\n", "a b"]),
            (r"a\s+b", "a\nb\na b\n", &["a b\n"]),
            ("(?s)a.b", "a\nb\naxb\n", &["axb\n"]),
            ("日.", "日本\n日\n", &["日本\n"]),
            (r"\w+foo", "foo\nxfoo\n", &["xfoo\n"]),
            ("x", "", &[]),
        ] {
            assert_eq!(lines(expression, text), expected, "{expression:?} in {text:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_searched_too() {
        assert_eq!(pattern("end$").next_line(b"\xff\x00\xfe end\n", 0), Some(0..8));
        assert_eq!(pattern(r"(?-u)\xfe").next_line(b"x\n\xff\xfe\n", 0), Some(2..5));
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        for wrong in ["(", "a{2", "[", "a\nb", r"\n", "(?<=x)y"] {
            let error = Pattern::new(&[wrong.to_owned()], false).expect_err(wrong);
            assert!(!error.is_empty() && !error.contains('\n'), "{error:?}");
        }
    }

    #[test]
    fn one_of_several_is_enough_and_a_text_is_no_expression() {
        let either = Pattern::new(&["a".into(), "B".into()], true).expect("expressions");
        assert!(either.is_in(b"xb") && either.is_in(b"A") && !either.is_in(b"c"));
        let text = Pattern::of_texts(&["a.c".into()], false).expect("a text");
        assert!(text.is_in(b"xa.c") && !text.is_in(b"abc"));
    }
}
