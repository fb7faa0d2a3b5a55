//! Colours of `bgrun logs`: those of the program on a terminal, none in a pipe, and nothing
//! else that a terminal would obey.

use std::fs;
use tests::*;

const COLOURED: &[u8] = b"\x1b[31mred\x1b[0m plain \x1b]0;title\x07\x1b[2J\xff\n";

#[track_caller]
fn wrote(bytes: &[u8]) -> Home {
    let home = Home::new();
    fs::write(home.at("bytes"), bytes).expect("it can be written");
    home.start("web", ["cat", "bytes"]);
    home.until("web", "exited");
    home
}

#[test]
fn escape_sequences_leave_with_a_pipe_and_all_else_stays() {
    let home = wrote(COLOURED);
    let out = |args: &[&str]| home.verb("logs", args).ok().stdout;
    assert_eq!(out(&["web"]), b"red plain \xff\n");
    assert_eq!(out(&["*"]), b"web | red plain \xff\n");
    let record = &home.verb("logs", ["web", "--json"]).ok().json_lines()[0];
    assert_eq!(record["line"], "red plain \u{fffd}");
}

#[test]
fn raw_and_one_stream_by_its_name_keep_every_byte() {
    let home = wrote(COLOURED);
    let out = |args: &[&str]| home.verb("logs", args).ok().stdout;
    assert_eq!(out(&["web", "--stdout"]), COLOURED);
    assert_eq!(out(&["web", "--raw"]), COLOURED);
    assert_eq!(out(&["*", "--raw"]), [b"web | ", COLOURED].concat());
    let record = &home.verb("logs", ["web", "--json", "--raw"]).ok().json_lines()[0];
    assert!(record.text("line").starts_with("\u{1b}[31mred"), "{record}");
}

#[test]
fn a_terminal_gets_the_colours_and_no_other_sequence() {
    let hostile =
        b"\x1b[32mgreen\x1b[0m\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\x1bP1$qm\x1b\\\xc2\x9b31m\
                    \xe2\x80\xae\x1b[?1049h\x1b[5n\x07\x08end\n";
    let home = wrote(hostile);
    for args in [&["web"][..], &["web", "--stdout"], &["*"]] {
        let shown = Terminal::of(home.verb("logs", args), 80).shown();
        assert!(shown.contains("green") && shown.contains("link") && shown.contains("end"));
        assert!(shown.contains("\x1b[0;32m"), "{shown:?}");
        for bad in ["\x1b]", "\x1bP", "\u{9b}", "\u{202e}", "\x1b[?", "\x1b[5n", "\x07", "\x08"] {
            assert!(!shown.contains(bad), "{bad:?} in {shown:?}");
        }
        let without = Terminal::of(home.verb("logs", args).env("NO_COLOR", "1"), 80).shown();
        assert!(without.contains("green") && !without.contains('\x1b'), "{without:?}");
    }
    let raw = Terminal::of(home.verb("logs", ["web", "--raw"]), 80).shown();
    assert!(raw.contains("\x1b[?1049h"), "{raw:?}");
}

#[test]
fn matches_catch_the_eye_on_a_terminal_only() {
    let home = wrote(b"one two three\nfour\n");
    let call = |args: &[&str]| home.verb("logs", ["web"]).args(args);
    let found = Terminal::of(call(&["--grep", "t[wh]"]), 80).shown();
    assert!(found.contains("\x1b[7mtw\x1b[0mo \x1b[0m\x1b[7mth"), "{found:?}");
    assert!(!found.contains("four"), "{found:?}");
    let marked = Terminal::of(call(&["--highlight", "TWO", "-i"]), 80).shown();
    assert!(marked.contains("\x1b[7mtwo") && marked.contains("four"), "{marked:?}");
    let inverted = Terminal::of(call(&["--grep", "two", "-v"]), 80).shown();
    assert!(!inverted.contains("\x1b[7m"), "{inverted:?}");
    assert_eq!(call(&["--highlight", "two"]).ok().out(), "one two three\nfour\n");
    call(&["--highlight", "("]).code(2);
}
