//! The manual page of a verb: what clap knows, then what its `args.rs` says of exit
//! codes and examples, in the order that all pages have.

use crate::text::{self, FILES};
use crate::variables;
use crate::verbs::Verb;
use clap::builder::PossibleValue;
use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::Roff;
use std::io;

pub(crate) fn render(verb: &Verb, all: &[Verb]) -> io::Result<Vec<u8>> {
    let name = format!("bgrun-{}", verb.name);
    let man = Man::new(prepared(verb, &name));

    let mut page = text::title(&name);
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;

    let mut roff = Roff::default();
    roff.control("SH", ["EXIT STATUS"]);
    let codes = section(&verb.command, "Exit status:");
    for (code, meaning) in if codes.is_empty() { text::exit_codes() } else { codes } {
        text::tagged(&mut roff, &code, &meaning);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for variable in variables::of(verb.name) {
        text::tagged(&mut roff, &variable.name, &variable.meaning);
    }
    roff.control("SH", ["FILES"]);
    text::tagged_block(&mut roff, FILES);
    roff.control("SH", ["EXAMPLES"]);
    for (command, meaning) in section(&verb.command, "Examples:") {
        text::tagged(&mut roff, &command, &meaning);
    }
    let others = all.iter().filter(|other| other.name != verb.name);
    let others: Vec<String> = others.map(|other| format!("bgrun-{}", other.name)).collect();
    text::see_also(&mut roff, ["bgrun"].into_iter().chain(others.iter().map(String::as_str)));
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// The command line as `clap_mangen` renders it best.
fn prepared(verb: &Verb, name: &str) -> Command {
    let typed = format!("bgrun {}", verb.name);
    let mut command = verb.command.clone().display_name(name).bin_name(&typed);
    let usage = command.render_usage().to_string().replace(name, &typed);
    command = command.override_usage(usage.trim_start_matches("Usage:").trim().to_string());
    let long = verb.command.get_long_about().or(verb.command.get_about()).cloned();
    command = command.about(about(&verb.command)).long_about(long.unwrap_or_default());
    // Each heading would become a section between OPTIONS and EXIT STATUS, and each
    // choice that needs no words of its own would get a line of its own.
    let long = verb.command.get_long_about().or(verb.command.get_about()).cloned();
    command = command.about(about(&verb.command)).long_about(long.unwrap_or_default());
    // Each heading would become a section between OPTIONS and EXIT STATUS.
    command.mut_args(|argument| with_all_in_its_help(argument.help_heading(None)))
}

/// The first line of what the verb says of itself. (An `about` drawn from a manifest is
/// drawn from the manifest of this crate, not of the verb's.)
fn about(command: &Command) -> String {
    let text = command.get_long_about().or(command.get_about());
    let text = text.map(ToString::to_string).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut letters = line.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

/// `clap_mangen` does not know aliases, and gives each choice a paragraph.
fn with_all_in_its_help(argument: Arg) -> Arg {
    let choices = argument.get_possible_values();
    let choices = if argument.get_action().takes_values() { choices } else { Vec::new() };
    let is_list = !choices.is_empty() && choices.iter().all(|choice| choice.get_help().is_none());
    let names: Vec<_> = choices.iter().map(PossibleValue::get_name).collect();
    let aliases = argument.get_visible_aliases().unwrap_or_default();

    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string);
    let mut help = help.unwrap_or_default();
    if is_list && !names.iter().all(|name| help.contains(name)) {
        help += &format!(" [{}]", names.join(", "));
    }
    for alias in aliases {
        help += &format!(" [also --{alias}]");
    }
    let hides = is_list || argument.is_hide_possible_values_set();
    argument.hide_possible_values(hides).long_help(help)
}

/// What stands below a heading at the end of the long help: terms, each with what it
/// means behind two blanks or on lines of its own that are indented further.
fn section(command: &Command, heading: &str) -> Vec<(String, String)> {
    let help = command.get_after_long_help().or(command.get_after_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| line.trim() != heading).skip(1);
    let lines = lines.take_while(|line| !line.ends_with(':') || line.starts_with(' '));
    let lines: Vec<&str> = lines.filter(|line| !line.trim().is_empty()).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let least = lines.iter().map(|line| indent(line)).min().unwrap_or_default();

    let mut terms: Vec<(String, String)> = Vec::new();
    for line in lines {
        let text = line.trim();
        let (term, meaning) = text.split_once("  ").unwrap_or((text, ""));
        match terms.last_mut() {
            Some((_, meaning)) if indent(line) > least => {
                *meaning = format!("{meaning} {text}").trim().to_string();
            }
            _ => terms.push((term.to_string(), meaning.trim().to_string())),
        }
    }
    terms
}
