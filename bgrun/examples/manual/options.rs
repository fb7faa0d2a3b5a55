//! What a shell has to know of a verb's command line, drawn from clap.

use crate::verbs::Verb;
use clap::{Arg, ArgAction, ValueHint};

pub(crate) struct Flag {
    pub(crate) short: Option<char>,
    pub(crate) long: Option<String>,
    /// One line.
    pub(crate) help: String,
    pub(crate) value: Option<Value>,
    /// May be given several times.
    pub(crate) repeats: bool,
}

pub(crate) struct Value {
    pub(crate) of: Completes,
    /// Only as `--flag=value`; the next word is something else.
    pub(crate) only_joined: bool,
}

/// What completes a value.
pub(crate) enum Completes {
    Processes,
    Files,
    Directories,
    Choices(Vec<String>),
    Nothing,
}

/// The visible flags of a verb, `--help` among them.
pub(crate) fn flags(verb: &Verb) -> Vec<Flag> {
    let mut command = verb.command.clone();
    command.build();
    command
        .get_arguments()
        .filter(|argument| !argument.is_positional() && !argument.is_hide_set())
        .map(|argument| Flag {
            short: argument.get_short(),
            long: argument.get_long().map(str::to_string),
            help: first_line(argument),
            value: value(argument),
            repeats: matches!(argument.get_action(), ArgAction::Append | ArgAction::Count),
        })
        .collect()
}

fn first_line(argument: &Arg) -> String {
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    help.lines().next().unwrap_or_default().trim().to_string()
}

fn value(argument: &Arg) -> Option<Value> {
    let range = argument.get_num_args().filter(|range| range.takes_values())?;
    let only_joined = argument.is_require_equals_set() || range.min_values() == 0;
    Some(Value { of: completes(argument), only_joined })
}

/// Choices say what they are, then the name of the value tells, then its type.
fn completes(argument: &Arg) -> Completes {
    let choices = argument.get_possible_values();
    let choices = choices.iter().filter(|choice| !choice.is_hide_set());
    let choices: Vec<String> = choices.map(|choice| choice.get_name().to_string()).collect();
    if !choices.is_empty() {
        return Completes::Choices(choices);
    }
    let name = argument.get_value_names().and_then(<[_]>::first);
    match (name.map_or("", |name| name.as_str()), argument.get_value_hint()) {
        ("DIR" | "DIRECTORY", _) | (_, ValueHint::DirPath) => Completes::Directories,
        ("NAME" | "SELECTOR", _) => Completes::Processes,
        ("FILE" | "PATH", _) | (_, ValueHint::AnyPath | ValueHint::FilePath) => Completes::Files,
        _ => Completes::Nothing,
    }
}
