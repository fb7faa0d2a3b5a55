//! What a piece of a log is, for every way to ask for one.

use super::*;

fn log(text: &[u8]) -> (tempfile::TempDir, Log) {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("web-out.txt");
    std::fs::write(&path, text).expect("write");
    let log = Log::open(&path).expect("open").expect("it is there");
    (directory, log)
}

fn asked(text: &[u8], place: &Where) -> (u64, String) {
    let (_directory, log) = log(text);
    let cut = cut(&log, place).expect("cut");
    assert_eq!((cut.begin, cut.size), (0, text.len() as u64));
    (cut.offset, String::from_utf8_lossy(&cut.bytes).into_owned())
}

#[test]
fn a_piece_is_of_whole_lines() {
    let text = b"one\ntwo\nthree\nfour";
    let from = |offset, lines| Where { offset: Some(offset), lines: Some(lines), ..<_>::default() };
    let last = |lines| Where { lines: Some(lines), ..<_>::default() };
    let before =
        |before, lines| Where { before: Some(before), lines: Some(lines), ..<_>::default() };
    for (place, offset, piece) in [
        (from(0, 2), 0, "one\ntwo\n"),
        (from(4, 1), 4, "two\n"),
        (from(8, 9), 8, "three\nfour"),
        (from(0, 0), 0, ""),
        (from(18, 5), 18, ""),
        (from(99, 5), 18, ""),
        (last(1), 14, "four"),
        (last(2), 8, "three\nfour"),
        (last(9), 0, "one\ntwo\nthree\nfour"),
        (last(0), 18, ""),
        (before(14, 1), 8, "three\n"),
        (before(14, 2), 4, "two\nthree\n"),
        (before(99, 1), 14, "four"),
        (before(0, 9), 0, ""),
    ] {
        assert_eq!(asked(text, &place), (offset, piece.to_owned()), "{place:?}");
    }
}

#[test]
fn a_line_without_an_end_is_handed_out_in_pieces() {
    let text = vec![b'x'; 3 * 1024 * 1024];
    let (offset, piece) = asked(&text, &Where::default());
    assert_eq!((offset, piece.len()), (2 * 1024 * 1024, 1024 * 1024));
    let (offset, piece) = asked(&text, &Where { offset: Some(7), ..<_>::default() });
    assert_eq!((offset, piece.len()), (7, 1024 * 1024));
}

#[test]
fn pieces_in_a_row_lose_nothing_of_a_log_in_any_script() {
    let text = "日本語のログ €\n".repeat(100_000);
    let (_directory, log) = log(text.as_bytes());
    let mut joined = String::new();
    loop {
        let place =
            Where { offset: Some(joined.len() as u64), lines: Some(u64::MAX), ..<_>::default() };
        let Cut { bytes, .. } = cut(&log, &place).expect("cut");
        if bytes.is_empty() {
            break;
        }
        joined.push_str(std::str::from_utf8(&bytes).expect("no character is cut"));
    }
    assert!(joined == text);
}

#[test]
fn a_character_that_is_not_all_there_is_left_for_the_next_piece() {
    for (text, kept) in [
        (&b"ab\xe2\x82"[..], 2),
        (b"ab\xe2", 2),
        (b"ab\xf0\x9f\x98", 2),
        ("ab€".as_bytes(), 5),
        ("😀".as_bytes(), 4),
        (b"ab\xff", 3),
        (b"\x80\x80\x80", 3),
        (b"", 0),
    ] {
        let mut bytes = text.to_vec();
        drop_cut_character(&mut bytes);
        assert_eq!(bytes.len(), kept, "{text:?}");
    }
}
