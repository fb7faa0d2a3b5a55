//! How bad a line says it is: by a field of JSON or logfmt, or by a word near its start.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::fields::{json_object, logfmt_pairs};
use crate::args::Level::{self, Error, Fatal, Info, Trace, Warn};

/// In plain text a level stands within so many bytes.
const NEAR_BYTES: usize = 120;

/// The level of `line`, which has no newline, if it has one.
pub(crate) fn of(line: &[u8]) -> Option<Level> {
    if let Some(object) = json_object(line) {
        return of_json(object);
    }
    let head = &line[..line.len().min(NEAR_BYTES)];
    match memchr::memchr(b'\x1b', head) {
        None => of_text(head, line),
        Some(_) => of_text(&without_colours(&line[..line.len().min(2 * NEAR_BYTES)]), line),
    }
}

/// Whether a line without a level belongs to the line before it, as those of a stack trace
/// do.
pub(crate) fn leans_back(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t')) || line.starts_with(b"Caused by")
}

fn of_text(head: &[u8], line: &[u8]) -> Option<Level> {
    let pairs = &line[..line.len().min(16 * NEAR_BYTES)];
    if may_have_level(pairs)
        && let Some(level) = logfmt_pairs(pairs).find_map(|(key, value)| {
            is_level_key(key).then(|| std::str::from_utf8(&value).ok().and_then(of_word)).flatten()
        })
    {
        return Some(level);
    }
    of_prefix(head).or_else(|| of_words(head))
}

/// Whether a key of [`is_level_key`] may stand there: much faster than reading all pairs.
fn may_have_level(line: &[u8]) -> bool {
    let has = |part: &[u8]| memchr::memmem::find(line, part).is_some();
    has(b"l=") || has(b"severity=") || has(b"levelname=")
}

/// `<3>` as sd-daemon(3) has it, and `E1123 14:03:…` as glog does.
fn of_prefix(head: &[u8]) -> Option<Level> {
    match head {
        [b'<', digit @ b'0'..=b'7', b'>', ..] => Some(of_number(i64::from(digit - b'0'))),
        [letter @ (b'I' | b'W' | b'E' | b'F'), rest @ ..]
            if rest.len() > 4 && rest[..4].iter().all(u8::is_ascii_digit) && rest[4] == b' ' =>
        {
            of_word(std::str::from_utf8(&[*letter]).unwrap_or_default())
        }
        _ => None,
    }
}

/// The first word that is a level: in capitals, or first of all, or set apart as `[info]`
/// and `info:` are.
fn of_words(head: &[u8]) -> Option<Level> {
    let mut at = 0;
    let mut is_first = true;
    while at < head.len() {
        let length = head[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let word = std::str::from_utf8(&head[at..at + length]).unwrap_or_default();
        let before = at.checked_sub(1).map_or(b' ', |before| head[before]);
        let after = head.get(at + length).copied().unwrap_or(b' ');
        at += length;
        let is_open =
            matches!(before, b' ' | b'\t' | b'[' | b'(' | b'<' | b'|' | b'"' | b':' | b'*');
        let is_closed =
            matches!(after, b' ' | b'\t' | b']' | b')' | b'>' | b'|' | b'"' | b':' | b',' | b'!');
        let is_word = length > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_capital = word.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_apart =
            matches!((before, after), (_, b':') | (b'[', b']') | (b'<', b'>') | (b'|', b'|'));
        if is_open && is_closed && is_word && (is_capital || is_first || is_apart) {
            let of_error = || (is_first && names_an_error(word, after)).then_some(Error);
            if let Some(level) = of_word(word).or_else(of_error) {
                return Some(level);
            }
        }
        is_first = false;
    }
    None
}

/// `TypeError: …`, `java.lang.Exception: …`, `Traceback (most recent call last):`.
fn names_an_error(word: &str, after: u8) -> bool {
    after == b':' && (word.ends_with("Error") || word.ends_with("Exception")) || word == "Traceback"
}

/// A level by its name in any of the usual spellings.
fn of_word(word: &str) -> Option<Level> {
    if word.len() > 11 {
        return None;
    }
    if let Ok(number) = word.parse() {
        return Some(of_number(number));
    }
    Some(match word.to_ascii_lowercase().as_str() {
        "fatal" | "critical" | "crit" | "panic" | "emerg" | "emergency" | "alert" | "f" => Fatal,
        "error" | "err" | "severe" | "e" => Error,
        "warn" | "warning" | "wrn" | "w" => Warn,
        "info" | "information" | "notice" | "inf" | "i" => Info,
        "debug" | "dbg" | "d" => Level::Debug,
        "trace" | "verbose" | "trc" | "finest" | "t" => Trace,
        _ => return None,
    })
}

/// From 10 on as pino and bunyan count, below as syslog does.
fn of_number(number: i64) -> Level {
    match number {
        ..=2 | 60.. => Fatal,
        3 | 50..=59 => Error,
        4 | 40..=49 => Warn,
        5 | 6 | 30..=39 => Info,
        7 | 20..=29 => Level::Debug,
        8..=19 => Trace,
    }
}

fn is_level_key(key: &[u8]) -> bool {
    matches!(key, b"level" | b"severity" | b"lvl" | b"levelname" | b"log.level" | b"@l" | b"@level")
}

fn of_json(object: &[u8]) -> Option<Level> {
    let mut found = None;
    let mut json = serde_json::Deserializer::from_slice(object);
    // An error also ends the reading early, once the level is known.
    let _ = json.deserialize_map(Top { found: &mut found });
    found
}

struct Top<'a> {
    found: &'a mut Option<Level>,
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key>()? {
            let level = match key {
                Key::Level => map.next_value::<Value>()?.0,
                Key::Log => map.next_value::<Value>()?.0,
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                    None
                }
            };
            if level.is_some() {
                *self.found = level;
                return Err(serde::de::Error::custom("found"));
            }
        }
        Ok(())
    }
}

