//! `bgrun guard`: what it puts right, what it leaves alone, what it says.

use std::path::Path;
use std::process::Command;
use tests::*;

/// Ends a process behind the back of bgrun: first who would see it, then itself.
#[track_caller]
fn lose(record: &Value) {
    for pid in [record.supervisor(), record.pid()] {
        Life::of(pid).kill();
    }
}

/// Ends the supervisor of a process, which runs on.
#[track_caller]
fn orphan(record: &Value) {
    Life::of(record.supervisor()).kill();
}

/// Puts `file` in the place of another; only in a mount namespace.
#[track_caller]
fn mount_over(place: &str, file: &Path) {
    let mounted = Command::new("mount").arg("--bind").arg(file).arg(place).status();
    assert!(mounted.is_ok_and(|status| status.success()), "{place} can be covered");
}

fn start_kept(home: &Home, name: &str, script: &str) -> Value {
    home.verb("run", [name, "--keep-alive", "--json", "--", "sh", "-c", script]).json()
}

/// Starts something that sleeps, and is to be kept alive.
#[track_caller]
fn start_kept_sleep(home: &Home, name: &str) -> Value {
    start_kept(home, name, "exec sleep 60")
}

/// One pass; fails the test unless it is content.
#[track_caller]
fn pass(home: &Home) -> Output {
    home.verb("guard", [""; 0]).ok()
}

/// One pass that must do nothing, and say nothing.
#[track_caller]
fn assert_quiet(home: &Home) {
    let output = pass(home);
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output}");
}

#[test]
fn a_guard_is_quiet_when_all_is_well() {
    let home = Home::new();
    assert_quiet(&home);
    assert!(!home.state().exists(), "nothing is made where there is nothing");
    start_kept_sleep(&home, "web");
    home.start("once", ["true"]);
    home.until("once", "exited");
    assert_quiet(&home);
    assert_eq!(home.verb("guard", ["--json"]).json(), json!([]));
    assert_eq!(home.ls("web")["run"], 1);
}

#[test]
fn what_was_lost_is_started_again_where_it_is_kept_alive() {
    let home = Home::new();
    let web = start_kept_sleep(&home, "web");
    let plain = home.start_sleep("plain");
    lose(&web);
    lose(&plain);
    assert_eq!(pass(&home).out(), "web: started again (lost)\n");
    let again = home.ls("web");
    assert_eq!((again.status(), again["supervised"].as_bool()), ("running", Some(true)));
    assert_eq!((again.number("run"), again.number("restarts")), (2, 1));
    assert_eq!(home.ls("plain").status(), "lost");
    assert_quiet(&home);
}

#[test]
fn they_are_started_in_the_order_they_were_first_started() {
    let home = Home::new();
    let names = ["c", "a", "b"];
    let records = names.map(|name| start_kept_sleep(&home, name));
    records.iter().rev().for_each(lose);
    let done = home.verb("guard", ["--json"]).json();
    let done = done.as_array().expect("an array");
    assert_eq!(done.iter().map(Record::name).collect::<Vec<_>>(), names);
    for record in done {
        assert_eq!(record.text("action"), "start");
        assert_eq!(record.text("reason"), "lost");
        assert_eq!(record["error"], Value::Null);
        assert!(record.text("time").ends_with('Z'));
        assert_eq!((record.status(), record.number("run")), ("running", 2));
    }
}

