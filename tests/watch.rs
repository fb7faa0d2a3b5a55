//! `bgrun watch`: who is watched, what it does to the process, and how it ends.

use std::fs;
use std::time::Duration;
use tests::*;

const SLEEP: [&str; 2] = ["sleep", "60"];

/// The process `web` in a directory of its own below the home.
#[track_caller]
fn start_web(home: &Home) -> Value {
    let app = home.dir("app");
    home.verb("run", ["web", "--json", "-d"]).arg(app).arg("--").args(SLEEP).json()
}

#[test]
fn a_change_restarts_the_process_and_says_why() {
    let home = Home::new();
    let first = start_web(&home);
    let watching = Watching::web(&home, &[]);
    let restart = watching.change("app/main.js", 1);
    let record = home.ls("web");
    assert_eq!((record.number("run"), record.status()), (2, "running"));
    assert_eq!((record.number("restarts"), record.text("exit_reason")), (1, "watch"));
    assert_ne!(record.pid(), first.pid());
    assert_eq!((restart.number("run"), restart.pid()), (2, record.pid()));
    for event in watching.events() {
        assert_eq!(event.fields()[..4], ["time", "name", "event", "path"], "{event:#}");
        assert_eq!(event.name(), "web");
    }
    assert_eq!(watching.running.err(), "");
    // The signals that the watcher holds back for itself are none of its business.
    assert_eq!(status_field(record.pid(), "SigBlk").as_deref(), Some("0000000000000000"));
}

#[test]
fn a_process_that_does_not_run_is_started() {
    let home = Home::new();
    start_web(&home);
    home.kill(["web"]);
    let watching = Watching::web(&home, &[]);
    assert_eq!(watching.until("start", 1).number("run"), 2);
    assert_eq!(home.ls("web").status(), "running");
    watching.change("app/a", 1);
}

#[test]
fn a_command_is_started_first_with_the_options_of_run() {
    let home = Home::new();
    let app = home.dir("app");
    let call = home.verb("watch", ["--debounce", DEBOUNCE, "--json", "web", "-e", "PORT=3000"]);
    let watching = Watching::of(&home, call.arg("-d").arg(app).arg("--").args(SLEEP));
    let record = home.verb("ls", ["web", "--json", "--env"]).json().only().clone();
    assert_eq!(record["env"]["PORT"], "3000");
    watching.change("app/a", 1);
    home.verb("watch", ["web", "--", "true"]).code(5).says("already running");
    let failed = home.verb("watch", ["other", "--", "/no/such/program"]).code(127);
    assert_eq!(failed.out(), "");
}

#[test]
fn run_goes_on_as_a_watcher() {
    let home = Home::new();
    let app = home.dir("app");
    let run = home.verb("run", ["web", "--json", "--watch", "-d"]).arg(app);
    let watching = run.arg("--").args(SLEEP).spawn();
    watching.until_it_says("\"watching\"");
    fs::write(home.at("app/a"), "x").unwrap();
    watching.until_it_says("\"restart\"");
    assert_eq!(home.ls("web").number("run"), 2);
    home.verb("run", ["web2", "--", "true"]).ok();
    home.verb("run", ["web*", "--watch"]).code(2).says("--watch is for one process");
}

#[test]
fn the_wrong_process_is_refused() {
    let home = Home::new();
    start_web(&home);
    home.verb("watch", ["wbe"]).code(4).says("did you mean 'web'?");
    home.verb("watch", [""; 0]).code(2).says("nothing to watch");
    home.verb("watch", ["web", "--path", "nowhere"]).code(1).says("nowhere: No such file");
    home.verb("watch", ["web", "--ignore", "[z-a]"]).code(2).says("--ignore");
    home.verb("watch", ["web", "--poll=1ms"]).code(2).says("at least 20ms");
    let _first = Watching::web(&home, &[]);
    home.verb("watch", ["web"]).code(5).says("is watched already, by pid");
}

