//! The keys of a process: what each may hold, and what it is in a record.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use bgrun_platform::args::{backoff, duration, most_restarts, size_bytes};
use bgrun_platform::probe::Probe;
use bgrun_platform::{Signal, text::safe};
use bgrun_store::{After, KeepAlive};
use serde_json::{Map, Value, json};
use toml::Spanned;

use super::value::{Placed, amount, boolean, count, counts, read, text, texts, variable};
use super::{Wrong, unknown};

/// Every key of a process. What is known, is known here and in [`set`].
const KEYS: [&str; 24] = [
    "command",
    "directory",
    "after",
    "ready",
    "group",
    "env",
    "env_files",
    "config",
    "keep_alive",
    "backoff",
    "max_restarts",
    "stop_exit_codes",
    "memory_limit",
    "restart_interval",
    "stop_signal",
    "stop_timeout",
    "stdout",
    "stderr",
    "logs_dir",
    "shared_log",
    "log_max_size",
    "log_keep",
    "log_compress",
    "log_max_total",
];
/// What users of other tools write, and what it is called here.
const ELSEWHERE: [(&str, &str); 3] =
    [("cwd", "directory"), ("environment", "env"), ("restart", "keep_alive")];

/// Sets what `key` says in `record`. Paths are relative to `base`; without `process` it is
/// said of all.
///
/// # Errors
/// No such key, or not such a value.
pub(super) fn set(
    record: &mut Map<String, Value>,
    key: &Spanned<Cow<'_, str>>,
    value: Placed<'_, '_>,
    base: &Path,
    process: &str,
) -> Result<(), Wrong> {
    let path = |value| text(value).map(|text| Value::from(below(base, text)));
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let name = key.get_ref().as_ref();
    if let Some((_, here)) = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == name) {
        let mut wrong = Wrong::new(key.span(), format!("unknown key '{name}'"));
        wrong.hint = Some(format!("it is called '{here}' here"));
        return Err(wrong);
    }
    let (field, value) = match name {
        "command" if process.is_empty() => {
            return Err(Wrong::new(key.span(), "every process has a command of its own"));
        }
        "command" => match value.get_ref().as_array() {
            Some(words) if words.is_empty() => {
                return Err(Wrong::new(value.span(), "the command is empty"));
            }
            Some(_) => ("argv", texts(value)?.into()),
            None if text(value)?.trim().is_empty() => {
                return Err(Wrong::new(value.span(), "the command is empty"));
            }
            None => ("command", text(value)?.into()),
        },
        "directory" => ("workdir", path(value)?),
        "after" => {
            let after = texts(value)?;
            for one in &after {
                one.parse::<After>()
                    .map_err(|rule| Wrong::new(value.span(), format!("'{}': {rule}", safe(one))))?;
            }
            ("after", after.into())
        }
        "ready" => {
            read(value, |text| text.parse::<Probe>())?;
            ("ready", text(value)?.into())
        }
        "group" => ("group", text(value)?.into()),
        "env" => return variables(record, value),
        "env_files" => {
            let files = texts(value)?;
            ("env_files", files.iter().map(|file| below(base, file)).collect::<Vec<_>>().into())
        }
        "config" if value.get_ref().is_bool() => ("no_config", (!boolean(value)?).into()),
        "config" => ("configPath", path(value)?),
        "keep_alive" => {
            let policy = match value.get_ref().as_bool() {
                Some(true) => KeepAlive::Always,
                Some(false) => KeepAlive::Never,
                None => read(value, str::parse)?,
            };
            ("keep_alive", policy.as_str().into())
        }
        "backoff" => {
            let (shortest, longest) = read(value, backoff)?;
            record.insert("backoff_min_ms".to_owned(), millis(shortest).into());
            ("backoff_max_ms", millis(longest).into())
        }
        "max_restarts" if value.get_ref().is_integer() => ("max_restarts", count(value)?.into()),
        "max_restarts" => {
            let (most, window) = read(value, most_restarts)?;
            record.insert("restart_window_ms".to_owned(), window.map(millis).into());
            ("max_restarts", most.into())
        }
        "stop_exit_codes" => ("stop_exit_codes", counts(value)?.into()),
        "memory_limit" => ("memory_limit_bytes", amount(value, 1, size_bytes)?),
        "restart_interval" => ("restart_interval_minutes", count(value)?.into()),
        "stop_signal" => {
            let signal = read(value, |text| text.parse::<Signal>().map_err(|e| e.to_string()))?;
            ("stop_signal", signal.to_string().into())
        }
        "stop_timeout" => {
            ("stop_timeout_ms", amount(value, 1000, |text| duration(text).map(millis))?)
        }
        "stdout" => ("stdout_path", path(value)?),
        "stderr" => ("stderr_path", path(value)?),
        "logs_dir" => (LOGS, path(value)?),
        "shared_log" => ("shared_log", boolean(value)?.into()),
        "log_max_size" => ("log_max_size_bytes", amount(value, 1, size_bytes)?),
        "log_keep" => ("log_keep", count(value)?.into()),
        "log_compress" => ("log_compress", boolean(value)?.into()),
        "log_max_total" => ("log_max_total_bytes", amount(value, 1, size_bytes)?),
        other => return Err(unknown(key, other, KEYS)),
    };
    record.insert(field.to_owned(), value);
    Ok(())
}

/// The directory of the logs, until it is known whose they are.
const LOGS: &str = "logs_dir";

/// Gives the logs of the process `name` their paths, where only their directory is said.
pub(super) fn name_logs(record: &mut Map<String, Value>, name: &str) {
    let Some(Value::String(directory)) = record.remove(LOGS) else { return };
    for (field, stream) in [("stdout_path", "out"), ("stderr_path", "err")] {
        let path = Path::new(&directory).join(format!("{name}-{stream}.txt"));
        record.entry(field).or_insert_with(|| path.to_string_lossy().into());
    }
}

/// Lays variables over those that are there.
fn variables(record: &mut Map<String, Value>, value: Placed<'_, '_>) -> Result<(), Wrong> {
    let table = value.get_ref().as_table();
    let table = table
        .ok_or_else(|| Wrong::new(value.span(), "must be a table, such as { PORT = 3000 }"))?;
    let known = record.entry("env").or_insert_with(|| json!({}));
    for (key, value) in table {
        let name = key.get_ref();
        if name.is_empty() || name.contains(['=', '\0']) {
            let what = format!("'{}' cannot be an environment variable", safe(name));
            return Err(Wrong::new(key.span(), what));
        }
        known[name.as_ref()] = variable(value)?.into();
    }
    Ok(())
}

fn below(base: &Path, path: &str) -> String {
    base.join(path).to_string_lossy().into_owned()
}
