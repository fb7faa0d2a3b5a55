//! Commands that run a container: `docker run …` and `podman run …`, as words or as a
//! simple line of shell. What is recognised here is known by a label of its own to its
//! engine, so that no other container is ever taken for it.

mod options;
mod shell;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use serde::{Deserialize, Serialize};

use crate::container::options::Parsed;
use crate::lock_line::LockLine;
use crate::process::Process;
use crate::spec::{ContainerName, Spec, rendered};
use crate::variables;

/// The label by which an engine knows whose a container is: its value is the `BGRUN_ID`.
pub const LABEL: &str = "bgrun.id";

/// How the engine of a container is called, wherever the caller is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EngineCall {
    /// The program and its global options.
    pub words: Vec<String>,
    /// The variables of [`variables::ENGINE`] that the process has; what is not here, it has
    /// not. None: as the caller has them.
    pub environment: Option<BTreeMap<String, String>>,
}

/// One word of a command: what it says as far as that is known before a shell expands it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// Where it stands in a line of shell.
    span: std::ops::Range<usize>,
}

/// The words of a command, if it is a single program with its arguments.
fn read(argv: Option<&[OsString]>, command: &str) -> Option<Vec<Word>> {
    match argv {
        Some(argv) => {
            let word =
                |word: &OsString| Word { text: word.to_string_lossy().into_owned(), span: 0..0 };
            Some(argv.iter().map(word).collect())
        }
        None => shell::words(command),
    }
}

/// The container that a command runs, if it runs one: `name` is the process's.
#[must_use]
pub fn recognised(argv: Option<&[OsString]>, command: &str, name: &str) -> Option<ContainerName> {
    let words = read(argv, command)?;
    let parsed = options::parse(&words)?;
    Some(ContainerName {
        engine: parsed.engine.to_owned(),
        name: parsed.name.unwrap_or_else(|| derived(name)),
    })
}

/// The program and the global options of a command that runs a container.
#[must_use]
pub fn engine_words(argv: Option<&[OsString]>, command: &str) -> Option<Vec<String>> {
    let words = read(argv, command)?;
    let parsed = options::parse(&words)?;
    Some(words[parsed.call].iter().map(|word| word.text.clone()).collect())
}

/// The name for a container without one: what no engine takes in a name becomes its number.
fn derived(name: &str) -> String {
    let mut derived = String::from("bgrun-");
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                derived.push(char::from(byte));
            }
            other => derived.push_str(&format!("_{other:02x}")),
        }
    }
    derived
}

/// The words to execute for the container of `spec`: attached, named, and labelled as that
/// of the process with `cookie`. A command that is none stays as it is.
#[must_use]
pub fn launch_words(spec: &Spec, cookie: &str) -> Vec<OsString> {
    let Some(container) = &spec.container else { return spec.words() };
    let argv = spec.argv.as_deref();
    let Some(words) = read(argv, &spec.command) else { return spec.words() };
    let Some(parsed) = options::parse(&words) else { return spec.words() };
    let mut added = vec!["--label".to_owned(), format!("{LABEL}={cookie}")];
    if parsed.name.is_none() {
        added.extend(["--name".to_owned(), container.name.clone()]);
    }
    // Its stdin stays open, as with --detach, where to attach it would close it at once.
    if parsed.is_detached || parsed.is_interactive && !parsed.is_attached {
        added.extend(["--attach=stdout".to_owned(), "--attach=stderr".to_owned()]);
    }
    if !parsed.has_stop_signal && spec.stop_signal != "SIGTERM" {
        added.push(format!("--stop-signal={}", spec.stop_signal));
    }
    match argv {
        Some(argv) => edited_argv(argv, &parsed, added),
        None => {
            let line = edited_line(&spec.command, &words, &parsed, added);
            vec!["/bin/sh".into(), "-c".into(), line.into()]
        }
    }
}

fn edited_argv(argv: &[OsString], parsed: &Parsed, added: Vec<String>) -> Vec<OsString> {
    let mut edited = Vec::with_capacity(argv.len() + added.len());
    for (at, word) in argv.iter().enumerate() {
        match parsed.changes.get(&at) {
            None => edited.push(word.clone()),
            Some(Some(text)) => edited.push(text.into()),
            Some(None) => {}
        }
        if at == parsed.run {
            edited.extend(added.iter().map(OsString::from));
        }
    }
    edited
}

fn edited_line(line: &str, words: &[Word], parsed: &Parsed, added: Vec<String>) -> String {
    let is_exec = words.first().is_some_and(|word| word.text == "exec");
    let mut edited = String::from(if is_exec { "" } else { "exec " });
    let mut from = 0;
    for (at, word) in words.iter().enumerate() {
        edited.push_str(&line[from..word.span.start]);
        match parsed.changes.get(&at) {
            None => edited.push_str(&line[word.span.clone()]),
            Some(Some(text)) => edited.push_str(text),
            Some(None) => {}
        }
        if at == parsed.run {
            edited.push(' ');
            let added: Vec<OsString> = added.iter().map(OsString::from).collect();
            edited.push_str(&rendered(&added));
        }
        from = word.span.end;
    }
    edited.push_str(&line[from..]);
    edited
}

impl Spec {
    /// How the engine of its container is called, with the program as it was found.
    #[must_use]
    pub fn engine_call(&self, program: Option<&OsStr>) -> Option<EngineCall> {
        self.container.as_ref()?;
        let mut words = engine_words(self.argv.as_deref(), &self.command)?;
        if let Some(program) = program {
            words[0] = program.to_string_lossy().into_owned();
        }
        let environment = self.environment("", 0).into_iter().filter_map(|(key, value)| {
            let key = key.into_string().ok()?;
            let is_engines = variables::ENGINE.contains(&key.as_str());
            is_engines.then(|| Some((key, value.into_string().ok()?))).flatten()
        });
        Some(EngineCall { words, environment: Some(environment.collect()) })
    }
}

impl Process {
    /// How the engine of its container is called: as its last start has it, which `line`
    /// tells, or else as its command says.
    #[must_use]
    pub fn engine_call<I>(&self, line: Option<&LockLine<I>>) -> Option<EngineCall> {
        self.container.as_ref()?;
        let known = line.filter(|line| line.id == self.id && line.cookie == self.cookie);
        if let Some(call) = known.and_then(|line| line.engine_call.clone()) {
            return Some(call);
        }
        let argv: Option<Vec<OsString>> =
            self.argv.as_ref().map(|argv| argv.iter().map(OsString::from).collect());
        let words = engine_words(argv.as_deref(), &self.command)?;
        Some(EngineCall { words, environment: None })
    }
}

#[cfg(test)]
mod tests;
