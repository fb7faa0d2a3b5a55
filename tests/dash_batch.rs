//! What the dashboard does to many processes by one request.

use tests::*;

#[test]
fn many_are_started_stopped_restarted_and_deleted_by_one_request_and_brought_back_by_another() {
    let home = Home::new();
    let names = ["one", "two", "*"];
    for name in names {
        home.start_sleep(name);
    }
    home.start_sleep("other");
    let dashboard = Dashboard::start(&home);
    let batch = |action: &str, names: &[&str]| {
        dashboard.ask("POST /api/batch", &json!({"action": action, "names": names}))
    };
    let stopped = batch("stop", &names);
    assert_eq!(stopped.status, 200, "{stopped:?}");
    let outcomes = |reply: &Reply| -> Vec<(String, Value)> {
        let all = reply.json();
        let all = all.as_array().expect("an array").iter();
        all.map(|one| (one.name().to_owned(), one["outcome"].clone())).collect()
    };
    assert_eq!(outcomes(&stopped).len(), 3);
    assert!(outcomes(&stopped).iter().all(|(_, outcome)| outcome == "stopped"));
    assert_eq!(home.ls("other").status(), "running", "a name is no glob");
    assert_eq!(batch("start", &names).status, 200);
    assert_eq!(batch("restart", &names).status, 200);
    assert_eq!(home.ls("one").number("run"), 3);
    // What cannot be done is told of its own; all else is done.
    let some = batch("start", &["one", "nobody"]);
    assert_eq!(some.status, 207, "{some:?}");
    let errors = some
        .json()
        .as_array()
        .expect("an array")
        .iter()
        .filter(|one| one["error"].is_string())
        .count();
    assert_eq!(errors, 2, "one runs already, the other is not there: {some:?}");
    let some = batch("stop", &["one", "nobody", "one"]);
    assert_eq!((some.status, outcomes(&some).len()), (207, 2));

    let deleted = batch("delete", &names);
    assert_eq!(deleted.status, 200, "{deleted:?}");
    assert_eq!(home.all().len(), 1);
    let ids: Vec<Value> = deleted
        .json()
        .as_array()
        .expect("an array")
        .iter()
        .map(|one| one["undo"].clone())
        .collect();
    home.start_sleep("two");
    let back = dashboard.ask("POST /api/undo", &json!({"ids": ids}));
    assert_eq!(back.status, 207, "one is there again: {back:?}");
    assert_eq!((home.ls("one").status(), home.all().len()), ("stopped", 4), "as it was before");
    assert_eq!(dashboard.ask("GET /api/processes/%2A", &Value::Null).json().status(), "running");
    assert_eq!(dashboard.ask("POST /api/undo", &json!({"ids": ids})).status, 207, "only once");
    assert_eq!(batch("stop", &[]).json(), json!([]));
    for wrong in [
        json!({}),
        json!({"action": "eat", "names": []}),
        json!({"action": "stop", "names": ["../x"]}),
        json!({"action": "signal", "names": ["one"]}),
        json!({"action": "signal", "signal": "NOPE", "names": ["one"]}),
        json!({"action": "guard", "names": ["one"]}),
    ] {
        dashboard.refused("POST /api/batch", &wrong, 422);
    }
}

#[test]
fn many_are_kept_alive_signalled_and_have_their_logs_rotated_by_one_request() {
    let home = Home::new();
    let script = "trap 'echo heard' HUP; seq 20000; while :; do sleep 0.05; done";
    for name in ["one", "*"] {
        home.start(name, ["sh", "-c", script]);
        home.until_out(name, "20000");
    }
    home.start_sleep("other");
    let dashboard = Dashboard::start(&home);
    let batch = |mut how: Value, names: &[&str]| {
        how["names"] = json!(names);
        dashboard.ask("POST /api/batch", &how)
    };
    let guarded = batch(json!({"action": "guard", "on": true}), &["one", "*", "nobody"]);
    assert_eq!(guarded.status, 207, "{guarded:?}");
    let guarded = guarded.json();
    let policies: Vec<_> = guarded.as_array().expect("an array").iter().collect();
    assert_eq!(policies.iter().filter(|one| one["keep_alive"] == "always").count(), 2);
    assert!(policies.iter().all(|one| one["action"].is_null() && one["time"].is_null()));
    assert_eq!(home.ls("other")["keep_alive"], "never", "a name is no glob");
    assert_eq!(batch(json!({"action": "guard", "on": false}), &["one", "*"]).status, 200);
    assert_eq!(home.ls("one")["keep_alive"], "never");
    let failures = json!({"action": "guard", "on": true, "keep_alive": "on-failure"});
    assert_eq!(batch(failures, &["one"]).json().only()["keep_alive"], "on-failure");

    assert_eq!(batch(json!({"action": "signal", "signal": "HUP"}), &["one", "*"]).status, 200);
    for name in ["one", "*"] {
        home.until_out(name, "heard");
    }
    let rotated = batch(json!({"action": "rotate"}), &["one", "*"]);
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let rotated = rotated.json();
    let moved = |name: &str| -> i64 {
        let rows = rotated.as_array().expect("an array").iter();
        rows.filter(|row| row["name"] == name).map(|row| row.number("archived_bytes")).sum()
    };
    assert!(moved("one") > 80_000 && moved("*") > 80_000, "{rotated}");
    assert_eq!(moved("other"), 0);
}
