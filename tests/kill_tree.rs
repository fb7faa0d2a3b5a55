//! After a stop no descendant lives, with the supervisor alive or dead; and no stranger is hurt.

use std::process::{Command, Stdio};
use std::time::Duration;
use tests::programs::{DAEMONIZES, FORKS_A_LOT, LETS_ESCAPE, LETS_ESCAPE_WITH_LOG, MOVES_ON};
use tests::*;

/// Starts a script whose tree, once the `fact` holds, is stopped; nothing of it may be left.
#[track_caller]
fn is_stopped_cleanly(script: &str, is_supervised: bool, fact: impl Fn(&Home, i32) -> bool) {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", script]);
    let supervisor = Life::of(record.supervisor());
    eventually("the tree has grown", || fact(&home, supervisor.pid));
    let tree: Vec<Life> =
        descendants_of(supervisor.pid).into_iter().filter_map(Life::try_of).collect();
    if !is_supervised {
        supervisor.kill();
    }
    let output = home.verb("kill", ["--json", "--timeout", "2s", "web"]).ok();
    assert!(output.elapsed < Duration::from_secs(5), "{:?}", output.elapsed);
    let answer = output.json().only().clone();
    assert!(["stopped", "killed"].contains(&answer.text("outcome")), "{answer:#}");
    for life in &tree {
        assert!(!life.is_alive(), "{} of the tree lives: {answer:#}", life.pid);
    }
    home.must_be_clean();
    assert_eq!(home.ls("web").status(), "stopped");
}

fn has_grown_to(count: usize) -> impl Fn(&Home, i32) -> bool {
    move |_, supervisor| descendants_of(supervisor).len() == count
}

#[test]
fn children_and_grandchildren_are_stopped() {
    for is_supervised in [true, false] {
        let script = "sh -c 'sleep 60 & wait' & sleep 60 & wait";
        is_stopped_cleanly(script, is_supervised, has_grown_to(4));
    }
}

#[test]
fn a_child_in_its_own_session_is_stopped() {
    for is_supervised in [true, false] {
        is_stopped_cleanly("setsid sleep 60 & wait", is_supervised, has_grown_to(2));
    }
}

#[test]
fn a_daemon_is_stopped() {
    for is_supervised in [true, false] {
        let main_left = |home: &Home, supervisor: i32| {
            let record = home.ls("web");
            record.status() == "running" && descendants_of(supervisor).len() == 1
        };
        is_stopped_cleanly(DAEMONIZES, is_supervised, main_left);
    }
}

#[test]
fn an_escapee_without_environment_is_stopped_by_the_supervisors_tree() {
    is_stopped_cleanly(LETS_ESCAPE, true, has_grown_to(3));
}

#[test]
fn an_escapee_without_a_supervisor_is_found_as_a_descendant() {
    is_stopped_cleanly(LETS_ESCAPE, false, has_grown_to(3));
}

#[test]
fn an_orphan_that_cleared_its_environment_is_found_by_its_log() {
    let script = format!("{LETS_ESCAPE_WITH_LOG} & wait");
    is_stopped_cleanly(&script, false, |home, _| home.out("web").contains("ready"));
    // The same with its parent gone, so that only the open log file leads to it.
    let home = Home::new();
    let script = "(cd /; exec setsid env -i /bin/sleep 60) & echo $!; exec sleep 60";
    let record = home.start("web", ["sh", "-c", script]);
    let escapee: i32 = home.until_out("web", "\n").trim().parse().unwrap();
    eventually("it has escaped", || environ_of(escapee).is_empty());
    for pid in [record.supervisor(), record.pid()] {
        Life::of(pid).kill();
    }
    let escapee = Life::of(escapee);
    home.kill(["web"]);
    assert!(!escapee.is_alive());
}

#[test]
fn an_orphan_that_uses_other_files_is_found_by_its_environment() {
    let home = Home::new();
    let script = "(cd /; exec setsid sleep 60 </dev/null >/dev/null 2>&1) & echo $!; exec sleep 60";
    let record = home.start("web", ["sh", "-c", script]);
    let orphan: i32 = home.until_out("web", "\n").trim().parse().unwrap();
    eventually("it has left", || open_files_of(orphan).iter().all(|(_, f)| f.ends_with("null")));
    for pid in [record.supervisor(), record.pid()] {
        Life::of(pid).kill();
    }
    let orphan = Life::of(orphan);
    home.kill(["web"]);
    assert!(!orphan.is_alive());
}

#[test]
fn two_hundred_processes_are_stopped_in_five_seconds() {
    for is_supervised in [true, false] {
        is_stopped_cleanly(FORKS_A_LOT, is_supervised, has_grown_to(1 + 20 * 10));
    }
}

