//! `bgrun logs --grep`, `--level`, `--field`, `--head`: every wanted line and no other, from
//! logs of any size and bytes, in little memory.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use tests::*;

/// A home with a process that wrote these bytes to its stdout and ended.
#[track_caller]
fn wrote(bytes: &[u8]) -> Home {
    let home = Home::new();
    fs::write(home.at("bytes"), bytes).expect("it can be written");
    home.start("web", ["cat", "bytes"]);
    home.until("web", "exited");
    home
}

#[track_caller]
fn found(home: &Home, args: &[&str]) -> String {
    home.verb("logs", ["web", "--stdout"]).args(args).ok().out()
}

fn numbered(lines: std::ops::RangeInclusive<u32>) -> String {
    lines.map(|n| format!("line {n:06}\n")).collect()
}

#[test]
fn it_finds_what_grep_finds() {
    let mut text = numbered(1..=30_000).into_bytes();
    text.extend(b"\xff\xfe odd \x00 bytes 77\n\n\r\nthe last 7 has no end");
    let home = wrote(&text);
    for args in [
        "-e 77",
        "-e ^line",
        "-e 9$",
        "-e '^$'",
        "-i -e LAST",
        "-v -e line",
        "-e '7{2,}'",
        "-C 2 -e '2999[05]'",
        "-A 1 -B 3 -e '0001[02]$'",
        "-e '[^0]7[^0]'",
        "-e 'no such thing'",
    ] {
        let script = format!("grep -a -E {args} bytes; [ $? -lt 2 ]");
        let grep = home.sh(&script).env("LC_ALL", "C").ok();
        let ours =
            home.sh(&format!("bgrun logs web --stdout {}", args.replace("-e", "--grep"))).ok();
        // grep(1) ends the last line, whose end was never written.
        let ended = grep.stdout.strip_suffix(b"\n").filter(|_| !ours.stdout.ends_with(b"\n"));
        let expected = ended.unwrap_or(&grep.stdout);
        assert!(ours.stdout == expected, "{args}: {} for {}", ours.out(), grep.out());
    }
}

#[test]
fn the_last_of_the_lines_that_match() {
    let home = wrote(numbered(1..=50_000).as_bytes());
    assert_eq!(found(&home, &["--grep", "7$", "-n", "2"]), "line 049987\nline 049997\n");
    assert_eq!(found(&home, &["--grep", "^line 000001", "-n", "2"]), "line 000001\n");
    assert_eq!(found(&home, &["--grep", "7$", "-n", "0"]), "");
    assert_eq!(found(&home, &["--grep", "7$"]).lines().count(), 5000, "without -n all");
    assert_eq!(found(&home, &["--grep", "7$", "--head", "2"]), "line 000007\nline 000017\n");
    assert_eq!(found(&home, &["--head", "2"]), numbered(1..=2));
    let around = found(&home, &["--grep", "05$", "-n", "1", "-B", "1"]);
    assert_eq!(around, "line 049904\nline 049905\n");
}

#[test]
fn several_processes_are_searched_and_told_apart() {
    let home = Home::new();
    for name in ["one", "two"] {
        home.start(name, ["sh", "-c", "echo hit of $BGRUN_NAME; echo miss; echo hit >&2"]);
        home.until(name, "exited");
    }
    let out = home.verb("logs", ["--all", "--grep", "hit"]).ok().out();
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["one ! hit", "one | hit of one", "two ! hit", "two | hit of two"]);
    let records = home.verb("logs", ["--all", "--json", "--grep", "of", "-A1"]).ok().json_lines();
    let seen: Vec<_> = records.iter().map(|r| (r.text("line"), r["context"] == true)).collect();
    let expected = [("hit of one", false), ("miss", true), ("hit of two", false), ("miss", true)];
    assert_eq!(seen, expected);
}

#[test]
fn following_shows_only_what_matches() {
    let home = Home::new();
    home.start("web", [program("sequence"), "3000".into(), "2000".into()]);
    let follower = home.verb("logs", ["-f", "--stdout", "web", "--grep", "000$"]).spawn();
    follower.until_it_says("line 0000003000");
    let expected = "line 0000001000\nline 0000002000\nline 0000003000\n";
    assert_eq!(follower.out(), expected);
}

#[test]
fn a_matching_line_that_comes_in_parts_is_shown_once_it_is_whole() {
    let home = Home::new();
    let script = "printf 'begin '; while [ ! -e go ]; do sleep 0.02; done; echo end; exec sleep 60";
    home.start("web", ["sh", "-c", script]);
    home.until_out("web", "begin");
    let follower = home.verb("logs", ["-f", "--stdout", "web", "--grep", "begin"]).spawn();
    fs::write(home.at("go"), "").unwrap();
    follower.until_it_says("end\n");
    assert_eq!(follower.out(), "begin end\n");
}

