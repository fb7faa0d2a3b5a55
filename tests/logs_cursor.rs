//! `bgrun logs --new --cursor NAME`: what this reader has not seen, each line once.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use tests::*;

#[track_caller]
fn new(home: &Home, args: &[&str]) -> String {
    home.verb("logs", ["web", "--stdout", "--new", "--cursor", "ci"]).args(args).ok().out()
}

/// Starts the process `web`, which writes a line for each word written to the file `words`.
fn start(home: &Home) {
    fs::write(home.at("words"), "").expect("it can be written");
    home.start("web", ["tail", "-n", "+1", "-f", "words"]);
}

/// Has it write `text`, and waits until it did.
fn write(home: &Home, text: &str) {
    let mut words = File::options().append(true).open(home.at("words")).expect("it is there");
    words.write_all(text.as_bytes()).expect("it can be written");
    let all = fs::read_to_string(home.at("words")).expect("it is text");
    home.until_out("web", &all);
}

#[test]
fn each_line_is_new_once_for_each_reader() {
    let home = Home::new();
    start(&home);
    write(&home, "one\ntwo\n");
    assert_eq!(new(&home, &[]), "one\ntwo\n");
    assert_eq!(new(&home, &[]), "");
    write(&home, "three\n");
    assert_eq!(new(&home, &[]), "three\n");
    let other = home.verb("logs", ["web", "--stdout", "--new", "--cursor", "other"]).ok();
    assert_eq!(other.out(), "one\ntwo\nthree\n");
    let default = ["web", "--stdout", "--new"];
    assert_eq!(home.verb("logs", default).ok().out(), "one\ntwo\nthree\n");
    assert_eq!(home.verb("logs", default).ok().out(), "");
    assert_eq!(home.verb("logs", ["web", "--stdout"]).ok().out(), "one\ntwo\nthree\n");
}

#[test]
fn more_than_a_hundred_lines_are_all_new_unless_fewer_are_asked_for() {
    let home = Home::new();
    let all: String = (1..=250).map(|n| format!("{n}\n")).collect();
    start(&home);
    write(&home, &all);
    let first = new(&home, &["--head", "150"]);
    let rest = new(&home, &[]);
    assert_eq!(first.lines().count(), 150);
    assert_eq!(first + &rest, all);
    write(&home, "a\nb\nc\n");
    assert_eq!(new(&home, &["-n", "2"]), "b\nc\n");
    assert_eq!(new(&home, &[]), "", "those that were passed over were seen, too");
}

#[test]
fn a_line_is_new_when_it_is_complete_or_its_process_has_ended() {
    let home = Home::new();
    start(&home);
    write(&home, "one\nbegin");
    assert_eq!(new(&home, &[]), "one\n");
    write(&home, " end\n");
    assert_eq!(new(&home, &[]), "begin end\n");
    write(&home, "last words");
    assert_eq!(new(&home, &[]), "");
    home.kill(["web"]);
    assert_eq!(new(&home, &[]), "last words");
    assert_eq!(new(&home, &[]), "");
}

#[test]
fn it_goes_on_over_restarts_and_both_streams_and_all_processes() {
    let home = Home::new();
    for name in ["web", "db"] {
        home.start(name, ["sh", "-c", "echo out $BGRUN_RUN; echo err $BGRUN_RUN >&2"]);
        home.until(name, "exited");
    }
    let call =
        || home.verb("logs", ["--all", "--new", "--cursor", "ci", "--json"]).ok().json_lines();
    assert_eq!(call().len(), 4);
    home.verb("run", ["web", "--restart"]).ok();
    home.until("web", "exited");
    let lines = call();
    let texts: Vec<&str> = lines.iter().map(|line| line.text("line")).collect();
    assert_eq!(texts, ["out 2", "err 2"]);
}

#[test]
fn conditions_choose_among_what_is_new() {
    let home = Home::new();
    start(&home);
    write(&home, "a1\nb1\n");
    assert_eq!(new(&home, &["--grep", "a"]), "a1\n");
    write(&home, "a2\nb2\n");
    assert_eq!(new(&home, &["--grep", "[ab]"]), "a2\nb2\n");
}

#[test]
fn a_log_that_was_replaced_is_new() {
    let home = Home::new();
    home.start("web", ["echo", "before"]);
    home.until("web", "exited");
    assert_eq!(new(&home, &[]), "before\n");
    fs::rename(home.out_path("web"), home.at("kept")).unwrap();
    fs::write(home.out_path("web"), "another, longer one\n").unwrap();
    assert_eq!(new(&home, &[]), "another, longer one\n");
}

#[test]
fn a_cursor_is_private_and_its_name_is_no_path() {
    let home = Home::new();
    home.start("web", ["echo", "line"]);
    home.until("web", "exited");
    new(&home, &[]);
    let cursors = home.state().join("cursors");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&cursors), 0o700);
    assert_eq!(mode(&cursors.join("ci.json")), 0o600);
    assert_eq!(fs::read_dir(&cursors).unwrap().count(), 1, "nothing else is left there");
    for wrong in ["../x", "a/b", ".x", ""] {
        home.verb("logs", ["web", "--new", "--cursor", wrong]).code(2);
    }
    home.verb("logs", ["web", "--new", "-f"]).code(2);
}

#[test]
fn a_reader_that_left_has_not_seen_it() {
    let home = Home::new();
    let all: String = (1..=100_000).map(|n| format!("{n}\n")).collect();
    fs::write(home.at("bytes"), &all).unwrap();
    home.start("web", ["cat", "bytes"]);
    home.until("web", "exited");
    home.sh("bgrun logs web --stdout --new --cursor ci | head -n 1").run();
    assert!(new(&home, &[]) == all, "all of it is still new");
}
