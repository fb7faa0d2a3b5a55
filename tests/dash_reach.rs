//! What the dashboard reaches beside single processes: ports, watchers, project files, the disk,
//! the environment, schedulers.

use std::io::Write;
use tests::*;

/// Starts a process that listens; answers its port.
fn listening(home: &Home, name: &str) -> u64 {
    home.verb("run", [name, "--"]).arg(program("listens")).ok();
    eventually_some("it listens", || home.ls(name)["ports"][0].as_u64())
}

#[test]
fn a_port_is_freed_and_what_is_not_ours_only_when_its_pid_is_named() {
    let home = Home::new();
    let port = listening(&home, "web");
    let stranger = home.call(program("listens")).spawn();
    stranger.until_it_says("\n");
    let taken: u64 = stranger.out().trim().parse().unwrap();
    let dashboard = Dashboard::start(&home);

    let ours = dashboard.get(&format!("/api/ports/{port}"));
    assert_eq!((ours["processes"].only().name(), &ours["others"]), ("web", &json!([])));
    let theirs = dashboard.get(&format!("/api/ports/{taken}"));
    assert_eq!(
        (&theirs["processes"], theirs["others"].only().number("pid")),
        (&json!([]), i64::from(stranger.pid()))
    );
    assert!(theirs["others"][0].text("command").ends_with("listens"), "{theirs}");
    assert_eq!(home.ls("web").status(), "running", "it was only looked");

    let freed = dashboard.ok(&format!("POST /api/ports/{port}"), &json!({}));
    assert_eq!(freed["processes"].only()["outcome"], "stopped");
    assert_eq!(home.ls("web").status(), "stopped");
    let free = format!("POST /api/ports/{taken}");
    for body in [json!({}), json!({"pids": [1]})] {
        let error = dashboard.refused(&free, &body, 409);
        assert!(error.contains(&format!("pid {}", stranger.pid())), "{error}");
    }
    let second = home.call(program("listens")).args([&taken.to_string(), "v6"]).spawn();
    second.until_it_says("\n");
    let both = dashboard.get(&format!("/api/ports/{taken}"));
    assert_eq!(both["others"].as_array().map(Vec::len), Some(2), "{both}");
    for one in [&stranger, &second] {
        dashboard.refused(&free, &json!({"pids": [one.pid()]}), 409);
    }
    assert!(stranger.life.is_alive() && second.life.is_alive());
    let ended = dashboard.ok(&free, &json!({"pids": [stranger.pid(), second.pid()]}));
    assert_eq!(ended["others"].as_array().map(Vec::len), Some(2), "{ended}");
    stranger.life.must_end();
    second.life.must_end();
    let nobody = dashboard.ok(&free, &json!({}));
    assert_eq!((&nobody["processes"], &nobody["others"]), (&json!([]), &json!([])));
    for wrong in ["0", "65536", "x", "-1", "+80"] {
        dashboard.refused(&format!("GET /api/ports/{wrong}"), &Value::Null, 400);
        dashboard.refused(&format!("POST /api/ports/{wrong}"), &json!({}), 400);
    }
}

#[test]
fn who_came_to_a_port_after_it_was_looked_at_is_left_alone() {
    let home = Home::new();
    let seen = home.call(program("listens")).spawn();
    seen.until_it_says("\n");
    let port = seen.out().trim().to_owned();
    // Its look is held up until somebody else listens there.
    let tools = home.dir("tools");
    for tool in ["bgrun-dash", "bgrun-ls"] {
        std::fs::copy(home.tools().join(tool), tools.join(tool)).unwrap();
    }
    let (looked, goes_on) = (home.at("looked"), home.at("goes-on"));
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--dry-run*) '{0}' \"$@\"; touch '{1}'\n\
         until [ -e '{2}' ]; do sleep 0.02; done;;\n*) exec '{0}' \"$@\";;\nesac\n",
        home.tools().join("bgrun-kill").display(),
        looked.display(),
        goes_on.display()
    );
    home.script("tools/bgrun-kill", &script);
    let own = free_port().to_string();
    let running = home.call(tools.join("bgrun-dash")).args(["--port", &own]).spawn();
    let dashboard = Dashboard::of(&home, running);
    let body = json!({"pids": [seen.pid()]}).to_string();
    let mut asking = dashboard.connect();
    let head = format!(
        "POST /api/ports/{port} HTTP/1.1\r\n{}\r\n{}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        dashboard.host(),
        dashboard.authorization(),
        body.len()
    );
    asking.write_all(head.as_bytes()).unwrap();
    eventually("it was looked", || looked.exists());
    drop(seen);
    let came = home.call(program("listens")).arg(&port).spawn();
    came.until_it_says("\n");
    std::fs::write(&goes_on, "").unwrap();
    let reply = Reply::read(&mut asking);
    assert_eq!(reply.status, 409, "{reply:?}");
    assert!(reply.error().contains(&format!("held by pid {}", came.pid())), "{reply:?}");
    assert!(came.life.is_alive());
}

