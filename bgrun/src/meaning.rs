//! What an argument list means: one pure function, told which verbs are installed.

#[cfg(test)]
mod table;

use crate::nearest::nearest;
use crate::older_flags::is_flag;
use crate::refuse::{did_you_mean, printable};
use crate::{aliases, foreign, names, older_flags};
use std::ffi::{OsStr, OsString};

#[derive(Debug, PartialEq)]
pub(crate) enum Act {
    Exec {
        verb: OsString,
        args: Vec<OsString>,
    },
    Help,
    Version,
    ListVerbs,
    /// `hint` is the way to what was probably meant.
    UnknownVerb {
        word: OsString,
        hint: Option<String>,
    },
    UnknownFlag {
        flag: OsString,
        instead: Option<String>,
    },
}

type IsInstalled<'a> = &'a dyn Fn(&OsStr) -> bool;

/// Flags with which a word is plainly a process, although it resembles a verb.
const FLAGS_OF_DETAILS: [&str; 5] = ["--json", "-j", "--env", "--live", "--quiet"];

/// The meaning of what was typed behind `bgrun`.
pub(crate) fn of(argv: &[OsString], is_installed: IsInstalled) -> Act {
    let Some((first, rest)) = argv.split_first() else {
        return exec("ls", &[], &[]);
    };
    match first.to_str() {
        Some("help" | "--help" | "-h") => return help(rest, is_installed),
        Some("--version" | "-V" | "-v") => return Act::Version,
        Some("--list-verbs") => return Act::ListVerbs,
        _ => {}
    }
    if let Some(act) = verb(first, rest, is_installed) {
        return act;
    }
    match older_flags::translate(argv) {
        Some(translated) => in_our_spelling(&translated, is_installed),
        None if is_flag(first) => unknown_flag(argv),
        None => process(first, rest, is_installed),
    }
}

/// The act if `word` is a verb or an alias of one. Bgrun's own verbs are known even
/// where they are not installed: `bgrun guard` is never a process called guard.
fn verb(word: &OsStr, rest: &[OsString], is_installed: IsInstalled) -> Option<Act> {
    let text = word.to_str();
    if text.is_some_and(names::is_own) {
        return Some(Act::Exec { verb: word.to_os_string(), args: rest.to_vec() });
    }
    if let Some((verb, flags)) = text.and_then(aliases::resolve) {
        return Some(exec(verb, flags, rest));
    }
    // What only other verbs call is none: a process may have that name.
    let is_plumbing = text.is_some_and(|text| names::PLUMBING.contains(&text));
    (!is_flag(word) && !is_plumbing && is_installed(word))
        .then(|| Act::Exec { verb: word.to_os_string(), args: rest.to_vec() })
}

fn help(rest: &[OsString], is_installed: IsInstalled) -> Act {
    let Some(word) = rest.first().filter(|word| !is_flag(word)) else {
        return Act::Help;
    };
    match verb(word, &[], is_installed) {
        Some(Act::Exec { verb, .. }) => Act::Exec { verb, args: vec!["--help".into()] },
        _ => Act::UnknownVerb {
            word: word.clone(),
            hint: foreign::hint(word, &[]).or_else(|| {
                let verb = nearest_verb(word, is_installed)?;
                Some(did_you_mean(&format!("bgrun help {verb}")))
            }),
        },
    }
}

fn in_our_spelling(translated: &[OsString], is_installed: IsInstalled) -> Act {
    match translated {
        [verb, ..] if verb == "--help" => Act::Help,
        [verb, ..] if verb == "--version" => Act::Version,
        [verb, flag, name, flags @ ..] if verb == "ls" && flag == "--details" => {
            details(name, flags, is_installed)
        }
        [verb, args @ ..] => Act::Exec { verb: verb.clone(), args: args.to_vec() },
        [] => exec("ls", &[], &[]),
    }
}

