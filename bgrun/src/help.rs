//! What the dispatcher itself prints: the first screen, the version, the verbs.

use crate::aliases::ALIASES;
use crate::names::{VERBS, is_own};
use crate::refuse;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

const FAILED: u8 = 1;

const USAGE: &str = "\
bgrun: programs that keep running, without a daemon

usage: bgrun                      list the processes
       bgrun NAME                 show everything about one of them
       bgrun VERB [ARGUMENT...]
";

const EXAMPLES: &str = "
examples
  bgrun run web -- node server.js
  bgrun logs -f web
  bgrun ls --json | jq -r '.[].name'
  bgrun kill web

'bgrun help VERB' explains a verb, 'man bgrun' the rest.
";

pub(crate) fn print(installed: &BTreeSet<OsString>) -> ExitCode {
    to_stdout(first_screen(installed).as_bytes())
}

pub(crate) fn print_version() -> ExitCode {
    to_stdout(concat!("bgrun ", env!("CARGO_PKG_VERSION"), "\n").as_bytes())
}

pub(crate) fn print_verbs(installed: &BTreeSet<OsString>) -> ExitCode {
    let mut lines = Vec::new();
    for verb in installed {
        lines.extend_from_slice(verb.as_bytes());
        lines.push(b'\n');
    }
    to_stdout(&lines)
}

/// Names what is installed and nothing else.
fn first_screen(installed: &BTreeSet<OsString>) -> String {
    let is_there = |name: &str| installed.contains(OsStr::new(name));
    let mut screen = String::from(USAGE);
    let mut group = "";
    for verb in VERBS.iter().filter(|verb| is_there(verb.name)) {
        if group != verb.group {
            group = verb.group;
            screen += &format!("\n{group}\n");
        }
        screen += &format!("  {:<10} {}\n", verb.name, verb.about);
    }

    let others = installed.iter().filter_map(|verb| verb.to_str()).filter(|verb| !is_own(verb));
    screen += &wrapped("\nadded by others\n", others);
    let aliases = ALIASES.iter().filter(|(_, verb, _)| is_there(verb)).map(|(alias, ..)| *alias);
    screen += &wrapped("\nalso understood\n", aliases);
    screen + EXAMPLES
}

/// `heading` and the words below it, on as many lines as 80 columns need.
fn wrapped<'a>(heading: &str, words: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words {
        let width = word.chars().count() + 1;
        if column == 0 || column + width > 80 {
            text += if column == 0 { heading } else { "\n" };
            text += " ";
            column = 1;
        }
        text += " ";
        text += word;
        column += width;
    }
    if column > 0 { text + "\n" } else { text }
}

/// A reader that has gone away (`| head`) is no failure.
fn to_stdout(bytes: &[u8]) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            refuse::say(&format!("cannot write to stdout: {}", refuse::reason(&error)));
            ExitCode::from(FAILED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_screen;
    use std::collections::BTreeSet;
    use std::ffi::OsString;

    fn installed(verbs: &[&str]) -> BTreeSet<OsString> {
        verbs.iter().map(OsString::from).collect()
    }

    #[test]
    fn the_first_screen_names_only_what_is_installed() {
        let screen = first_screen(&installed(&["run", "ls", "backup"]));
        for present in ["\n  run ", "\n  ls ", "added by others\n  backup\n", " restart\n"] {
            assert!(screen.contains(present), "{present:?} in\n{screen}");
        }
        for absent in ["\n  kill ", "guard", "dashboard", "nuke", "keep running\n"] {
            assert!(!screen.contains(absent), "{absent:?} in\n{screen}");
        }
        assert!(!first_screen(&installed(&["run"])).contains("added by others"));
    }

    #[test]
    fn the_first_screen_fits_a_small_terminal() {
        let mut verbs = installed(&["run", "ls", "logs", "kill", "watch", "guard", "dash"]);
        verbs.extend((0..20).map(|number| OsString::from(format!("verb-{number}"))));
        let screen = first_screen(&verbs);
        for line in screen.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