#[test]
fn a_process_is_watched_by_a_process_like_any_other_and_no_longer() {
    let home = Home::new();
    let place = home.dir("app");
    let flags = ["web", "--group", "shop", "-d", place.to_str().unwrap(), "--", "sleep", "60"];
    home.verb("run", flags).ok();
    let dashboard = Dashboard::start(&home);
    assert_eq!(dashboard.get("/api/processes/web")["watcher"], Value::Null);
    let on = json!({"on": true});
    let watched = dashboard.ok("POST /api/watch/web", &on);
    let watcher = home.ls("web.watch");
    assert_eq!(watched["watcher"], json!({"pid": watcher["pid"], "name": "web.watch"}));
    assert_eq!(watched["watcher"], dashboard.get("/api/processes/web")["watcher"]);
    assert_eq!(watcher["group"], "shop");
    std::fs::write(place.join("a.js"), "1").unwrap();
    eventually("web is restarted", || home.ls("web").number("run") == 2);
    // Once more is the same.
    assert_eq!(dashboard.ok("POST /api/watch/web", &on), watched);

    let off = json!({"on": false});
    assert_eq!(dashboard.ok("POST /api/watch/web", &off)["watcher"], Value::Null);
    assert!(home.find("web.watch").is_none(), "nothing is lost with it");
    assert_eq!(home.ls("web").status(), "running");
    dashboard.ok("POST /api/watch/web", &off);
    dashboard.refused("POST /api/watch/nobody", &on, 404);
    dashboard.refused("POST /api/watch/web", &json!({}), 422);
}

#[test]
fn a_watcher_with_flags_of_its_own_is_only_stopped_and_started() {
    let home = Home::new();
    home.start_sleep("web");
    let watch = ["eyes", "--", "bgrun", "watch", "web", "--path", "."];
    let path = format!("{}:/usr/bin:/bin", bin_dir().display());
    home.verb("run", watch).env("PATH", path).ok();
    let dashboard = Dashboard::start(&home);
    eventually("it watches", || dashboard.get("/api/processes/web")["watcher"]["name"] == "eyes");
    dashboard.ok("POST /api/watch/web", &json!({"on": false}));
    assert_eq!(home.ls("eyes").status(), "stopped");
    let watched = dashboard.ok("POST /api/watch/web", &json!({"on": true}));
    assert_eq!(watched["watcher"]["name"], "eyes");
    assert!(home.find("web.watch").is_none());
}

#[test]
fn who_watches_from_a_terminal_is_told_and_left_alone() {
    let home = Home::new();
    home.start_sleep("web");
    let watcher = home.verb("watch", ["web"]).spawn();
    let dashboard = Dashboard::start(&home);
    let pid = watcher.pid();
    eventually("it watches", || dashboard.get("/api/processes/web")["watcher"]["pid"] == pid);
    assert_eq!(
        dashboard.ok("POST /api/watch/web", &json!({"on": true}))["watcher"]["name"],
        Value::Null
    );
    let error = dashboard.refused("POST /api/watch/web", &json!({"on": false}), 409);
    assert!(error.contains(&format!("pid {pid}")), "{error}");
    assert!(watcher.life.is_alive());
    assert_eq!(home.all().len(), 1);
}

/// A project of two processes.
fn project(home: &Home) -> std::path::PathBuf {
    let place = home.dir("shop");
    home.dir("shop/src");
    let text = "group = \"shop\"\n[process.db]\ncommand = [\"sleep\", \"60\"]\n\
                [process.web]\ncommand = [\"sleep\", \"61\"]\nafter = [\"db\"]\n";
    std::fs::write(place.join("bgrun.toml"), text).expect("a project file can be written");
    place
}

