//! Text cut and set for columns of a screen.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` in at most `width` columns, with `…` where something is missing.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let mut out = String::new();
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used >= width {
            break;
        }
        out.push(character);
    }
    if width > 0 {
        out.push('…');
    }
    out
}

/// [`cut`], filled up with blanks to `width`; numbers stand at the right.
pub(crate) fn cell(text: &str, width: usize, at_right: bool) -> String {
    let text = cut(text, width);
    let blanks = " ".repeat(width.saturating_sub(text.width()));
    if at_right { blanks + &text } else { text + &blanks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_by_columns_not_letters() {
        assert_eq!(cut("web", 3), "web");
        assert_eq!(cut("worker", 4), "wor…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("x", 0), "");
        assert_eq!(cell("7", 3, true), "  7");
        assert_eq!(cell("日本語", 4, false), "日… ");
    }
}
