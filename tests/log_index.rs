//! When lines were written: what the index of times tells, and what it costs.

use std::fs;
use std::time::Duration;
use tests::*;

fn wake_ups(pid: i32) -> u64 {
    let field = status_field(pid, "voluntary_ctxt_switches").expect("it lives");
    field.parse().expect("a number")
}

/// Starts a process that writes to both streams in turn, a quarter of a second apart.
fn both_in_turn(home: &Home) {
    let script = "for i in 1 2 3; do echo out $i; sleep 0.25; echo err $i >&2; sleep 0.25; done";
    home.bgrun(["run", "web", "--json", "-c", script]).ok();
    home.until("web", "exited");
}

/// What `both_in_turn` wrote, when the order of the streams is not known.
const UNDER_HEADINGS: &str =
    "==> web stdout <==\nout 1\nout 2\nout 3\n\n==> web stderr <==\nerr 1\nerr 2\nerr 3\n";

#[test]
fn both_streams_come_in_the_order_in_which_they_were_written() {
    let home = Home::new();
    both_in_turn(&home);
    let expected = "out 1\n! err 1\nout 2\n! err 2\nout 3\n! err 3\n";
    assert_eq!(home.verb("logs", ["web"]).ok().out(), expected);
    assert_eq!(home.verb("logs", ["web", "--head", "3"]).ok().out(), UNDER_HEADINGS);
    let lines = home.verb("logs", ["web", "--json"]).ok().json_lines();
    let times: Vec<&str> = lines.iter().map(|line| line.text("time")).collect();
    assert!(times.is_sorted() && times.len() == 6, "{times:?}");
    let stamped = home.verb("logs", ["web", "-t", "--stdout"]).env("TZ", "UTC").ok().out();
    assert_eq!(stamped.lines().next(), Some(format!("{} out 1", times[0]).as_str()));
}

#[test]
fn a_part_is_found_by_its_time() {
    let home = Home::new();
    both_in_turn(&home);
    let lines = home.verb("logs", ["web", "--json"]).ok().json_lines();
    let (second, fourth) = (lines[1].text("time"), lines[3].text("time"));
    let of = |flags: &[&str]| home.verb("logs", ["web"]).args(flags).ok().out();
    assert_eq!(of(&["--since", second, "--until", fourth]), "! err 1\nout 2\n! err 2\n");
    assert_eq!(of(&["--since", "1h", "-n", "1"]), "out 3\n! err 3\n");
    assert_eq!(of(&["--until", "1h"]), "");
    home.verb("logs", ["web", "--since", "soon"]).code(2).says("is no time");
}

#[test]
fn a_lost_or_damaged_index_costs_times_and_no_line() {
    let home = Home::new();
    both_in_turn(&home);
    let index = home.state().join("web.idx");
    for bytes in [Some(vec![0xa5; 100]), Some(Vec::new()), None] {
        match bytes {
            Some(bytes) => fs::write(&index, bytes).unwrap(),
            None => fs::remove_file(&index).unwrap(),
        }
        for flags in [&["-n", "all"][..], &["-t"], &["--since", "1h"], &["--json"]] {
            let out = home.verb("logs", ["web"]).args(flags).ok().out();
            for line in ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3"] {
                assert_eq!(out.matches(line).count(), 1, "{flags:?}: {out}");
            }
        }
        assert_eq!(home.verb("logs", ["web"]).ok().out(), UNDER_HEADINGS);
    }
}

#[test]
fn a_writer_at_full_speed_wakes_its_supervisor_ten_times_a_second() {
    let home = Home::new();
    let words = ["run", "yes", "--log-max-size", "0", "--json", "--"];
    let script =
        "i=0; while [ $i -lt 300000 ]; do echo a line of the log; i=$((i+1)); done; exec sleep 60";
    let supervisor = home.bgrun(words).args(["dash", "-c", script]).json().supervisor();
    eventually("it writes", || home.out_path("yes").metadata().is_ok_and(|file| file.len() > 0));
    let before = wake_ups(supervisor);
    let begun = std::time::Instant::now();
    holds_for(Duration::from_secs(2), "it looks", || {
        let most = 3 + 10 * u64::try_from(begun.elapsed().as_millis()).unwrap() / 1000;
        wake_ups(supervisor) - before <= most
    });
}

#[test]
fn nothing_written_is_no_wake_up() {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", "echo ready; exec sleep 60"]);
    home.until_out("web", "ready");
    let settled = settled("it has gone to sleep", || wake_ups(record.supervisor()));
    holds_for(Duration::from_secs(1), "it sleeps", || wake_ups(record.supervisor()) == settled);
}

#[test]
fn lines_of_a_time_without_a_supervisor_have_no_time() {
    let home = Home::new();
    let script = "echo before; while [ ! -e go ]; do sleep 0.05; done; echo between; exec sleep 60";
    let record = home.bgrun(["run", "web", "--json", "-c", script]).json();
    home.until_out("web", "before");
    eventually("it was noted", || {
        home.verb("logs", ["web", "--json"]).ok().json_lines()[0]["time"].is_string()
    });
    Life::of(record.supervisor()).kill();
    fs::write(home.at("go"), "").unwrap();
    home.until_out("web", "between");
    home.verb("run", ["--adopt", "web"]).run();
    eventually("it was adopted", || home.ls("web")["supervised"] == true);
    let lines = home.verb("logs", ["web", "--json"]).ok().json_lines();
    assert!(lines[0]["time"].is_string() && lines[1]["time"].is_null(), "{lines:?}");
}
