//! Cuts what comes from one log into lines, in bounded memory: a line that is too long
//! to be held comes in several pieces.

use std::io;
use std::time::Instant;

/// A line, or a part of one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// Where in the log it begins.
    pub(crate) at: u64,
    /// Without the newline.
    pub(crate) bytes: &'a [u8],
    /// Whether the line begins with it.
    pub(crate) begins: bool,
    /// Whether the line ends with it.
    pub(crate) ends: bool,
}

/// What is known of the line that is not complete.
#[derive(Debug)]
pub(crate) struct Cutter {
    limit: usize,
    held: Vec<u8>,
    held_since: Option<Instant>,
    /// Where in the log the next piece begins.
    at: u64,
    /// Whether a part of the line was given already.
    is_inside: bool,
}

impl Cutter {
    /// Pieces, and what is held, have at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, held: Vec::new(), held_since: None, at: 0, is_inside: false }
    }

    /// Takes the bytes that stand at `at` in the log, after those taken before, and
    /// gives all lines that are complete.
    pub(crate) fn take(
        &mut self,
        at: u64,
        bytes: &[u8],
        give: &mut impl FnMut(Piece<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.at = at.saturating_sub(self.held.len() as u64);
        let mut rest = bytes;
        while let Some(newline) = memchr::memchr(b'\n', rest) {
            self.add(&rest[..newline], true, give)?;
            rest = &rest[newline + 1..];
        }
        self.add(rest, false, give)?;
        if self.held.is_empty() {
            self.held_since = None;
        } else if self.held_since.is_none() {
            self.held_since = Some(Instant::now());
        }
        Ok(())
    }

    /// Gives what is held. With `ends` nothing more comes of the line.
    pub(crate) fn give_held(
        &mut self,
        ends: bool,
        give: &mut impl FnMut(Piece<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        self.held_since = None;
        if self.held.is_empty() && !(ends && self.is_inside) {
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        let given = self.give(&held, ends, give);
        held.clear();
        self.held = held;
        given
    }

    /// Since when something is held.
    pub(crate) fn held_since(&self) -> Option<Instant> {
        self.held_since
    }

    fn add(
        &mut self,
        mut part: &[u8],
        ends: bool,
        give: &mut impl FnMut(Piece<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        while self.held.len() + part.len() > self.limit {
            if self.held.is_empty() {
                let (piece, rest) = part.split_at(whole(part, self.limit));
                self.give(piece, false, give)?;
                part = rest;
                continue;
            }
            let (filling, rest) = part.split_at(self.limit - self.held.len());
            self.held.extend_from_slice(filling);
            part = rest;
            let held = std::mem::take(&mut self.held);
            let (piece, kept) = held.split_at(whole(&held, self.limit));
            self.give(piece, false, give)?;
            self.held.extend_from_slice(kept);
        }
        if !ends {
            self.held.extend_from_slice(part);
            Ok(())
        } else if self.held.is_empty() {
            self.give(part, true, give)
        } else {
            self.held.extend_from_slice(part);
            self.give_held(true, give)
        }
    }

    fn give(
        &mut self,
        bytes: &[u8],
        ends: bool,
        give: &mut impl FnMut(Piece<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let begins = !std::mem::replace(&mut self.is_inside, !ends);
        let at = self.at;
        self.at += bytes.len() as u64 + u64::from(ends);
        give(Piece { at, bytes, begins, ends })
    }
}

/// At most `limit`, and less where that would cut a UTF-8 character in two.
fn whole(bytes: &[u8], limit: usize) -> usize {
    let width = |lead: u8| match lead {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    let mut last = (limit.saturating_sub(3)..limit).rev();
    match last.find(|&at| bytes[at] & 0xc0 != 0x80) {
        Some(at) if at > 0 && at + width(bytes[at]) > limit => at,
        _ => limit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `text` taken by `size` bytes; `|` after each piece, `$` where a line ends, `<`
    /// where it goes on.
    fn pieces(text: &str, limit: usize, size: usize) -> String {
        let mut cutter = Cutter::new(limit);
        let mut shown = String::new();
        let mut give = |piece: Piece<'_>| {
            let place = usize::try_from(piece.at).expect("small");
            assert_eq!(&text.as_bytes()[place..place + piece.bytes.len()], piece.bytes);
            shown.push_str(if piece.begins { "" } else { "<" });
            shown.push_str(&String::from_utf8_lossy(piece.bytes));
            shown.push_str(if piece.ends { "$|" } else { "|" });
            Ok(())
        };
        for (number, chunk) in text.as_bytes().chunks(size).enumerate() {
            cutter.take((number * size) as u64, chunk, &mut give).expect("take");
            assert!(cutter.held.len() <= limit);
            assert_eq!(cutter.held_since().is_some(), !cutter.held.is_empty());
        }
        cutter.give_held(true, &mut give).expect("give");
        shown
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        for size in 1..12 {
            assert_eq!(pieces("one\ntwo\n\nend", 8, size), "one$|two$||$|end$|".replace("||", "|"));
            assert_eq!(pieces("\n\n", 8, size), "$|$|");
            assert_eq!(pieces("", 8, size), "");
        }
    }

    #[test]
    fn a_long_line_comes_in_pieces() {
        for size in 1..12 {
            let shown = pieces("0123456789\nab\n", 4, size);
            assert_eq!(shown.replace(['|', '<'], ""), "0123456789$ab$", "{shown}");
            assert_eq!(shown.matches('$').count(), 2);
            assert!(shown.split('|').all(|piece| piece.len() <= 6), "{shown}");
        }
        assert_eq!(pieces("01234567", 4, 8), "0123|<4567$|");
    }

    #[test]
    fn a_cut_leaves_characters_whole() {
        for size in 1..20 {
            let shown = pieces("日本日本日本\n", 4, size);
            assert!(!shown.contains('\u{fffd}'), "{shown}");
        }
        assert_eq!(whole(&[0x80; 9], 4), 4, "what is no UTF-8 is cut anywhere");
    }

    #[test]
    fn a_line_that_was_given_in_part_is_ended() {
        let mut cutter = Cutter::new(8);
        let mut given = Vec::new();
        let mut give = |piece: Piece<'_>| {
            given.push((piece.bytes.to_vec(), piece.begins, piece.ends));
            Ok(())
        };
        cutter.take(0, b"begin", &mut give).expect("take");
        cutter.give_held(false, &mut give).expect("give");
        cutter.give_held(false, &mut give).expect("give nothing");
        cutter.take(5, b"\n", &mut give).expect("take");
        cutter.give_held(true, &mut give).expect("give nothing");
        assert_eq!(given, [(b"begin".to_vec(), true, false), (Vec::new(), false, true)]);
    }
}
