//! A spec as a page sends it, and the command line that says the same.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;

use bgrun_store::{KeepAlive, rendered};
use serde::Deserialize;

/// The parts of a spec that are checked, or that have a flag.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Spec {
    pub(crate) name: Option<String>,
    pub(crate) command: Option<String>,
    pub(crate) argv: Option<Vec<String>>,
    #[serde(alias = "directory")]
    pub(crate) workdir: Option<PathBuf>,
    group: Option<String>,
    env: Option<BTreeMap<String, String>>,
    env_files: Option<Vec<String>>,
    #[serde(rename = "configPath")]
    config: Option<String>,
    no_config: Option<bool>,
    stdout_path: Option<String>,
    stderr_path: Option<String>,
    shared_log: Option<bool>,
    after: Option<Vec<String>>,
    ready_probe: Option<String>,
    keep_alive: Option<KeepAlive>,
    backoff_min_ms: Option<u64>,
    backoff_max_ms: Option<u64>,
    max_restarts: Option<u32>,
    restart_window_ms: Option<u64>,
    stop_exit_codes: Option<Vec<u8>>,
    memory_limit_bytes: Option<u64>,
    restart_interval_minutes: Option<NonZeroU64>,
    stop_signal: Option<String>,
    stop_timeout_ms: Option<u64>,
    log_max_size_bytes: Option<u64>,
    log_keep: Option<u32>,
    log_compress: Option<bool>,
    log_max_total_bytes: Option<u64>,
}

impl Spec {
    /// The command line that starts it, with these words behind the name. Values of variables
    /// are secrets until the opposite is known, but these are being typed by who reads them.
    pub(crate) fn line(&self, how: &[&str]) -> String {
        let mut words: Vec<String> = ["bgrun", "run"].map(str::to_owned).to_vec();
        words.extend(self.name.clone());
        words.extend(how.iter().map(|word| (*word).to_owned()));
        words.extend(self.flags());
        match (&self.argv, &self.command) {
            (Some(argv), _) => {
                words.push("--".to_owned());
                words.extend(argv.iter().cloned());
            }
            (None, Some(command)) => words.extend(["--command".to_owned(), command.clone()]),
            (None, None) => {}
        }
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        rendered(&words)
    }

    fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let mut add = |flag: &str, value: Option<String>| {
            flags.extend(value.map(|value| format!("--{flag}={value}")));
        };
        let ms = |value: Option<u64>| value.map(|ms| format!("{ms}ms"));
        let text = |value: Option<u64>| value.map(|number| number.to_string());
        add("directory", self.workdir.as_ref().map(|path| path.display().to_string()));
        add("group", self.group.clone());
        for after in said_at_least_once(self.after.as_deref()) {
            add("after", Some(after));
        }
        add("ready", self.ready_probe.clone());
        add("keep-alive", self.keep_alive.map(|policy| policy.to_string()));
        if let (Some(shortest), Some(longest)) = (self.backoff_min_ms, self.backoff_max_ms) {
            add("backoff", Some(format!("{shortest}ms..{longest}ms")));
        }
        add(
            "max-restarts",
            self.max_restarts.map(|most| match self.restart_window_ms {
                Some(window) => format!("{most}/{window}ms"),
                None => most.to_string(),
            }),
        );
        for code in self.stop_exit_codes.iter().flatten() {
            add("stop-exit-code", Some(code.to_string()));
        }
        add("memory-limit", text(self.memory_limit_bytes));
        add("restart-interval", text(self.restart_interval_minutes.map(NonZeroU64::get)));
        add("stop-signal", self.stop_signal.clone());
        add("stop-timeout", ms(self.stop_timeout_ms));
        add("stdout", self.stdout_path.clone());
        add("stderr", self.stderr_path.clone());
        add("log-max-size", text(self.log_max_size_bytes));
        add("log-keep", self.log_keep.map(|count| count.to_string()));
        add("log-compress", self.log_compress.map(|is_wanted| is_wanted.to_string()));
        add("log-max-total", text(self.log_max_total_bytes));
        add("config", self.config.clone());
        for file in self.env_files.iter().flatten() {
            add("env-file", Some(file.clone()));
        }
        for (key, value) in self.env.iter().flatten() {
            add("env", Some(format!("{key}={value}")));
        }
        let switches = [(self.no_config, "--no-config"), (self.shared_log, "--shared-log")];
        let is_on =
            |(value, flag): (Option<bool>, &str)| (value == Some(true)).then(|| flag.into());
        flags.extend(switches.into_iter().filter_map(is_on));
        flags
    }
}

/// All of them; where there are none and that is said, an empty one says it.
fn said_at_least_once(all: Option<&[String]>) -> Vec<String> {
    match all {
        None => Vec::new(),
        Some([]) => vec![String::new()],
        Some(all) => all.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn line(spec: Value, how: &[&str]) -> String {
        serde_json::from_value::<Spec>(spec).expect("a spec").line(how)
    }

    #[test]
    fn each_part_has_its_flag() {
        for (part, words) in [
            (json!({"after": ["db", "cache:running"]}), "--after=db --after=cache:running"),
            (json!({"after": []}), "--after="),
            (json!({"ready_probe": "port:3000"}), "--ready=port:3000"),
            (json!({"backoff_min_ms": 500, "backoff_max_ms": 9000}), "--backoff=500ms..9000ms"),
            (json!({"max_restarts": 3, "restart_window_ms": 60000}), "--max-restarts=3/60000ms"),
            (json!({"stop_exit_codes": [0, 7]}), "--stop-exit-code=0 --stop-exit-code=7"),
            (json!({"log_keep": 2, "log_compress": false}), "--log-keep=2 --log-compress=false"),
            (json!({"keep_alive": "never"}), "--keep-alive=never"),
            (json!({"no_config": true, "shared_log": false}), "--no-config"),
            (json!({"env": {"A": "x y"}}), "'--env=A=x y'"),
            (json!({"command": "a | b"}), "--command 'a | b'"),
            (json!({"argv": ["sh", "-c", "a b"]}), "-- sh -c 'a b'"),
        ] {
            let mut spec = part.clone();
            spec["name"] = "web".into();
            assert_eq!(
                line(spec, &["--restart"]),
                format!("bgrun run web --restart {words}"),
                "{part}"
            );
        }
    }
}
