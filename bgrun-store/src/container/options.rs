//! Reading `docker [OPTIONS] run [OPTIONS] IMAGE …` as docker and podman read it: where the
//! options end depends on which of them take a value.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::container::Word;

/// What counts of a command that runs a container.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) engine: &'static str,
    /// The program and its global options.
    pub(super) call: Range<usize>,
    /// The word `run`.
    pub(super) run: usize,
    pub(super) name: Option<String>,
    pub(super) is_detached: bool,
    /// It has a stdin of its own, or a terminal.
    pub(super) is_interactive: bool,
    /// It says itself what the client is attached to.
    pub(super) is_attached: bool,
    pub(super) has_stop_signal: bool,
    /// Words that are to be others, or none.
    pub(super) changes: BTreeMap<usize, Option<String>>,
}

/// Options before `run` that take no value, of docker 28 and podman 5.
const GLOBAL_SWITCHES: [&str; 13] = [
    "debug",
    "D",
    "tls",
    "tlsverify",
    "remote",
    "r",
    "noout",
    "syslog",
    "trace",
    "transient-store",
    "help",
    "version",
    "v",
];

/// Options of `run` that take no value; a value they may have follows `=`.
const SWITCHES: [&str; 25] = [
    "detach",
    "disable-content-trust",
    "env-host",
    "help",
    "http-proxy",
    "init",
    "interactive",
    "no-healthcheck",
    "no-hostname",
    "no-hosts",
    "oom-kill-disable",
    "passwd",
    "privileged",
    "publish-all",
    "quiet",
    "read-only",
    "read-only-tmpfs",
    "replace",
    "rm",
    "rmi",
    "rootfs",
    "sig-proxy",
    "tls-verify",
    "tty",
    "unsetenv-all",
];

/// The same, of one letter.
const SHORT_SWITCHES: &str = "ditPq";

/// Reads a command. None: it runs no container.
pub(super) fn parse(words: &[Word]) -> Option<Parsed> {
    let text = |at: usize| words.get(at).map(|word| word.text.as_str());
    let first = usize::from(text(0) == Some("exec") && !words[0].span.is_empty());
    let engine = match text(first)?.rsplit('/').next()? {
        "docker" => "docker",
        "podman" => "podman",
        _ => return None,
    };
    let mut at = first + 1;
    while let Some(option) = text(at)?.strip_prefix('-') {
        let option = option.strip_prefix('-').unwrap_or(option);
        let has_value = !option.contains('=') && !GLOBAL_SWITCHES.contains(&option);
        at += 1 + usize::from(has_value);
    }
    let call = first..at;
    if text(at)? == "container" {
        at += 1;
    }
    if text(at)? != "run" {
        return None;
    }
    let mut parsed = Parsed { engine, call, run: at, ..Parsed::default() };
    at += 1;
    loop {
        let word = text(at)?;
        at = match word.strip_prefix("--") {
            Some("") => {
                text(at + 1)?;
                return Some(parsed);
            }
            Some("help") => return None,
            Some(long) => parsed.take_long(long, at, text(at + 1)),
            None if word.len() > 1 && word.starts_with('-') => {
                parsed.take_short(word, at, text(at + 1))
            }
            None => return Some(parsed),
        };
    }
}

impl Parsed {
    /// Takes one long option; answers where the next word is.
    fn take_long(&mut self, long: &str, at: usize, next: Option<&str>) -> usize {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        if SWITCHES.contains(&name) {
            let is_on = value.is_none_or(is_true);
            match name {
                "detach" if is_on => {
                    self.is_detached = true;
                    self.changes.insert(at, None);
                }
                "interactive" | "tty" => self.is_interactive |= is_on,
                _ => {}
            }
            return at + 1;
        }
        match name {
            "name" => self.name = value.or(next).map(str::to_owned),
            "attach" => self.is_attached = true,
            "stop-signal" => self.has_stop_signal = true,
            _ => {}
        }
        at + 1 + usize::from(value.is_none())
    }

    /// Takes letters behind one dash: switches, and at most one option with a value.
    fn take_short(&mut self, word: &str, at: usize, _next: Option<&str>) -> usize {
        let letters = &word[1..];
        for (from, letter) in letters.char_indices() {
            let rest = &letters[from + letter.len_utf8()..];
            if !SHORT_SWITCHES.contains(letter) {
                self.is_attached |= letter == 'a';
                return at + 1 + usize::from(rest.is_empty());
            }
            let value = rest.strip_prefix('=');
            let is_on = value.is_none_or(is_true);
            match letter {
                'd' if is_on => {
                    self.is_detached = true;
                    let behind = if value.is_some() { "" } else { rest };
                    let left = format!("-{}{behind}", &letters[..from]);
                    self.changes.insert(at, (left != "-").then_some(left));
                }
                'i' | 't' => self.is_interactive |= is_on,
                _ => {}
            }
            if value.is_some() {
                break;
            }
        }
        at + 1
    }
}

/// What Go's flags take for true.
fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}
