//! The project file: found, read, and turned into records.

mod keys;
mod value;

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bgrun_platform::text::{reason, safe, safe_path};
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::{After, circle, name};
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the file is called.
pub(crate) const FILE: &str = "bgrun.toml";

/// What a project file says.
#[derive(Debug)]
pub(crate) struct Project {
    /// The file, absolute and without links.
    pub(crate) path: PathBuf,
    /// In the order they stand in the file.
    pub(crate) processes: Vec<Declared>,
}

/// One process of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    pub(crate) name: String,
    /// As `bgrun-run -` reads it.
    pub(crate) record: Map<String, Value>,
    /// What it comes after.
    pub(crate) after: Vec<After>,
}

/// What is wrong in the file, and where.
#[derive(Debug)]
struct Wrong {
    at: Option<Range<usize>>,
    what: String,
    hint: Option<String>,
}

impl Wrong {
    fn new(at: Range<usize>, what: impl Into<String>) -> Self {
        Self { at: Some(at), what: what.into(), hint: None }
    }
}

/// Reads the file that is named, or the nearest one.
///
/// # Errors
/// There is none, or it makes no sense.
pub(crate) fn read(named: Option<&Path>) -> anyhow::Result<Project> {
    let found = match named {
        Some(path) => path.to_owned(),
        None => nearest(&std::env::current_dir().context("find the current directory")?)?,
    };
    let failed = |error: &std::io::Error| {
        let exit = match error.kind() {
            std::io::ErrorKind::NotFound => Exit::Unknown,
            _ => Exit::Usage,
        };
        Failure::new(exit, format!("cannot read {}: {}", safe_path(&found), reason(error)))
    };
    let path = found.canonicalize().map_err(|error| failed(&error))?;
    let text = std::fs::read_to_string(&path).map_err(|error| failed(&error))?;
    let processes = parse(&text, &path).map_err(|wrong| {
        let place = wrong.at.map_or_else(String::new, |at| {
            let (line, column) = place(&text, at.start);
            format!(", line {line}, column {column}")
        });
        let failure =
            Failure::new(Exit::Usage, format!("{}{place}: {}", safe_path(&found), wrong.what));
        match wrong.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })?;
    Ok(Project { path, processes })
}

/// The nearest file, here or above.
fn nearest(from: &Path) -> Result<PathBuf, Failure> {
    let file = from.ancestors().map(|directory| directory.join(FILE)).find(|path| path.is_file());
    file.ok_or_else(|| {
        let what = format!("there is no {FILE} in {} or above", safe_path(from));
        Failure::new(Exit::Unknown, what).hint("-f names another; 'bgrun help up' shows one")
    })
}

/// Line and column of a byte, counted from 1.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn parse(text: &str, path: &Path) -> Result<Vec<Declared>, Wrong> {
    let table = DeTable::parse(text).map_err(|error| Wrong {
        at: error.span(),
        what: safe(error.message()).replace("\\n", ", "),
        hint: None,
    })?;
    let mut defaults = Map::new();
    let mut processes: Vec<(usize, Declared)> = Vec::new();
    let base = path.parent().unwrap_or(Path::new("/"));
    let sections = table.get_ref();
    for (key, value) in sections {
        match key.get_ref().as_ref() {
            "group" => keys::set(&mut defaults, key, value, base, "")?,
            "defaults" => {
                for (key, value) in section(value)? {
                    keys::set(&mut defaults, key, value, base, "")?;
                }
            }
            "process" => {}
            other => {
                let mut wrong = unknown(key, other, ["process", "defaults", "group"]);
                let kinds = "a file has [process.NAME], [defaults] and group = NAME";
                wrong.hint.get_or_insert_with(|| kinds.to_owned());
                return Err(wrong);
            }
        }
    }
    let named = sections.iter().find(|(key, _)| key.get_ref() == "process").map(|(_, value)| value);
    let named = named.map(section).transpose()?;
    for (name, value) in named.into_iter().flatten() {
        let declared = process(name, section(value)?, &defaults, path)?;
        processes.push((name.span().start, declared));
    }
    // The parser has them by name; who reads the file has them in their order.
    processes.sort_by_key(|(at, _)| *at);
    let processes: Vec<Declared> = processes.into_iter().map(|(_, declared)| declared).collect();
    check_order(&processes)?;
    Ok(processes)
}

fn section<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Result<&'a DeTable<'i>, Wrong> {
    let wrong = || Wrong::new(value.span(), "must be a table, such as [process.web]");
    value.get_ref().as_table().ok_or_else(wrong)
}

fn process(
    name: &Spanned<std::borrow::Cow<'_, str>>,
    table: &DeTable<'_>,
    defaults: &Map<String, Value>,
    path: &Path,
) -> Result<Declared, Wrong> {
    let text = name.get_ref().as_ref();
    name::check(text)
        .map_err(|rule| Wrong::new(name.span(), format!("'{}': {rule}", safe(text))))?;
    let base = path.parent().unwrap_or(Path::new("/"));
    let mut record = Map::from_iter([("name".to_owned(), text.into())]);
    for (key, value) in defaults {
        record.insert(key.clone(), value.clone());
    }
    // What is said of one process goes before what is said of all, variable by variable.
    for (key, value) in table {
        keys::set(&mut record, key, value, base, text)?;
    }
    if !record.contains_key("command") && !record.contains_key("argv") {
        return Err(Wrong::new(name.span(), format!("'{}' has no command", safe(text))));
    }
    keys::name_logs(&mut record, text);
    let directory = base.to_string_lossy().into_owned();
    record.entry("workdir").or_insert_with(|| directory.into());
    record.insert("project".to_owned(), path.to_string_lossy().into());
    let after = record.get("after").and_then(Value::as_array);
    let after = after.into_iter().flatten().filter_map(|text| text.as_str()?.parse().ok());
    Ok(Declared { name: text.to_owned(), after: after.collect(), record })
}

fn unknown(
    key: &Spanned<std::borrow::Cow<'_, str>>,
    text: &str,
    known: impl IntoIterator<Item = &'static str>,
) -> Wrong {
    let mut wrong = Wrong::new(key.span(), format!("unknown key '{}'", safe(text)));
    wrong.hint = name::nearest(text, known).map(|near| format!("did you mean '{near}'?"));
    wrong
}

/// A circle within the file is one whatever runs.
fn check_order(processes: &[Declared]) -> Result<(), Wrong> {
    let find = |name: &str| processes.iter().find(|process| process.name == name);
    let after = |name: &str| {
        let after = find(name).map_or([].as_slice(), |process| &process.after);
        after.iter().filter_map(|one| find(&one.name)).map(|one| one.name.as_str()).collect()
    };
    match circle(processes.iter().map(|process| process.name.as_str()), after) {
        None => Ok(()),
        Some(names) => {
            let shown: Vec<_> = names.iter().map(|name| safe(name)).collect();
            let what = format!("they come after each other: {}", shown.join(" → "));
            Err(Wrong { at: None, what, hint: None })
        }
    }
}

#[cfg(test)]
mod tests;
