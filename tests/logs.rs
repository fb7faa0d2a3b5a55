//! `bgrun logs`: the last lines, from one stream or several, of files of any size and any bytes.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;
use tests::*;

/// A home with a process that wrote these bytes to its stdout and ended.
#[track_caller]
fn wrote(bytes: &[u8]) -> Home {
    let home = Home::new();
    fs::write(home.at("bytes"), bytes).unwrap_or_else(|why| panic!("{why}"));
    home.start("web", ["cat", "bytes"]);
    home.until("web", "exited");
    home
}

#[track_caller]
fn logs(home: &Home, args: &[&str]) -> Vec<u8> {
    home.verb("logs", args).ok().stdout
}

fn numbered(lines: std::ops::RangeInclusive<u32>) -> String {
    lines.map(|n| format!("line {n:010}\n")).collect()
}

#[test]
fn the_last_hundred_lines_are_shown() {
    let home = wrote(numbered(1..=250).as_bytes());
    let shown = String::from_utf8(logs(&home, &["web"])).unwrap();
    assert_eq!(shown.lines().count(), 100);
    assert!(shown.contains("line 0000000151") && shown.contains("line 0000000250"), "{shown}");
}

#[test]
fn as_many_lines_as_asked_for() {
    let home = wrote(numbered(1..=250).as_bytes());
    let stdout = |count| String::from_utf8(logs(&home, &["web", "--stdout", "-n", count])).unwrap();
    assert_eq!(stdout("1"), numbered(250..=250));
    assert_eq!(stdout("3"), numbered(248..=250));
    assert_eq!(stdout("0"), "");
    assert_eq!(stdout("all"), numbered(1..=250));
    assert_eq!(stdout("100000"), numbered(1..=250));
    home.verb("logs", ["web", "--lines", "-3"]).code(2);
    home.verb("logs", ["web", "-n", "many"]).code(2);
}

#[test]
fn one_stream_of_one_process_is_byte_exact() {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let cases: [&[u8]; 8] = [
        b"",
        b"\n",
        b"\n\n\n",
        b"no newline at the end",
        b"a\r\nb\r\n",
        b"\x00\x00\nnul\x00\n",
        b"\xff\xfe invalid\n\xc3",
        &all_bytes,
    ];
    for bytes in cases {
        let home = wrote(bytes);
        assert_eq!(logs(&home, &["web", "--stdout", "-n", "all"]), bytes, "{bytes:?}");
    }
}

#[test]
fn an_unterminated_last_line_is_a_line() {
    let home = wrote(b"one\ntwo\nthree");
    assert_eq!(logs(&home, &["web", "--stdout", "-n", "1"]), b"three");
    assert_eq!(logs(&home, &["web", "--stdout", "-n", "2"]), b"two\nthree");
}

#[test]
fn lines_at_every_boundary_of_a_block_are_whole() {
    // The file is read in blocks from its end: a newline may be the first or last byte of any.
    for size in [4095, 4096, 4097, 8191, 8192, 65535, 65536, 65537] {
        let mut bytes = vec![b'x'; size];
        bytes.extend(b"\nsecond to last\n");
        bytes.extend(vec![b'y'; size]);
        bytes.push(b'\n');
        let home = wrote(&bytes);
        let last = &bytes[size + 1 + 15..];
        assert_eq!(logs(&home, &["web", "--stdout", "-n", "1"]), last, "{size}");
        let two = &bytes[size + 1..];
        assert_eq!(logs(&home, &["web", "--stdout", "-n", "2"]), two, "{size}");
    }
}

#[test]
fn both_streams_are_shown_together_and_each_alone() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo to stdout; echo to stderr >&2"]);
    home.until("web", "exited");
    let both = String::from_utf8(logs(&home, &["web"])).unwrap();
    assert!(both.contains("to stdout") && both.contains("to stderr"), "{both}");
    assert_eq!(logs(&home, &["web", "--stdout"]), b"to stdout\n");
    assert_eq!(logs(&home, &["web", "--stderr"]), b"to stderr\n");
}

#[test]
fn several_processes_are_told_apart_by_their_name() {
    let home = Home::new();
    for name in ["one", "two"] {
        home.start(name, ["sh", "-c", "echo line of $BGRUN_NAME"]);
        home.until(name, "exited");
    }
    for selection in [["one", "two"].as_slice(), &["*"], &["--stdout", "one", "two"]] {
        let out = String::from_utf8(logs(&home, selection)).unwrap();
        for name in ["one", "two"] {
            let line = out.lines().find(|line| line.ends_with(&format!("line of {name}")));
            let line = line.unwrap_or_else(|| panic!("no line of {name} in\n{out}"));
            assert!(line.starts_with(name), "{line}");
        }
        assert!(!out.contains('\x1b'), "no colours for a pipe");
    }
}

#[test]
fn names_are_coloured_on_a_terminal_unless_no_color() {
    let home = Home::new();
    for name in ["one", "two"] {
        home.start(name, ["echo", "hello"]);
        home.until(name, "exited");
    }
    let call = || home.verb("logs", ["one", "two"]);
    assert!(Terminal::of(call(), 80).shown().contains("\x1b["));
    assert!(!Terminal::of(call().env("NO_COLOR", "1"), 80).shown().contains("\x1b["));
}