#[test]
fn a_tree_that_moves_from_pid_to_pid_is_stopped() {
    for is_supervised in [true, false] {
        is_stopped_cleanly(MOVES_ON, is_supervised, |home, _| home.out("web").contains("ready"));
    }
}

#[test]
fn who_only_reads_the_log_is_a_stranger() {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", "echo line; exec sleep 60"]);
    home.until_out("web", "line");
    let mut tail = Command::new("tail");
    tail.arg("-f").arg(home.out_path("web")).stdout(Stdio::null());
    let mut tail = tail.spawn().unwrap();
    let reader = Life::of(i32::try_from(tail.id()).unwrap());
    let follower = home.verb("logs", ["-f", "web"]).spawn();
    follower.until_it_says("line");

    // Once with the supervisor, once without: then the log file is a trace that is followed.
    home.kill(["web"]);
    let again = home.verb("run", ["web", "--json"]).json();
    assert_ne!(again.pid(), record.pid());
    let supervisor = Life::of(again.supervisor());
    supervisor.kill();
    home.kill(["web"]);

    assert!(reader.is_alive(), "tail -f on the log was killed");
    assert!(follower.life.is_alive(), "logs -f was killed");
    tail.kill().unwrap();
    tail.wait().unwrap();
}

#[test]
fn a_stranger_in_the_working_directory_is_left_alone() {
    let home = Home::new();
    home.start_sleep("web");
    let stranger = home.call("/bin/sleep").arg("60").spawn();
    home.kill(["--nuke"]);
    assert!(stranger.life.is_alive());
}

#[test]
fn survivors_are_named_and_the_code_is_1() {
    // A copy of `setpriv` with the setuid bit turns wholly into root: its owner, nobody, may not
    // signal it any more.
    let home = Home::of_nobody();
    let becomes_root = home.at("becomes-root");
    std::fs::copy("/usr/bin/setpriv", &becomes_root).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o4755);
    std::fs::set_permissions(&becomes_root, mode).unwrap();
    let become_root = [becomes_root.to_str().unwrap(), "--reuid=0", "--regid=0", "--clear-groups"];
    home.verb("run", ["web", "--"]).args(become_root).args(["sleep", "60"]).ok();
    let record = eventually_some("it is root", || {
        let record = home.find("web").filter(|record| record["pid"].is_i64())?;
        let uids = status_field(record.pid(), "Uid")?;
        (uids.split_whitespace().all(|uid| uid == "0")).then_some(record)
    });
    let call = home.verb("kill", ["--json", "--timeout", "200ms", "web"]);
    let output = call.code(1);
    let answer = output.json().only().clone();
    assert_eq!(answer["outcome"], "survivors");
    assert_eq!(answer["survivors"], json!([record.pid()]));
    assert!(output.elapsed < Duration::from_secs(10), "{:?}", output.elapsed);
    // Failed is worse than unknown.
    let talk = home.verb("kill", ["--timeout", "200ms", "web", "none"]).code(1);
    let said = format!("{}{}", talk.out(), talk.err());
    assert!(said.contains(&record.pid().to_string()), "{talk}");
    assert!(is_alive(record.pid()));
}

#[test]
fn what_is_started_during_the_stop_is_stopped_too() {
    let home = Home::new();
    let script = "trap 'setsid sleep 60 & sleep 60 & exit 0' TERM; echo ready; \
                  for i in $(seq 500); do sleep 0.1; done";
    home.start("web", ["bash", "-c", script]);
    home.until_out("web", "ready");
    home.kill(["--timeout", "1s", "web"]);
    home.must_be_clean();
}

#[test]
fn a_process_may_use_helpers_to_shut_down() {
    // As under systemd: the signal is for what runs when it is sent, not for what it starts to end well.
    let home = Home::new();
    let script = "trap 'sleep 0.3 && echo saved; exit 0' TERM; echo ready; \
                  for i in $(seq 500); do sleep 0.1; done";
    home.start("web", ["bash", "-c", script]);
    home.until_out("web", "ready");
    assert_eq!(home.kill(["web"]).only()["outcome"], "stopped");
    assert!(home.out("web").contains("saved"), "{}", home.out("web"));
    assert_eq!(home.ls("web")["exit_code"], 0);
}

#[test]
fn stopping_needs_no_new_process() {
    let home = Home::of_nobody();
    home.start("web", ["sh", "-c", FORKS_A_LOT]);
    eventually("it has forked", || home.living().len() > 200);
    home.sh("ulimit -u 1; exec bgrun-kill web").ok();
    home.must_be_clean();
}
