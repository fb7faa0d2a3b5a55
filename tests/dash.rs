//! `bgrun dash`: the API, against the tools themselves.

use tests::*;

#[test]
fn the_list_is_what_ls_prints() {
    let home = Home::new();
    home.start_sleep("web");
    home.start("done", ["true"]);
    home.until("done", "exited");
    let dashboard = Dashboard::start(&home);
    let mut list = dashboard.get("/api/processes");
    let mut all = Value::Array(home.all());
    for records in [&mut list, &mut all] {
        for record in records.as_array_mut().unwrap() {
            for passing in ["uptime_ms", "cpu_percent", "cpu_ms", "memory_bytes"] {
                record[passing] = Value::Null;
            }
        }
    }
    assert_eq!(list, all);
}

#[test]
fn a_process_is_started_stopped_restarted_and_deleted() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let spec = json!({"name": "web", "argv": ["sleep", "60"], "env": {"COLOUR": "blue"}});
    let started = dashboard.ok("POST /api/start", &spec);
    assert_eq!((started.name(), started.status()), ("web", "running"));
    assert_eq!(home.ls("web").pid(), started.pid());
    assert_eq!(started["env_keys"], json!(["COLOUR"]));

    let restarted = dashboard.ok("POST /api/restart/web", &json!({}));
    assert_ne!(restarted.pid(), started.pid());
    assert_eq!(restarted.number("run"), 2);

    let stopped = dashboard.ok("POST /api/stop/web", &json!({}));
    assert_eq!(stopped["outcome"], "stopped");
    assert_eq!(home.ls("web").status(), "stopped");

    let again = dashboard.ok("POST /api/start", &json!({"name": "web"}));
    assert_eq!(again.status(), "running");

    let deleted = dashboard.ok("DELETE /api/processes/web", &Value::Null);
    assert_eq!((&deleted["deleted"], deleted.name()), (&json!(true), "web"));
    assert!(home.find("web").is_none());
    assert_eq!(dashboard.get("/api/processes"), json!([]));
}

#[test]
fn every_refusal_has_its_status_and_its_reason() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let empty = json!({});
    for request in [
        "GET /api/processes/nobody",
        "GET /api/processes/nobody/env",
        "DELETE /api/processes/nobody",
        "GET /api/logs/nobody",
        "GET /api/logs/nobody/download",
        "POST /api/stop/nobody",
        "POST /api/restart/nobody",
        "POST /api/undo/nobody",
        "GET /api/processes/..%2Fx",
        "GET /api/processes/%00",
        "GET /api/nothing",
        "GET /nothing",
        "GET /..%2F..%2Fetc%2Fpasswd",
    ] {
        dashboard.refused(
            request,
            if request.starts_with("GET") { &Value::Null } else { &empty },
            404,
        );
    }
    dashboard.refused("POST /api/guard/nobody", &json!({"on": true}), 404);
    dashboard.refused("POST /api/start", &json!({"name": "nobody"}), 404);
    let runs_already = json!({"name": "web", "argv": ["sleep", "60"]});
    dashboard.refused("POST /api/start", &runs_already, 409);
    let absent = json!({"name": "x", "argv": ["/does/not/exist"]});
    let error = dashboard.refused("POST /api/start", &absent, 422);
    assert!(error.contains("/does/not/exist"), "{error}");
    assert!(home.find("x").is_none_or(|record| record.status() != "running"));
    let astray = json!({"name": "y", "argv": ["true"], "workdir": "/does/not/exist"});
    dashboard.refused("POST /api/start", &astray, 422);
    dashboard.refused("POST /api/start", &empty, 422);
    dashboard.refused("POST /api/start", &json!({"name": "../x", "argv": ["true"]}), 422);
    dashboard.refused("POST /api/start", &json!([]), 422);
    dashboard.refused("POST /api/guard/web", &json!({"on": "yes"}), 422);
    let error = dashboard.refused("GET /api/logs/web?tab=both", &Value::Null, 400);
    assert!(error.starts_with("the query: tab:") && error.contains("stderr"), "{error}");
    dashboard.refused("GET /api/logs/web?offset=-1", &Value::Null, 400);
    dashboard.refused("PUT /api/processes/web", &empty, 405);
    let (host, authorization) = (dashboard.host(), dashboard.authorization());
    let headers = [host.as_str(), &authorization, "Content-Type: application/json"];
    assert_eq!(dashboard.send("POST /api/start", &headers, "{broken").status, 400);
    assert_eq!(home.ls("web").status(), "running", "nothing of all this touched it");
}

