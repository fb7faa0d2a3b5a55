//! What a change hands on, and how it is told.

use super::*;

fn record() -> Value {
    json!({
        "name": "web", "status": "running", "wanted": "up", "command": "node x",
        "argv": ["node", "x"], "workdir": "/srv", "group": "shop", "keep_alive": "on-failure",
        "memory_limit_bytes": 1000, "restart_interval_minutes": null, "after": ["db"],
        "max_restarts": 10, "restart_window_ms": 60000, "backoff_min_ms": 1000,
        "backoff_max_ms": 60000, "stop_exit_codes": [], "env_files": [],
        "env": {"A": "1", "B": "2", "FROM_FILE": "3", "PATH": "/bin"},
        "env_keys": ["A", "B", "FROM_FILE"], "env_set": ["A", "B"],
    })
}

fn change(patch: Value) -> Change {
    Change::new(&record(), patch.as_object().expect("an object")).expect("a change")
}

#[test]
fn what_is_only_set_is_handed_on_as_it_is() {
    let set = change(json!({"memory_limit_bytes": 5, "env": {"A": "9"}}));
    assert_eq!(*set.spec(), json!({"name": "web", "memory_limit_bytes": 5, "env": {"A": "9"}}));
    assert_eq!(set.flags(false), ["--restart"]);
    assert_eq!(set.line().expect("a line"), "bgrun run web --restart --memory-limit=5 --env=A=9");
}

#[test]
fn what_goes_takes_a_reset_and_all_that_stays_is_said_again() {
    let gone = change(json!({"group": null, "env": {"B": null, "C": "new"}}));
    assert_eq!(gone.flags(false), ["--restart", "--reset"]);
    let spec = gone.spec();
    assert!(spec.get("group").is_none() && spec.get("restart_interval_minutes").is_none());
    assert_eq!(spec["env"], json!({"A": "1", "C": "new"}));
    assert_eq!(spec["env_keys"], json!(["A", "C"]));
    assert_eq!((&spec["keep_alive"], &spec["after"]), (&json!("on-failure"), &json!(["db"])));
    // Neither the caller's environment nor what files gave is set by name from now on.
    assert!(!spec.to_string().contains("PATH") && !spec.to_string().contains("FROM_FILE"));
    let line = gone.line().expect("a line");
    assert!(line.contains("--reset") && line.contains("--env=C=new"), "{line}");
    assert!(line.contains("--env=A=…") && !line.contains("--env=A=1"), "{line}");
    assert!(!change(json!({"env_files": []})).flags(false).is_empty());
    assert_eq!(change(json!({"env_files": []})).flags(false).len(), 2);
}

#[test]
fn what_has_a_value_for_none_needs_no_reset() {
    let none = change(json!({"after": null, "ready_probe": null}));
    assert_eq!(none.flags(true), ["--restart"]);
    assert_eq!(none.line().expect("a line"), "bgrun run web --restart --after= --ready=");
}

#[test]
fn another_command_stays_in_its_directory() {
    let other = change(json!({"command": "a | b", "argv": null}));
    assert_eq!(other.spec()["workdir"], "/srv");
    let outcome = other.outcome().expect("an outcome");
    assert_eq!((outcome.command.as_deref(), outcome.argv), (Some("a | b"), None));
    let same = change(json!({"group": "g"})).outcome().expect("an outcome");
    assert_eq!(same.argv, Some(vec!["node".to_owned(), "x".to_owned()]));
}

#[test]
fn one_half_of_a_pair_brings_the_other() {
    let half = change(json!({"max_restarts": 3}));
    assert_eq!(half.line().expect("a line"), "bgrun run web --restart --max-restarts=3/60000ms");
}

#[test]
fn what_does_not_run_is_only_stored_unless_it_is_to_be_started() {
    let mut record = record();
    record["status"] = "stopped".into();
    let patch = json!({"group": "g"});
    let change = Change::new(&record, patch.as_object().expect("object")).expect("a change");
    assert_eq!(change.flags(false), ["--stored-only"]);
    assert_eq!(change.flags(true), ["--restart"]);
    assert_eq!(change.line().expect("a line"), "bgrun run web --group=g");
}

#[test]
fn what_is_no_change_is_refused() {
    for patch in [
        json!({"name": "other"}),
        json!({"status": "stopped"}),
        json!({"pid": 1}),
        json!({"env": ["A"]}),
        json!({"nonsense": null}),
    ] {
        let refused = Change::new(&record(), patch.as_object().expect("object"));
        assert_eq!(refused.expect_err("refused").status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
