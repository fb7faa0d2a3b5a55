//! Watching under stress: storms of changes, the limits of the kernel, large ignored
//! directories, and nothing at all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;
use tests::*;

#[track_caller]
fn web_in_app(home: &Home) {
    home.dir("app/src");
    home.verb("run", ["web", "-d", "app", "--", "sleep", "60"]).ok();
}

/// How often the threads of a process were switched to and fro; it changes with each wake-up.
fn switches(pid: i32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it lives").flatten();
    let mut switches: Vec<String> = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("status")).ok())
        .flat_map(|status| {
            let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    switches.sort();
    switches
}

/// The inotify watches that a process has.
fn watches(pid: i32) -> usize {
    let infos = fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("it lives").flatten();
    let texts = infos.filter_map(|info| fs::read_to_string(info.path()).ok());
    texts.map(|text| text.lines().filter(|line| line.starts_with("inotify ")).count()).sum()
}

#[test]
fn a_storm_of_ten_thousand_changes_is_one_restart_or_two() {
    let home = Home::new();
    web_in_app(&home);
    let watching = Watching::of(&home, home.verb("watch", ["web", "--json"]));
    let files = "i=0; while [ $i -lt 10000 ]; do : > app/src/$i; i=$((i+1)); done";
    home.call("/bin/sh").args(["-c", files]).ok();
    watching.until("restart", 1);
    let restarts = watching.settle();
    assert!(restarts <= 2, "{restarts} restarts");
    assert_eq!(home.ls("web").number("run"), 1 + i64::try_from(restarts).unwrap());
    watching.change("app/src/after", restarts + 1);
}

/// Runs the body as in a user namespace with its own limits of inotify.
fn with_limit(limit: &str, value: u32, body: impl FnOnce()) {
    // Of this namespace only: the machine's own limit stays as it is.
    fs::write(format!("/proc/sys/user/{limit}"), value.to_string()).expect("the limit can be set");
    body();
}

#[test]
fn a_queue_that_overflows_is_one_change() {
    in_new_namespaces(&["--user", "--map-root-user"], || {
        let home = Home::new();
        web_in_app(&home);
        let watching = Watching::web(&home, &[]);
        // It is stopped, so the queue of the kernel fills up.
        watching.running.life.signal(Signal::STOP);
        let files = "i=0; while [ $i -lt 9000 ]; do : > app/src/$((i % 100)); rm app/src/$((i % 100)); i=$((i+1)); done; mkdir app/late";
        home.call("/bin/sh").args(["-c", files]).within(Duration::from_secs(60)).ok();
        watching.running.life.signal(Signal::CONT);
        watching.until("restart", 1);
        // The directory of which nobody was told is known.
        let restarts = watching.settle();
        watching.change("app/late/a", restarts + 1);
        assert!(restarts <= 2, "{restarts} restarts");
    });
}

#[test]
fn where_no_watcher_is_left_it_looks_and_says_so_once() {
    in_new_namespaces(&["--user", "--map-root-user"], || {
        with_limit("max_inotify_instances", 0, || {
            let home = Home::new();
            web_in_app(&home);
            let watching = Watching::web(&home, &["--poll"]);
            assert_eq!(watching.running.err(), "", "who asked for it is not warned");
            drop(watching);
            let watching = Watching::web(&home, &[]);
            assert!(watching.until("polling", 1).text("error").contains("max_user_instances"));
            watching.change("app/src/a", 1);
            watching.change("app/b", 2);
            let err = watching.running.err();
            assert_eq!(err.matches("looking every 1s instead").count(), 1, "{err}");
            assert!(err.contains("hint: sysctl fs.inotify"), "{err}");
        });
    });
}

#[test]
fn where_no_watches_are_left_it_looks_also_in_the_middle() {
    in_new_namespaces(&["--user", "--map-root-user"], || {
        with_limit("max_inotify_watches", 20, || {
            let home = Home::new();
            web_in_app(&home);
            let watching = Watching::web(&home, &[]);
            assert_eq!(watching.until("watching", 1)["directories"], 2);
            for n in 0..30 {
                home.dir(&format!("app/src/{n}/deep"));
            }
            assert!(watching.until("polling", 1).text("error").contains("max_user_watches"));
            watching.until("restart", 1);
            let restarts = watching.settle();
            watching.change("app/src/29/deep/a", restarts + 1);
            let err = watching.running.err();
            assert_eq!(err.matches("instead").count(), 1, "{err}");
            drop(watching);
            let watching = Watching::web(&home, &[]);
            assert_eq!(watching.until("watching", 1)["directories"], Value::Null);
            watching.change("app/src/7/a", 1);
        });
    });
}

#[test]
fn what_is_ignored_costs_nothing() {
    let home = Home::new();
    home.dir("app/src");
    for n in 0..2000 {
        home.dir(&format!("app/node_modules/{n}/lib"));
    }
    fs::write(home.at("app/.gitignore"), "target/\n").unwrap();
    home.dir("app/target/debug/deps");
    home.verb("run", ["web", "-d", "app", "--", "sleep", "60"]).ok();
    let watching = Watching::web(&home, &[]);
    // The two directories, and that of the lock file.
    assert_eq!(watches(watching.running.pid()), 3);
    let before = settled("it has gone to sleep", || switches(watching.running.pid()));
    fs::write(home.at("app/target/debug/deps/x"), "").unwrap();
    fs::write(home.at("app/node_modules/7/lib/x"), "").unwrap();
    holds_for(Duration::from_millis(300), "it sleeps", || {
        switches(watching.running.pid()) == before
    });
}

#[test]
fn it_sleeps_while_nothing_changes() {
    let home = Home::new();
    home.dir("app");
    fs::write(home.at("app/page"), "x").unwrap();
    // A server that reads its files, and writes its log, all the time.
    let serve = "while :; do cat page; ls; sleep 0.02; done";
    home.verb("run", ["web", "-d", "app", "--", "sh", "-c", serve]).ok();
    let watching = Watching::web(&home, &[]);
    let pid = watching.running.pid();
    let settled = settled("it has gone to sleep", || switches(pid));
    holds_for(Duration::from_millis(2000), "it sleeps", || switches(pid) == settled);
}

#[test]
fn a_directory_that_may_not_be_read_is_named_and_the_others_are_watched() {
    let home = Home::of_nobody();
    let closed = home.dir("app/closed");
    home.dir("app/src");
    for path in ["app", "app/closed", "app/src"] {
        std::os::unix::fs::chown(home.at(path), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    home.verb("run", ["web", "-d", "app", "--", "sleep", "60"]).ok();
    let watching = Watching::web(&home, &[]);
    let err = watching.running.err();
    assert!(err.contains("app/closed: Permission denied"), "{err}");
    watching.change("app/src/a", 1);
    // Opened again, it counts.
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    eventually("it is watched", || watches(watching.running.pid()) == 4);
    watching.change("app/closed/b", 2);
    assert!(Path::new(&closed).exists());
}

#[test]
fn a_process_that_changes_its_own_files_is_told_of() {
    let home = Home::new();
    home.dir("app");
    let script = "date +%N > stamp; exec sleep 60";
    home.verb("run", ["web", "-d", "app", "--", "sh", "-c", script]).ok();
    let watching = Watching::of(&home, home.verb("watch", ["web", "--json", "--debounce", "50ms"]));
    fs::write(home.at("app/stamp"), "x").unwrap();
    eventually("it is told", || {
        watching.running.err().contains("stamp has changed soon after each of the last 5 starts")
    });
    assert!(watching.running.err().contains("--ignore"));
}