#[test]
fn what_runs_without_supervisor_is_adopted() {
    let home = Home::new();
    let web = start_kept_sleep(&home, "web");
    let plain = home.start("plain", ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done"]);
    orphan(&web);
    orphan(&plain);
    assert_eq!(pass(&home).out(), "web: adopted\nplain: adopted\n");
    for before in [&web, &plain] {
        let record = home.ls(before.name());
        assert_eq!((record.status(), record.pid()), ("running", before.pid()));
        assert_eq!((record["supervised"].as_bool(), record.number("run")), (Some(true), 1));
    }
    assert_quiet(&home);
    // From here on all is as with the first supervisor.
    Life::of(web.pid()).kill();
    eventually("web is started again by its new supervisor", || {
        let record = home.ls("web");
        record.status() == "running" && record["run"] == 2
    });
    std::fs::write(home.at("go"), "").expect("write");
    eventually("plain has ended", || ["exited", "failed"].contains(&home.ls("plain").status()));
    assert_quiet(&home);
}

#[test]
fn the_end_of_an_adopted_process_is_known_before_anybody_reaps_it() {
    in_new_namespaces(&["--mount"], || {
        // Whoever is orphaned has this test as its parent, which reaps nobody.
        rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1)).unwrap();
        for (policy, script) in [("never", "exit 77"), ("always", "[ $BGRUN_RUN = 1 ] && exit 77")]
        {
            let home = Home::new();
            let script = format!("until [ -e go ]; do sleep 0.02; done; {script}; exec sleep 60");
            let call = home.verb("run", ["web", "--json", &format!("--keep-alive={policy}"), "--"]);
            let web = call.args(["sh", "-c", &script]).json();
            orphan(&web);
            pass(&home);
            std::fs::write(home.at("go"), "").unwrap();
            Life::of(web.pid()).must_end();
            let after = eventually_some("its end is known", || {
                Some(home.ls("web")).filter(|web| web["exit_code"] == 77)
            });
            assert_eq!(after.text("exit_reason"), "exit");
        }
    });
}

#[test]
fn what_takes_too_much_memory_is_restarted() {
    let home = Home::new();
    let call = home.verb("run", ["api", "--", "sleep", "60"]);
    call.env("BGR_MEMORY_LIMIT", "1k").ok();
    home.verb("run", ["big", "--", "sleep", "60"]).env("BGR_MEMORY_LIMIT", "8g").ok();
    let before = home.ls("api");
    let output = pass(&home);
    let said = output.out();
    assert!(said.starts_with("api: restarted (memory-limit, "), "{output}");
    assert!(said.ends_with(" > 1K)\n"), "{output}");
    let api = home.ls("api");
    assert_ne!(api.pid(), before.pid());
    assert_eq!((api.status(), api.number("run"), api.number("restarts")), ("running", 2, 1));
    assert_eq!(api.text("exit_reason"), "memory-limit");
    assert_eq!(home.ls("big")["run"], 1);
    let done = home.verb("guard", ["--json"]).json();
    assert_eq!(
        (done.only().text("action"), done.only().text("reason")),
        ("restart", "memory-limit")
    );
    assert_eq!(done.only().number("restarts"), 2);
}

#[test]
fn what_has_run_for_its_interval_is_restarted() {
    let home = Home::new();
    for name in ["old", "young"] {
        let call = home.verb("run", [name, "--", "sleep", "60"]);
        call.env("BGR_RESTART_INTERVAL", "10").ok();
    }
    assert_quiet(&home);
    let id = home.ls("old").number("id");
    let aged = "UPDATE run SET started_since_boot_ms = started_since_boot_ms - 660000
        WHERE process_id = ?1";
    open_database(&home.database()).execute(aged, [id]).expect("it can be made older");
    assert_eq!(pass(&home).out(), "old: restarted (interval, 11m of 10m)\n");
    let old = home.ls("old");
    assert_eq!((old.number("run"), old.text("exit_reason")), (2, "interval"));
    assert_eq!(home.ls("young")["run"], 1);
    assert_quiet(&home);
}

#[test]
fn what_ended_gave_up_or_was_stopped_stays_as_it_is() {
    let home = Home::new();
    home.start("failed", ["sh", "-c", "exit 3"]);
    home.until("failed", "failed");
    home.start("exited", ["true"]);
    home.until("exited", "exited");
    let stopped = start_kept_sleep(&home, "stopped");
    home.kill(["stopped"]);
    let lost = start_kept_sleep(&home, "lost-and-stopped");
    lose(&lost);
    home.kill(["lost-and-stopped"]);
    start_kept_sleep(&home, "deleted");
    home.kill(["--delete", "deleted"]);
    home.verb("guard", ["--on", "failed", "exited"]).ok();
    assert_quiet(&home);
    for (name, status) in [
        ("failed", "failed"),
        ("exited", "exited"),
        ("stopped", "stopped"),
        ("lost-and-stopped", "stopped"),
    ] {
        assert_eq!(home.ls(name).status(), status);
    }
    assert!(home.find("deleted").is_none());
    assert!(!is_alive(stopped.pid()));
    home.must_be_clean();
}

