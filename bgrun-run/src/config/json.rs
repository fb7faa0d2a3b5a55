//! JSON: numbers as they are written there, however large.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::place::{Place, Wrong};
use super::{DEEPEST, Value};

/// What the text holds.
///
/// # Errors
/// It is no JSON, or too deep.
pub(super) fn parse(text: &str) -> Result<Value, Wrong> {
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or(&what);
        // Behind the end of the text the column is that of its last byte.
        let column = error.column().max(1);
        Wrong::new(Place { line: error.line().max(1), column }, what)
    })?;
    of(raw.get(), 0).map_err(|broken| Wrong::new(Place::of_offset(text, broken.at(text)), broken.0))
}

/// What is wrong, and the part of the text that it is in.
struct Broken<'a>(&'static str, &'a str);

impl Broken<'_> {
    fn at(&self, text: &str) -> usize {
        // It is borrowed from the text.
        (self.1.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
    }
}

/// One level after the other: a number that is read by itself would be rounded.
fn of(text: &str, depth: usize) -> Result<Value, Broken<'_>> {
    if depth > DEEPEST {
        return Err(Broken("too deep", text));
    }
    let broken = |_| Broken("cannot be read", text);
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let Entries(entries) = serde_json::from_str(text).map_err(broken)?;
            let mut table = Vec::with_capacity(entries.len());
            for (key, raw) in entries {
                table.push((key, of(raw.get(), depth + 1)?));
            }
            Value::Table(table)
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(broken)?;
            let elements = elements.into_iter().map(|raw| of(raw.get(), depth + 1));
            Value::List(elements.collect::<Result<_, _>>()?)
        }
        Some(b'"') => Value::Scalar(serde_json::from_str(text).map_err(broken)?),
        Some(b'n') => Value::Null,
        // true, false, a number
        _ => Value::Scalar(text.to_owned()),
    })
}

/// The entries of an object, those that are there twice too.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_parts_is_taken_as_it_is_written() {
        for (text, expected) in [
            ("9007199254740993", "9007199254740993"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("-1.50e3", "-1.50e3"),
            ("true", "true"),
            (r#""a,b=c\n\u00e4""#, "a,b=c\nä"),
        ] {
            let value = parse(&format!(" {{ \"a\" : [ {text} ] }}\n")).expect(text);
            let element = Value::List(vec![Value::Scalar(expected.to_owned())]);
            assert_eq!(value, Value::Table(vec![("a".to_owned(), element)]), "{text}");
        }
        assert_eq!(parse("null").expect("null"), Value::Null);
    }

    #[test]
    fn what_is_broken_has_a_place() {
        let deep = format!("\n{}{}", "[".repeat(40), "]".repeat(40));
        for (text, place) in [
            ("{\n  \"a\": }", "line 2, column 8"),
            ("{\n  \"a\": 1,\n}", "line 3, column 1"),
            ("", "line 1, column 1"),
            ("{} x", "line 1, column 4"),
            (&deep, "line 2, column 34: too deep"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }
}
