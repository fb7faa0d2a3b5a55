//! Environments: the caller's, and what is laid over it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use bgrun_platform::args::size_bytes;
use bgrun_platform::text::safe_path;
use bgrun_store::{KeepAlive, Spec, variables};

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
        let entries = dotenvy::from_path_iter(file)
            .map_err(|error| format!("cannot read {}: {}", safe_path(file), plain(&error)))?;
        for entry in entries {
            let (key, value) =
                entry.map_err(|error| format!("{}: {}", safe_path(file), plain(&error)))?;
            variables.insert(key, value);
        }
    }
    Ok(variables)
}

fn plain(error: &dotenvy::Error) -> String {
    match error {
        dotenvy::Error::Io(error) => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
        dotenvy::Error::LineParse(line, at) => {
            format!("not a line of KEY=VALUE (at {at}): {}", bgrun_platform::text::safe(line))
        }
        other => other.to_string(),
    }
}

/// Takes policies from the variables that declare them, where the spec has none by flag.
///
/// # Errors
/// A value that makes no sense, in one line.
pub(crate) fn apply_policies(spec: &mut Spec) -> Result<(), String> {
    let value = |key: &str| spec.overrides.get(key).filter(|value| !value.is_empty()).cloned();
    let wrong = |key: &str, error: String| format!("{key}: {error}");
    if spec.group.is_none() {
        spec.group = value(variables::GROUP);
    }
    if spec.keep_alive == KeepAlive::Never
        && let Some(text) = value(variables::KEEP_ALIVE)
    {
        spec.keep_alive = text.parse().map_err(|error| wrong(variables::KEEP_ALIVE, error))?;
    }
    if spec.memory_limit_bytes.is_none()
        && let Some(text) = value(variables::MEMORY_LIMIT)
    {
        let limit = size_bytes(&text).map_err(|error| wrong(variables::MEMORY_LIMIT, error))?;
        spec.memory_limit_bytes = Some(limit);
    }
    if spec.restart_interval_minutes.is_none()
        && let Some(text) = value(variables::RESTART_INTERVAL)
    {
        let minutes = text.parse().ok().filter(|minutes| *minutes > 0).ok_or_else(|| {
            wrong(variables::RESTART_INTERVAL, "is a number of minutes".to_owned())
        })?;
        spec.restart_interval_minutes = Some(minutes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_variables_keep_commas_and_equals_signs() {
        let directory = std::env::temp_dir().join(format!("bgrun-env-{}", std::process::id()));
        std::fs::write(&directory, "# note\nA=1\nexport B='x=y,z'\n\nA=2\n").expect("write");
        let read = read_files(&[&directory]).expect("read");
        std::fs::remove_file(&directory).expect("remove");
        assert_eq!((read["A"].as_str(), read["B"].as_str()), ("2", "x=y,z"));
        assert!(read_files(&["/nonexistent"]).expect_err("none").contains("No such file"));
    }
}
