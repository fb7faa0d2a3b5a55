//! All conditions that a line has to meet, and the next lines in a piece of a log that do.

use std::ops::Range;

use super::fields::Field;
use super::level;
use super::pattern::{Pattern, line_from, text};
use crate::args::Level;

/// What a line has to be. Without any condition every line is.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pattern: Option<Pattern>,
    is_inverted: bool,
    level: Option<Level>,
    fields: Vec<Field>,
    /// Finds the lines that may have the first field.
    key: Option<Pattern>,
}

/// What is known from the lines before the next one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Before {
    level: Option<Level>,
}

impl Filter {
    /// Lines in which `pattern` matches, or does not; of this level or a worse one; with
    /// all these fields.
    pub(crate) fn new(
        pattern: Option<Pattern>,
        is_inverted: bool,
        level: Option<Level>,
        fields: Vec<Field>,
    ) -> Self {
        let key = fields.first().and_then(Field::candidates);
        Self { pattern, is_inverted, level, fields, key }
    }

    /// Whether every line is wanted.
    pub(crate) fn takes_all(&self) -> bool {
        self.pattern.is_none() && self.level.is_none() && self.fields.is_empty()
    }

    /// The next wanted lines at or after `from`, which may be several in a row. `lines` are
    /// whole lines, the last of which may lack its newline; one begins at `from`.
    pub(crate) fn next(
        &self,
        lines: &[u8],
        mut from: usize,
        before: &mut Before,
    ) -> Option<Range<usize>> {
        if self.takes_all() {
            return (from < lines.len()).then_some(from..lines.len());
        }
        if let (Some(pattern), None, []) = (&self.pattern, self.level, &self.fields[..]) {
            return match self.is_inverted {
                false => pattern.next_line(lines, from),
                true => next_without(pattern, lines, from),
            };
        }
        // The level of a line may depend on the one before: then each is looked at.
        let lead = match (&self.level, &self.pattern) {
            (Some(_), _) => None,
            (None, Some(pattern)) if !self.is_inverted => Some(pattern),
            (None, _) => self.key.as_ref(),
        };
        while from < lines.len() {
            let line = match lead {
                Some(lead) => lead.next_line(lines, from)?,
                None => line_from(lines, from),
            };
            from = line.end;
            let text = text(&lines[line.clone()]);
            if self.takes_beside_pattern(text, before) && self.is_matched(text) {
                return Some(line);
            }
        }
        None
    }

    fn is_matched(&self, line: &[u8]) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_in(line) != self.is_inverted)
    }

    /// Whether a line meets all conditions but that of the pattern. Of a line that is too
    /// long to be held, this sees the beginning.
    pub(crate) fn takes_beside_pattern(&self, line: &[u8], before: &mut Before) -> bool {
        if let Some(wanted) = self.level {
            let own = level::of(line);
            if own.is_some() || !level::leans_back(line) {
                before.level = own;
            }
            if before.level.is_none_or(|level| level < wanted) {
                return false;
            }
        }
        self.fields.iter().all(|field| field.is_in(line))
    }

    /// The pattern, and whether lines without it are wanted.
    pub(crate) fn pattern(&self) -> Option<(&Pattern, bool)> {
        self.pattern.as_ref().map(|pattern| (pattern, self.is_inverted))
    }

    /// Whether it depends on the lines before whether this one is wanted.
    pub(crate) fn needs_lines_before(&self, line: &[u8]) -> bool {
        self.level.is_some() && level::leans_back(line) && level::of(line).is_none()
    }
}

fn next_without(pattern: &Pattern, lines: &[u8], mut from: usize) -> Option<Range<usize>> {
    while from < lines.len() {
        match pattern.next_line(lines, from) {
            None => return Some(from..lines.len()),
            Some(line) if line.start > from => return Some(from..line.start),
            Some(line) => from = line.end,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(filter: &Filter, lines: &str) -> String {
        let (mut taken, mut from, mut before) = (String::new(), 0, Before::default());
        while let Some(range) = filter.next(lines.as_bytes(), from, &mut before) {
            from = range.end;
            taken.push_str(&lines[range]);
        }
        taken
    }

    fn pattern(expression: &str) -> Option<Pattern> {
        Some(Pattern::new(&[expression.to_owned()], false).expect("it is one"))
    }

    fn fields(all: &[&str]) -> Vec<Field> {
        all.iter().map(|one| one.parse().expect("a field")).collect()
    }

    #[test]
    fn all_conditions_hold_together() {
        let log = "{\"level\":50,\"user\":\"ada\",\"msg\":\"no\"}\nlevel=error user=ada msg=no\n\
                   level=error user=bob msg=no\nlevel=info user=ada msg=no\nERROR yes\n";
        let error = Some(Level::Error);
        for (filter, expected) in [
            (Filter::default(), vec![0, 1, 2, 3, 4]),
            (Filter::new(pattern("no"), false, None, vec![]), vec![0, 1, 2, 3]),
            (Filter::new(pattern("no"), true, None, vec![]), vec![4]),
            (Filter::new(None, false, error, vec![]), vec![0, 1, 2, 4]),
            (Filter::new(None, false, None, fields(&["user=ada"])), vec![0, 1, 3]),
            (Filter::new(None, false, error, fields(&["user=ada"])), vec![0, 1]),
            (Filter::new(pattern("=e"), false, error, fields(&["user=ada"])), vec![1]),
            (Filter::new(pattern("=e"), true, None, fields(&["user=ada", "msg=no"])), vec![0, 3]),
        ] {
            let lines: Vec<&str> = log.split_inclusive('\n').collect();
            let expected: String = expected.into_iter().map(|at| lines[at]).collect();
            assert_eq!(taken(&filter, log), expected, "{filter:?}");
        }
    }

    #[test]
    fn indented_lines_go_with_the_one_before_unless_they_have_a_level_of_their_own() {
        let log = "INFO a\n  more\nERROR b\n\tat c\n\tat d\n  DEBUG e\nplain\n  of plain\n";
        let filter = Filter::new(None, false, Some(Level::Error), vec![]);
        assert_eq!(taken(&filter, log), "ERROR b\n\tat c\n\tat d\n");
    }
}
