//! Bytes from a program made fit for a terminal: its colours may pass, nothing else that
//! a terminal would obey does.
//!
//! In a pipe only escape sequences are left out, those for colours too; all other bytes pass.
//!
//! On a terminal escape sequences are left out. A single control character, a character that turns the
//! direction of writing, and a byte that is no UTF-8 are shown: `^G`, `\u{202e}`, `\xff`.
//! A sequence may begin in one piece of the input and end in the next, but ends with its
//! line in any case, so that an unfinished one hides no more than that.

use std::io::Write;

use bgrun_platform::text;

use crate::style::Style;

/// Longer parameters are no colour.
const LONGEST_PARAMETERS: usize = 64;

/// Where in the input of one log we are.
#[derive(Debug)]
pub(crate) struct Harmless {
    to: Destination,
    state: State,
    parameters: String,
    /// The beginning of a character whose rest is in the next piece.
    character: Vec<u8>,
    /// What the program has switched on.
    style: Style,
    /// Whether the terminal shows just that.
    is_shown: bool,
    /// Whether something is switched on at the terminal.
    is_lit: bool,
    is_emphasized: bool,
}

/// For whom bytes are made harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    Terminal { has_colours: bool },
    Pipe,
}

/// Text turned inside out, after whatever style the program has.
const EMPHASIS: &[u8] = b"\x1b[7m";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// After `\r`, which is part of the line's end if that comes next.
    Return,
    Escape,
    /// `ESC ( B` and the like.
    Designation,
    /// After `ESC [`: parameters up to a letter.
    Control,
    /// Inside of a title, a link, an image …: up to BEL or `ESC \`.
    String,
}

impl Harmless {
    pub(crate) fn new(to: Destination) -> Self {
        Self {
            to,
            state: State::Text,
            parameters: String::new(),
            character: Vec::new(),
            style: Style::default(),
            is_shown: true,
            is_lit: false,
            is_emphasized: false,
        }
    }

    fn has_colours(&self) -> bool {
        self.to == Destination::Terminal { has_colours: true }
    }

    /// What comes now is to catch the eye, or no longer.
    pub(crate) fn emphasize(&mut self, is_on: bool) {
        if self.has_colours() && self.is_emphasized != is_on {
            self.is_emphasized = is_on;
            self.is_shown = false;
        }
    }

    /// Adds a part of a line, made harmless, to `out`.
    pub(crate) fn show(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.to == Destination::Pipe {
            return self.strip(bytes, out);
        }
        if self.character.is_empty() {
            return self.go_on(bytes, out);
        }
        let mut joined = std::mem::take(&mut self.character);
        joined.extend_from_slice(bytes);
        self.go_on(&joined, out);
    }

    /// The line ends here. The newline itself is not written.
    pub(crate) fn end_line(&mut self, out: &mut Vec<u8>) {
        for byte in std::mem::take(&mut self.character) {
            self.show_byte(byte, out);
        }
        self.state = State::Text;
        self.darken(out);
    }

    /// Switches everything off at the terminal, until the line goes on.
    pub(crate) fn darken(&mut self, out: &mut Vec<u8>) {
        if self.is_lit {
            Style::default().write_to(out);
            self.is_lit = false;
            self.is_shown = self.style.is_plain() && !self.is_emphasized;
        }
    }

    /// Whether it would add `bytes` as they are.
    pub(crate) fn leaves_alone(&self, bytes: &[u8]) -> bool {
        self.to == Destination::Pipe
            && self.state == State::Text
            && memchr::memchr(b'\x1b', bytes).is_none()
    }

