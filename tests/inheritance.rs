//! What a managed process inherits: no descriptors, no signal state, no terminal, its caller's umask.

use std::fs;
use std::time::Duration;
use tests::*;

/// Starts `show-state` through a shell script that has `bgrun run state -- $STATE` somewhere.
#[track_caller]
fn state_after(home: &Home, script: &str) -> Value {
    home.sh(script).env("STATE", program("show-state")).ok();
    home.until_json("state")
}

#[track_caller]
fn assert_only_standard_files(home: &Home, state: &Value) {
    let path = |path: std::path::PathBuf| json!(path);
    let expected = json!({
        "0": "/dev/null",
        "1": path(home.out_path("state")),
        "2": path(home.err_path("state")),
    });
    assert_eq!(state["open"], expected);
}

#[test]
fn a_process_has_three_open_files_and_leads_its_own_session() {
    let home = Home::new();
    let state = state_after(&home, "bgrun run state -- $STATE");
    assert_only_standard_files(&home, &state);
    assert_eq!(state["session"], state["pid"]);
    assert_eq!(state["terminal"], 0);
    assert_eq!(state["cwd"], json!(home.path()));
}

#[test]
fn open_descriptors_of_the_caller_do_not_leak() {
    let home = Home::new();
    let open_many = "for fd in $(seq 3 50); do eval \"exec $fd</dev/zero\"; done;";
    let state = state_after(&home, &format!("{open_many} bgrun run state -- $STATE"));
    assert_only_standard_files(&home, &state);
    let leaked = open_files_of(home.ls("state").supervisor());
    assert!(leaked.iter().all(|(_, target)| !target.ends_with("zero")), "{leaked:?}");
}

#[test]
fn closed_standard_descriptors_of_the_caller_do_no_harm() {
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let home = Home::new();
        let script = format!("bgrun run state -- $STATE {closed}; true");
        home.sh(&script).env("STATE", program("show-state")).run();
        let state = home.until_json("state");
        assert_only_standard_files(&home, &state);
        assert_eq!(
            home.out("state").lines().count(),
            1,
            "{closed}: only the process writes its log"
        );
        assert_eq!(home.err("state"), "", "{closed}: only the process writes its log");
        let check: String = open_database(&home.database())
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok", "{closed}");
        assert_eq!(home.ls("state").status(), "running", "{closed}");
    }
}

#[test]
fn no_signal_is_blocked_or_ignored() {
    let home = Home::new();
    let state = state_after(
        &home,
        "trap '' HUP INT QUIT PIPE TERM USR1; \
         env --block-signal=TERM --block-signal=CHLD bgrun run state -- $STATE",
    );
    let mask = |field| u64::from_str_radix(state.text(field), 16).unwrap();
    assert_eq!(mask("blocked"), 0);
    // Rust programs ignore SIGPIPE themselves before `main`.
    let sigpipe = 1 << (13 - 1);
    assert_eq!(mask("ignored") & !sigpipe, 0, "{:#x}", mask("ignored"));
}

#[test]
fn sigpipe_has_its_default_effect() {
    let home = Home::new();
    home.sh("trap '' PIPE; bgrun run pipe -- sh -c 'kill -PIPE $$; echo survived'").ok();
    assert_eq!(home.until("pipe", "failed")["exit_signal"], "SIGPIPE");
}

#[test]
fn a_process_that_was_started_under_ignored_signals_can_still_be_stopped() {
    let home = Home::new();
    home.sh("trap '' TERM; env --block-signal=TERM bgrun run web -- sleep 60").ok();
    assert_eq!(home.kill(["web"]).only()["outcome"], "stopped");
}

#[test]
fn the_umask_is_the_callers_and_the_state_is_private_all_the_same() {
    for umask in ["0000", "0022", "0027"] {
        let home = Home::new();
        let state = state_after(&home, &format!("umask {umask}; bgrun run state -- $STATE"));
        assert_eq!(state["umask"], umask);
    }
}

#[test]
fn a_process_outlives_the_terminal_it_was_started_from() {
    let home = Home::new();
    let script = format!(
        "{} run web -- {} 2000 1000; {} run state -- {}; echo started; exec sleep 60",
        home.tools().join("bgrun").display(),
        program("sequence"),
        home.tools().join("bgrun").display(),
        program("show-state"),
    );
    let mut terminal = Terminal::of(home.sh(&script), 80);
    terminal.until_it_shows("started");
    let state = home.until_json("state");
    assert_eq!(state["terminal"], 0, "no controlling terminal");
    assert_only_standard_files(&home, &state);
    terminal.close();
    terminal.life.must_end();

    let record = home.until("web", "exited");
    assert_eq!(record["exit_code"], 0);
    let expected: String = (1..=2000).map(|n| format!("line {n:010}\n")).collect();
    assert_eq!(home.out("web"), expected, "nothing is lost");
    assert_eq!(home.ls("state").status(), "running");
}

#[test]
fn ctrl_c_in_the_script_that_started_a_process_does_not_reach_it() {
    let home = Home::new();
    let mut terminal = Terminal::of(home.sh("bgrun run web -- sleep 60; sleep 60"), 80);
    eventually("it runs", || home.find("web").is_some_and(|web| web.status() == "running"));
    let process = Life::of(home.ls("web").pid());
    terminal.types("\x03");
    terminal.exit_code();
    holds_for(Duration::from_millis(300), "the process lives", || process.is_alive());
}

#[test]
fn standard_input_is_empty_whatever_the_callers_is() {
    let home = Home::new();
    home.verb("run", ["cat", "--", "cat"]).stdin("not for the process\n").ok();
    let record = home.until("cat", "exited");
    assert_eq!(record["exit_code"], 0);
    assert_eq!(home.out("cat"), "");
}

#[test]
fn the_supervisor_holds_no_directory_but_the_root_or_its_own() {
    // A supervisor that stayed in the caller's directory would keep a file system busy.
    let home = Home::new();
    let dir = home.dir("mounted");
    let call = home.verb("run", ["web", "-d", "/", "--json", "--", "sleep", "60"]);
    let record = call.cwd(&dir).json();
    let cwd = fs::read_link(format!("/proc/{}/cwd", record.supervisor())).unwrap();
    assert_ne!(cwd, dir);
}

#[test]
fn an_end_is_seen_although_the_caller_ignores_the_death_of_children() {
    let home = Home::new();
    home.sh("env --ignore-signal=CHLD bgrun run web -- sh -c 'exit 3'").ok();
    assert_eq!(home.until("web", "failed")["exit_code"], 3);
}

#[test]
fn few_descriptors_are_enough() {
    let home = Home::new();
    home.sh("ulimit -n 16; bgrun run web -- sleep 60 && bgrun ls && bgrun kill web").ok();
    home.must_be_clean();
}
