//! `kill -9` of a tool or the supervisor at an exact moment: `BGRUN_FAULT` names it.
//!
//! The tools are those built with the cargo feature `faults`.

use std::fs;
use tests::programs::IGNORES_TERM;
use tests::*;

const KILLED: i32 = 128 + 9;

#[track_caller]
fn assert_database_is_sound(home: &Home) {
    let check = open_database(&home.database());
    let check: String =
        check.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it can be checked");
    assert_eq!(check, "ok");
}

/// A start of `web` that meets this fault.
fn run_with(home: &Home, fault: &str, argv: &[&str]) -> Output {
    home.verb("run", ["web", "--"]).args(argv).env("BGRUN_FAULT", fault).run()
}

/// Starts `web`; its supervisor will meet this fault when the file `go` lets the process end with 3.
#[track_caller]
fn ends_with_3_under(home: &Home, fault: &str) -> (Life, Life) {
    let script = "while [ ! -e go ]; do sleep 0.02; done; exit 3";
    run_with(home, fault, &["sh", "-c", script]).ok();
    let record = home.ls("web");
    let lives = (Life::of(record.pid()), Life::of(record.supervisor()));
    fs::write(home.at("go"), "").unwrap_or_else(|why| panic!("{why}"));
    lives.0.must_end();
    lives
}

#[test]
fn a_start_killed_before_it_is_written_leaves_nothing() {
    let home = Home::with_faults();
    let output = run_with(&home, "run:before-commit:kill9", &["sleep", "60"]);
    assert_eq!(output.code, KILLED, "{output}");
    home.must_be_clean();
    assert!(home.find("web").is_none_or(|web| web.status() != "running"));
    home.start_sleep("web");
    assert_eq!(home.instances("web"), 1);
    assert_database_is_sound(&home);
}

#[test]
fn a_start_killed_after_it_is_written_is_no_running_process() {
    let home = Home::with_faults();
    let output = run_with(&home, "run:after-commit:kill9", &["sleep", "60"]);
    assert_eq!(output.code, KILLED, "{output}");
    home.must_be_clean();
    let record = home.ls("web");
    assert!(["starting", "failed", "lost"].contains(&record.status()), "{record:#}");
    assert_eq!(record["pid"], Value::Null);
    home.verb("run", ["web"]).ok();
    assert_eq!(home.ls("web").status(), "running");
    assert_eq!(home.instances("web"), 1);
}

#[test]
fn a_start_killed_before_it_answers_has_started() {
    let home = Home::with_faults();
    let output = run_with(&home, "run:before-record:kill9", &["sleep", "60"]);
    assert_eq!(output.code, KILLED, "{output}");
    let record = home.ls("web");
    assert_eq!(record.status(), "running");
    assert_eq!(record["supervised"], true);
    home.verb("run", ["web"]).code(5);
    assert_eq!(home.instances("web"), 1);
}

#[test]
fn a_supervisor_killed_before_it_spawns_is_a_failed_start() {
    for action in ["kill9", "abort"] {
        let home = Home::with_faults();
        let output = run_with(&home, &format!("supervise:before-spawn:{action}"), &["sleep", "60"]);
        assert_eq!(output.code, 125, "bgrun's own failure to start: {output}");
        home.must_be_clean();
        let record = home.ls("web");
        assert_eq!(record.status(), "failed", "{record:#}");
        home.verb("run", ["web"]).ok();
        assert_eq!(home.instances("web"), 1);
    }
}