    /// Leaves out sequences, which end with their line here, too.
    fn strip(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            if self.state == State::Text {
                let length = memchr::memchr(b'\x1b', rest).unwrap_or(rest.len());
                out.extend_from_slice(&rest[..length]);
                rest = &rest[length..];
                if !rest.is_empty() {
                    self.state = State::Escape;
                    rest = &rest[1..];
                }
            } else if byte == b'\n' {
                self.state = State::Text;
            } else if self.step(byte, out) {
                rest = &rest[1..];
            }
        }
    }

    fn go_on(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.state != State::Text {
                if self.step(byte, out) {
                    at += 1;
                }
                continue;
            }
            let rest = &bytes[at..];
            let plain = rest.iter().take_while(|&&byte| is_plain(byte)).count();
            if plain > 0 {
                self.light(out);
                out.extend_from_slice(&rest[..plain]);
                at += plain;
                continue;
            }
            at += 1;
            match byte {
                b'\x1b' => self.state = State::Escape,
                b'\r' => self.state = State::Return,
                0x80.. => match next_character(rest) {
                    Next::Character(character) => {
                        at += character.len_utf8() - 1;
                        self.show_character(character, out);
                    }
                    Next::CutOff => {
                        self.character = rest.to_vec();
                        return;
                    }
                    Next::Invalid => self.show_byte(byte, out),
                },
                control => self.show_control(control, out),
            }
        }
    }

    /// Goes on inside of a sequence. Answers whether `byte` belonged to it.
    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        let (next, is_taken) = match (self.state, byte) {
            (State::Return, b'\r') => (State::Return, true),
            (State::Return, _) => {
                self.show_control(b'\r', out);
                (State::Text, false)
            }
            // A string is ended by ESC \, which is a sequence of its own.
            (_, b'\x1b') => (State::Escape, true),
            (_, b'\x18' | b'\x1a') => (State::Text, true),
            (State::Escape, b'[') => {
                self.parameters.clear();
                (State::Control, true)
            }
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => (State::String, true),
            (State::Escape | State::Designation, b' '..=b'/') => (State::Designation, true),
            (State::Escape | State::Designation, b'0'..=b'~') => (State::Text, true),
            (State::Control, b' '..=b'?') => {
                if self.parameters.len() <= LONGEST_PARAMETERS {
                    self.parameters.push(char::from(byte));
                }
                (State::Control, true)
            }
            (State::Control, b'@'..=b'~') => {
                if byte == b'm' && self.has_colours() && self.parameters.len() <= LONGEST_PARAMETERS
                {
                    self.restyle();
                }
                (State::Text, true)
            }
            (State::String, b'\x07') => (State::Text, true),
            (State::String, _) => (State::String, true),
            // Anything else breaks the sequence off.
            _ => (State::Text, false),
        };
        self.state = next;
        is_taken
    }

    fn restyle(&mut self) {
        if self.parameters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')) {
            self.style.apply(&self.parameters);
            self.is_shown = !self.is_lit && self.style.is_plain() && !self.is_emphasized;
        }
    }

    /// Before something is shown: the terminal gets the program's style.
    fn light(&mut self, out: &mut Vec<u8>) {
        if !self.is_shown {
            self.style.write_to(out);
            if self.is_emphasized {
                out.extend_from_slice(EMPHASIS);
            }
            self.is_shown = true;
            self.is_lit = !self.style.is_plain() || self.is_emphasized;
        }
    }

    fn show_character(&mut self, character: char, out: &mut Vec<u8>) {
        self.light(out);
        // Writing to a Vec cannot fail.
        let _ = match text::is_unsafe(character) {
            true => write!(out, "\\u{{{:x}}}", u32::from(character)),
            false => write!(out, "{character}"),
        };
    }

    fn show_byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.light(out);
        let _ = write!(out, "\\x{byte:02x}");
    }

    /// As cat(1) and less(1) show it.
    fn show_control(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.light(out);
        out.extend_from_slice(&[b'^', byte ^ 0x40]);
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t')
}

enum Next {
    Character(char),
    /// More bytes are needed to tell.
    CutOff,
    Invalid,
}