#[test]
fn a_log_is_read_in_pieces() {
    let home = Home::new();
    home.start("talks", ["sh", "-c", "seq 1 5000; echo oops >&2; exec sleep 60"]);
    home.until_out("talks", "5000\n");
    let dashboard = Dashboard::start(&home);
    let end = dashboard.get("/api/logs/talks?lines=2");
    assert_eq!((end.text("text"), end.text("tab")), ("4999\n5000\n", "stdout"));
    assert_eq!(end["next_offset"], end["size"]);
    let begin = dashboard.get("/api/logs/talks?offset=0&lines=3");
    assert_eq!((begin.text("text"), begin.number("next_offset")), ("1\n2\n3\n", 6));
    let next = dashboard.get("/api/logs/talks?offset=6&lines=1");
    assert_eq!(next.text("text"), "4\n");
    let before = dashboard.get(&format!("/api/logs/talks?before={}&lines=1", end["offset"]));
    assert_eq!(before.text("text"), "4998\n");
    let error = dashboard.get("/api/logs/talks?tab=stderr");
    assert_eq!(error.text("text"), "oops\n");
    let whole = dashboard.ask("GET /api/logs/talks/download?tab=stdout", &Value::Null);
    assert_eq!(whole.body, home.out("talks"));
    assert!(whole.header("content-disposition").unwrap().starts_with("attachment"));
}

#[test]
fn the_guard_is_switched() {
    let home = Home::new();
    home.start_sleep("web*[1]");
    home.start_sleep("web-[1]");
    let dashboard = Dashboard::start(&home);
    let path = "POST /api/guard/web%2A%5B1%5D";
    assert_eq!(dashboard.ok(path, &json!({"on": true}))["keep_alive"], "always");
    assert_eq!(home.find("web-[1]").unwrap()["keep_alive"], "never", "a name is no glob");
    assert_eq!(dashboard.ok(path, &json!({"on": false}))["keep_alive"], "never");
    let failures = json!({"on": true, "keep_alive": "on-failure"});
    assert_eq!(dashboard.ok(path, &failures)["keep_alive"], "on-failure");
    for wrong in [
        json!({"on": true, "keep_alive": "never"}),
        json!({"on": false, "keep_alive": "always"}),
        json!({"on": true, "keep_alive": "often"}),
    ] {
        dashboard.refused(path, &wrong, 422);
    }
    assert_eq!(home.ls("web*[1]")["keep_alive"], "on-failure");
}

#[test]
fn details_explain_the_last_end() {
    let home = Home::new();
    home.start("dies", ["sh", "-c", "echo out of luck >&2; exit 3"]);
    home.until("dies", "failed");
    let dashboard = Dashboard::start(&home);
    let details = dashboard.get("/api/processes/dies");
    assert_eq!((details.status(), details.number("exit_code")), ("failed", 3));
    assert_eq!(details["last_stderr"], json!(["out of luck"]));
    assert_eq!(details["runs"].only()["exit_code"], 3);
    assert_eq!(details.number("stderr_bytes"), 12);
}