/// `first` is neither verb nor flag: the name of a process, or a mistyped verb.
fn process<'a>(first: &OsStr, rest: &'a [OsString], is_installed: IsInstalled) -> Act {
    let near = meant_verb(first, rest, is_installed);
    let is_details = rest.iter().all(|flag| FLAGS_OF_DETAILS.iter().any(|known| flag == *known));
    if has_operand(rest) || (near.is_some() && !is_details) {
        let starts = rest.iter().any(|argument| argument == "--");
        let instead = starts.then(|| format!("bgrun run {} -- ...", printable(first)));
        let instead = instead.or_else(|| verb_behind(first, rest));
        let hint = near.or_else(|| Some(did_you_mean(&instead?)));
        return Act::UnknownVerb { word: first.to_os_string(), hint };
    }
    // The flags of `ls` are its own to judge, unless another act was plainly meant.
    let meant =
        |flag: &'a OsString| Some((flag, nearest_flag(flag, older_flags::acts_on_a_process())?));
    if let Some((flag, instead)) = rest.iter().find_map(meant) {
        return Act::UnknownFlag { flag: flag.clone(), instead: Some(instead) };
    }
    details(first, rest, is_installed)
}

/// `web stop`, as systemctl's older sister `service` has it.
fn verb_behind(name: &OsStr, rest: &[OsString]) -> Option<String> {
    let word = rest.first()?.to_str()?;
    let is_verb = names::is_own(word) || aliases::resolve(word).is_some();
    is_verb.then(|| format!("bgrun {word} {}", printable(name)))
}

/// A word right behind a flag is taken for its value.
fn has_operand(rest: &[OsString]) -> bool {
    let mut may_be_value = false;
    rest.iter().any(|argument| {
        let is_operand = argument == "--" || (!is_flag(argument) && !may_be_value);
        may_be_value = is_flag(argument);
        is_operand
    })
}

/// The dispatcher opens nothing, so it cannot see whether a process of this name
/// exists; `ls` can, and is told what to say if there is none.
fn details(name: &OsStr, flags: &[OsString], is_installed: IsInstalled) -> Act {
    let hint = meant_verb(name, flags, is_installed).map(|hint| format!("--otherwise={hint}"));
    let args = hint.into_iter().map(OsString::from);
    let args = args.chain(["--details".into(), name.to_os_string()]).chain(flags.iter().cloned());
    Act::Exec { verb: "ls".into(), args: args.collect() }
}

fn unknown_flag(argv: &[OsString]) -> Act {
    let is_unknown = |flag: &&OsString| is_flag(flag) && !is_older_flag(flag);
    let flag = argv.iter().find(is_unknown).unwrap_or(&argv[0]);
    let known = older_flags::long_names().chain(["list-verbs"]);
    Act::UnknownFlag { flag: flag.clone(), instead: nearest_flag(flag, known) }
}

/// The way to the verb that was meant, by another tool's word for it or by a slip.
fn meant_verb(word: &OsStr, rest: &[OsString], is_installed: IsInstalled) -> Option<String> {
    foreign::hint(word, rest)
        .or_else(|| Some(did_you_mean(&format!("bgrun {}", nearest_verb(word, is_installed)?))))
}

fn nearest_verb(word: &OsStr, is_installed: IsInstalled) -> Option<&'static str> {
    let own = names::VERBS.iter().map(|verb| verb.name);
    let known = own.chain(aliases::ALIASES.map(|(alias, ..)| alias)).chain(["help"]);
    nearest(word.to_str()?, known).find(|name| {
        let verb = aliases::resolve(name).map_or(*name, |(verb, _)| verb);
        verb == "help" || is_installed(OsStr::new(verb))
    })
}

fn nearest_flag(flag: &OsStr, known: impl Iterator<Item = &'static str>) -> Option<String> {
    let typed = flag.to_str().filter(|typed| typed.starts_with("--"))?;
    let typed = typed.split_once('=').map_or(typed, |(name, _)| name);
    nearest(typed, known).next().map(|flag| format!("--{flag}"))
}

fn is_older_flag(flag: &OsStr) -> bool {
    let long = flag.to_str().and_then(|flag| flag.strip_prefix("--"));
    long.is_some_and(|long| older_flags::long_names().any(|known| known == long))
}

fn exec(verb: &str, flags: &[&str], rest: &[OsString]) -> Act {
    let args = flags.iter().map(OsString::from).chain(rest.iter().cloned()).collect();
    Act::Exec { verb: verb.into(), args }
}
