//! The fish frame, filled.

use super::{fill, unquoted, words_for};
use crate::aliases::ALIASES;
use crate::names::VERBS;
use crate::options::{Completes, Flag, flags};
use crate::text::meaning_of;
use crate::verbs::Verb;
use std::fmt::Write;

pub(crate) fn fish(verbs: &[Verb]) -> String {
    let (mut about, mut aliases) = (String::new(), String::new());
    let (mut meant, mut lines) = (String::new(), String::new());
    for verb in &VERBS {
        _ = writeln!(about, "            case {}", verb.name);
        _ = writeln!(about, "                set what '{}'", unquoted(verb.about));
    }
    for (alias, verb, _) in ALIASES {
        let meaning = meaning_of(alias);
        _ = writeln!(
            aliases,
            "    contains {verb} $installed; and printf '%s\\t%s\\n' {alias} '{meaning}'"
        );
    }
    for verb in verbs {
        if let [_, words @ ..] = words_for(verb).as_slice()
            && !words.is_empty()
        {
            _ = writeln!(meant, "            case {}", words.join(" "));
            _ = writeln!(meant, "                echo {}", verb.name);
        }
        let is_verb = format!("complete -c bgrun -n '__bgrun_is {}'", verb.name);
        _ = writeln!(lines, "{is_verb} -a '(__bgrun_processes)'");
        for flag in flags(verb) {
            _ = writeln!(lines, "{is_verb}{}", specification(&flag));
        }
    }
    let frame = include_str!("bgrun.fish");
    let filled = fill(frame, "# ABOUT", &about);
    let filled = fill(&filled, "# ALIASES", &aliases);
    let filled = fill(&filled, "# MEANT", &meant);
    fill(&filled, "# FLAGS", &lines)
}

fn specification(flag: &Flag) -> String {
    let mut text = String::new();
    if let Some(short) = flag.short {
        text += &format!(" -s {short}");
    }
    if let Some(long) = &flag.long {
        text += &format!(" -l {long}");
    }
    text += &format!(" -d '{}'", unquoted(&flag.help).replace('\\', "\\\\"));
    let Some(value) = &flag.value else {
        return text;
    };
    // `-r`: the next word is the value, and `-x`: no file. What can only be joined with
    // `=` is offered there and does not claim the next word.
    let takes = match (&value.of, value.only_joined) {
        (_, true) => "",
        (Completes::Files, false) => " -r -F",
        (_, false) => " -x",
    };
    text + takes
        + &match &value.of {
            Completes::Processes => " -a '(__bgrun_processes)'".to_string(),
            Completes::Directories => " -a '(__fish_complete_directories)'".to_string(),
            Completes::Choices(choices) => format!(" -a '{}'", choices.join(" ")),
            Completes::Files | Completes::Nothing => String::new(),
        }
}
