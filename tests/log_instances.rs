//! Supervisors where inotify instances are few: they sleep all the same, know when lines were
//! written, rotate, and leave instances to other programs.

use std::fs;
use std::time::{Duration, Instant};
use tests::*;

/// Runs the body in a user namespace with so many inotify instances.
#[track_caller]
fn with_instances(count: u32, body: impl FnOnce()) {
    // Of this namespace only: the machine's own limit stays as it is.
    let limit = "/proc/sys/user/max_inotify_instances";
    fs::write(limit, count.to_string()).expect("the limit can be set");
    body();
}

fn wake_ups(pid: i32) -> u64 {
    let field = status_field(pid, "voluntary_ctxt_switches").expect("it lives");
    field.parse().expect("a number")
}

fn has_inotify(pid: i32) -> bool {
    let all = fs::read_dir(format!("/proc/{pid}/fd")).expect("it lives").flatten();
    let mut links = all.filter_map(|one| fs::read_link(one.path()).ok());
    links.any(|link| link.to_string_lossy().contains("inotify"))
}

#[test]
fn without_instances_nothing_written_is_no_wake_up() {
    in_new_namespaces(&["--user", "--map-root-user"], || {
        with_instances(0, || {
            let home = Home::new();
            let script = "echo ready; exec sleep 60";
            let supervisors: Vec<i32> = (0..8)
                .map(|n| home.start(&format!("p{n}"), ["sh", "-c", script]).supervisor())
                .collect();
            let all = || -> Vec<u64> { supervisors.iter().map(|pid| wake_ups(*pid)).collect() };
            // Each was told of the starts after its own, and looks once more after its pause.
            let mut last = (all(), Instant::now());
            eventually("all sleep for two seconds", || {
                let now = all();
                if now != last.0 {
                    last = (now, Instant::now());
                }
                last.1.elapsed() > Duration::from_secs(2)
            });
        });
    });
}

#[test]
fn without_instances_a_writer_wakes_those_beside_it_ever_more_seldom() {
    in_new_namespaces(&["--user", "--map-root-user"], || {
        with_instances(0, || {
            let home = Home::new();
            let quiet = home.start("quiet", ["sh", "-c", "echo ready; exec sleep 60"]).supervisor();
            home.until_out("quiet", "ready");
            home.start("loud", [program("sequence"), "8000".into(), "1000".into()]);
            home.until_out("loud", "line");
            let before = wake_ups(quiet);
            // A look for each time it was written would be some six thousand, or sixty.
            holds_for(Duration::from_secs(6), "few wake-ups", || wake_ups(quiet) - before <= 20);
        });
    });
}

#[test]
fn without_instances_lines_have_times_and_a_large_log_is_rotated() {
    in_new_namespaces(&["--user", "--map-root-user"], || {
        with_instances(0, || {
            let home = Home::new();
            let script = format!(
                "while [ ! -e go ]; do sleep 0.02; done; date +%s%3N; {} 20000; exec sleep 60",
                program("sequence")
            );
            let words = ["run", "web", "--log-max-size", "64k", "--json", "-c", &script];
            let record = home.bgrun(words).json();
            assert!(!has_inotify(record.supervisor()));
            fs::write(home.at("go"), "").unwrap();
            let archive = format!("{}.1", home.out_path("web").display());
            eventually("it was rotated", || fs::exists(&archive).unwrap());
            home.until_out("web", "0000020000");
            let first = || {
                let lines = home.verb("logs", ["web", "--json", "--head", "1"]).ok().json_lines();
                (lines[0].text("line").to_owned(), lines[0]["time"].clone())
            };
            eventually("the first line has its time", || first().1.is_string());
            let (line, time) = first();
            let millis = |text: &str| {
                let output = home.call("date").args(["-d", text, "+%s%3N"]).ok();
                output.out().trim().parse::<u64>().unwrap()
            };
            let (written, noted) = (line.parse::<u64>().unwrap(), millis(time.as_str().unwrap()));
            assert!(noted.abs_diff(written) < 2000, "{written} {noted}");
            let whole: String = (1..=20000).map(|n| format!("line {n:010}\n")).collect();
            let shown = home.verb("logs", ["web", "--stdout", "-n", "20000"]).ok();
            assert!(shown.out() == whole, "every line is there once");
        });
    });
}

#[test]
fn a_part_of_the_instances_is_left_to_other_programs() {
    in_new_namespaces(&["--user", "--map-root-user"], || {
        with_instances(10, || {
            let home = Home::new();
            let records: Vec<Value> = (0..12).map(|n| home.start_sleep(&format!("p{n}"))).collect();
            let told = records.iter().filter(|record| has_inotify(record.supervisor())).count();
            assert!((6..=8).contains(&told), "{told}");
            let follower = home.verb("logs", ["-f", "p11"]).spawn();
            eventually("it has an instance", || has_inotify(follower.pid()));
            assert_eq!(follower.err(), "", "no warning that it must look");
        });
    });
}
