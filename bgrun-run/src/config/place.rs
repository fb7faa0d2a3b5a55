//! Where something is wrong in a file, as an editor counts.

use std::fmt;

use bgrun_platform::text::safe;

/// A line and a column, both from 1; a column is a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// The place of the byte `offset` in `text`; behind the end it is the end.
    pub(super) fn of_offset(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line = before.matches('\n').count() + 1;
        let last = before.rsplit('\n').next().unwrap_or_default();
        Self { line, column: last.chars().count() + 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// What is wrong with a file, and where.
#[derive(Debug)]
pub(super) struct Wrong {
    place: Place,
    what: String,
}

impl Wrong {
    pub(super) fn new(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, safe(&self.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_characters() {
        let at = |offset| {
            let Place { line, column } = Place::of_offset("äb\nc\n", offset);
            (line, column)
        };
        assert_eq!((at(0), at(1), at(2), at(3)), ((1, 1), (1, 1), (1, 2), (1, 3)));
        assert_eq!((at(4), at(5), at(6), at(99)), ((2, 1), (2, 2), (3, 1), (3, 1)));
    }
}
