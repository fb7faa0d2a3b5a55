//! Logs that are too large and have nobody who rotates them: `bgrun-logs` does it.

use std::path::Path;
use std::process::Stdio;

use bgrun_platform::logs::disk;
use bgrun_platform::sibling;
use bgrun_platform::tool::Exit;
use bgrun_store::selection::exactly;
use serde_json::Value;

/// Has the logs rotated that are larger than their limit, of processes without a
/// supervisor. Answers whether that went well; `bgrun-logs` says what did not.
pub(crate) fn rotate<'a>(records: impl IntoIterator<Item = &'a Value>) -> bool {
    let live_bytes = |path: &str| disk::live_bytes(Path::new(path));
    let names: Vec<String> = records
        .into_iter()
        .filter(|record| needs_rotation(record, live_bytes))
        .filter_map(|record| record["name"].as_str().map(exactly))
        .collect();
    if names.is_empty() {
        return true;
    }
    let mut logs = sibling::command("bgrun-logs", ["--rotate", "--"]);
    let done = logs.args(names).stdin(Stdio::null()).stdout(Stdio::null()).status();
    // What was forgotten meanwhile has no logs that could be too large.
    let fine = [Exit::Done, Exit::Unknown].map(|exit| Some(i32::from(exit.code())));
    done.is_ok_and(|status| fine.contains(&status.code()))
}

fn needs_rotation(record: &Value, live_bytes: impl Fn(&str) -> u64) -> bool {
    let limit = record["log_max_size_bytes"].as_u64().unwrap_or(0);
    if limit == 0 || record["supervised"] != false {
        return false;
    }
    let paths = ["stdout_path", "stderr_path"].into_iter().filter_map(|key| record[key].as_str());
    paths.map(live_bytes).any(|bytes| bytes > limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_large_logs_without_a_supervisor_are_looked_after() {
        let record = |limit: u64, supervised: bool| {
            json!({"name": "web", "log_max_size_bytes": limit, "supervised": supervised,
                "stdout_path": "/out", "stderr_path": "/err"})
        };
        let live_bytes = |path: &str| if path == "/err" { 5000 } else { 0 };
        for (record, expected) in [
            (record(4999, false), true),
            (record(5000, false), false),
            (record(4999, true), false),
            (record(0, false), false),
        ] {
            assert_eq!(needs_rotation(&record, live_bytes), expected, "{record}");
        }
    }
}
