//! Environments: the caller's, and what is laid over it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use bgrun_platform::args::{minutes, size_bytes};
use bgrun_platform::text::{safe, safe_path};
use bgrun_store::{KeepAlive, variables};

use crate::declared;

/// The environment of the caller, as a managed process gets it. What says which managed
/// process the caller itself is goes no further; `_` is the shell's name for this tool.
pub(crate) fn of_caller() -> Vec<(OsString, OsString)> {
    let is_kept =
        |key: &OsString| key != "_" && !key.to_string_lossy().starts_with(variables::OWN_PREFIX);
    std::env::vars_os().filter(|(key, _)| is_kept(key)).collect()
}

/// The variables that are recorded with a process when its caller has them.
pub(crate) fn recorded() -> BTreeMap<String, String> {
    let set =
        |key: &str| std::env::var_os(key)?.into_string().ok().filter(|value| !value.is_empty());
    variables::RECORDED.iter().filter_map(|key| Some(((*key).to_owned(), set(key)?))).collect()
}

/// The name of the managed process from inside which this tool was started.
pub(crate) fn outer_process() -> Option<String> {
    std::env::var_os(variables::OWN_ID)?;
    std::env::var_os(variables::OWN_NAME)?.into_string().ok()
}

/// Reads files of `KEY=VALUE` lines; later files go before earlier ones.
///
/// # Errors
/// Which file, and which line of it, in one line.
pub(crate) fn read_files(files: &[impl AsRef<Path>]) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for file in files.iter().map(AsRef::as_ref) {
        let text = std::fs::read_to_string(file).map_err(|error| {
            let error = error.to_string();
            let plain = error.split(" (os error").next().unwrap_or(&error);
            format!("cannot read {}: {plain}", safe_path(file))
        })?;
        for (at, line) in text.lines().enumerate() {
            match assignment(line) {
                Ok(Some((key, value))) => {
                    variables.insert(key, value);
                }
                Ok(None) => {}
                Err(what) => return Err(format!("{}, line {}: {what}", safe_path(file), at + 1)),
            }
        }
    }
    Ok(variables)
}

/// Reads one line as docker and systemd do: `KEY=VALUE`, `export` before it, a comment
/// or nothing. A value in single quotes is taken as it is; in double quotes `\n`, `\"`,
/// `\\` and `\$` are escapes; without quotes it goes to the end of the line. Nothing is
/// substituted.
pub(crate) fn assignment(line: &str) -> Result<Option<(String, String)>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';']) {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (key, value) = line.split_once('=').ok_or("no KEY=VALUE")?;
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() || key.contains(char::is_whitespace) {
        return Err("no name before the =");
    }
    let value = match value.chars().next() {
        Some(quote @ ('\'' | '"')) => unquoted(&value[1..], quote)?,
        _ => value.to_owned(),
    };
    Ok(Some((key.to_owned(), value)))
}

fn unquoted(rest: &str, quote: char) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if quote == '"' => match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(escaped @ ('"' | '\\' | '$' | '`')) => value.push(escaped),
                Some(other) => value.extend(['\\', other]),
                None => return Err("the closing quote is missing"),
            },
            end if end == quote => {
                let after = characters.as_str().trim_start();
                let is_comment = after.is_empty() || after.starts_with('#');
                return if is_comment { Ok(value) } else { Err("text behind the closing quote") };
            }
            other => value.push(other),
        }
    }
    Err("the closing quote is missing")
}

/// What is wrong with the first of `variables` that the kernel can give to nobody, if one is.
pub(crate) fn impossible(variables: &BTreeMap<String, String>) -> Option<String> {
    let is_impossible = |key: &str, value: &str| {
        key.is_empty() || key.contains(['=', '\0']) || value.contains('\0')
    };
    let wrong = variables.iter().find(|(key, value)| is_impossible(key, value));
    wrong.map(|(key, _)| format!("'{}' cannot be an environment variable", safe(key)))
}

/// What variables say of a process, where they say anything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Policies {
    pub(crate) group: Option<String>,
    pub(crate) keep_alive: Option<KeepAlive>,
    pub(crate) memory_limit_bytes: Option<u64>,
    pub(crate) restart_interval_minutes: Option<u64>,
    pub(crate) after: Option<Vec<String>>,
}

