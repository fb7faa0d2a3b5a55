//! Reading an argument list as the older tool read it: which words are flags, which
//! are their values, which are names.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

pub(super) struct Flag {
    pub(super) long: &'static str,
    short: Option<char>,
    takes: Takes,
}

#[derive(PartialEq)]
enum Takes {
    Nothing,
    /// The next argument, or what is joined to it.
    Value,
    /// Nothing, as `--stop web` is an act and a name; but `--stop=web` is understood.
    JoinedName,
}

const fn flag(long: &'static str, short: Option<char>, takes: Takes) -> Flag {
    Flag { long, short, takes }
}

static FLAGS: [Flag; 30] = [
    flag("name", Some('n'), Takes::Value),
    flag("command", Some('c'), Takes::Value),
    flag("directory", Some('d'), Takes::Value),
    flag("config", None, Takes::Value),
    flag("stdout", None, Takes::Value),
    flag("stderr", None, Takes::Value),
    flag("logs-dir", None, Takes::Value),
    flag("lines", None, Takes::Value),
    flag("filter", None, Takes::Value),
    flag("port", None, Takes::Value),
    flag("kill-port", None, Takes::Value),
    flag("force", Some('f'), Takes::Nothing),
    flag("fetch", None, Takes::Nothing),
    flag("watch", Some('w'), Takes::Nothing),
    flag("json", Some('j'), Takes::Nothing),
    flag("logs", Some('l'), Takes::JoinedName),
    flag("log-stdout", None, Takes::Nothing),
    flag("log-stderr", None, Takes::Nothing),
    flag("stop", None, Takes::JoinedName),
    flag("stop-all", None, Takes::Nothing),
    flag("restart", None, Takes::JoinedName),
    flag("restart-all", None, Takes::Nothing),
    flag("delete", None, Takes::JoinedName),
    flag("clean", None, Takes::Nothing),
    flag("nuke", None, Takes::Nothing),
    flag("guard", None, Takes::JoinedName),
    flag("guard-off", None, Takes::JoinedName),
    flag("dashboard", None, Takes::Nothing),
    flag("version", Some('v'), Takes::Nothing),
    // The older tool gave `-h` another meaning for a while; here it is help everywhere.
    flag("help", Some('h'), Takes::Nothing),
];

pub(super) enum Token<'a> {
    Known {
        flag: &'static Flag,
        value: Option<OsString>,
        /// As it stood in argv, a cluster of short flags taken apart.
        typed: Vec<OsString>,
    },
    /// A flag of ours, or of nobody's.
    Foreign(&'a OsStr),
    /// A word behind a foreign flag: its value perhaps, perhaps a name.
    Value(&'a OsStr),
    Word(&'a OsStr),
}

impl Token<'_> {
    pub(super) fn is(&self, long: &str) -> bool {
        matches!(self, Token::Known { flag, .. } if flag.long == long)
    }

    pub(super) fn is_word(&self) -> bool {
        matches!(self, Token::Word(_))
    }

    pub(super) fn is_name(&self) -> bool {
        match self {
            Token::Known { flag, value: Some(_), .. } => {
                flag.long == "name" || flag.takes == Takes::JoinedName
            }
            _ => self.is_word(),
        }
    }
}

/// Every flag that [`read`] knows, without dashes.
pub(crate) fn long_names() -> impl Iterator<Item = &'static str> {
    FLAGS.iter().map(|flag| flag.long)
}

/// Those that say what to do with a process, without dashes.
pub(crate) fn acts_on_a_process() -> impl Iterator<Item = &'static str> {
    FLAGS.iter().filter(|flag| flag.takes == Takes::JoinedName).map(|flag| flag.long)
}

/// `-` alone stands for stdin, where a name would stand.
pub(crate) fn is_flag(argument: &OsStr) -> bool {
    argument.len() > 1 && argument.as_bytes().starts_with(b"-")
}

/// The tokens of what stands before `--`.
pub(super) fn read(argv: &[OsString]) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = argv.iter();
    while let Some(argument) = rest.next() {
        if !is_flag(argument) {
            let follows_foreign = matches!(tokens.last(), Some(Token::Foreign(_)));
            tokens.push(if follows_foreign {
                Token::Value(argument)
            } else {
                Token::Word(argument)
            });
            continue;
        }
        let Some(flags) = known(argument) else {
            tokens.push(Token::Foreign(argument));
            continue;
        };
        for (flag, joined, typed) in flags {
            let mut typed = vec![typed];
            let value = joined.or_else(|| {
                // `--name --stop` is a name forgotten, not a process called `--stop`.
                let next = rest.as_slice().first().filter(|_| flag.takes == Takes::Value)?;
                if is_flag(next) && known(next).is_some() {
                    return None;
                }
                typed.push(next.clone());
                rest.next().cloned()
            });
            tokens.push(Token::Known { flag, value, typed });
        }
    }
    tokens
}

type Reading = (&'static Flag, Option<OsString>, OsString);

/// The flags in one argument: `--long`, `--long=value`, `-s`, `-svalue` or, of several
/// switches, `-stu`. None unless all of it is known.
fn known(argument: &OsStr) -> Option<Vec<Reading>> {
    let bytes = argument.as_bytes();
    if let Some(long) = bytes.strip_prefix(b"--") {
        let equals = long.iter().position(|byte| *byte == b'=');
        let name = &long[..equals.unwrap_or(long.len())];
        let flag = FLAGS.iter().find(|flag| flag.long.as_bytes() == name)?;
        let value = equals.map(|at| OsStr::from_bytes(&long[at + 1..]).to_os_string());
        let is_well_formed = value.is_none() || flag.takes != Takes::Nothing;
        return is_well_formed.then(|| vec![(flag, value, argument.to_os_string())]);
    }

    let mut readings = Vec::new();
    let mut letters = &bytes[1..];
    while let Some((letter, after)) = letters.split_first() {
        let letter = char::from(*letter);
        let flag = FLAGS.iter().find(|flag| flag.short == Some(letter))?;
        let mut typed = OsString::from(format!("-{letter}"));
        letters = after;
        if flag.takes == Takes::Value && !after.is_empty() {
            let value = OsStr::from_bytes(after).to_os_string();
            typed.push(&value);
            readings.push((flag, Some(value), typed));
            break;
        }
        readings.push((flag, None, typed));
    }
    Some(readings)
}
