//! The fields of a line that is a JSON object or logfmt, and whether one has a value.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::pattern::Pattern;

/// A field, and the value that it is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// Dots lead into objects; a key may have dots of its own, too.
    path: String,
    value: String,
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((path, value)) if !path.is_empty() => {
                Ok(Self { path: path.to_owned(), value: value.to_owned() })
            }
            _ => Err("a field is KEY=VALUE, such as status=500 or req.method=GET".to_owned()),
        }
    }
}

impl Field {
    /// Whether `line` has this field with this value.
    pub(crate) fn is_in(&self, line: &[u8]) -> bool {
        match json_object(line) {
            Some(object) => self.is_in_object(object),
            None => logfmt_pairs(line).any(|(key, value)| {
                key == self.path.as_bytes() && *value == *self.value.as_bytes()
            }),
        }
    }

    fn is_in_object(&self, object: &[u8]) -> bool {
        let mut is_found = false;
        let mut json = serde_json::Deserializer::from_slice(object);
        let sought = Sought { path: Some(&self.path), value: &self.value, is_found: &mut is_found };
        // An error also ends the reading early, once the field is found.
        let _ = sought.deserialize(&mut json);
        is_found
    }

    /// Finds every line that may have it: all that name its key as it is, or have a
    /// character written as a number, which may be one of the key's.
    pub(crate) fn candidates(&self) -> Option<Pattern> {
        let key = self.path.rsplit('.').next().unwrap_or_default();
        // Other characters than these may be written in more than one way.
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'@');
        if key.is_empty() || !key.bytes().all(is_plain) {
            return None;
        }
        Pattern::of_texts(&[key.to_owned(), r"\u".to_owned()], false).ok()
    }
}

/// The line from its `{` on, if it may be a JSON object.
pub(crate) fn json_object(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii_start();
    let inside = line.strip_prefix(b"{")?.trim_ascii_start();
    matches!(inside.first(), Some(b'"' | b'}') | None).then_some(line)
}

/// What is looked for in a value of JSON, and whether it was found.
struct Sought<'a> {
    /// What is left of the path; none of it: this is the value.
    path: Option<&'a str>,
    value: &'a str,
    is_found: &'a mut bool,
}

impl Sought<'_> {
    /// Ends the reading when the value is the one.
    fn compare<E: serde::de::Error>(self, is_same: bool) -> Result<(), E> {
        if self.path.is_some() || !is_same {
            return Ok(());
        }
        *self.is_found = true;
        Err(E::custom("found"))
    }
}

impl<'de> DeserializeSeed<'de> for Sought<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Sought<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { path, value, is_found } = self;
        let path = path.unwrap_or_default();
        while let Some(rest) = map.next_key_seed(Rest { path })? {
            match rest {
                Some(rest) if !path.is_empty() => {
                    map.next_value_seed(Sought { path: rest, value, is_found: &mut *is_found })?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    /// A list has what one of its members has.
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self { path, value, is_found } = self;
        while list.next_element_seed(Sought { path, value, is_found: &mut *is_found })?.is_some() {}
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let is_same = text == self.value;
        self.compare(is_same)
    }

    fn visit_bool<E: serde::de::Error>(self, is_true: bool) -> Result<(), E> {
        let is_same = self.value == if is_true { "true" } else { "false" };
        self.compare(is_same)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        let is_same = self.value.parse() == Ok(number);
        self.compare(is_same)
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        let is_same = self.value.parse() == Ok(number);
        self.compare(is_same)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        let is_same = self.value.parse() == Ok(number);
        self.compare(is_same)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        let is_same = self.value == "null";
        self.compare(is_same)
    }
}

/// Reads a key: what is left of the path behind it, if it leads there.
struct Rest<'a> {
    path: &'a str,
}

impl<'de, 'a> DeserializeSeed<'de> for Rest<'a> {
    type Value = Option<Option<&'a str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Rest<'a> {
    type Value = Option<Option<&'a str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(match self.path.strip_prefix(key) {
            Some("") => Some(None),
            Some(rest) => rest.strip_prefix('.').map(Some),
            None => None,
        })
    }
}

