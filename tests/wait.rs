//! `bgrun wait`: until when it blocks, what it says, and with which code it ends.

use std::time::Duration;
use tests::programs::DAEMONIZES;
use tests::*;

/// Long enough for a wait that does not wait to have ended.
const A_MOMENT: Duration = Duration::from_millis(400);

/// Starts a process that ends with `end` (a line of shell) when its gate is opened.
#[track_caller]
fn start_gated(home: &Home, name: &str, end: &str) -> Value {
    let script = format!("mkfifo {name}.gate; cat {name}.gate >/dev/null; {end}");
    let record = home.start(name, ["sh", "-c", &script]);
    eventually("the gate is there", || home.at(&format!("{name}.gate")).exists());
    record
}

/// Lets a process end that was started by [`start_gated`].
#[track_caller]
fn open(home: &Home, name: &str) {
    std::fs::write(home.at(&format!("{name}.gate")), "open").expect("somebody waits at the gate");
}

/// A wait that has begun, and that must still wait a moment later.
#[track_caller]
fn waiting<const N: usize>(home: &Home, args: [&str; N]) -> Running {
    let wait = home.verb("wait", args).spawn();
    holds_for(A_MOMENT, "it waits", || wait.life.is_alive());
    wait
}

#[test]
fn it_ends_with_the_exit_code_of_the_process() {
    let home = Home::new();
    for (name, code) in [("zero", 0), ("three", 3), ("high", 255)] {
        start_gated(&home, name, &format!("exit {code}"));
        let wait = waiting(&home, [name]);
        open(&home, name);
        let output = wait.done().expect_code(code);
        assert_eq!(output.out(), format!("{name}: exit code {code}\n"));
        assert_eq!(output.err(), "");
    }
}

#[test]
fn it_ends_with_128_and_the_signal() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let wait = waiting(&home, ["web"]);
    Life::of(record.pid()).kill();
    assert_eq!(wait.done().expect_code(137).out(), "web: SIGKILL\n");
}

#[test]
fn an_end_of_long_ago_is_told_at_once() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "exit 3"]);
    home.until("web", "failed");
    assert_eq!(home.verb("wait", ["web"]).code(3).out(), "web: exit code 3\n");
    home.start("killed", ["sh", "-c", "kill -SEGV $$"]);
    home.until("killed", "failed");
    home.bgrun(["wait", "killed"]).code(139);
}

#[test]
fn a_stop_is_an_end() {
    let home = Home::new();
    home.start_sleep("web");
    let wait = waiting(&home, ["web"]);
    home.kill(["web"]);
    assert_eq!(wait.done().expect_code(143).out(), "web: SIGTERM (stop)\n");
    home.verb("wait", ["web"]).code(143);
}

#[test]
fn of_several_all_must_end_with_0() {
    let home = Home::new();
    for (name, code) in [("a-1", 0), ("a-2", 0), ("b", 7)] {
        start_gated(&home, name, &format!("exit {code}"));
    }
    let (well, ill) = (waiting(&home, ["a-*"]), waiting(&home, ["a-1", "b"]));
    open(&home, "a-2");
    well.until_it_says("a-2: exit code 0\n");
    assert!(well.life.is_alive(), "the other one runs");
    open(&home, "b");
    ill.until_it_says("b: exit code 7\n");
    assert!(ill.life.is_alive(), "all are waited for, also when one has failed");
    open(&home, "a-1");
    assert_eq!(well.done().expect_code(0).out().lines().count(), 2, "a line for each");
    ill.done().expect_code(1);
    home.verb("wait", ["--all"]).code(1);
    home.verb("wait", ["b", "b"]).code(7);
}

#[test]
fn a_group_is_waited_for_and_a_glob_may_match_nothing() {
    let home = Home::new();
    home.verb("run", ["web", "--group", "shop", "--", "sh", "-c", "exit 4"]).ok();
    home.start_sleep("else");
    home.verb("wait", ["@shop"]).code(4);
    home.verb("wait", ["--group", "shop"]).code(4);
    home.verb("wait", ["api-*"]).code(0).says("nothing matches 'api-*'");
}

