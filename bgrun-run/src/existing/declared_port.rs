//! `PORT`, where it is set for a process: a start that would find it taken is refused before
//! anything is stopped or started, and whoever holds it is named.

use std::process::Stdio;

use bgrun_platform::ports::Listeners;
use bgrun_platform::sibling;
use bgrun_platform::stat::Stat;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::Spec;
use serde_json::Value;

/// The variable that says on which port a process will listen.
const VARIABLE: &str = "PORT";

/// The port that is set for the process of `spec`, by name, file or configuration. What its
/// caller happens to have in the environment says nothing of it.
fn declared(spec: &Spec) -> Option<u16> {
    spec.overrides.get(VARIABLE)?.trim().parse().ok().filter(|port| *port > 0)
}

/// Whether the port that `spec` declares can be had. What the process itself holds is free
/// once it has been stopped.
///
/// # Errors
/// Who holds it.
pub(crate) fn is_free(spec: &Spec) -> Result<(), Failure> {
    let Some(port) = declared(spec) else { return Ok(()) };
    // Where the kernel does not say, the process finds out itself.
    let Ok(listeners) = Listeners::read() else { return Ok(()) };
    if !listeners.is_taken(port) {
        return Ok(());
    }
    let managed = managed(port);
    if managed.iter().any(|(name, _)| *name == spec.name) {
        return Ok(());
    }
    let failed = |what: String| Failure::new(Exit::Failed, what);
    if let Some((name, pid)) = managed.first() {
        let name = safe(name);
        return Err(failed(format!("port {port} is held by '{name}' (pid {pid})"))
            .hint(format!("bgrun kill {name}, or bgrun kill --port {port}")));
    }
    let hint = format!("bgrun kill --port {port} --force ends it all the same");
    match listeners.holders(port).unwrap_or_default().first() {
        Some(pid) => {
            let name = Stat::read(*pid).map(|stat| stat.name).unwrap_or_default();
            let name = String::from_utf8_lossy(&name);
            let what = format!("port {port} is held by pid {pid} ({}), not ours", safe(&name));
            Err(failed(what).hint(hint))
        }
        None => Err(failed(format!("port {port} is held by a process of another user"))),
    }
}

/// The managed processes that listen on `port`, as `bgrun-ls` sees them.
fn managed(port: u16) -> Vec<(String, u64)> {
    let mut ls = sibling::command("bgrun-ls", ["--json"]);
    let output = ls.stdin(Stdio::null()).stderr(Stdio::null()).output();
    let records: Vec<Value> = output
        .ok()
        .and_then(|output| serde_json::from_slice(&output.stdout).ok())
        .unwrap_or_default();
    let holds = |record: &&Value| {
        record["ports"].as_array().is_some_and(|ports| ports.contains(&Value::from(port)))
    };
    let named = |record: &Value| {
        Some((record["name"].as_str()?.to_owned(), record["pid"].as_u64().unwrap_or(0)))
    };
    records.iter().filter(holds).filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_port_that_is_set_for_the_process_counts() {
        let with = |value: &str| Spec {
            overrides: [("PORT".to_owned(), value.to_owned())].into(),
            ..Spec::default()
        };
        assert_eq!(declared(&with("3000")), Some(3000));
        assert_eq!(declared(&with(" 80 ")), Some(80));
        for value in ["0", "", "http", "70000", "-1", "/run/x.sock"] {
            assert_eq!(declared(&with(value)), None, "{value:?}");
        }
        let inherited =
            Spec { caller_environment: vec![("PORT".into(), "3000".into())], ..Spec::default() };
        assert_eq!(declared(&inherited), None);
    }
}