#[test]
fn a_supervisor_killed_after_it_spawned_leaves_at_most_one_instance() {
    let home = Home::with_faults();
    let output = run_with(&home, "supervise:after-spawn:kill9", &["sleep", "60"]);
    assert_ne!(output.code, KILLED, "the supervisor was killed, not the tool: {output}");
    // Whether the orphan is known as running or was ended: never a second one beside it.
    let retry = home.verb("run", ["web", "--", "sleep", "60"]).run();
    assert!([0, 5].contains(&retry.code), "{retry}");
    assert_eq!(home.instances("web"), 1, "{retry}");
    assert_eq!(home.ls("web").status(), "running");
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn an_end_that_nobody_wrote_down_is_known_or_unknown_but_never_guessed() {
    for fault in ["supervise:before-record:kill9", "supervise:after-journal:kill9"] {
        let home = Home::with_faults();
        let (_, supervisor) = ends_with_3_under(&home, fault);
        supervisor.must_end();
        let record = home.ls("web");
        assert!(["failed", "lost"].contains(&record.status()), "{fault}: {record:#}");
        assert_eq!(record["pid"], Value::Null);
        let known = record["exit_code"] == 3 && record["exit_reason"] == "exit";
        let unknown = record["exit_code"].is_null() && record["exit_signal"].is_null();
        assert!(known || unknown, "{fault}: {record:#}");
        if fault.contains("after-journal") {
            assert!(known, "what is in the journal is not lost: {record:#}");
        }
        home.verb("run", ["web", "--", "sleep", "60"]).ok();
        assert_eq!(home.instances("web"), 1);
    }
}

#[test]
fn an_end_that_is_not_written_yet_is_not_shown_as_running() {
    let home = Home::with_faults();
    let (process, supervisor) = ends_with_3_under(&home, "supervise:before-record:sleep");
    assert!(!process.is_alive() && supervisor.is_alive());
    let record = home.ls("web");
    assert_ne!(record.status(), "running", "{record:#}");
    assert_ne!(record["exit_code"], 0);
}

#[test]
fn a_start_in_progress_is_starting_and_a_kill_prevents_it() {
    let home = Home::with_faults();
    let call = home.verb("run", ["web", "--", "sleep", "60"]);
    let starting = call.env("BGRUN_FAULT", "supervise:before-spawn:sleep").spawn();
    eventually("it is starting", || home.find("web").is_some_and(|r| r.status() == "starting"));
    home.verb("run", ["web", "--", "sleep", "60"]).code(5);
    let output = home.verb("kill", ["--timeout", "1s", "web"]).ok();
    let record = home.ls("web");
    assert_eq!(record.status(), "stopped", "{output}\n{record:#}");
    assert_eq!(home.instances("web"), 0);
    assert_ne!(starting.done().code, 0, "the start did not succeed");
    home.must_be_clean();
}

#[test]
fn a_stop_killed_before_it_wished_changed_nothing() {
    let home = Home::with_faults();
    let record = home.start_sleep("web");
    home.verb("kill", ["web"]).env("BGRUN_FAULT", "kill:before-wish:kill9").code(KILLED);
    let now = home.ls("web");
    assert_eq!(now["wanted"], "up");
    assert_eq!(now.pid(), record.pid());
}

#[test]
fn a_stop_killed_anywhere_is_finished_by_the_next() {
    for phase in ["before-wish", "after-wish", "after-signal", "before-record"] {
        for script in ["exec sleep 60", IGNORES_TERM] {
            let home = Home::with_faults();
            home.start("web", ["sh", "-c", script]);
            if script == IGNORES_TERM {
                home.until_out("web", "ready");
            }
            let call = home.verb("kill", ["--timeout", "300ms", "web"]);
            let output = call.env("BGRUN_FAULT", format!("kill:{phase}:kill9")).run();
            assert_eq!(output.code, KILLED, "{phase}: {output}");
            home.verb("kill", ["--timeout", "300ms", "web"]).ok();
            home.must_be_clean();
            let record = home.ls("web");
            assert_eq!(record.status(), "stopped", "{phase}: {record:#}");
            assert_eq!(record["wanted"], "down");
            assert_eq!(record["exit_reason"], "stop", "{phase}: {record:#}");
        }
    }
}

#[test]
fn a_stop_killed_after_its_wish_is_finished_by_the_guard() {
    let home = Home::with_faults();
    home.start("web[1]", ["sh", "-c", "sleep 60 & exec sleep 60"]);
    let stop = home.verb("kill", ["--all"]).env("BGRUN_FAULT", "kill:after-wish:kill9");
    stop.code(KILLED);
    assert_eq!(home.all()[0].status(), "stopping");
    let early = home.verb("guard", [""; 0]).ok();
    assert_eq!((early.out().as_str(), early.err().as_str()), ("", ""));
    assert_eq!(home.all()[0].status(), "stopping", "its supervisor might be at it");
    home.age_the_last_stop();
    let guard = home.verb("guard", ["--json"]).json();
    let record = guard.only();
    assert_eq!((&record["action"], &record["reason"]), (&json!("stop"), &json!("unfinished")));
    assert_eq!((record.name(), record.status()), ("web[1]", "stopped"));
    assert_eq!((&record["error"], &record["exit_reason"]), (&Value::Null, &json!("stop")));
    home.must_be_clean();
    assert_eq!(home.verb("guard", [""; 0]).ok().out(), "");
}

#[test]
fn a_stop_that_is_at_work_is_left_alone_by_the_guard() {
    let home = Home::with_faults();
    let script = "trap 'echo asked' TERM; echo ready; while :; do sleep 0.05; done";
    home.start("web", ["sh", "-c", script]);
    home.until_out("web", "ready");
    let stop = home.verb("kill", ["web", "--timeout", "20s"]).spawn();
    home.until_out("web", "asked");
    home.age_the_last_stop();
    assert_eq!(home.verb("guard", [""; 0]).ok().out(), "");
    assert_eq!(home.out("web"), "ready\nasked\n");
    assert_eq!(home.ls("web").status(), "stopping");
    drop(stop);
}

#[test]
fn what_was_started_since_is_no_unfinished_stop() {
    let home = Home::with_faults();
    home.start_sleep("web");
    home.verb("kill", ["web"]).env("BGRUN_FAULT", "kill:after-wish:kill9").code(KILLED);
    let pid = home.verb("run", ["web", "--restart", "--json"]).json().pid();
    home.verb("kill", ["web", "--unfinished"]).run();
    assert_eq!((home.ls("web").status(), home.ls("web").pid()), ("running", pid));
}

#[test]
fn a_stop_killed_after_its_signal_is_finished_by_the_supervisor() {
    let home = Home::with_faults();
    home.start_sleep("web");
    home.verb("kill", ["web"]).env("BGRUN_FAULT", "kill:after-signal:kill9").code(KILLED);
    let record = home.until("web", "stopped");
    assert_eq!(record["exit_signal"], "SIGTERM");
    assert_eq!(record["exit_reason"], "stop");
    home.must_be_clean();
}

#[test]
fn a_deletion_killed_halfway_leaves_no_live_process_without_a_row() {
    for phase in ["after-wish", "after-signal", "before-record", "before-forget"] {
        let home = Home::with_faults();
        home.start_sleep("web");
        let call = home.verb("kill", ["--delete", "web"]);
        call.env("BGRUN_FAULT", format!("kill:{phase}:kill9")).code(KILLED);
        if !home.living().is_empty() {
            assert!(home.find("web").is_some(), "{phase}");
        }
        let again = home.verb("kill", ["--delete", "web"]).run();
        assert!([0, 4].contains(&again.code), "{phase}: {again}");
        assert!(home.find("web").is_none(), "{phase}");
        home.must_be_clean();
    }
}

#[test]
fn a_restart_whose_stop_was_killed_fails_and_leaves_at_most_one_instance() {
    for phase in ["after-wish", "after-signal", "before-record"] {
        let home = Home::with_faults();
        home.start_sleep("web");
        let call = home.verb("run", ["web", "--restart"]);
        let output = call.env("BGRUN_FAULT", format!("kill:{phase}:kill9")).run();
        assert!(home.instances("web") <= 1, "{phase}: {output}");
        home.verb("run", ["web", "--restart"]).ok();
        assert_eq!(home.instances("web"), 1, "{phase}");
        assert_eq!(home.ls("web").status(), "running");
    }
}

#[test]
fn release_tools_know_no_faults() {
    let home = Home::new();
    let record = home
        .verb("run", ["web", "--json", "--", "sleep", "60"])
        .env("BGRUN_FAULT", "run:before-commit:kill9")
        .json();
    assert_eq!(record.status(), "running");
}

#[test]
fn a_stop_that_finds_what_was_started_after_its_look_stops_it_for_good() {
    let home = Home::with_faults();
    // A start that led to no run: what it may have begun is looked for by its traces.
    run_with(&home, "run:after-commit:kill9", &["sleep", "60"]);
    home.verb("kill", ["web"]).ok();
    let stop = home.verb("kill", ["web"]).env("BGRUN_FAULT", "kill:after-look:stop").spawn();
    eventually("it has looked", || {
        status_field(stop.pid(), "State").is_some_and(|state| state.starts_with('T'))
    });
    home.start_sleep("web");
    stop.life.signal(Signal::CONT);
    stop.done().ok();
    home.must_be_clean();
    let web = home.ls("web");
    assert_eq!((web.status(), web.text("wanted")), ("stopped", "down"), "{web:#}");
    assert_eq!(web["exit_reason"], "stop");
}

#[test]
fn what_is_started_while_its_name_is_forgotten_keeps_its_log() {
    let home = Home::with_faults();
    home.start("web", ["sh", "-c", "echo old; exec sleep 60"]);
    home.until_out("web", "old");
    let delete = home.verb("kill", ["web", "--delete"]);
    let delete = delete.env("BGRUN_FAULT", "kill:after-forget:stop").spawn();
    eventually("it has forgotten web", || {
        status_field(delete.pid(), "State").is_some_and(|state| state.starts_with('T'))
    });
    home.start("web", ["sh", "-c", "echo new; exec sleep 60"]);
    home.until_out("web", "new");
    delete.life.signal(Signal::CONT);
    delete.done().ok();
    assert!(home.out("web").ends_with("new\n"), "{:?}", home.out("web"));
    let lines = home.verb("logs", ["web", "--json"]).ok().json_lines();
    assert!(lines.last().expect("a line")["time"].is_string(), "{lines:?}");
    home.verb("kill", ["web", "--delete"]).ok();
    assert!(!home.out_path("web").exists());
    home.must_be_clean();
}

#[test]
fn a_stop_that_comes_before_the_supervisor_listens_is_heard_by_it() {
    let home = Home::with_faults();
    let start = home.verb("run", ["web", "--", "sleep", "60"]);
    let start = start.env("BGRUN_FAULT", "supervise:begin:stop").spawn();
    eventually("its supervisor has begun", || {
        let is_stopped = |pid: &i32| {
            status_field(*pid, "State").is_some_and(|state| state.starts_with('T'))
                && status_field(*pid, "Name").as_deref() == Some("bgrun-supervise")
        };
        home.living().iter().any(is_stopped) && home.find("web").is_some()
    });
    home.verb("kill", ["web"]).ok();
    let refused = start.done();
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.err().contains("web: was stopped before it could start"), "{refused}");
    home.must_be_clean();
    assert_eq!((home.ls("web").status(), home.ls("web").text("wanted")), ("stopped", "down"));
}