fn plan(project: &Value) -> Vec<(&str, &str)> {
    let steps = project["plan"].as_array().expect("a plan");
    steps.iter().map(|step| (step.name(), step.text("action"))).collect()
}

#[test]
fn a_project_is_looked_at_brought_up_and_taken_down() {
    let home = Home::new();
    let place = project(&home);
    let file = place.join("bgrun.toml");
    let dashboard = Dashboard::start(&home);
    let look =
        |path: &std::path::Path| dashboard.get(&format!("/api/project?path={}", path.display()));
    let before = look(&place.join("src"));
    assert_eq!(before["file"], json!(file));
    assert_eq!(plan(&before), [("db", "start"), ("web", "start")]);
    assert_eq!(look(&file), before);
    assert!(home.all().is_empty(), "it was only looked");

    let here = json!({"path": place});
    let up = dashboard.ok("POST /api/project/up", &here);
    assert_eq!(
        (up[0].name(), &up[0]["action"], up[1].status()),
        ("db", &json!("start"), "running")
    );
    assert_eq!(plan(&look(&place)), [("db", "keep"), ("web", "keep")]);
    assert_eq!(home.ls("web")["project"], json!(file));
    dashboard.ok("POST /api/project/down", &json!({"path": place, "names": ["web"]}));
    assert_eq!((home.ls("web").status(), home.ls("db").status()), ("stopped", "running"));
    dashboard.ok("POST /api/project/up", &json!({"path": place, "names": ["web"], "wait": true}));
    assert_eq!(home.ls("web").status(), "running");
    let text = "[process.db]\ncommand = [\"sleep\", \"60\"]\n";
    std::fs::write(&file, text).unwrap();
    assert_eq!(plan(&look(&place)), [("db", "restart"), ("web", "orphan")]);
    let all = json!({"path": place, "remove_orphans": true});
    dashboard.ok("POST /api/project/up", &all);
    assert!(home.find("web").is_none());
    dashboard.ok("POST /api/project/down", &here);
    assert_eq!(home.ls("db").status(), "stopped");

    let empty = home.dir("empty");
    let error =
        dashboard.refused(&format!("GET /api/project?path={}", empty.display()), &Value::Null, 404);
    assert!(error.contains("there is no bgrun.toml"), "{error}");
    dashboard.refused("POST /api/project/up", &json!({"path": home.at("nowhere")}), 404);
    dashboard.refused("POST /api/project/up", &json!({"path": place, "names": ["x"]}), 404);
    std::fs::write(&file, "[process.db]\ncolour = 1\n").unwrap();
    let error =
        dashboard.refused(&format!("GET /api/project?path={}", place.display()), &Value::Null, 422);
    assert!(error.contains("line 2") && error.contains("colour"), "{error}");
}

#[test]
fn what_logs_take_on_the_disk_is_told_before_and_after_a_rotation() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "seq 1 5000; exec sleep 60"]);
    home.start_sleep("api");
    home.until_out("web", "5000\n");
    let dashboard = Dashboard::start(&home);
    let of = |usage: &Value| {
        let out = usage
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == "web" && one["stream"] == "stdout");
        let out = out.expect("stdout of web").clone();
        (out.number("live_bytes") > 0, out.number("archives"))
    };
    assert_eq!(of(&dashboard.get("/api/usage")), (true, 0));
    dashboard.ok("POST /api/rotate/web", &json!({}));
    let usage = dashboard.get("/api/usage/web");
    assert_eq!(of(&usage).1, 1);
    assert!(usage.as_array().unwrap().iter().all(|one| one.name() == "web"));
    dashboard.refused("GET /api/usage/nobody", &Value::Null, 404);
}