/// Reads the policies that `variables` declare.
///
/// # Errors
/// A value that makes no sense, in one line.
pub(crate) fn policies(variables: &BTreeMap<String, String>) -> Result<Policies, String> {
    let value = |key: &str| variables.get(key).filter(|value| !value.is_empty());
    let wrong = |key: &str, error: &str| format!("{key}: {error}");
    let keep_alive = value(variables::KEEP_ALIVE)
        .map(|text| text.parse().map_err(|error: String| wrong(variables::KEEP_ALIVE, &error)));
    let memory = value(variables::MEMORY_LIMIT)
        .map(|text| size_bytes(text).map_err(|error| wrong(variables::MEMORY_LIMIT, &error)));
    let interval = value(variables::RESTART_INTERVAL)
        .map(|text| minutes(text).map_err(|error| wrong(variables::RESTART_INTERVAL, &error)));
    Ok(Policies {
        group: value(variables::GROUP).cloned(),
        keep_alive: keep_alive.transpose()?,
        memory_limit_bytes: memory.transpose()?,
        restart_interval_minutes: interval.transpose()?,
        after: value(variables::DEPENDS_ON)
            .map(|names| declared::after_names(names))
            .transpose()
            .map_err(|error| wrong(variables::DEPENDS_ON, &error))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_docker_and_systemd_read_them() {
        for (line, key, value) in [
            ("A=1", "A", "1"),
            ("A=hello big world", "A", "hello big world"),
            ("export B='x=y,z'  # note", "B", "x=y,z"),
            (r#"C="a\"b\n$HOME""#, "C", "a\"b\n$HOME"),
            ("D=", "D", ""),
            ("E='a b'", "E", "a b"),
            (" F = g ", "F", "g"),
            ("URL=http://x/?a=b#c", "URL", "http://x/?a=b#c"),
        ] {
            let expected = Ok(Some((key.to_owned(), value.to_owned())));
            assert_eq!(assignment(line), expected, "{line}");
        }
        for line in ["", "  ", "# note", "; note"] {
            assert_eq!(assignment(line), Ok(None), "{line:?}");
        }
        for line in ["A", "=b", "A B=c", "A='x", "A=\"x\\", "A='x' y"] {
            assert!(assignment(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn policies_are_read_from_variables_and_nonsense_is_refused() {
        let read = |pairs: &[(&str, &str)]| {
            policies(&pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
        };
        let all = read(&[
            ("BGR_GROUP", "prod"),
            ("BGR_KEEP_ALIVE", "true"),
            ("BGR_MEMORY_LIMIT", "500m"),
            ("BGR_RESTART_INTERVAL", "90"),
            ("BGR_DEPENDS_ON", "db, migrate:exited,"),
        ]);
        let expected = Policies {
            group: Some("prod".into()),
            keep_alive: Some(KeepAlive::Always),
            memory_limit_bytes: Some(500 << 20),
            restart_interval_minutes: Some(90),
            after: Some(vec!["db".into(), "migrate:exited".into()]),
        };
        assert_eq!(all, Ok(expected));
        assert_eq!(read(&[("BGR_GROUP", ""), ("OTHER", "x")]), Ok(Policies::default()));
        for wrong in [
            ("BGR_KEEP_ALIVE", "yes?"),
            ("BGR_MEMORY_LIMIT", "big"),
            ("BGR_RESTART_INTERVAL", "0"),
            ("BGR_DEPENDS_ON", "db,../x"),
        ] {
            assert!(read(&[wrong]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_unreadable_file_and_a_bad_line_are_named() {
        let file = tempfile::NamedTempFile::new().expect("file");
        std::fs::write(file.path(), "A=1\nA=2\nnonsense\n").expect("write");
        let error = read_files(&[file.path()]).expect_err("a bad line");
        assert!(error.ends_with("line 3: no KEY=VALUE"), "{error}");
        assert!(read_files(&["/nonexistent"]).expect_err("none").contains("No such file"));
    }
}
