//! The zsh frame, filled.

use super::{fill, unquoted, words_for};
use crate::aliases::ALIASES;
use crate::names::VERBS;
use crate::options::{Completes, Flag, flags};
use crate::text::meaning_of;
use crate::verbs::Verb;
use std::fmt::Write;

pub(crate) fn zsh(verbs: &[Verb]) -> String {
    let (mut about, mut aliases, mut branches) = (String::new(), String::new(), String::new());
    for verb in &VERBS {
        _ = writeln!(about, "        {} '{}'", verb.name, unquoted(verb.about));
    }
    for (alias, ..) in ALIASES {
        _ = writeln!(aliases, "        {alias} '{}'", meaning_of(alias));
    }
    for verb in verbs {
        _ = writeln!(branches, "    ({})", words_for(verb).join("|"));
        _ = writeln!(branches, "        _arguments -s -S : \\");
        for flag in flags(verb) {
            _ = writeln!(branches, "            {} \\", specification(&flag));
        }
        _ = writeln!(branches, "            '*:process:_bgrun_processes'\n        ;;");
    }
    let frame = include_str!("bgrun.zsh");
    let filled = fill(frame, "# ABOUT", &about);
    let filled = fill(&filled, "# ALIASES", &aliases);
    fill(&filled, "# BRANCHES", &branches)
}

/// `'(-n --lines)'{-n+,--lines=}'[how many]:value:action'`
fn specification(flag: &Flag) -> String {
    let only_joined = flag.value.as_ref().is_some_and(|value| value.only_joined);
    let short = flag.short.map(|short| format!("-{short}"));
    let long = flag.long.as_ref().map(|long| format!("--{long}"));
    let (short_mark, long_mark) = match (&flag.value, only_joined) {
        (None, _) => ("", ""),
        (Some(_), false) => ("+", "="),
        (Some(_), true) => ("-", "=-"),
    };
    let written = match (&short, &long) {
        (Some(short), Some(long)) => format!("{{{short}{short_mark},{long}{long_mark}}}"),
        (Some(short), None) => format!("{short}{short_mark}"),
        (None, Some(long)) => format!("{long}{long_mark}"),
        (None, None) => String::new(),
    };
    let spellings: Vec<_> = short.into_iter().chain(long).collect();
    let before =
        if flag.repeats { "'*'".to_string() } else { format!("'({})'", spellings.join(" ")) };
    let help = unquoted(&flag.help).replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
    format!("{before}{written}'[{help}]{}'", action(flag))
}

fn action(flag: &Flag) -> String {
    let Some(value) = &flag.value else {
        return String::new();
    };
    let colons = if value.only_joined { "::" } else { ":" };
    let (what, action) = match &value.of {
        Completes::Processes => ("process", "_bgrun_processes".to_string()),
        Completes::Files => ("file", "_files".to_string()),
        Completes::Directories => ("directory", "_files -/".to_string()),
        Completes::Choices(choices) => ("value", format!("({})", choices.join(" "))),
        Completes::Nothing => ("value", " ".to_string()),
    };
    format!("{colons}{what}:{action}")
}