#[test]
fn the_last_words_are_of_the_run_that_ended_and_of_no_other() {
    let home = Home::new();
    let script = "[ -e again ] && exit 7; echo > again; echo out of luck >&2; exit 1";
    home.start("dies", ["sh", "-c", script]);
    home.until("dies", "failed");
    let dashboard = Dashboard::start(&home);
    let last_words = || dashboard.get("/api/processes/dies")["last_stderr"].clone();
    assert_eq!(last_words(), json!(["out of luck"]));
    assert!(home.verb("dash", ["--snapshot"]).ok().out().contains("<pre>out of luck"));
    home.verb("run", ["-q", "dies"]).ok();
    eventually("it failed again", || {
        let record = home.ls("dies");
        record.number("run") == 2 && record.status() == "failed"
    });
    assert_eq!(last_words(), json!([]), "the second run said nothing");
    assert!(!home.verb("dash", ["--snapshot"]).ok().out().contains("<pre>out of luck"));
}

#[test]
fn a_start_that_is_waited_for_says_why_the_program_ended() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let start = |script: &str| {
        let spec = json!({"name": "dies", "argv": ["sh", "-c", script]});
        dashboard.ask("POST /api/start?wait=true&force=true", &spec)
    };
    let reply = start("echo hint: out of luck >&2; exit 4");
    assert_eq!(reply.status, 422, "{reply:?}");
    let error = reply.error();
    assert!(error.starts_with("ended before it had lived for 1s: exit code 4"), "{error}");
    assert!(error.ends_with("\nhint: out of luck"), "{error}");
    assert_eq!(reply.json()["hint"], "bgrun logs dies");
    let silent = start("exit 4");
    assert_eq!((silent.status, silent.error().lines().count()), (422, 1), "{silent:?}");
    assert_eq!(start("exec sleep 60").status, 200);
}

#[test]
fn details_show_the_tree() {
    let home = Home::new();
    home.start("tree", ["sh", "-c", "sleep 60 & wait"]);
    let dashboard = Dashboard::start(&home);
    let tree = eventually_some("the child is there", || {
        let tree = dashboard.get("/api/processes/tree")["tree"].clone();
        (tree.as_array()?.len() == 2).then_some(tree)
    });
    assert_eq!(tree[0]["pid"], tree[1]["parent"]);
    eventually("sleep executes", || {
        dashboard.get("/api/processes/tree")["tree"][1]["command"] == "sleep 60"
    });
}

#[test]
fn a_deletion_is_taken_back() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let spec = json!({"name": "web", "argv": ["sh", "-c", "echo hello; exec sleep 60"],
        "env": {"SECRET": "s3cret"}, "group": "shop", "keep_alive": "on-failure"});
    dashboard.ok("POST /api/start", &spec);
    home.until_out("web", "hello");
    let deleted = dashboard.ok("DELETE /api/processes/web", &json!({}));
    assert!(!deleted.to_string().contains("s3cret"), "no secret travels");
    let undo = format!("POST /api/undo/{}", deleted.text("undo"));
    let back = dashboard.ok(&undo, &json!({}));
    assert_eq!((back.name(), back.status(), back.text("group")), ("web", "running", "shop"));
    assert_eq!(back["keep_alive"], "on-failure");
    assert_eq!(dashboard.get("/api/processes/web/env")["env"]["SECRET"], "s3cret");
    eventually("the old log and the new one are there", || home.out("web") == "hello\nhello\n");
    dashboard.refused(&undo, &json!({}), 404);

    dashboard.ok("POST /api/stop/web", &json!({}));
    let deleted = dashboard.ok("DELETE /api/processes/web", &json!({}));
    let back = dashboard.ok(&format!("POST /api/undo/{}", deleted.text("undo")), &json!({}));
    assert_eq!((back.name(), back.status()), ("web", "stopped"), "what did not run does not run");
    assert_eq!(dashboard.ok("POST /api/start", &json!({"name": "web"})).status(), "running");

    let deleted = dashboard.ok("DELETE /api/processes/web", &json!({}));
    home.start_sleep("web");
    dashboard.refused(&format!("POST /api/undo/{}", deleted.text("undo")), &json!({}), 409);
    assert_eq!(home.ls("web")["argv"], json!(["sleep", "60"]));
}

