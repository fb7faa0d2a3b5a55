//! What is started with bgrun from inside a managed process is a tree of its own.

use tests::*;

/// An outer process that starts `inner` and then lives on; both records.
#[track_caller]
fn outer_and_inner(home: &Home, inner: &str) -> (Value, Value) {
    let script = format!("bgrun run inner -- {inner}; echo started; exec sleep 60");
    home.start("outer", ["sh", "-c", &script]);
    home.until_out("outer", "started");
    eventually("the outer shell became sleep", || home.ls("outer")["processes"] == 1);
    (home.ls("outer"), home.ls("inner"))
}

#[test]
fn stopping_the_outer_leaves_the_inner_alone() {
    let home = Home::new();
    let (outer, inner) = outer_and_inner(&home, "sleep 60");
    let process = Life::of(inner.pid());
    let answer = home.kill(["outer"]).only().clone();
    assert_eq!(answer["outcome"], "stopped");
    assert!(!is_alive(outer.pid()));
    assert!(process.is_alive());
    let inner = home.ls("inner");
    assert_eq!(inner.status(), "running");
    assert_eq!(inner["supervised"], true);
    home.kill(["inner"]);
    assert!(!process.is_alive());
}

#[test]
fn stopping_the_outer_without_its_supervisor_leaves_the_inner_alone() {
    let home = Home::new();
    let (outer, inner) = outer_and_inner(&home, "sleep 60");
    let supervisor = Life::of(outer.supervisor());
    supervisor.kill();
    home.kill(["outer"]);
    assert!(!is_alive(outer.pid()));
    assert!(is_alive(inner.pid()) && is_alive(inner.supervisor()));
}

#[test]
fn stopping_the_inner_leaves_the_outer_alone() {
    let home = Home::new();
    let (outer, inner) = outer_and_inner(&home, "sleep 60");
    home.kill(["inner"]);
    assert!(!is_alive(inner.pid()));
    assert_eq!(home.ls("outer").pid(), outer.pid());
    assert_eq!(home.ls("outer").status(), "running");
}

#[test]
fn a_failure_of_the_outer_does_not_stop_the_inner() {
    let home = Home::new();
    home.start("outer", ["sh", "-c", "bgrun run inner -- sleep 60; exit 3"]);
    assert_eq!(home.until("outer", "failed")["exit_code"], 3);
    assert_eq!(home.ls("inner").status(), "running");
}

#[test]
fn an_outer_that_ends_well_is_exited_while_the_inner_runs_on() {
    let home = Home::new();
    home.start("outer", ["sh", "-c", "bgrun run inner -- sleep 60"]);
    assert_eq!(home.until("outer", "exited")["exit_code"], 0);
    assert_eq!(home.ls("inner").status(), "running");
    home.kill(["inner"]);
    home.must_be_clean();
}

#[test]
fn nothing_is_counted_twice() {
    let home = Home::new();
    let hold = "x=$(head -c 60000000 /dev/zero | tr '\\0' x); echo ready; sleep 60";
    home.script("hold", &format!("#!/bin/sh\n{} & {hold}\n", program("listens")));
    let (_, _) = outer_and_inner(&home, "./hold");
    home.until_out("inner", "ready");
    eventually("it listens", || home.out("inner").lines().count() == 2);
    let (outer, inner) = (home.ls("outer"), home.ls("inner"));
    assert_eq!(outer["processes"], 1);
    assert_eq!(outer["ports"], json!([]));
    assert_eq!(inner["ports"].as_array().unwrap().len(), 1);
    assert!(inner.number("memory_bytes") > 60_000_000, "{inner:#}");
    assert!(outer.number("memory_bytes") < 30_000_000, "{outer:#}");
}

#[test]
fn the_inner_says_who_started_it() {
    let home = Home::new();
    let (outer, inner) = outer_and_inner(&home, "sleep 60");
    assert_eq!(inner["started_by"], "outer");
    assert_eq!(outer["started_by"], Value::Null);
}

#[test]
fn the_inner_carries_nothing_of_the_outer() {
    let home = Home::new();
    let (outer, inner) = outer_and_inner(&home, "sleep 60");
    let theirs = environ_of(outer.pid());
    let ours = environ_of(inner.pid());
    assert_eq!(ours["BGRUN_NAME"], "inner");
    assert_ne!(ours["BGRUN_ID"], theirs["BGRUN_ID"]);
    let supervisor = environ_of(inner.supervisor());
    for (name, value) in theirs.iter().filter(|(name, _)| name.starts_with("BGRUN_")) {
        assert_ne!(supervisor.get(name), Some(value), "{name} of the outer process");
    }
    // Neither is it stored: a later start of the inner, from anywhere, is clean as well.
    let stored = home.verb("ls", ["--json", "--env", "inner"]).json();
    let stored = stored.only()["env"].as_object().unwrap().clone();
    assert!(!stored.keys().any(|name| name.starts_with("BGRUN_")), "{stored:?}");
}

#[test]
fn trees_nest_to_any_depth() {
    let home = Home::new();
    let innermost = "bgrun run c -- sleep 60";
    let middle = format!("bgrun run b -- sh -c \"{innermost}; exec sleep 60\"; exec sleep 60");
    home.start("a", ["sh", "-c", &middle]);
    eventually("all three run", || {
        let all = home.all();
        all.len() == 3 && all.iter().all(|r| r.status() == "running" && r["processes"] == 1)
    });
    home.kill(["b"]);
    let status = |name| home.ls(name).status().to_owned();
    assert_eq!([status("a"), status("b"), status("c")], ["running", "stopped", "running"]);
    assert_eq!(home.ls("c")["started_by"], "b");
    home.kill(["a"]);
    assert_eq!(status("c"), "running");
}

#[test]
fn a_process_may_stop_itself() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "bgrun kill $BGRUN_NAME; sleep 60"]);
    let record = home.until("web", "stopped");
    assert_eq!(record["wanted"], "down");
    home.must_be_clean();
}

#[test]
fn a_process_may_restart_itself() {
    let home = Home::new();
    let script = "[ $BGRUN_RUN = 2 ] || bgrun run $BGRUN_NAME --restart; exec sleep 60";
    home.start("web", ["sh", "-c", script]);
    eventually_ok(|| {
        let record = home.ls("web");
        let is_on = record["run"] == 2 && record.status() == "running" && record["processes"] == 1;
        is_on
            .then_some(())
            .ok_or_else(|| format!("{record:#}\n{}{}", home.out("web"), home.err("web")))
    });
}

#[test]
fn a_home_within_a_managed_process_is_still_another_home() {
    let home = Home::new();
    let other = Home::new();
    let state = other.state();
    let script = format!("BGR_HOME={} bgrun run web -- sleep 60; exec sleep 60", state.display());
    home.start("web", ["sh", "-c", &script]);
    eventually("it runs over there", || {
        other.find("web").is_some_and(|web| web.status() == "running")
    });
    let inner = other.ls("web");
    home.kill(["--nuke"]);
    assert!(is_alive(inner.pid()));
    assert_eq!(other.ls("web").status(), "running");
}

#[test]
fn a_process_restarts_itself_by_a_record_too() {
    let home = Home::new();
    let script = "[ $BGRUN_RUN = 1 ] || { echo again; exec sleep 60; }
        bgrun ls --json web | bgrun run - --restart; echo too late";
    home.start("web", ["sh", "-c", script]);
    assert_eq!(home.until_out("web", "again"), "again\n");
    assert_eq!(home.ls("web").number("run"), 2);
    home.kill(["web"]);
    home.must_be_clean();
}
