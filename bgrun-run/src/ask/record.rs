//! A record on stdin as a wish: which of its fields say what to start.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bgrun_platform::Signal;
use bgrun_platform::args::LONGEST;
use bgrun_store::KeepAlive;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::{Ask, Command, checked};
use crate::config::Wish;
use crate::{declared, environment};

/// The parts of a record that say what to start. Other fields are left unread: a record
/// as `ls --json` prints it is a spec.
#[derive(Debug, Deserialize)]
struct Part {
    name: Option<String>,
    command: Option<String>,
    argv: Option<Vec<String>>,
    #[serde(alias = "directory")]
    workdir: Option<PathBuf>,
    stdout_path: Option<PathBuf>,
    stderr_path: Option<PathBuf>,
    group: Option<String>,
    env: Option<BTreeMap<String, Text>>,
    env_keys: Option<Vec<String>>,
    env_set: Option<Vec<String>>,
    #[serde(rename = "configPath")]
    config: Option<PathBuf>,
    env_files: Option<Vec<PathBuf>>,
    shared_log: Option<bool>,
    stop_signal: Option<Signal>,
    stop_timeout_ms: Option<u64>,
    keep_alive: Option<KeepAlive>,
    memory_limit_bytes: Option<u64>,
    restart_interval_minutes: Option<u64>,
    backoff_min_ms: Option<u64>,
    backoff_max_ms: Option<u64>,
    max_restarts: Option<u32>,
    restart_window_ms: Option<u64>,
    stop_exit_codes: Option<Vec<i32>>,
    no_config: Option<bool>,
    after: Option<Vec<String>>,
    /// As `ls` prints it, whether it is ready, which says nothing of how to start it; or how one
    /// finds out.
    ready: Option<serde_json::Value>,
    ready_probe: Option<String>,
    log_max_size_bytes: Option<u64>,
    log_keep: Option<u32>,
    log_compress: Option<bool>,
    log_max_total_bytes: Option<u64>,
    project: Option<PathBuf>,
}

/// The value of a variable. One that is written by hand may be a number or a truth.
#[derive(Debug)]
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text)),
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::Bool(truth) => Ok(Self(truth.to_string())),
            _ => Err(de::Error::custom("must be a string, a number, true or false")),
        }
    }
}

/// What is wrong with a value, without the words of Rust for it.
fn plain(error: &str) -> String {
    let Some((what, expected)) = error.split_once(", expected ") else { return error.to_owned() };
    let kind = |from: &str| what.split_once(from).map(|(field, value)| (field, value.trim()));
    let Some((field, value)) = kind("invalid type: ").or_else(|| kind("invalid value: ")) else {
        return error.to_owned();
    };
    let expected = match expected {
        "a sequence" => "an array",
        "a map" => "an object",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0 on",
        "i32" | "i64" => "a whole number",
        "a boolean" => "true or false",
        other => other,
    };
    format!("{field}must be {expected}, not {value}")
}