#[test]
fn logs_of_a_deleted_process_go_when_the_minute_is_over() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let talks = json!({"name": "web", "argv": ["sh", "-c", "echo hello"]});
    dashboard.ok("POST /api/start", &talks);
    home.until_out("web", "hello");
    home.until("web", "exited");
    let deleted = dashboard.ok("DELETE /api/processes/web", &json!({}));
    assert_eq!(home.out("web"), "hello\n", "it may be taken back");
    drop(dashboard);
    // A minute later, for the next dashboard.
    let kept = home.state().join("run/deleted").join(format!("{}.json", deleted.text("undo")));
    let mode = std::os::unix::fs::PermissionsExt::mode(&kept.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "it holds the environment");
    let file = std::fs::File::options().write(true).open(&kept).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(61)).unwrap();
    let dashboard = Dashboard::start(&home);
    dashboard.refused(&format!("POST /api/undo/{}", deleted.text("undo")), &json!({}), 404);
    eventually("the logs are gone", || !home.out_path("web").exists() && !kept.exists());
}

#[test]
fn a_spec_is_checked_as_it_is_typed() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let spec = json!({"name": "web", "argv": ["sleep", "60"], "workdir": home.path()});
    let checked = dashboard.ok("POST /api/check", &spec);
    assert_eq!(checked["problems"], json!([]));
    let line = checked.text("line");
    home.sh(line).ok();
    assert_eq!(home.ls("web")["workdir"], json!(home.path()), "{line} does what was checked");
    let wrong = json!({"argv": ["no-such-program"], "workdir": home.at("nowhere")});
    let problems = dashboard.ok("POST /api/check", &wrong)["problems"].clone();
    assert_eq!(problems.only()["field"], "workdir");
    assert!(home.all().len() == 1);
}

#[test]
fn secrets_are_shown_only_where_they_are_asked_for() {
    let home = Home::new();
    let spec = json!({"name": "web", "argv": ["sleep", "60"], "env": {"SECRET": "s3cret"}});
    let dashboard = Dashboard::start(&home);
    dashboard.ok("POST /api/start", &spec);
    for path in ["/api/processes", "/api/processes/web", "/api/version", "/api/history"] {
        assert!(!dashboard.get(path).to_string().contains("s3cret"), "{path}");
    }
    assert!(!dashboard.events("", &[]).following().data.to_string().contains("s3cret"));
    let revealed = dashboard.get("/api/processes/web/env");
    assert_eq!(revealed["env"]["SECRET"], "s3cret");
    let (host, authorization) = (dashboard.host(), dashboard.authorization());
    for destination in ["document", "script", "image", "iframe"] {
        let destination = format!("Sec-Fetch-Dest: {destination}");
        let headers = [host.as_str(), &authorization, &destination];
        assert_eq!(dashboard.send("GET /api/processes/web/env", &headers, "").status, 403);
    }
}

#[test]
fn names_of_all_kinds_go_through_the_path() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    for name in
        ["ünï ©ödé", "a%2Fb", "<img src=x onerror=alert(1)>", "50%", "a+b&c=d?e#f", "@g", "*"]
    {
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        dashboard.ok("POST /api/start", &json!({"name": name, "argv": ["sleep", "60"]}));
        assert_eq!(dashboard.get(&format!("/api/processes/{encoded}")).name(), name);
        dashboard.get(&format!("/api/logs/{encoded}"));
        assert_eq!(dashboard.ok(&format!("POST /api/restart/{encoded}"), &json!({})).name(), name);
        assert_eq!(
            dashboard.ok(&format!("POST /api/stop/{encoded}"), &json!({}))["outcome"],
            "stopped"
        );
    }
    dashboard.ok("DELETE /api/processes/%2A", &Value::Null);
    for method in ["DELETE /api/processes", "POST /api/stop"] {
        dashboard.refused(&format!("{method}/%2A"), &json!({}), 404);
    }
    dashboard.refused("GET /api/processes/%2A", &Value::Null, 404);
    assert_eq!(home.all().len(), 6, "a name is no glob");
}