#[test]
fn an_environment_is_taken_anew_from_the_dashboard_and_given_back() {
    let home = Home::new();
    let words = ["web", "-e", "OWN=1", "--", "sleep", "60"];
    home.verb("run", words).env("FROM_CALLER", "shell").ok();
    let port = free_port().to_string();
    let running = home.verb("dash", ["--port", &port]).env("FROM_CALLER", "dashboard").spawn();
    let dashboard = Dashboard::of(&home, running);
    let environment = || dashboard.get("/api/processes/web/env")["env"].clone();
    let checked = dashboard.ok("POST /api/check?change=web&fresh_env=true", &json!({}));
    assert!(checked.text("line").contains("--fresh-env"), "{checked}");
    assert_eq!(environment()["FROM_CALLER"], "shell");
    let changed = dashboard.ok("POST /api/change/web?fresh_env=true", &json!({}));
    assert_eq!((changed.status(), changed.number("run")), ("running", 2));
    assert_eq!(
        (&environment()["FROM_CALLER"], &environment()["OWN"]),
        (&json!("dashboard"), &json!("1"))
    );
    dashboard.ok(&format!("POST /api/undo/{}", changed.text("undo")), &json!({}));
    assert_eq!(
        (&environment()["FROM_CALLER"], &environment()["OWN"]),
        (&json!("shell"), &json!("1"))
    );
    // Also of what does not run, and is not started.
    home.kill(["web"]);
    dashboard.ok("POST /api/change/web?fresh_env=true", &json!({}));
    assert_eq!(environment()["FROM_CALLER"], "dashboard");
    assert_eq!(home.ls("web").status(), "stopped");
}

#[test]
fn the_guard_is_given_to_a_scheduler_and_taken_back() {
    let home = Home::new();
    // A stand-in, so that this machine's own table is left alone.
    let table = home.at("table");
    home.dir("stand-in");
    let text = format!(
        "#!/bin/sh\ncase $1 in -l) cat '{0}';; -) cat >'{0}';; -r) rm '{0}';; esac\n",
        table.display()
    );
    home.script("stand-in/crontab", &text);
    let path = format!("{}:/usr/bin:/bin", home.at("stand-in").display());
    let port = free_port().to_string();
    let running = home.verb("dash", ["--port", &port]).env("PATH", path).spawn();
    let dashboard = Dashboard::of(&home, running);
    let shown = dashboard.get("/api/schedule?by=cron");
    assert!(shown.text("text").contains("bgrun-guard"), "{shown}");
    assert!(dashboard.get("/api/schedule?by=systemd").text("text").contains("OnCalendar"));
    std::fs::write(&table, "").unwrap();
    dashboard.ok("POST /api/schedule", &json!({"by": "cron"}));
    let read = || std::fs::read_to_string(&table).unwrap_or_default();
    assert!(read().contains("bgrun-guard"), "{}", read());
    dashboard.ok("DELETE /api/schedule", &json!({}));
    assert!(!read().contains("bgrun-guard"), "{}", read());
    dashboard.refused("GET /api/schedule?by=at", &Value::Null, 400);
    dashboard.refused("POST /api/schedule", &json!({"by": "at"}), 422);
}

#[test]
fn the_present_state_is_kept_as_a_file() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let reply = dashboard.ask("GET /api/snapshot", &Value::Null);
    assert_eq!(reply.status, 200);
    let disposition = reply.header("content-disposition").expect("a disposition");
    assert!(disposition.starts_with("attachment"), "{disposition}");
    assert!(reply.body.starts_with("<!doctype html>") && reply.body.contains("web"));
}

#[test]
fn that_nobody_has_a_name_is_said_in_the_same_words_by_every_route() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let on = json!({"on": true});
    for (route, body) in [
        ("GET /api/processes/nobody", Value::Null),
        ("GET /api/processes/nobody/env", Value::Null),
        ("GET /api/logs/nobody", Value::Null),
        ("GET /api/logs/nobody/search?grep=x", Value::Null),
        ("GET /api/logs/nobody/download", Value::Null),
        ("GET /api/usage/nobody", Value::Null),
        ("GET /api/follow?name=nobody", Value::Null),
        ("DELETE /api/processes/nobody", json!({})),
        ("POST /api/stop/nobody", json!({})),
        ("POST /api/restart/nobody", json!({})),
        ("POST /api/change/nobody", json!({})),
        ("POST /api/check?change=nobody", json!({})),
        ("POST /api/signal/nobody", json!({"signal": "HUP"})),
        ("POST /api/rotate/nobody", json!({})),
        ("POST /api/guard/nobody", on.clone()),
        ("POST /api/watch/nobody", on),
    ] {
        assert_eq!(
            dashboard.refused(route, &body, 404),
            "no process is called 'nobody'",
            "{route}"
        );
    }
}
