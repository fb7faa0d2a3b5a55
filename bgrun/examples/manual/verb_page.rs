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
    text::tagged_lines(&mut roff, verb.exit_status);
    roff.control("SH", ["ENVIRONMENT"]);
    for variable in variables::of(verb.name) {
        text::tagged(&mut roff, &variable.name, &variable.meaning);
    }
    roff.control("SH", ["FILES"]);
    text::tagged_block(&mut roff, FILES);
    roff.control("SH", ["EXAMPLES"]);
    text::tagged_block(&mut roff, verb.examples);
    let others = all.iter().filter(|other| other.name != verb.name);
    let others: Vec<String> = others.map(|other| format!("bgrun-{}", other.name)).collect();
    text::see_also(&mut roff, ["bgrun"].into_iter().chain(others.iter().map(String::as_str)));
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// The command line as `clap_mangen` renders it best.
fn prepared(verb: &Verb, name: &str) -> Command {
    let mut command = verb.command.clone().display_name(name).bin_name(name);
    let usage = command.render_usage().to_string();
    command = command.override_usage(usage.trim_start_matches("Usage:").trim().to_string());
    // Each heading would become a section between OPTIONS and EXIT STATUS, and each
    // choice that needs no words of its own would get a line of its own.
    // Each heading would become a section between OPTIONS and EXIT STATUS.
    command.mut_args(|argument| with_all_in_its_help(argument.help_heading(None)))
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
    if is_list {
        help += &format!(" [{}]", names.join(", "));
    }
    for alias in aliases {
        help += &format!(" [also --{alias}]");
    }
    let hides = is_list || argument.is_hide_possible_values_set();
    argument.hide_possible_values(hides).long_help(help)
}
