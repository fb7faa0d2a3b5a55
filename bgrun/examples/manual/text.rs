//! What all pages say, and the marks with which it is said.

use crate::aliases;
use clap_mangen::roff::{Inline, Roff, bold, roman};

/// The first line of a page. It has no date: the same sources make the same page.
/// (`Roff` would leave the place of the date out instead of leaving it empty.)
pub(crate) fn title(page: &str) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    format!(".TH {} 1 \"\" \"bgrun {version}\" \"bgrun manual\"\n", page.to_uppercase())
        .into_bytes()
}

const TOOL: &str = include_str!("../../../bgrun-platform/src/tool.rs");

/// The exit codes of all tools, as the one file that defines them says: a code and
/// its meaning stand in the comment above each.
pub(crate) fn exit_codes() -> Vec<(String, String)> {
    let comments = TOOL.lines().filter_map(|line| line.trim().strip_prefix("/// "));
    comments
        .filter_map(|comment| comment.split_once(": "))
        .filter(|(code, _)| code.parse::<u8>().is_ok())
        .map(|(code, meaning)| (code.to_string(), meaning.trim_end_matches('.').to_string()))
        .collect()
}

/// What an alias is short for: `kill --delete`.
pub(crate) fn meaning_of(alias: &str) -> String {
    let (verb, flags) = aliases::resolve(alias).unwrap_or(("", &[]));
    [&[verb], flags].concat().join(" ")
}

pub(crate) const FILES: &str = "\
~/.bgr
    the state directory, readable by its owner only; BGR_HOME names another
~/.bgr/bgr_v2.sqlite
    the processes, what is wanted of them, and their runs
~/.bgr/run/ID.lock
    locked for as long as the supervisor of a process lives
~/.bgr/NAME-out.txt, ~/.bgr/NAME-err.txt
    what a process has written to stdout and stderr, in all its runs";

/// `tag` lines, each with an indented line that explains it.
pub(crate) fn tagged_block(roff: &mut Roff, block: &str) {
    for line in block.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with(' ') {
            roff.text(marked(line.trim()));
        } else {
            roff.control("TP", []);
            roff.text([bold(line.trim())]);
        }
    }
}

pub(crate) fn tagged(roff: &mut Roff, tag: &str, meaning: &str) {
    roff.control("TP", []);
    roff.text([bold(tag)]);
    roff.text(marked(meaning));
}

/// Blank lines part the paragraphs.
pub(crate) fn paragraphs(roff: &mut Roff, text: &str) {
    for (number, paragraph) in text.split("\n\n").enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        for line in paragraph.lines() {
            roff.text(marked(line));
        }
    }
}

/// What stands between backticks is bold.
fn marked(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { bold(part) } else { roman(part) }).collect()
}

/// `bgrun-ls(1), bgrun-run(1)`
pub(crate) fn see_also<'a>(roff: &mut Roff, pages: impl Iterator<Item = &'a str>) {
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for page in pages {
        line.extend((!line.is_empty()).then(|| roman(", ")));
        line.extend([bold(page), roman("(1)")]);
    }
    roff.text(line);
}
