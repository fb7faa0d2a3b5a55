//! A full disk, a read-only one: nothing of ours dies, nothing is lost, and it is said.

use std::fs;
use std::process::Command;
use std::time::Duration;
use tests::*;

const MOUNTS: [&str; 1] = ["--mount"];

/// A home whose state directory is a disk of two megabytes.
#[track_caller]
fn small_disk() -> Home {
    let home = Home::new();
    mount_tmpfs(&home.state(), "2m");
    home
}

/// Fills the disk to its last byte.
#[track_caller]
fn fill(home: &Home) {
    let file = format!("of={}", home.state().join("filler").display());
    let fill = Command::new("dd").args(["if=/dev/zero", "bs=512", "status=none", &file]).status();
    let status = fill.expect("dd is installed");
    assert!(!status.success(), "the disk is full now");
}

#[track_caller]
fn make_room(home: &Home) {
    fs::remove_file(home.state().join("filler")).expect("the filler is there");
}

#[test]
fn a_start_on_a_full_disk_is_7_and_leaves_nothing() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        home.start_sleep("first");
        fill(&home);
        let output = home.verb("run", ["web", "--", "sleep", "60"]).code(7);
        assert!(output.err().contains("full"), "{output}");
        assert!(output.err().contains(home.state().to_str().unwrap()), "where: {output}");
        assert_eq!(home.ls("first").status(), "running");
        assert!(home.find("web").is_none_or(|web| web["pid"].is_null()));
        make_room(&home);
        home.start_sleep("web");
    });
}

#[test]
fn a_start_in_a_home_on_a_full_disk_is_7() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        fill(&home);
        home.verb("run", ["web", "--", "sleep", "60"]).code(7);
        home.must_be_clean();
        make_room(&home);
        home.start_sleep("web");
    });
}

#[test]
fn a_log_that_fills_the_disk_is_the_problem_of_its_writer_alone() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        home.start_sleep("quiet");
        let script = "while echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; do :; done; \
                      echo $? > told; exec sleep 60";
        let record = home.start("loud", ["bash", "-c", script]);
        eventually("the writer was told", || home.at("told").try_exists().unwrap());
        assert_eq!(home.ls("loud").status(), "running");
        assert_eq!(home.ls("loud").pid(), record.pid());
        assert!(home.verb("logs", ["loud", "-n", "1"]).ok().out().contains("xxx"));

        let process = Life::of(record.pid());
        let stopped = home.verb("kill", ["loud"]).run();
        assert!([0, 7].contains(&stopped.code), "{stopped}");
        assert!(!process.is_alive());
        fs::File::options().write(true).open(home.out_path("loud")).unwrap().set_len(0).unwrap();
        home.verb("kill", ["loud"]).ok();
        let record = home.until("loud", "stopped");
        assert_eq!(record["wanted"], "down");
        assert_eq!(home.ls("quiet").status(), "running");
    });
}

#[test]
fn an_end_on_a_full_disk_is_written_when_there_is_room() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        let script = "while [ ! -e go ]; do sleep 0.02; done; exit 3";
        let process = Life::of(home.start("web", ["sh", "-c", script]).pid());
        fill(&home);
        fs::write(home.at("go"), "").unwrap();
        process.must_end();
        assert_ne!(home.ls("web").status(), "running");
        assert_ne!(home.ls("web")["exit_code"], 0);
        make_room(&home);
        let record = home.until("web", "failed");
        assert_eq!(record["exit_code"], 3);
        assert_eq!(record["exit_reason"], "exit");
        home.must_be_clean();
    });
}

#[test]
fn a_stop_on_a_full_disk_ends_the_process() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        let process = Life::of(home.start("web", ["sh", "-c", "sleep 60 & wait"]).pid());
        fill(&home);
        let stopped = home.verb("kill", ["--json", "web"]).run();
        assert!([0, 7].contains(&stopped.code), "{stopped}");
        assert!(stopped.json().is_array());
        assert!(!process.is_alive());
        make_room(&home);
        home.verb("kill", ["web"]).ok();
        assert_eq!(home.until("web", "stopped")["wanted"], "down");
        home.must_be_clean();
    });
}