#[test]
fn an_unknown_name_is_4_with_the_nearest_and_the_others_are_waited_for() {
    let home = Home::new();
    start_gated(&home, "web", "exit 0");
    let output = home.verb("wait", ["wbe"]).code(4).says("hint: did you mean 'web'?");
    assert_eq!(output.out(), "");
    let wait = waiting(&home, ["wbe", "web"]);
    open(&home, "web");
    assert_eq!(wait.done().expect_code(4).out(), "web: exit code 0\n");
}

#[test]
fn no_selector_and_bad_input_are_usage_errors() {
    let home = Home::new();
    home.verb("wait", [""; 0]).code(2).says("hint:");
    home.verb("wait", ["-"]).stdin("[{\"name\": ]").code(2);
    home.verb("wait", ["--for", "heaven", "web"]).code(2);
    home.verb("wait", ["--timeout", "soon", "web"]).code(2);
}

#[test]
fn a_timeout_is_124_and_names_who_is_late() {
    let home = Home::new();
    home.start_sleep("late");
    home.start("web", ["true"]);
    let output = home.verb("wait", ["late", "web", "--timeout", "300ms"]).code(124);
    assert!(output.elapsed >= Duration::from_millis(300), "{output}");
    assert_eq!(output.out(), "web: exit code 0\n");
    assert!(output.err().contains("late: "), "{output}");
    home.verb("wait", ["late", "--timeout", "0"]).code(124);
    assert_eq!(home.ls("late").status(), "running", "nothing is done to it");
}

#[test]
fn what_is_restarted_for_good_reason_has_not_ended() {
    let home = Home::new();
    start_gated(&home, "web", "exit 3");
    let wait = waiting(&home, ["web"]);
    home.verb("run", ["web", "--restart", "--", "sleep", "60"]).ok();
    holds_for(A_MOMENT, "the new run is waited for", || wait.life.is_alive());
    home.kill(["web"]);
    wait.done().expect_code(143);
}

#[test]
fn what_the_user_starts_after_the_end_is_another_life() {
    let home = Home::new();
    for _ in 0..10 {
        start_gated(&home, "web", "rm web.gate; exit 3");
        let wait = home.verb("wait", ["web"]).spawn();
        // Once it sleeps it has seen the run that is current.
        settled("it waits", || status_field(wait.pid(), "voluntary_ctxt_switches"));
        open(&home, "web");
        home.until("web", "failed");
        home.start_sleep("web");
        wait.done().expect_code(3);
        home.kill(["web"]);
    }
}

#[test]
fn a_pause_between_two_runs_is_no_end() {
    let home = Home::new();
    let script = "echo >> count; [ $(wc -l < count) -lt 3 ] || exit 0; exit 3";
    let run = home.verb("run", ["web", "--keep-alive=on-failure", "--", "sh", "-c", script]);
    run.ok();
    home.until("web", "backoff");
    let wait = home.verb("wait", ["web"]).ok();
    assert_eq!(wait.out(), "web: exit code 0\n");
    assert_eq!(home.ls("web")["run"], 3, "the third run was the last");
}

#[test]
fn a_kill_during_the_pause_is_an_end() {
    let home = Home::new();
    home.verb("run", ["web", "--keep-alive", "--", "sh", "-c", "exit 3"]).ok();
    home.until("web", "backoff");
    let wait = home.verb("wait", ["web"]).spawn();
    home.kill(["web"]);
    wait.done().expect_code(3);
}

#[test]
fn a_daemon_is_waited_for_not_its_parent() {
    let home = Home::new();
    home.start("web", ["sh", "-c", DAEMONIZES]);
    let wait = waiting(&home, ["web"]);
    home.kill(["web"]);
    wait.done().expect_code(143);
}