#[test]
fn a_start_whose_starter_died_is_made_up_for() {
    let home = Home::with_faults();
    for (name, policy) in [("web", "always"), ("plain", "never")] {
        let call = home.verb("run", [name, &format!("--keep-alive={policy}"), "--", "sleep", "60"]);
        call.env("BGRUN_FAULT", "run:after-commit:kill9").code(128 + 9);
    }
    eventually("nobody is at it", || {
        ["web", "plain"].iter().all(|name| home.ls(name).status() == "failed")
    });
    assert_eq!(pass(&home).out(), "web: started again (failed)\n");
    assert_eq!(home.ls("web").status(), "running");
    assert_eq!(home.ls("plain").status(), "failed");
}

#[test]
fn a_restart_whose_supervisor_died_in_the_pause_is_made_up_for() {
    let home = Home::new();
    start_kept(&home, "web", "[ -e well ] || exit 1; exec sleep 60");
    let record = home.until("web", "backoff");
    orphan(&record);
    std::fs::write(home.at("well"), "").expect("write");
    assert_eq!(pass(&home).out(), "web: started again (failed)\n");
    assert_eq!(home.ls("web").status(), "running");
    assert_quiet(&home);
}

#[test]
fn a_guard_that_is_killed_is_made_up_for_by_the_next() {
    let home = Home::with_faults();
    let web = start_kept_sleep(&home, "web");
    lose(&web);
    let call = home.verb("guard", [""; 0]);
    call.env("BGRUN_FAULT", "guard:before-act:kill9").code(128 + 9);
    assert_eq!(home.ls("web").status(), "lost");
    assert_eq!(pass(&home).out(), "web: started again (lost)\n");
}

#[test]
fn what_cannot_be_put_right_is_said_once_and_is_no_success() {
    let home = Home::new();
    let program = home.script("program", "#!/bin/sh\nexec sleep 60\n");
    let web = home.verb("run", ["web", "--keep-alive", "--json", "--", &program]).json();
    let api = start_kept_sleep(&home, "api");
    lose(&web);
    lose(&api);
    std::fs::remove_file(program).expect("remove");
    let output = home.verb("guard", ["--json"]).code(1).says("bgrun-guard: web: not started again");
    let done = output.json();
    assert_eq!(done.as_array().map(Vec::len), Some(2), "{output}");
    assert!(!done[0].text("error").is_empty() && done[1]["error"].is_null(), "{output}");
    assert_eq!(home.ls("api").status(), "running");
}

#[test]
fn a_store_that_cannot_be_used_is_said() {
    let home = Home::new();
    let web = start_kept_sleep(&home, "web");
    lose(&web);
    for end in ["", "-wal", "-shm"] {
        let path = home.state().join(format!("bgr_v2.sqlite{end}"));
        std::fs::write(path, "this is no database, and never was one").expect("write");
    }
    let output = home.verb("guard", [""; 0]).code(7);
    assert!(output.stdout.is_empty() && output.err().contains("damaged"), "{output}");
    let output = home.verb("guard", ["--on", "web"]).code(7);
    assert!(output.err().contains("damaged"), "{output}");
}

#[test]
fn keeping_alive_is_switched_on_and_off_for_what_runs() {
    let home = Home::new();
    let web = home.start_sleep("web");
    let on = home.verb("guard", ["--on", "web"]).ok();
    assert_eq!(on.out(), "web: kept alive\n");
    assert_eq!(home.ls("web").text("keep_alive"), "always");
    Life::of(web.pid()).kill();
    eventually("web is started again", || {
        let record = home.ls("web");
        record.status() == "running" && record["run"] == 2
    });
    let off = home.verb("guard", ["--json", "--off", "web"]).json();
    assert_eq!((off.only().text("action"), off.only().text("keep_alive")), ("off", "never"));
    Life::of(home.ls("web").pid()).kill();
    home.until("web", "failed");
    assert_quiet(&home);
    let failures = ["--on", "web", "--keep-alive", "on-failure"];
    let on = home.verb("guard", failures).ok();
    assert_eq!(on.out(), "web: kept alive when it fails\n");
    assert_eq!(home.ls("web").text("keep_alive"), "on-failure");
    home.verb("guard", ["--off", "web", "--keep-alive", "always"]).code(2);
    home.verb("guard", ["--keep-alive", "always"]).code(2).says("--on");
    home.verb("guard", ["--on", "web", "--keep-alive", "never"]).code(2);
}

