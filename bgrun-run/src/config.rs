//! The configuration file of a process: which one it is, and what it says as environment
//! variables.

mod flatten;
mod json;
mod place;
mod script;
mod toml;
mod yaml;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use bgrun_platform::text::{reason, safe, safe_path};
use bgrun_platform::tool::{Exit, Failure, warn};

pub(crate) use script::Surroundings;

/// The file that is read when none is named, in the directory of the process.
pub(crate) const DEFAULT: &str = ".config.toml";

/// A file that is larger is none of configuration.
const LARGEST_BYTES: u64 = 1 << 20;

/// Tables and arrays in each other go no deeper.
const DEEPEST: usize = 32;

/// What a file holds, whatever its format. What has no parts is text already, as it was
/// written there.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    /// Nothing: it sets no variable.
    Null,
    Scalar(String),
    List(Vec<Value>),
    /// In the order of the file; a key may be there twice.
    Table(Vec<(String, Value)>),
}

/// Which configuration was asked for just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// By a flag: it must be there.
    Named(PathBuf),
    /// By a record: the default file may be gone since.
    Recorded(PathBuf),
}

/// Which configuration a process has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    None,
    /// A file that must be there.
    Named(PathBuf),
    /// The default file, if it is there; whether it was there before.
    Default {
        path: PathBuf,
        was_there: bool,
    },
}

/// What is stored of an earlier start: directory, configuration, and whether there is to be
/// none.
pub(crate) type Stored<'a> = (&'a Path, Option<&'a Path>, bool);

/// What was found: the file, and the variables it sets.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    pub(crate) path: Option<PathBuf>,
    pub(crate) variables: BTreeMap<String, String>,
}

/// Which configuration it is: what is asked for, else what is stored, else the default file
/// of the directory. A stored default goes with the directory.
pub(crate) fn choose(
    wish: Option<&Wish>,
    no_config: Option<bool>,
    directory: &Path,
    stored: Option<Stored<'_>>,
) -> Choice {
    let default = directory.join(DEFAULT);
    let of_default = |was_there| Choice::Default { path: default.clone(), was_there };
    let unwanted = no_config.or(stored.map(|(.., none)| none)).unwrap_or(false);
    match (wish, stored) {
        _ if unwanted => Choice::None,
        (Some(Wish::Named(path)), _) => Choice::Named(directory.join(path)),
        (Some(Wish::Recorded(path)), _) if directory.join(path) == default => of_default(true),
        (Some(Wish::Recorded(path)), _) => Choice::Named(directory.join(path)),
        (None, Some((old, Some(path), _))) if path == old.join(DEFAULT) => {
            of_default(old == directory)
        }
        (None, Some((_, Some(path), _))) => Choice::Named(path.to_owned()),
        (None, _) => of_default(false),
    }
}

/// Reads what was chosen; `name` is the process, for what is said of it.
///
/// # Errors
/// A file that must be there is not, or cannot be understood; with its line and column.
pub(crate) fn read(
    choice: Choice,
    name: &str,
    surroundings: &Surroundings<'_>,
) -> Result<Configuration, Failure> {
    let path = match choice {
        Choice::None => return Ok(Configuration::default()),
        Choice::Named(path) => path,
        Choice::Default { path, was_there } => {
            // Looked at once: this is all that a process without configuration pays.
            match std::fs::symlink_metadata(&path) {
                Ok(_) => path,
                Err(error) if is_absence(&error) => {
                    if was_there {
                        warn(format_args!("{}: {} is gone", safe(name), safe_path(&path)));
                    }
                    return Ok(Configuration::default());
                }
                Err(error) => return Err(unreadable(&path, &reason(&error))),
            }
        }
    };
    let value = value(&path, surroundings)?;
    let variables = flatten::variables(&value)
        .map_err(|what| failure(format!("{}: {what}", safe_path(&path))))?;
    Ok(Configuration { path: Some(path), variables })
}

fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn value(path: &Path, surroundings: &Surroundings<'_>) -> Result<Value, Failure> {
    let kind = path.extension().map(|kind| kind.to_string_lossy().to_lowercase());
    let parse = match kind.as_deref() {
        Some("toml") => toml::parse,
        Some("json") => json::parse,
        Some("yaml" | "yml") => yaml::parse,
        Some("ts" | "mts" | "js" | "mjs" | "cjs") => {
            // The interpreter says badly that there is nothing.
            text(path)?;
            return script::evaluate(path, surroundings);
        }
        other => {
            let what = format!("{}: unknown configuration format", safe_path(path));
            let hint = match other {
                Some("env") => "files of KEY=VALUE lines are read with --env-file",
                _ => ".toml, .json, .yaml, .yml, .ts, .mts, .js, .mjs or .cjs",
            };
            return Err(Failure::new(Exit::Usage, what).hint(hint));
        }
    };
    let text = text(path)?;
    // Some editors put it there; no format has a use for it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    parse(text).map_err(|error| failure(format!("{}, {error}", safe_path(path))))
}

/// The text of a file that is one, and not too large.
fn text(path: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| unreadable(path, &reason(&error));
    // Before it is opened: to open a pipe may last for ever.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(unreadable(path, "Is a directory"));
    }
    if !metadata.is_file() {
        return Err(unreadable(path, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LARGEST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(unreadable(path, "it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
        let place = place::Place::of_offset(&before, valid);
        failure(format!("{}, {place}: not UTF-8", safe_path(path)))
    })
}

fn unreadable(path: &Path, why: &str) -> Failure {
    failure(format!("cannot read {}: {why}", safe_path(path)))
}

fn failure(what: String) -> Failure {
    Failure::new(Exit::Failed, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_goes_before_what_is_stored_and_that_before_the_default() {
        let here = Path::new("/srv");
        let named = |path: &str| Choice::Named(path.into());
        let default =
            |path: &str, was_there| Choice::Default { path: PathBuf::from(path), was_there };
        let flag = |path: &str| Some(Wish::Named(path.into()));
        let record = |path: &str| Some(Wish::Recorded(path.into()));
        let stored = |path| Some((here, Some(Path::new(path)), false));
        let moved = Some((Path::new("/old"), Some(Path::new("/old/.config.toml")), false));
        let unwanted = Some((here, None, true));
        type Case<'a> = (Option<Wish>, Option<bool>, Option<Stored<'a>>, Choice);
        let table: [Case<'_>; 14] = [
            (None, None, None, default("/srv/.config.toml", false)),
            (None, Some(true), None, Choice::None),
            (flag("a.json"), None, None, named("/srv/a.json")),
            (flag("/etc/a.json"), None, None, named("/etc/a.json")),
            (flag(".config.toml"), None, None, named("/srv/.config.toml")),
            (flag("a.json"), Some(false), unwanted, named("/srv/a.json")),
            (flag("a.json"), None, stored("/x.toml"), named("/srv/a.json")),
            (record("/srv/.config.toml"), None, None, default("/srv/.config.toml", true)),
            (record("/etc/a.yaml"), Some(false), None, named("/etc/a.yaml")),
            (None, None, stored("/x.toml"), named("/x.toml")),
            (None, None, stored("/srv/.config.toml"), default("/srv/.config.toml", true)),
            (None, None, moved, default("/srv/.config.toml", false)),
            (None, None, unwanted, Choice::None),
            (None, Some(false), unwanted, default("/srv/.config.toml", false)),
        ];
        for (wish, no_config, stored, expected) in table {
            let case = format!("{wish:?} {no_config:?} {stored:?}");
            assert_eq!(choose(wish.as_ref(), no_config, here, stored), expected, "{case}");
        }
    }
}
