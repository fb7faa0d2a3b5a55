//! What stands before a line: the name of its process, and a sign for its stream.

use bgrun_platform::text;
use bgrun_store::Stream;
use unicode_width::UnicodeWidthStr;

/// What stands before each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Labels {
    /// Nothing.
    None,
    /// A sign before lines of stderr.
    Signs,
    /// The name, and a sign for either stream.
    Names,
}

/// Names are aligned up to this width; a longer one moves only its own lines.
const WIDEST_COLUMNS: usize = 24;

/// The colours of names, in turn; red is left for stderr.
const COLOURS: [&str; 10] = ["36", "33", "32", "35", "34", "96", "93", "92", "95", "94"];
const OFF: &str = "\x1b[0m";
const RED: &str = "\x1b[1;31m";

/// The columns in which the names are aligned.
pub(crate) fn columns<'a>(names: impl IntoIterator<Item = &'a str>) -> usize {
    names.into_iter().map(|name| text::safe(name).width()).max().unwrap_or(0).min(WIDEST_COLUMNS)
}

/// The name of the process that is `turn`th among all, in `columns`, and the sign: `|`
/// for stdout, `!` for stderr.
pub(crate) fn name(
    name: &str,
    stream: Stream,
    columns: usize,
    turn: usize,
    has_colours: bool,
) -> String {
    let name = text::safe(name);
    let padding = " ".repeat(columns.saturating_sub(name.width()));
    if !has_colours {
        return format!("{name}{padding} {} ", sign(stream));
    }
    let colour = COLOURS[turn % COLOURS.len()];
    match stream {
        Stream::Stdout => format!("\x1b[{colour}m{name}{padding} |{OFF} "),
        Stream::Stderr => format!("\x1b[{colour}m{name}{padding}{OFF} {RED}!{OFF} "),
    }
}

/// Only the sign, and only for stderr.
pub(crate) fn stderr_sign(stream: Stream, has_colours: bool) -> String {
    match (stream, has_colours) {
        (Stream::Stdout, _) => String::new(),
        (Stream::Stderr, false) => format!("{} ", sign(stream)),
        (Stream::Stderr, true) => format!("{RED}{}{OFF} ", sign(stream)),
    }
}

fn sign(stream: Stream) -> char {
    match stream {
        Stream::Stdout => '|',
        Stream::Stderr => '!',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> Vec<String> {
        let columns = columns(names.iter().copied());
        let label = |one: &&str| name(one, Stream::Stdout, columns, 0, false);
        names.iter().map(label).collect()
    }

    #[test]
    fn names_are_aligned_by_the_columns_they_take() {
        assert_eq!(labels(&["web", "worker"]), ["web    | ", "worker | "]);
        assert_eq!(labels(&["日本", "é", "abcde"]), ["日本  | ", "é     | ", "abcde | "]);
        let long = "x".repeat(40);
        assert_eq!(labels(&["web", &long]), [format!("{:24} | ", "web"), format!("{long} | ")]);
    }

    #[test]
    fn streams_are_told_apart_by_a_sign_with_and_without_colours() {
        let web = |stream, has_colours| name("web", stream, 3, 0, has_colours);
        assert_eq!(web(Stream::Stderr, false), "web ! ");
        assert_eq!(web(Stream::Stdout, true), "\x1b[36mweb |\x1b[0m ");
        assert_eq!(web(Stream::Stderr, true), "\x1b[36mweb\x1b[0m \x1b[1;31m!\x1b[0m ");
        assert_eq!(stderr_sign(Stream::Stdout, true), "");
        assert_eq!(stderr_sign(Stream::Stderr, false), "! ");
    }

    #[test]
    fn a_name_from_a_damaged_registry_is_harmless() {
        assert_eq!(labels(&["a\x1b[2Jb"]), ["a\\e[2Jb | "]);
    }
}