#[test]
fn a_read_only_disk_still_lists_reads_and_stops() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        home.start_sleep("other");
        let process = home.start("web", ["sh", "-c", "echo hello; exec sleep 60"]);
        home.until_out("web", "hello");
        let process = Life::of(process.pid());
        let mount = |options: &str| {
            let state = home.state();
            let status =
                Command::new("mount").args(["-o", options]).arg(&state).arg(&state).status();
            assert!(status.is_ok_and(|status| status.success()), "{options}");
        };
        mount("bind");
        mount("remount,bind,ro");

        assert_eq!(home.ls("web").status(), "running");
        assert!(home.verb("logs", ["web"]).ok().out().contains("hello"));
        let refused = home.verb("run", ["more", "--", "sleep", "60"]).code(7);
        assert!(refused.err().contains("read-only"), "{refused}");
        let stopped = home.verb("kill", ["web"]).run();
        assert!([0, 7].contains(&stopped.code), "{stopped}");
        assert!(!process.is_alive());
        assert_eq!(home.ls("other").status(), "running");

        mount("remount,bind,rw");
        home.verb("kill", ["--all"]).ok();
        home.must_be_clean();
    });
}

#[test]
fn a_restart_on_a_full_disk_is_made_once_and_written_when_there_is_room() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        home.sh("mkfifo gate").ok();
        let script = "echo $BGRUN_RUN >> begun; read line < gate; exit 3";
        let open_gate = || fs::write(home.at("gate"), "go\n").unwrap();
        home.verb("run", ["web", "--keep-alive", "--", "sh", "-c", script]).ok();
        let begun = || fs::read_to_string(home.at("begun")).unwrap_or_default();
        eventually("it runs", || begun() == "1\n");
        fill(&home);
        open_gate();
        eventually("it runs again", || begun() == "1\n2\n");
        let web = home.until("web", "running");
        assert_eq!((web.number("run"), web.number("restarts")), (2, 0), "the store is full");
        // It is tried again to write that down, and not to begin it.
        holds_for(Duration::from_secs(3), "it runs once", || begun() == "1\n2\n");
        assert_eq!(home.instances("web"), 1);
        assert_eq!(home.ls("web").pid(), web.pid());
        make_room(&home);
        eventually("it is written down", || home.ls("web")["restarts"] == 1);
        let web = home.ls("web");
        assert_eq!((web.status(), web.number("run"), &web["exit_code"]), ("running", 2, &json!(3)));
        open_gate();
        let web = home.until("web", "backoff");
        assert_eq!((web.number("run"), web.number("restarts")), (2, 1));
        home.kill(["web"]);
        home.must_be_clean();
    });
}

#[test]
fn a_restart_on_a_full_disk_whose_supervisor_is_killed_is_one_instance() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        home.sh("mkfifo gate").ok();
        let script = "echo $BGRUN_RUN >> begun; [ $BGRUN_RUN = 2 ] && exec sleep 60
            read line < gate; exit 3";
        home.verb("run", ["web", "--keep-alive", "--", "sh", "-c", script]).ok();
        let begun = || fs::read_to_string(home.at("begun")).unwrap_or_default();
        eventually("it runs", || begun() == "1\n");
        fill(&home);
        fs::write(home.at("gate"), "go\n").unwrap();
        eventually("it runs again", || begun() == "1\n2\n" && home.ls("web")["run"] == 2);
        Life::of(home.ls("web").supervisor()).kill();
        home.verb("run", ["web"]).code(5);
        make_room(&home);
        home.verb("guard", [""; 0]).ok();
        let web = home.ls("web");
        assert_eq!((web.status(), web.number("run")), ("running", 2), "{web:#}");
        assert_eq!(home.instances("web"), 1);
        home.kill(["web"]);
        home.must_be_clean();
    });
}

#[test]
fn a_restart_by_hand_on_a_full_disk_stops_nothing() {
    in_new_namespaces(&MOUNTS, || {
        let home = small_disk();
        let web = home.start_sleep("web");
        fill(&home);
        for flag in ["--restart", "--force"] {
            home.verb("run", ["web", flag]).code(7).says("full").says("what runs goes on");
            assert!(is_alive(web.pid()), "{flag}");
        }
        make_room(&home);
        home.verb("run", ["web", "--restart"]).ok();
        assert_eq!(home.ls("web").number("run"), 2);
    });
}