#[test]
fn the_death_of_the_supervisor_does_not_disturb() {
    let home = Home::new();
    let record = start_gated(&home, "web", "exit 9");
    let wait = waiting(&home, ["web"]);
    Life::of(record.supervisor()).kill();
    holds_for(A_MOMENT, "the process lives, and so does the wait", || wait.life.is_alive());
    let unsupervised = waiting(&home, ["web"]);
    open(&home, "web");
    for wait in [wait, unsupervised] {
        let output = wait.done();
        // Linux 6.15 knows the end of a process that is no child of ours.
        let is_told = output.code == 9 && output.out() == "web: exit code 9\n";
        let is_unknown = output.code == 1 && output.err().contains("how is not known");
        assert!(is_told || is_unknown, "{output}");
    }
    home.verb("wait", ["web"]).code(1).says("how is not known");
}

#[test]
fn what_is_left_of_an_unsupervised_tree_is_waited_for() {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", "sleep 60 & echo $!; wait"]);
    let child: i32 = home.until_out("web", "\n").trim().parse().unwrap();
    let child = Life::of(child);
    let wait = waiting(&home, ["web"]);
    for pid in [record.supervisor(), record.pid()] {
        Life::of(pid).kill();
    }
    holds_for(A_MOMENT, "a child is left", || wait.life.is_alive());
    child.kill();
    wait.done();
}

#[test]
fn running_is_waited_for() {
    let home = Home::new();
    home.start("web", ["true"]);
    home.until("web", "exited");
    for state in ["running", "ready"] {
        let wait = waiting(&home, ["web", "--for", state]);
        let at_once = home.start_sleep("web");
        assert_eq!(wait.done().ok().out(), "web: running\n");
        home.verb("wait", ["web", "--for", state]).ok();
        assert_eq!(home.ls("web").pid(), at_once.pid());
        home.kill(["web"]);
    }
    home.verb("wait", ["web", "--for", "running", "--timeout", "100ms"]).code(124);
}

#[test]
fn stopped_is_waited_for_and_is_no_other_end() {
    let home = Home::new();
    home.start_sleep("web");
    home.start("ended", ["true"]);
    home.until("ended", "exited");
    let wait = waiting(&home, ["web", "--for", "stopped"]);
    home.kill(["web"]);
    assert_eq!(wait.done().ok().out(), "web: stopped\n");
    let ended = waiting(&home, ["ended", "--for", "stopped"]);
    home.kill(["ended"]);
    ended.done().ok();
}

#[test]
fn a_process_that_is_deleted_has_ended() {
    let home = Home::new();
    home.start_sleep("web");
    let exited = waiting(&home, ["web"]);
    let stopped = waiting(&home, ["web", "--for", "stopped"]);
    home.kill(["web", "--delete"]);
    exited.done().expect_code(143);
    stopped.done().ok();
    home.start("web", ["true"]);
    home.until("web", "exited");
    let running = waiting(&home, ["web", "--for", "running"]);
    home.kill(["web", "--delete"]);
    running.done().expect_code(1).says("deleted");
}

#[test]
fn names_and_records_come_from_stdin() {
    let home = Home::new();
    home.start("one", ["sh", "-c", "exit 5"]);
    home.start("two", ["true"]);
    home.verb("wait", ["-"]).stdin("one\n").code(5);
    home.verb("wait", ["-"]).stdin("one\ntwo\n").code(1);
    home.sh("bgrun run job --json -- sh -c 'exit 6' | bgrun wait -").code(6);
    home.sh("bgrun ls two --json | bgrun wait -").ok();
    home.verb("wait", ["-"]).stdin("").ok();
}

#[test]
fn a_record_of_an_earlier_run_means_that_run() {
    let home = Home::new();
    let first = home.start("web", ["sh", "-c", "exit 3"]);
    home.until("web", "failed");
    home.start("web", ["sh", "-c", "exit 4"]);
    home.until("web", "failed");
    home.start_sleep("web");
    let output = home.verb("wait", ["-", "--json"]).stdin(first.to_string()).code(3);
    let answer = output.json().only().clone();
    assert_eq!(answer["awaited"]["run"], 1);
    assert_eq!(answer["awaited"]["exit_code"], 3);
    assert_eq!(answer["status"], "running", "of the process as it is now");
}

