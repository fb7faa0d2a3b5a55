//! Text from outside, made safe before a terminal sees it.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

/// `text` without characters that could move the cursor, hide something or turn the
/// direction of writing: controls (C0, DEL, C1) and bidirectional marks are shown as
/// escapes.
#[must_use]
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            c if is_unsafe(c) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// [`safe`] for text of the system, with `?` marks for what is no UTF-8.
#[must_use]
pub fn safe_os(text: &OsStr) -> String {
    safe(&text.to_string_lossy()).into_owned()
}

/// [`safe`] for a path.
#[must_use]
pub fn safe_path(path: &Path) -> String {
    safe_os(path.as_os_str())
}

/// The words of the system for an error, without the number that Rust adds to them.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.as_str(), |(words, _)| words).to_owned()
}

/// `3s`, `12m`, `5h 3m`, `2d 4h`: never wider than seven letters.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if seconds < 60 => format!("{seconds}s"),
        () if minutes < 60 => format!("{minutes}m {}s", seconds % 60),
        () if hours < 24 => format!("{hours}h {}m", minutes % 60),
        () if days < 1000 => format!("{days}d {}h", hours % 24),
        () => format!("{days}d"),
    }
}

/// `812K`, `53.1M`, `1.2G`, counted in 1024s.
#[allow(clippy::cast_precision_loss, reason = "a display value")]
#[must_use]
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "K", "M", "G"] {
        if value < 999.5 {
            let digits = usize::from(value < 99.95 && unit != "B" && unit != "K");
            return format!("{value:.digits$}{unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1}T")
}

/// Whether a character is a control or turns the direction of writing (Unicode
/// Bidi_Control).
#[must_use]
pub fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_left_alone() {
        for text in ["", "web", "日本 🙂", "a\\b", "100%"] {
            assert!(matches!(safe(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn an_error_has_words_and_no_number() {
        assert_eq!(reason(&io::Error::from_raw_os_error(13)), "Permission denied");
        assert_eq!(reason(&io::Error::other("else")), "else");
    }

    #[test]
    fn nothing_unsafe_is_left() {
        let hostile = "a\u{1b}[2Jb\nc\u{9b}d\u{7f}\u{202e}e\u{2066}";
        let shown = safe(hostile);
        assert_eq!(shown, "a\\e[2Jb\\nc\\u{9b}d\\u{7f}\\u{202e}e\\u{2066}");
        assert!(!shown.chars().any(is_unsafe));
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1000, "1K"),
            (999 << 10, "999K"),
            (20 << 20, "20.0M"),
            (612 << 20, "612M"),
            (3 << 29, "1.5G"),
            (5 << 40, "5.0T"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn durations_are_short() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (61, "1m 1s"),
            (3_600, "1h 0m"),
            (90_061, "1d 1h"),
            (86_400_000, "1000d"),
        ] {
            assert_eq!(duration(Duration::from_secs(seconds)), text);
        }
    }
}
