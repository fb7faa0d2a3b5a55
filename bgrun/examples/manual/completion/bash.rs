//! The bash frame, filled.

use super::{fill, words_for};
use crate::aliases::ALIASES;
use crate::options::{Completes, Flag, flags};
use crate::verbs::Verb;
use std::fmt::Write;

pub(crate) fn bash(verbs: &[Verb]) -> String {
    let (mut meant, mut offered, mut values) = (String::new(), String::new(), String::new());
    for verb in verbs {
        let name = verb.name;
        let words = words_for(verb);
        if let [_, aliases @ ..] = words.as_slice()
            && !aliases.is_empty()
        {
            _ = writeln!(meant, "    {}) echo {name} ;;", aliases.join(" | "));
        }
        let flags = flags(verb);
        _ = writeln!(offered, "    {name}) echo '{}' ;;", offer(&flags));
        for flag in &flags {
            values += &value(name, flag);
        }
    }
    let aliases = ALIASES.map(|(alias, ..)| alias).join(" ");
    let frame = include_str!("bgrun.bash");
    let filled = fill(frame, "# MEANT", &meant);
    let filled = fill(&filled, "# ALIASES", &format!("    local aliases='{aliases}'\n"));
    let filled = fill(&filled, "# OFFERED", &offered);
    fill(&filled, "# VALUES", &values)
}

/// The flags as they are offered: with `=` where a value can only be joined.
fn offer(flags: &[Flag]) -> String {
    let written = flags.iter().filter_map(|flag| match (&flag.long, flag.short) {
        (Some(long), _) => Some(format!("--{long}")),
        (None, Some(short)) => Some(format!("-{short}")),
        (None, None) => None,
    });
    written.collect::<Vec<_>>().join(" ")
}

/// A branch for a flag that takes a value, none for a switch.
fn value(verb: &str, flag: &Flag) -> String {
    let Some(value) = &flag.value else {
        return String::new();
    };
    let kind = match &value.of {
        Completes::Processes => "processes".to_string(),
        Completes::Files => "files".to_string(),
        Completes::Directories => "directories".to_string(),
        Completes::Choices(choices) => format!("choices {}", choices.join(" ")),
        Completes::Nothing => "nothing".to_string(),
    };
    let mut patterns = Vec::new();
    if let Some(long) = &flag.long {
        patterns.push(format!("'{verb} --{long}='"));
        patterns.extend((!value.only_joined).then(|| format!("'{verb} --{long}'")));
    }
    if let Some(short) = flag.short.filter(|_| !value.only_joined) {
        patterns.push(format!("'{verb} -{short}'"));
    }
    format!("    {}) echo '{kind}' ;;\n", patterns.join(" | "))
}
