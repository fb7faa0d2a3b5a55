//! The manual page of a verb: what clap knows, then what its `args.rs` says of exit
//! codes and examples, in the order that all pages have.

use crate::text::{self, FILES};
use crate::variables;
use crate::verbs::Verb;
use clap::builder::PossibleValue;
use clap::{Arg, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use std::io;

pub(crate) fn render(verb: &Verb, all: &[Verb]) -> io::Result<Vec<u8>> {
    let name = format!("bgrun-{}", verb.name);
    let man = Man::new(prepared(verb, &name));

    let mut page = text::title(&name);
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    for heading in ["The file:", "Keys:"] {
        literal(&verb.command, heading, &mut page)?;
    }
    options(&prepared(verb, &name), &mut page)?;

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
    let mut others: Vec<String> = others.map(|other| format!("bgrun-{}", other.name)).collect();
    others.sort();
    text::see_also(&mut roff, ["bgrun"].into_iter().chain(others.iter().map(String::as_str)));
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// The arguments, then the options, those with a heading in a subsection of that name.
/// (`clap_mangen` makes a section of each, between OPTIONS and EXIT STATUS.)
fn options(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    // Arguments have no heading of their own here, and are told apart by an empty one.
    let heading = |argument: &Arg| match argument.is_positional() {
        true => Some(String::new()),
        false => argument.get_help_heading().map(str::to_string),
    };
    let mut headings = vec![Some(String::new()), None];
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let heading = heading(argument);
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    page.extend(b".SH OPTIONS\n");
    for wanted in headings {
        let part = command.clone().mut_args(|argument| {
            let is_elsewhere = heading(&argument) != wanted;
            let hides = argument.is_hide_set() || is_elsewhere;
            argument.help_heading(None::<&str>).hide(hides)
        });
        let part = part.disable_help_flag(wanted.is_some()).disable_version_flag(wanted.is_some());
        let mut rendered = Vec::new();
        Man::new(part).render_options_section(&mut rendered)?;
        let rendered = String::from_utf8_lossy(&rendered).into_owned();
        let Some((_, body)) = rendered.split_once(".SH OPTIONS\n") else { continue };
        if body.trim().is_empty() {
            continue;
        }
        if let Some(heading) = wanted.filter(|heading| !heading.is_empty()) {
            page.extend(format!(".SS \"{heading}\"\n").bytes());
        }
        page.extend(body.bytes());
    }
    Ok(())
}

/// A part of the help that is to be shown as it is, as a subsection.
fn literal(command: &Command, heading: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let help = command.get_after_long_help().or(command.get_after_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| line.trim() != heading).skip(1);
    let lines: Vec<&str> = lines.take_while(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let mut roff = Roff::default();
    roff.control("SS", [heading.trim_end_matches(':')]);
    roff.control("nf", []);
    for line in lines {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff.to_writer(page)
}

/// The command line as `clap_mangen` renders it best.
fn prepared(verb: &Verb, name: &str) -> Command {
    let typed = format!("bgrun {}", verb.name);
    let mut command = verb.command.clone().display_name(name).bin_name(&typed);
    let usage = command.render_usage().to_string().replace(name, &typed);
    command = command.override_usage(usage.trim_start_matches("Usage:").trim().to_string());
    let long = verb.command.get_long_about().or(verb.command.get_about()).cloned();
    command = command.about(about(&verb.command)).long_about(long.unwrap_or_default());
    command.mut_args(with_all_in_its_help)
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
