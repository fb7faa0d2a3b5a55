//! Saying no: one line for what is wrong, one hint for the way out, exit code 2.

use crate::installed::Installed;
use crate::nearest::nearest;
use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;

const USAGE: u8 = 2;

/// `way_out`: how what was probably meant is typed.
pub(crate) fn verb(word: &OsStr, way_out: Option<String>, installed: &Installed) -> ExitCode {
    say(&format!("no verb '{}'", printable(word)));
    let way_out = way_out.or_else(|| verb_of_others(word, installed));
    hint(way_out.as_deref().unwrap_or("'bgrun --help' lists the verbs"));
    ExitCode::from(USAGE)
}

pub(crate) fn flag(flag: &OsStr, instead: Option<String>) -> ExitCode {
    say(&format!("no flag '{}' here", printable(flag)));
    let instead = instead.map(|flag| did_you_mean(&flag));
    hint(instead.as_deref().unwrap_or("'bgrun --help' shows what can be said"));
    ExitCode::from(USAGE)
}

/// PATH is searched for names only once something went wrong.
fn verb_of_others(word: &OsStr, installed: &Installed) -> Option<String> {
    let verbs = installed.list();
    let verb = nearest(word.to_str()?, verbs.iter().filter_map(|verb| verb.to_str())).next()?;
    Some(did_you_mean(&format!("bgrun {verb}")))
}

pub(crate) fn did_you_mean(instead: &str) -> String {
    format!("did you mean '{instead}'?")
}

pub(crate) fn say(line: &str) {
    // With stderr gone there is nobody left to tell; the exit code still says it.
    _ = writeln!(io::stderr().lock(), "bgrun: {line}");
}

pub(crate) fn hint(line: &str) {
    _ = writeln!(io::stderr().lock(), "hint: {line}");
}

/// The words of the system, without the number that Rust adds to them.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.as_str(), |(words, _)| words).to_string()
}

/// `text` on one line and without anything that a terminal would obey.
pub(crate) fn printable(text: &OsStr) -> String {
    let quoted = format!("{text:?}");
    let text = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    text.unwrap_or(&quoted).replace("\\\"", "\"").replace("\\'", "'").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::printable;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_terminal_is_never_given_orders() {
        let table: [(&[u8], &str); 7] = [
            (b"lgos", "lgos"),
            ("wörker-✓".as_bytes(), "wörker-✓"),
            (b"\x1b[31mred", "\\u{1b}[31mred"),
            (b"two\nlines", "two\\nlines"),
            (b"\xff", "\\xFF"),
            ("\u{202e}gnp.exe".as_bytes(), "\\u{202e}gnp.exe"),
            (br#"it's a "name" \o/"#, r#"it's a "name" \o/"#),
        ];
        for (bytes, expected) in table {
            assert_eq!(printable(OsStr::from_bytes(bytes)), expected);
        }
    }
}