#[test]
fn what_the_user_stops_stays_stopped_until_the_user_starts_it() {
    let home = Home::new();
    start_web(&home);
    let watching = Watching::web(&home, &[]);
    watching.change("app/a", 1);
    home.kill(["web"]);
    watching.until("stopped", 1);
    fs::write(home.at("app/a"), "again").unwrap();
    watching.must_be_quiet("it is said once, and nothing is done");
    assert_eq!(home.ls("web").status(), "stopped");
    home.verb("run", ["web"]).ok();
    watching.until("running", 1);
    watching.change("app/b", 2);
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn a_start_that_fails_is_shown_and_the_next_change_tries_again() {
    let home = Home::new();
    home.dir("app");
    let script = home.script("app/server", "#!/bin/sh\nexec sleep 60\n");
    home.verb("run", ["web", "-d", "app", "--", &script]).ok();
    let watching = Watching::web(&home, &[]);
    home.script("app/server", "#!/bin/sh\necho 'line 7: syntax error' >&2\nexit 3\n");
    let exit = watching.until("exit", 1);
    assert_eq!((exit["exit_code"].as_i64(), &exit["exit_signal"]), (Some(3), &Value::Null));
    eventually("the reason is shown", || watching.running.err().contains("line 7: syntax error"));
    home.script("app/server", "#!/no/such/interpreter\n");
    assert!(watching.until("failed", 1).text("error").contains("interpreter"));
    home.script("app/server", "#!/bin/sh\nexec sleep 60\n");
    watching.until("restart", 2);
    eventually("it runs again", || home.ls("web").status() == "running");
}

#[test]
fn ctrl_c_ends_only_the_watcher() {
    let home = Home::new();
    start_web(&home);
    let watching = Watching::web(&home, &[]);
    assert_eq!(home.ls("web")["watched"], true);
    watching.running.life.signal(Signal::INT);
    let output = watching.running.done().expect_code(130);
    assert_eq!(output.json_lines().last().unwrap()["event"], "end");
    let record = home.ls("web");
    assert_eq!((record.status(), &record["watched"]), ("running", &json!(false)));
    // Told to end by another, it ends as asked.
    let watching = Watching::web(&home, &[]);
    watching.running.life.signal(Signal::TERM);
    watching.running.done().expect_code(0);
    assert_eq!(home.ls("web").number("run"), 1);
}

#[test]
fn the_process_is_stopped_with_the_watcher_if_that_is_asked_for() {
    let home = Home::new();
    start_web(&home);
    let watching = Watching::web(&home, &["--stop-on-exit"]);
    watching.running.life.signal(Signal::INT);
    watching.running.done().expect_code(130);
    let record = home.ls("web");
    assert_eq!((record.status(), record.number("run")), ("stopped", 1));
}

#[test]
fn a_killed_watcher_leaves_the_process_alone_and_is_seen_to_be_gone() {
    let home = Home::new();
    let record = start_web(&home);
    let watching = Watching::web(&home, &["--logs"]);
    let life = Life::of(record.pid());
    watching.running.life.kill();
    assert!(life.is_alive());
    // A reader of its logs that it was just about to start holds what it held until it is one.
    eventually("nobody watches it", || home.ls("web")["watched"] == json!(false));
    assert_eq!(home.ls("web").status(), "running");
    // The reader of its logs went with it, and another may watch.
    let mut expected = [record.pid(), record.supervisor()];
    expected.sort_unstable();
    eventually("nothing is left behind", || {
        let mut living = home.living();
        living.sort_unstable();
        living == expected
    });
    Watching::web(&home, &[]).change("app/a", 1);
}

#[test]
fn a_deleted_process_is_watched_no_more() {
    let home = Home::new();
    start_web(&home);
    let watching = Watching::web(&home, &[]);
    home.kill(["web", "--delete"]);
    watching.running.done().expect_code(4).says("was deleted");
    let left: Vec<_> = fs::read_dir(home.state().join("run")).unwrap().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn changes_during_a_restart_make_one_more() {
    let home = Home::new();
    home.dir("app");
    let slow = "trap 'sleep 1.5; exit 0' TERM; echo ready; while :; do sleep 0.1; done";
    home.verb("run", ["web", "-d", "app", "--", "sh", "-c", slow]).ok();
    home.until_out("web", "ready");
    let watching = Watching::web(&home, &[]);
    fs::write(home.at("app/a"), "1").unwrap();
    watching.until("change", 1);
    for n in 0..5 {
        fs::write(home.at("app/b"), n.to_string()).unwrap();
        eventually("it is being stopped", || home.ls("web").number("run") == 1);
    }
    watching.until("restart", 2);
    watching.must_be_quiet("they were merged");
    let record = home.ls("web");
    assert_eq!((record.number("run"), record.number("processes") <= 2), (3, true));
}

#[test]
fn its_output_is_shown_between_restarts() {
    let home = Home::new();
    home.dir("app");
    let script = "echo begin $BGRUN_RUN; echo warn $BGRUN_RUN >&2; exec sleep 60";
    home.verb("run", ["web", "-d", "app", "--", "sh", "-c", script]).ok();
    home.kill(["web"]);
    let watching = home.verb("watch", ["web", "--logs", "--debounce", DEBOUNCE]).spawn();
    watching.until_it_says("begin 2");
    for run in 3..5 {
        fs::write(home.at("app/a"), run.to_string()).unwrap();
        watching.until_it_says(&format!(
            "web: restarted, pid {}, run {run}",
            home.until_run("web", run)
        ));
        watching.until_it_says(&format!("begin {run}"));
        watching.until_it_says(&format!("warn {run}"));
    }
    assert!(!watching.out().contains("begin 1"), "only since it was started");
    watching.life.signal(Signal::INT);
    watching.done().expect_code(130);
    // As JSON the lines are objects of their own.
    let watching = Watching::web(&home, &["--logs"]);
    watching.change("app/a", 1);
    eventually("the lines come too", || watching.events().iter().any(|e| e["line"] == "begin 5"));
}

#[test]
fn all_that_a_run_said_is_shown_although_the_log_was_rotated_before_it() {
    let home = Home::new();
    home.dir("app");
    let script = "echo begin $BGRUN_RUN; exec sleep 60";
    home.verb("run", ["web", "-d", "app", "--", "sh", "-c", script]).ok();
    home.until_out("web", "begin 1");
    home.kill(["web"]);
    let log = home.out_path("web");
    // As rotation does when the program does not run: what was written is longer than what comes.
    fs::write(&log, "old\n".repeat(1000)).unwrap();
    fs::rename(&log, format!("{}.1", log.display())).unwrap();
    let watching = home.verb("watch", ["web", "--logs"]).spawn();
    watching.until_it_says("begin 2");
    assert!(!watching.out().contains("old"), "only since it was started");
    watching.life.signal(Signal::INT);
    watching.done().expect_code(130);
}

#[test]
fn a_command_comes_before_each_restart_and_its_failure_prevents_it() {
    let home = Home::new();
    start_web(&home);
    let build = "test ! -e broken && cp source built && echo built >&2";
    let watching = Watching::web(&home, &["--exec", build]);
    fs::write(home.at("app/source"), "one").unwrap();
    watching.until("restart", 1);
    assert_eq!(fs::read_to_string(home.at("app/built")).unwrap(), "one");
    eventually("what it says is shown", || watching.running.err().contains("built"));
    // What it writes makes one more round at most, and none when it is known.
    let rounds = watching.settle();
    assert!(rounds <= 2, "{rounds} rounds");
    let pid = home.ls("web").pid();
    fs::write(home.at("app/broken"), "").unwrap();
    let failed = watching.until("exec-failed", 1);
    assert!(failed.text("error").contains("exit status: 1"), "{failed:#}");
    assert_eq!(home.ls("web").pid(), pid, "the old one runs on");
    fs::remove_file(home.at("app/broken")).unwrap();
    fs::write(home.at("app/source"), "two").unwrap();
    watching.until("restart", rounds + 1);
    assert_eq!(fs::read_to_string(home.at("app/built")).unwrap(), "two");
    watching.must_be_quiet("what it writes is known by now");
    assert_eq!(watching.of_event("restart").len(), rounds + 1);
}

#[test]
fn a_watcher_may_be_a_managed_process_itself() {
    let home = Home::new();
    let web = start_web(&home);
    let words = ["--name", "web.watch", "--", "bgrun", "watch", "web", "--debounce", DEBOUNCE];
    home.verb("run", words).ok();
    home.until_out("web.watch", "watching");
    fs::write(home.at("app/a"), "x").unwrap();
    home.until_run("web", 2);
    home.until_out("web.watch", "restarted");
    let record = home.ls("web");
    assert_ne!(record.pid(), web.pid());
    assert_eq!(record["started_by"], Value::Null);
    assert_eq!(home.ls("web.watch").number("run"), 1);
    assert_eq!(home.ls("web.watch").number("processes"), 1);
    // A watcher never watches what it would be stopped with.
    let itself = ["--name", "own", "--", "bgrun", "watch", "own"];
    home.verb("run", itself).ok();
    eventually("it is refused", || home.err("own").contains("would be stopped with it"));
    home.kill(["web.watch"]);
    assert_eq!(home.ls("web").status(), "running");
    // And one that was started by its watcher outlives it.
    home.kill(["web"]);
    home.verb("run", ["web.watch"]).ok();
    home.until_run("web", 3);
    home.kill(["web.watch"]);
    assert_eq!(home.ls("web").status(), "running");
    home.kill(["--all"]);
    home.must_be_clean();
}

#[test]
fn a_person_reads_one_line_for_each_event() {
    let home = Home::new();
    start_web(&home);
    let mut terminal = Terminal::of(home.verb("watch", ["web", "--debounce", DEBOUNCE]), 80);
    eventually("it watches", || terminal.screen().contains("web: watching "));
    fs::write(home.at("app/a\u{1b}[2J"), "x").unwrap();
    fs::write(home.at("app/b"), "x").unwrap();
    let pid = home.until_run("web", 2);
    let restarted = format!("web: restarted, pid {pid}, run 2");
    eventually("it is told", || terminal.screen().contains(&restarted));
    let screen = terminal.screen();
    assert!(screen.contains("a\\e[2J and 1 more changed"), "{screen}");
    terminal.close();
    terminal.life.must_end();
    assert_eq!(home.ls("web").status(), "running");
    holds_for(Duration::from_millis(100), "it runs", || home.ls("web").number("run") == 2);
}