#[test]
fn an_unknown_name_is_refused_and_the_others_are_done() {
    let home = Home::new();
    home.start_sleep("web");
    let output = home.verb("guard", ["--on", "wbe", "web"]).code(4).says("'wbe'").says("'web'?");
    assert_eq!(output.out(), "web: kept alive\n");
    home.verb("guard", ["--off", "none"]).code(4);
    home.verb("guard", ["--off", "x-*"]).ok().says("nothing matches");
    home.verb("guard", ["--on", "web", "--off", "web"]).code(2);
    home.verb("guard", ["--loop", "0"]).code(2);
}

#[test]
fn it_works_with_an_empty_environment_from_anywhere() {
    in_new_namespaces(&["--mount"], || {
        let home = Home::new();
        // Who we are is all that is known: the home directory is in the password database.
        let passwd = std::fs::read_to_string("/etc/passwd").expect("it can be read");
        let root = passwd.lines().find(|line| line.starts_with("root:")).expect("there is root");
        let own = format!("root:x:0:0:root:{}:/bin/sh", home.path().display());
        std::fs::write(home.at("passwd"), passwd.replace(root, &own)).expect("write");
        mount_over("/etc/passwd", &home.at("passwd"));

        let call = home.verb("run", ["web", "--keep-alive", "--json", "--", "sleep", "60"]);
        let web = call.env_remove("BGR_HOME").json();
        assert!(home.at(".bgr").is_dir());
        lose(&web);
        let bare = |home: &Home| {
            let guard = home.tools().join("bgrun-guard");
            Call::new("/usr/bin/env").args(["-i", "PATH=/usr/bin:/bin"]).arg(guard).cwd("/").ok()
        };
        let output = bare(&home);
        assert_eq!(output.out(), "web: started again (lost)\n");
        assert_eq!(output.err(), "");
        let again = home.verb("ls", ["--json", "web"]).env_remove("BGR_HOME").json();
        assert_eq!(again.only().status(), "running");
        let environ = environ_of(again.only().pid());
        assert_eq!(environ.get("LANG").map(String::as_str), Some("C.UTF-8"), "its own, as stored");
        let output = bare(&home);
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output}");
    });
}

#[test]
fn after_a_reboot_what_is_kept_alive_is_started_once() {
    let machine = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    in_new_namespaces(&machine, || {
        let home = Home::new();
        let records = ["web", "db"].map(|name| start_kept_sleep(&home, name));
        let plain = home.start_sleep("plain");
        start_kept_sleep(&home, "down");
        home.kill(["down"]);
        records.iter().chain([&plain]).for_each(lose);
        std::fs::write(home.at("boot_id"), "01234567-89ab-cdef-0123-456789abcdef\n")
            .expect("write");
        let boot_id = "/proc/sys/kernel/random/boot_id";
        let mount =
            Command::new("mount").arg("--bind").arg(home.at("boot_id")).arg(boot_id).status();
        assert!(mount.is_ok_and(|status| status.success()), "the boot id can be covered");

        assert_eq!(home.ls("web").status(), "lost");
        assert_eq!(pass(&home).out(), "web: started again (lost)\ndb: started again (lost)\n");
        assert_quiet(&home);
        for name in ["web", "db"] {
            let record = home.ls(name);
            assert_eq!((record.status(), record.number("run")), ("running", 2));
            assert_eq!(home.instances(name), 1);
        }
        assert_eq!(home.ls("plain").status(), "lost");
        assert_eq!(home.ls("down").status(), "stopped");
    });
}