/// The `key=value` and `key="some value"` of a line, each value without its quotes.
pub(crate) fn logfmt_pairs(line: &[u8]) -> impl Iterator<Item = (&[u8], Cow<'_, [u8]>)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_ascii_start();
            let end = rest.iter().position(|&byte| byte == b'=' || byte.is_ascii_whitespace())?;
            let key = &rest[..end];
            let is_pair = rest[end] == b'=' && !key.is_empty();
            rest = &rest[end + 1..];
            if is_pair {
                let (value, length) = logfmt_value(rest);
                rest = &rest[length..];
                return Some((key, value));
            }
        }
    })
}

/// The value at the start, and how many bytes it takes there.
fn logfmt_value(text: &[u8]) -> (Cow<'_, [u8]>, usize) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
        return (Cow::Borrowed(&text[..end]), end);
    };
    let Some(end) = memchr::memchr2(b'"', b'\\', quoted) else {
        return (Cow::Borrowed(quoted), text.len());
    };
    if quoted[end] == b'"' {
        return (Cow::Borrowed(&quoted[..end]), end + 2);
    }
    let mut value = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    while let Some((at, &byte)) = bytes.next() {
        match byte {
            b'"' => return (Cow::Owned(value), at + 2),
            b'\\' => match bytes.next() {
                Some((_, b'n')) => value.push(b'\n'),
                Some((_, b't')) => value.push(b'\t'),
                Some((_, &other)) => value.push(other),
                None => break,
            },
            byte => value.push(byte),
        }
    }
    (Cow::Owned(value), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_json_and_logfmt() {
        let json = r#"{"status":500,"ok":false,"user":"ada","by":null,"t":1.5,"req":{"method":"GET","h":{"a.b":"x"}},"a.b":"dot","tags":["web","db"],"all":[{"id":7}],"e":"caf\u00e9","st":"500"}"#;
        let logfmt =
            r#"time=10:00 level=info msg="GET \"/\" done" status=500 empty= user.name=ada flag"#;
        for (line, field, expected) in [
            (json, "status=500", true),
            (json, "status=50", false),
            (json, "st=500", true),
            (json, "ok=false", true),
            (json, "user=ada", true),
            (json, "user=", false),
            (json, "by=null", true),
            (json, "t=1.5", true),
            (json, "t=1.50", true),
            (json, "req.method=GET", true),
            (json, "method=GET", false),
            (json, "req=GET", false),
            (json, "req.h.a.b=x", true),
            (json, "a.b=dot", true),
            (json, "tags=db", true),
            (json, "tags=d", false),
            (json, "all.id=7", true),
            (json, "e=café", true),
            (json, "none=1", false),
            (logfmt, "status=500", true),
            (logfmt, "status=5", false),
            (logfmt, r#"msg=GET "/" done"#, true),
            (logfmt, "empty=", true),
            (logfmt, "user.name=ada", true),
            (logfmt, "flag=", false),
            ("", "a=b", false),
            (r#"{"a":{"b":1},"a.b":2}"#, "a.b=2", true),
            (r#"{"a":1} and more"#, "a=1", true),
            (r#"{"x": broken, "a":1}"#, "a=1", false),
            ("{not json} a=1", "a=1", true),
            ("x=\"unfinished", "x=unfinished", true),
            ("x=\"unfinished\\", "x=unfinished", true),
        ] {
            let field: Field = field.parse().expect("a field");
            assert_eq!(field.is_in(line.as_bytes()), expected, "{field:?} in {line}");
        }
    }

    #[test]
    fn deep_nesting_and_invalid_text_are_survived() {
        let field: Field = "a=1".parse().expect("a field");
        assert!(!field.is_in(&[b"{\"b\":".repeat(100_000), b"1".to_vec()].concat()));
        assert!(!field.is_in(b"{\"\xff\":1"));
        assert!(field.is_in(b"\xff a=1"));
    }

    #[test]
    fn a_field_has_a_key() {
        for wrong in ["", "a", "=b"] {
            assert!(wrong.parse::<Field>().is_err(), "{wrong}");
        }
        assert!("a=b=c".parse::<Field>().is_ok());
    }

    #[test]
    fn candidates_leave_no_line_out() {
        let candidates = |path: &str| Field { path: path.into(), value: "1".into() }.candidates();
        assert!(candidates("a/b").is_none() && candidates("日").is_none());
        let of = candidates("req.id").expect("a plain key");
        assert!(of.is_in(br#"{"req":{"id":1}}"#) && of.is_in(br#"{"req":{"\u0069d":1}}"#));
        assert!(!of.is_in(b"{\"x\":1}"));
    }
}