#[test]
fn levels_are_those_of_json_logfmt_and_plain_words() {
    let home = wrote(
        b"{\"level\":\"error\",\"n\":1}\n{\"level\":30,\"n\":2}\nlevel=warn n=3\n\
          2026-11-23 10:00:00 ERROR n=4\n    at main\n\x1b[33mWARN\x1b[0m n=5\n[debug] n=6\nplain n=7\n",
    );
    let numbers = |level: &str| -> Vec<char> {
        let out = found(&home, &["--level", level]);
        out.lines().filter_map(|line| line.trim_end_matches('}').chars().last()).collect()
    };
    assert_eq!(numbers("error"), ['1', '4', 'n']);
    assert_eq!(numbers("WARN"), ['1', '3', '4', 'n', '5']);
    assert_eq!(numbers("info"), ['1', '2', '3', '4', 'n', '5']);
    assert_eq!(numbers("trace"), ['1', '2', '3', '4', 'n', '5', '6']);
    assert_eq!(found(&home, &["--level", "warn", "-n", "1"]), "\x1b[33mWARN\x1b[0m n=5\n");
    home.verb("logs", ["web", "--level", "loud"]).code(2);
}

#[test]
fn fields_of_json_and_logfmt_are_compared() {
    let home = wrote(
        b"{\"req\":{\"method\":\"GET\",\"status\":500}}\n{\"req\":{\"method\":\"PUT\",\"status\":500}}\n\
          req.method=GET status=200\n{\"req.method\":\"GET\"}\nnot GET\n",
    );
    let count = |fields: &[&str]| found(&home, fields).lines().count();
    assert_eq!(count(&["--field", "req.method=GET"]), 3);
    assert_eq!(count(&["--field", "req.method=GET", "--field", "req.status=500"]), 1);
    assert_eq!(count(&["--field", "status=200"]), 1);
    assert_eq!(count(&["--field", "req.method=GET", "--grep", "500", "-v"]), 2);
    home.verb("logs", ["web", "--field", "nonsense"]).code(2).says("KEY=VALUE");
}

#[test]
fn json_has_the_fields_of_a_line_that_is_json() {
    let home = wrote(b"{\"a\": 12345678901234567890.5, \"b\": [1]}\nplain\n{broken\n");
    let out = home.verb("logs", ["web", "--json"]).ok();
    assert!(out.out().contains(r#""fields":{"a": 12345678901234567890.5, "b": [1]}"#), "{out}");
    let records = out.json_lines();
    assert_eq!(records[0]["fields"]["b"][0], 1);
    assert!(records[1..].iter().all(|record| record.get("fields").is_none()), "{out}");
}

#[test]
fn a_wrong_expression_is_2_and_nothing_found_is_0() {
    let home = wrote(b"line\n");
    let wrong = home.verb("logs", ["web", "--grep", "("]).code(2);
    assert_eq!(wrong.err().lines().count(), 1, "{wrong}");
    assert_eq!(home.verb("logs", ["web", "--grep", "nothing"]).ok().out(), "");
    home.verb("logs", ["web", "-v"]).code(2);
    home.verb("logs", ["web", "-C", "3"]).code(2).says("--grep");
}

/// Runs a call and says how many bytes it wrote and how much memory it had, in KiB.
const MEASURED: &str = "
import resource, subprocess, sys
call = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
written = 0
while part := call.stdout.read(1 << 20):
    written += len(part)
call.wait()
print(call.returncode, written, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
";

#[test]
fn an_endless_line_is_searched_in_little_memory() {
    let home = wrote(b"");
    let mut log = File::options().write(true).open(home.out_path("web")).unwrap();
    // A hole: NULs that exist for a reader and take no room.
    let size = 128 << 20;
    log.seek(SeekFrom::Start(size)).unwrap();
    log.write_all(b"needle\nshort\n").unwrap();
    for (args, bytes) in [
        (&["--grep", "needle", "-n", "1"][..], size + 7),
        (&["--grep", "needle$"], size + 7),
        (&["--grep", "needle", "-v"], 6),
        (&["--level", "error"], 0),
        (&["--field", "a=b", "-n", "1"], 0),
        (&["--head", "1", "--grep", "^short", "-A1"], 6),
    ] {
        let logs = home.tools().join("bgrun-logs");
        let call = home.call("python3").args(["-c", MEASURED]).arg(logs);
        let out = call.args(["web", "--stdout"]).args(args).ok().out();
        let (written, kib) = out.trim().strip_prefix("0 ").unwrap().split_once(' ').unwrap();
        assert_eq!(written, bytes.to_string(), "{args:?}");
        assert!(kib.parse::<u64>().unwrap() < 32 << 10, "{args:?}: {kib} KiB");
    }
}