#[test]
fn dangerous_bytes_are_made_safe_for_a_terminal_and_kept_for_a_pipe() {
    let evil = b"\x1b]0;owned\x07\x1b[2J red: \x1b[31mred\x1b[0m\n";
    let home = wrote(evil);
    let shown = Terminal::of(home.verb("logs", ["web"]), 80).shown();
    assert!(shown.contains("red"), "{shown:?}");
    for control in ["\x1b]", "\x1b[2J", "\x07"] {
        assert!(!shown.contains(control), "{control:?} in {shown:?}");
    }
    assert_eq!(logs(&home, &["web", "--stdout"]), evil);
}

#[test]
fn logs_of_several_runs_are_one_file_in_order() {
    let home = Home::new();
    for _ in 0..3 {
        home.verb("run", ["web", "--restart", "--", "sh", "-c", "echo run $BGRUN_RUN"]).ok();
        home.until("web", "exited");
    }
    assert_eq!(logs(&home, &["web", "--stdout"]), b"run 1\nrun 2\nrun 3\n");
}

#[test]
fn an_unknown_name_is_4_and_the_others_are_shown() {
    let home = wrote(b"hello\n");
    let output = home.verb("logs", ["wbe", "web"]).code(4).says("wbe");
    assert!(output.out().contains("hello"), "{output}");
    home.verb("logs", [""; 0]).code(2);
}

#[test]
fn a_glob_without_match_is_0_with_a_note() {
    let output = Home::new().verb("logs", ["api-*"]).ok();
    assert_eq!(output.out(), "");
    assert_ne!(output.err(), "");
}

#[test]
fn a_process_that_closed_its_output_has_empty_logs() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "exec sleep 60 >&- 2>&-"]);
    assert_eq!(logs(&home, &["web"]), b"");
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn log_files_that_somebody_removed_are_no_crash() {
    let home = wrote(b"hello\n");
    fs::remove_file(home.out_path("web")).unwrap();
    fs::remove_file(home.err_path("web")).unwrap();
    let output = home.verb("logs", ["web"]).run();
    assert!([0, 1].contains(&output.code), "{output}");
    assert_eq!(output.out(), "");
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let home = wrote(numbered(1..=50_000).as_bytes());
    for args in ["-n all --stdout", "-n all"] {
        let output = home.sh(&format!("bgrun logs web {args} | head -n 1")).run();
        assert!(output.out().contains("line 0000000001"), "{output}");
        assert_eq!(output.err(), "");
    }
}

#[test]
fn the_tail_of_a_huge_log_is_read_from_its_end() {
    let home = wrote(b"");
    let mut log = File::options().write(true).open(home.out_path("web")).unwrap();
    // A hole: 4 GiB that exist for a reader and take no room.
    log.seek(SeekFrom::Start(4 << 30)).unwrap();
    write!(log, "\n{}", numbered(1..=100)).unwrap();
    let output = home.verb("logs", ["web", "--stdout"]).ok();
    assert_eq!(output.out(), numbered(1..=100));
    assert!(output.elapsed < Duration::from_secs(1), "{:?}", output.elapsed);
    let both = home.verb("logs", ["web", "-n", "10"]).ok();
    assert_eq!(both.out().lines().count(), 10);
    assert!(both.elapsed < Duration::from_secs(1), "{:?}", both.elapsed);
}

#[test]
fn a_line_of_any_length_needs_little_memory() {
    let home = wrote(b"");
    let log = File::options().write(true).open(home.out_path("web")).unwrap();
    let size = 512 << 20;
    log.set_len(size).unwrap();
    // Address space of 160 MiB: the program itself, but never the line.
    for args in ["--stdout -n 1", "-n 1", "--stdout -n all"] {
        let script = format!("ulimit -v 163840; exec bgrun-logs web {args}");
        let output = home.sh(&format!("({script}) | wc -c")).ok();
        // Beside another stream an unterminated line may be given its newline.
        let written: u64 = output.out().trim().parse().unwrap();
        assert!(written == size || (args == "-n 1" && written == size + 1), "{args}: {output}");
        assert_eq!(output.err(), "", "{args}");
    }
}

#[test]
fn json_is_one_object_per_line() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo out; printf 'b\\377d\\n'; echo err >&2"]);
    home.until("web", "exited");
    let lines = home.verb("logs", ["web", "--json"]).ok().json_lines();
    assert_eq!(lines.len(), 3);
    for line in &lines {
        for field in ["name", "run", "stream", "time", "line"] {
            assert!(line.fields().contains(&field), "no {field} in {line}");
        }
        assert_eq!(line["name"], "web");
    }
    let of = |stream: &str| -> Vec<&str> {
        lines.iter().filter(|l| l["stream"] == stream).map(|l| l.text("line")).collect()
    };
    assert_eq!(of("stdout"), ["out", "b\u{fffd}d"]);
    assert_eq!(of("stderr"), ["err"]);
}
