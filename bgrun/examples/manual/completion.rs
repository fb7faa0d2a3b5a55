//! The completion scripts: one hand-written frame for each shell, into which the
//! verbs, their flags and what completes a value are written.

mod bash;
mod fish;
mod zsh;

pub(crate) use bash::bash;
pub(crate) use fish::fish;
pub(crate) use zsh::zsh;

use crate::aliases::ALIASES;
use crate::verbs::Verb;

/// The verb and every other word for it.
fn words_for(verb: &Verb) -> Vec<&'static str> {
    let aliases = ALIASES.iter().filter(|(_, meant, _)| *meant == verb.name);
    std::iter::once(verb.name).chain(aliases.map(|(alias, ..)| *alias)).collect()
}

/// Replaces the line that holds nothing but `mark`; a frame without it is a mistake
/// that the shells' own syntax checks would not find.
fn fill(frame: &str, mark: &str, text: &str) -> String {
    let line = frame.lines().find(|line| line.trim() == mark);
    let line = line.expect("every mark stands in its frame on a line of its own");
    frame.replacen(&format!("{line}\n"), text, 1)
}

/// For use between single quotes in any of the shells.
fn unquoted(text: &str) -> String {
    text.replace('\'', "\u{2019}")
}