/// The first field with a NUL in a string, if there is one.
fn with_nul(record: &Value) -> Option<&str> {
    fn has_nul(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(all) => all.iter().any(has_nul),
            Value::Object(fields) => {
                fields.iter().any(|(key, own)| key.contains('\0') || has_nul(own))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    record.as_object()?.iter().find(|(_, value)| has_nul(value)).map(|(field, _)| field.as_str())
}

/// What a record asks for; flags of the command line, which are in `base`, go before it.
///
/// # Errors
/// It makes no sense, in one line.
pub(super) fn read(record: Value, base: &Ask) -> Result<Ask, String> {
    if let Some(field) = with_nul(&record) {
        return Err(format!("{field}: a NUL character can be passed to no program"));
    }
    let part: Part =
        serde_path_to_error::deserialize(record).map_err(|error| plain(&error.to_string()))?;
    let name = part.name.as_deref().map(checked).transpose().map_err(|error| error.to_string())?;
    let command = match (part.argv, part.command) {
        (Some(argv), _) if argv.is_empty() => return Err("argv is empty".to_owned()),
        (Some(argv), _) => Some(Command::Argv(argv.into_iter().map(OsString::from).collect())),
        (None, Some(line)) if line.trim().is_empty() => return Err("command is empty".to_owned()),
        (None, Some(line)) => Some(Command::Shell(line)),
        (None, None) if name.is_none() => return Err("neither a name nor a command".to_owned()),
        (None, None) => None,
    };
    let backoff = pair(part.backoff_min_ms, part.backoff_max_ms)?;
    let window = part.restart_window_ms.map(|ms| milliseconds("restart_window_ms", ms));
    let window = window.transpose()?;
    if part.max_restarts.is_none() && window.is_some() {
        return Err("restart_window_ms: says nothing without max_restarts".to_owned());
    }
    let stop_timeout = part.stop_timeout_ms.map(|ms| milliseconds("stop_timeout_ms", ms));
    let settings = part.env.unwrap_or_default().into_iter();
    let mut settings: BTreeMap<String, String> =
        settings.map(|(key, Text(value))| (key, value)).collect();
    let mut caller_environment = None;
    let mut missing_values = Vec::new();
    let mut has_all_settings = false;
    if let Some(keys) = part.env_keys {
        // `ls --json --env` shows all of the environment, and names what is set above the
        // caller's: each goes back to its place.
        let (set, below): (BTreeMap<_, _>, BTreeMap<_, _>) =
            settings.into_iter().partition(|(key, _)| keys.contains(key));
        missing_values = keys.into_iter().filter(|key| !set.contains_key(key)).collect();
        settings = set;
        // What files gave comes from the files again.
        if let Some(by_name) = &part.env_set {
            settings.retain(|key, _| by_name.contains(key));
        }
        has_all_settings = missing_values.is_empty();
        if !below.is_empty() {
            caller_environment =
                Some(below.into_iter().map(|(key, value)| (key.into(), value.into())).collect());
        }
    }
    settings.extend(base.settings.clone());
    if let Some(what) = environment::impossible(&settings) {
        return Err(format!("env: {what}"));
    }
    let or_part = |flag: &Vec<PathBuf>, part: Option<Vec<PathBuf>>| {
        if flag.is_empty() { part.unwrap_or_default() } else { flag.clone() }
    };
    let keeps_logs = base.logs_directory.is_none();
    let probe = part
        .ready_probe
        .as_deref()
        .or_else(|| part.ready.as_ref().and_then(serde_json::Value::as_str));
    Ok(Ask {
        name,
        command,
        settings,
        caller_environment,
        has_all_settings,
        missing_values,
        directory: base.directory.clone().or(part.workdir),
        config: base.config.clone().or(part.config.map(Wish::Recorded)),
        environment_files: or_part(&base.environment_files, part.env_files),
        fresh_environment: base.fresh_environment,
        stdout: base.stdout.clone().or(part.stdout_path.filter(|_| keeps_logs)),
        stderr: base.stderr.clone().or(part.stderr_path.filter(|_| keeps_logs)),
        logs_directory: base.logs_directory.clone(),
        shared_log: base.shared_log || part.shared_log.unwrap_or(false),
        group: base.group.clone().or(part.group),
        stop_signal: base.stop_signal.or(part.stop_signal),
        stop_timeout: base.stop_timeout.or(stop_timeout.transpose()?),
        keep_alive: base.keep_alive.or(part.keep_alive),
        backoff: base.backoff.or(backoff),
        max_restarts: base.max_restarts.or(part.max_restarts.map(|most| (most, window))),
        final_codes: base.final_codes.clone().or(part.stop_exit_codes),
        memory_limit_bytes: base.memory_limit_bytes.or(part.memory_limit_bytes),
        restart_interval_minutes: base.restart_interval_minutes.or(part.restart_interval_minutes),
        no_config: base.no_config.or(part.no_config),
        after: match (&base.after, part.after) {
            (Some(after), _) => Some(after.clone()),
            (None, Some(after)) => Some(declared::after_all(&after)?),
            (None, None) => None,
        },
        ready: base.ready.clone().or(declared::probe(probe)?),
        log_max_size_bytes: base.log_max_size_bytes.or(part.log_max_size_bytes),
        log_keep: base.log_keep.or(part.log_keep),
        log_compress: base.log_compress.or(part.log_compress),
        log_max_total_bytes: base.log_max_total_bytes.or(part.log_max_total_bytes),
        project: part.project,
        is_reset: base.is_reset,
        hint: None,
        is_selector: false,
    })
}

/// The shortest and the longest pause: both are said or none.
fn pair(
    shortest: Option<u64>,
    longest: Option<u64>,
) -> Result<Option<(Duration, Duration)>, String> {
    let (Some(shortest), Some(longest)) = (shortest, longest) else {
        return match shortest.or(longest) {
            None => Ok(None),
            Some(_) => Err("backoff_min_ms and backoff_max_ms: one without the other".to_owned()),
        };
    };
    if shortest > longest {
        return Err("backoff_min_ms: is longer than backoff_max_ms".to_owned());
    }
    let shortest = milliseconds("backoff_min_ms", shortest)?;
    Ok(Some((shortest, milliseconds("backoff_max_ms", longest)?)))
}

fn milliseconds(field: &str, number: u64) -> Result<Duration, String> {
    let duration = Duration::from_millis(number);
    if duration <= LONGEST {
        Ok(duration)
    } else {
        Err(format!("{field}: is longer than a hundred years"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_spec_and_flags_go_before_it() {
        let record = r#"{"name":"web","argv":["node","x"],"command":"node x","workdir":"/srv","env":{"A":"1"},
            "env_keys":["A","SECRET"],"group":"g","stop_timeout_ms":5,"status":"running","pid":7}"#;
        let record = serde_json::from_str(record).expect("JSON");
        let base = Ask { group: Some("other".into()), ..Ask::default() };
        let ask = read(record, &base).expect("ask");
        assert_eq!(ask.command, Some(Command::Argv(vec!["node".into(), "x".into()])));
        assert_eq!((ask.group.as_deref(), ask.directory), (Some("other"), Some("/srv".into())));
        assert_eq!((ask.missing_values, ask.caller_environment), (vec!["SECRET".to_owned()], None));
        assert_eq!(ask.stop_timeout, Some(Duration::from_millis(5)));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_field() {
        let told = |record: &str| {
            let record = serde_json::from_str(record).expect("JSON");
            read(record, &Ask::default()).map(|_| ()).expect_err("wrong")
        };
        for (record, field) in [
            (r#"{"name": "web", "command": 5}"#, "command: "),
            (r#"{"name": "web", "argv": ["a", 1]}"#, "argv[1]: "),
            (r#"{"name": "web", "env": {"A": ["x"]}}"#, "env.A: must be a string, a number"),
            (r#"{"name": "web", "env": {"A": null}}"#, "env.A: "),
            (r#"{"name": "web", "env": {"A=B": "1"}}"#, "env: 'A=B' cannot be an environment"),
            (r#"{"name": "web", "argv": ["a", "b\u0000"]}"#, "argv: a NUL"),
            (
                r#"{"name": "web", "backoff_min_ms": 5000}"#,
                "backoff_min_ms and backoff_max_ms: one",
            ),
            (r#"{"name": "web", "backoff_min_ms": 9, "backoff_max_ms": 5}"#, "backoff_min_ms: "),
            (r#"{"name": "web", "restart_window_ms": 9}"#, "restart_window_ms: says nothing"),
            (
                r#"{"name": "web", "stop_timeout_ms": 9000000000000000}"#,
                "stop_timeout_ms: is longer",
            ),
        ] {
            assert!(told(record).starts_with(field), "{record}: {}", told(record));
        }
    }
}