#[test]
fn a_record_means_its_run_also_when_the_process_is_started_again() {
    let home = Home::new();
    let call = home.verb("run", ["web", "--keep-alive", "--json", "--", "sleep", "60"]);
    let record = call.json();
    let wait = home.verb("wait", ["-"]).stdin(record.to_string()).spawn();
    holds_for(A_MOMENT, "it waits", || wait.life.is_alive());
    Life::of(record.pid()).kill();
    assert_eq!(wait.done().expect_code(137).out(), "web: SIGKILL\n");
    eventually("it runs again", || home.ls("web")["run"] == 2);
    home.verb("wait", ["-"]).stdin(record.to_string()).code(137);
}

#[test]
fn a_record_of_a_deleted_process_is_stale() {
    let home = Home::new();
    let record = home.start_sleep("web");
    home.kill(["web", "--delete"]);
    home.start_sleep("web");
    home.verb("wait", ["-"]).stdin(record.to_string()).code(6).says("web");
}

#[test]
fn json_is_an_array_of_records_at_the_end() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "exit 3"]);
    home.start_sleep("late");
    let output = home.verb("wait", ["web", "none", "late", "--json", "--timeout", "200ms"]);
    let output = output.code(124);
    let answer = output.json();
    let [web, late, none] = &answer.as_array().unwrap()[..] else { panic!("{answer:#}") };
    assert_eq!([web.name(), late.name(), none.name()], ["web", "late", "none"]);
    assert_eq!((web.text("outcome"), web.status()), ("ended", "failed"));
    assert_eq!(web["exit_code"], 3);
    assert_eq!(web["awaited"]["exit_reason"], "exit");
    assert_eq!((late.text("outcome"), late.status()), ("timed-out", "running"));
    assert!(none["error"].is_string());
    assert_eq!(home.verb("wait", ["none", "--json"]).code(4).json().only()["name"], "none");
}

#[test]
fn quiet_says_nothing_on_stdout() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "exit 3"]);
    let output = home.verb("wait", ["web", "-q"]).code(3);
    assert_eq!((output.out(), output.err()), (String::new(), String::new()));
}

#[test]
fn ctrl_c_ends_the_wait_and_nothing_else() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let wait = waiting(&home, ["web"]);
    wait.life.signal(Signal::INT);
    let output = wait.done().expect_code(130);
    assert_eq!((output.out(), output.err()), (String::new(), String::new()));
    assert_eq!(home.ls("web").pid(), record.pid());
}

#[test]
fn it_sleeps_while_nothing_happens() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "while sleep 0.02; do echo line; done"]);
    home.start("over", ["true"]);
    home.until("over", "exited");
    home.verb("run", ["again", "--keep-alive", "--", "sh", "-c", "sleep 60"]).ok();
    let waits = [
        home.verb("wait", ["web", "again"]).spawn(),
        home.verb("wait", ["over", "--for", "running"]).spawn(),
        home.verb("wait", ["web", "--for", "stopped"]).spawn(),
        home.verb("wait", ["over", "--for", "stopped"]).spawn(),
    ];
    let switches =
        || waits.each_ref().map(|one| status_field(one.pid(), "voluntary_ctxt_switches"));
    let asleep = settled("they have gone to sleep", switches);
    holds_for(Duration::from_millis(1500), "they sleep", || switches() == asleep);
}

#[test]
fn it_works_without_the_store() {
    let home = Home::new();
    start_gated(&home, "web", "exit 3");
    for entry in std::fs::read_dir(home.state()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().contains("sqlite") {
            std::fs::write(entry.path(), "not a database, but long enough to be read").unwrap();
        }
    }
    let wait = waiting(&home, ["web"]);
    open(&home, "web");
    wait.done().expect_code(3);
}