fn next_character(bytes: &[u8]) -> Next {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(valid) => valid,
        Err(error) => match (error.valid_up_to(), error.error_len()) {
            (0, None) => return Next::CutOff,
            (0, Some(_)) => return Next::Invalid,
            (length, _) => std::str::from_utf8(&head[..length]).unwrap_or_default(),
        },
    };
    valid.chars().next().map_or(Next::CutOff, Next::Character)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line, cut into pieces of `size` bytes.
    fn shown(line: &[u8], size: usize) -> String {
        let mut harmless = Harmless::new(Destination::Terminal { has_colours: true });
        let mut out = Vec::new();
        line.chunks(size).for_each(|piece| harmless.show(piece, &mut out));
        harmless.end_line(&mut out);
        String::from_utf8(out).expect("what is shown is UTF-8")
    }

    #[test]
    fn nothing_but_colours_passes_wherever_the_pieces_are_cut() {
        for (line, expected) in [
            (&b"plain\ttext"[..], "plain\ttext"),
            (b"\x1b[31mred\x1b[0m plain", "\x1b[0;31mred\x1b[0m plain"),
            (b"\x1b[1;31mred", "\x1b[0;1;31mred\x1b[0m"),
            (b"\x1b[31m\x1b[0m", ""),
            (b"a\x1b[2Jb\x1b[10;5Hc\x1b[?25ld\x1b[>4;2me\x1b[0$mf", "abcdef"),
            (b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1bPq\x1b\\c", "abc"),
            (b"a\x1b(Bb\x1b7c\x1b=d\x1bce", "abcde"),
            (b"a\x1b]0;unfinished", "a"),
            (b"a\x1b[31", "a"),
            (b"a\x1b[3\x01b", "a^Ab"),
            (b"a\x1b[31\x18b", "ab"),
            (b"bell\x07 nul\x00 back\x08 del\x7f", "bell^G nul^@ back^H del^?"),
            (b"windows\r", "windows"),
            (b"twice\r\r", "twice"),
            (b"10%\r20%\r", "10%^M20%"),
            ("日本 🙂 é".as_bytes(), "日本 🙂 é"),
            ("\u{9b}31m \u{202e}x".as_bytes(), "\\u{9b}31m \\u{202e}x"),
            (b"\xff\xfe a\xc3", "\\xff\\xfe a\\xc3"),
            (b"\xe6\x97 \xf0\x9f\x99", "\\xe6\\x97 \\xf0\\x9f\\x99"),
            (b"\xc3\x1b[31mx", "\\xc3\x1b[0;31mx\x1b[0m"),
        ] {
            for size in 1..=line.len() {
                assert_eq!(shown(line, size), expected, "{:?} by {size}", line.escape_ascii());
            }
        }
    }

    #[test]
    fn endless_parameters_are_no_colour_and_need_no_memory() {
        let line = [b"\x1b[".as_slice(), &vec![b'1'; 100_000], b"mx"].concat();
        assert_eq!(shown(&line, 1000), "x");
    }

    #[test]
    fn a_colour_goes_out_at_the_end_of_a_line_and_on_again_in_the_next() {
        let mut harmless = Harmless::new(Destination::Terminal { has_colours: true });
        let mut out = Vec::new();
        harmless.show(b"\x1b[31mone", &mut out);
        harmless.end_line(&mut out);
        out.push(b'\n');
        harmless.show(b"two\x1b[39m", &mut out);
        harmless.end_line(&mut out);
        assert_eq!(out, b"\x1b[0;31mone\x1b[0m\n\x1b[0;31mtwo\x1b[0m");
    }

    #[test]
    fn without_colours_none_passes() {
        let mut harmless = Harmless::new(Destination::Terminal { has_colours: false });
        let mut out = Vec::new();
        harmless.show(b"\x1b[31mred\x1b[0m", &mut out);
        harmless.end_line(&mut out);
        assert_eq!(out, b"red");
    }

    #[test]
    fn in_a_pipe_only_sequences_are_left_out_wherever_the_pieces_are_cut() {
        for (text, expected) in [
            (&b"plain\r\n\x07\x00\xff\xc3"[..], &b"plain\r\n\x07\x00\xff\xc3"[..]),
            (b"\x1b[1;31mred\x1b[0m\n", b"red\n"),
            (b"a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c\x1bPq\x1b\\d", b"abcd"),
            (b"a\x1b[2J\x1b(Bb\x1b7\r", b"ab\r"),
            (b"a\x1b]0;unfinished\nb\x1b[31\nc", b"a\nb\nc"),
            ("\u{9b}31m日\u{202e}".as_bytes(), "\u{9b}31m日\u{202e}".as_bytes()),
        ] {
            for size in 1..=text.len() {
                let mut harmless = Harmless::new(Destination::Pipe);
                let mut out = Vec::new();
                text.chunks(size).for_each(|piece| harmless.show(piece, &mut out));
                assert_eq!(out, expected, "{:?} by {size}", text.escape_ascii());
            }
        }
    }

    #[test]
    fn what_is_emphasized_is_turned_inside_out_in_any_colour() {
        let mut harmless = Harmless::new(Destination::Terminal { has_colours: true });
        let mut out = Vec::new();
        harmless.show(b"a \x1b[31mb", &mut out);
        harmless.emphasize(true);
        harmless.show(b"c\x1b[32md", &mut out);
        harmless.emphasize(false);
        harmless.show(b"e", &mut out);
        harmless.end_line(&mut out);
        let expected = "a <0;31>b<0;31><7>c<0;32><7>d<0;32>e<0>";
        let shown = String::from_utf8(out).expect("UTF-8").replace("\x1b[", "<");
        assert_eq!(shown.replace('m', ">"), expected);
    }
}