enum Key {
    Level,
    /// An object that has the level, as in `{"log": {"level": …}}`.
    Log,
    Other,
}

impl<'de> serde::Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Key;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    name if is_level_key(name.as_bytes()) => Key::Level,
                    "log" => Key::Log,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_str(Name)
    }
}

/// What stands behind such a key.
struct Value(Option<Level>);

impl<'de> serde::Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(word) => Ok(Self(of_word(&word))),
            serde_json::Value::Number(number) => Ok(Self(number.as_i64().map(of_number))),
            serde_json::Value::Object(map) => Ok(Self(match map.get("level") {
                Some(serde_json::Value::String(word)) => of_word(word),
                _ => None,
            })),
            _ => Ok(Self(None)),
        }
    }
}

/// Text without its control sequences.
fn without_colours(head: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(head.len());
    let mut rest = head;
    while let Some(at) = memchr::memchr(b'\x1b', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(parameters) = rest.strip_prefix(b"[") {
            let end = parameters.iter().position(|byte| matches!(byte, b'@'..=b'~'));
            rest = end.map_or(&[], |end| &parameters[end + 1..]);
        }
    }
    plain.extend_from_slice(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_as_programs_write_them() {
        for (line, level) in [
            (r#"{"level":"error","msg":"x"}"#, Some(Error)),
            (r#"{"level":30,"msg":"ERROR"}"#, Some(Info)),
            (r#"{"msg":"x","severity":"WARNING"}"#, Some(Warn)),
            (r#"{"log":{"level":"debug"},"x":1}"#, Some(Level::Debug)),
            (r#"{"log.level":"Critical"}"#, Some(Fatal)),
            (r#" {"lvl":"T"}"#, Some(Trace)),
            (r#"{"@l":"Information"}"#, Some(Info)),
            (r#"{"level":null,"msg":"ERROR"}"#, None),
            (r#"{"a":{"level":"error"}}"#, None),
            (r#"{"level":"error","cut off":"#, Some(Error)),
            ("time=1 level=warn msg=\"level=error\"", Some(Warn)),
            ("msg=\"level=error\" x=1", None),
            ("lvl=eror", None),
            ("ERROR cannot", Some(Error)),
            ("2026-11-23T10:00:00Z  WARN shop::db: slow", Some(Warn)),
            ("2026/11/23 10:00:00 [error] 12#12: *1 open()", Some(Error)),
            ("[2026-11-23 10:00:00,123] INFO in app: ERROR 3", Some(Info)),
            ("10:00 | DEBUG | x", Some(Level::Debug)),
            ("\x1b[32mINFO\x1b[0m no", Some(Info)),
            ("\x1b[2m2026\x1b[0m \x1b[31mERROR\x1b[0m: no", Some(Error)),
            ("npm ERR! code 1", Some(Error)),
            ("warning: unused", Some(Warn)),
            ("error connecting", Some(Error)),
            ("an error occurred", None),
            ("connection error: reset", Some(Error)),
            ("{shop} ERROR no", Some(Error)),
            ("GET /ERROR 200", None),
            ("TypeError: x is no function", Some(Error)),
            ("Traceback (most recent call last):", Some(Error)),
            ("E1123 14:03:00.1 1 x.go:1] no", Some(Error)),
            ("I am not a level", None),
            ("<3>broken", Some(Error)),
            ("listening on 3000", None),
            ("", None),
            ("\u{1f600} FATAL", Some(Fatal)),
        ] {
            assert_eq!(of(line.as_bytes()), level, "{line}");
        }
        let far = format!("{}ERROR", " x".repeat(100));
        assert_eq!(of(far.as_bytes()), None, "a word far from the start is none");
    }

    #[test]
    fn the_worse_the_greater() {
        assert!(
            Trace < Level::Debug
                && Level::Debug < Info
                && Info < Warn
                && Warn < Error
                && Error < Fatal
        );
        for (number, level) in [
            (10, Trace),
            (20, Level::Debug),
            (30, Info),
            (40, Warn),
            (50, Error),
            (60, Fatal),
            (35, Info),
            (3, Error),
            (7, Level::Debug),
        ] {
            assert_eq!(of_number(number), level);
        }
    }
}