#[test]
fn a_run_that_is_executed_and_not_yet_written_down_has_not_the_number_of_the_last() {
    let home = Home::with_faults();
    let script = "while [ ! -e go ]; do sleep 0.02; done
        [ $BGRUN_RUN = 1 ] && exit 3; echo up; exec sleep 60";
    let call = home.verb("run", ["web", "--keep-alive", "--", "sh", "-c", script]);
    call.env("BGRUN_FAULT", "supervise:between-runs:sleep").ok();
    fs::write(home.at("go"), "").unwrap();
    home.until_out("web", "up");
    let web = home.ls("web");
    assert_eq!((web.status(), web.number("run")), ("starting", 1), "{web:#}");
    assert_eq!((&web["pid"], &web["exit_code"]), (&Value::Null, &json!(3)));
    // Who dies there leaves a run that nobody has written down, and still one instance.
    let supervisor = Life::of(web.supervisor());
    supervisor.kill();
    home.verb("run", ["web"]).code(5);
    home.verb("guard", [""; 0]).ok();
    assert_eq!(home.instances("web"), 1);
    let web = home.ls("web");
    assert_eq!((web.status(), web.number("run"), &web["supervised"]), ("running", 2, &json!(true)));
    assert_eq!(web["exit_code"], 3, "the end of the first run is kept");
    home.verb("kill", ["web"]).ok();
    home.must_be_clean();
}
