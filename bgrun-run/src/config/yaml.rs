//! YAML 1.2, by its core schema, made of the parser's events: numbers and dates as they are
//! written there. Aliases and merge keys (`<<`) are followed, within a limit.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::place::{Place, Wrong};
use super::{DEEPEST, Value};

/// So many values, those that aliases repeat too: a small file can hold a billion of them.
const MOST: usize = 100_000;

/// What the text holds; nothing if it is empty.
///
/// # Errors
/// It is no YAML, more than one document, too deep or too much.
pub(super) fn parse(text: &str) -> Result<Value, Wrong> {
    let mut reader =
        Reader { events: Parser::new_from_str(text), anchors: HashMap::new(), left: MOST };
    let mut value = None;
    loop {
        match reader.next()? {
            (
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing,
                _,
            ) => {}
            (Event::StreamEnd, _) => return Ok(value.unwrap_or(Value::Null)),
            (_, at) if value.is_some() => {
                return Err(Wrong::new(place(&at.start), "a second document"));
            }
            first => value = Some(reader.value(first, 0)?),
        }
    }
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, (Value, usize)>,
    left: usize,
}

type Item<'a> = (Event<'a>, Span);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Item<'a>, Wrong> {
        match self.events.next() {
            Some(Ok(item)) => Ok(item),
            Some(Err(error)) => Err(broken(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The value that begins with an event.
    fn value(&mut self, (event, at): Item<'a>, depth: usize) -> Result<Value, Wrong> {
        let wrong = |what: &str| Wrong::new(place(&at.start), what);
        if depth > DEEPEST {
            return Err(wrong("too deep"));
        }
        let before = self.left;
        self.left = self.left.checked_sub(1).ok_or_else(|| wrong("too many values"))?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                let is_string = tag.as_deref().is_some_and(is_string);
                let value = match text.into_owned() {
                    text if is_plain => plain(text),
                    text if is_string || tag.is_none() => Value::Scalar(text),
                    // !!int "3", !!null "", and tags of others, which mean nothing here.
                    text => plain(text),
                };
                (value, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut elements = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        item => elements.push(self.value(item, depth + 1)?),
                    }
                }
                (Value::List(elements), anchor)
            }
            Event::MappingStart(anchor, _) => (Value::Table(self.entries(depth)?), anchor),
            Event::Alias(anchor) => {
                let (value, size) =
                    self.anchors.get(&anchor).ok_or_else(|| wrong("an alias of itself"))?;
                self.left = self.left.checked_sub(*size).ok_or_else(|| wrong("too many values"))?;
                if depth + depth_of(value) > DEEPEST {
                    return Err(wrong("too deep"));
                }
                return Ok(value.clone());
            }
            _ => return Err(wrong("cannot be read")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, (value.clone(), before - self.left));
        }
        Ok(value)
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<(String, Value)>, Wrong> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        let mut merged: Vec<(String, Value)> = Vec::new();
        loop {
            let item = self.next()?;
            let at = item.1.start;
            let is_merge = match &item.0 {
                Event::MappingEnd => break,
                Event::Scalar(text, ScalarStyle::Plain, _, None) => text == "<<",
                _ => false,
            };
            // As it is written: `3`, `yes` and `null` are names like any other.
            let key = match &item.0 {
                Event::Scalar(text, ..) => text.to_string(),
                _ => match self.value(item, depth + 1)? {
                    Value::Scalar(text) => text,
                    _ => return Err(Wrong::new(place(&at), "a key that is not text")),
                },
            };
            let first = self.next()?;
            let value_at = first.1.start;
            let value = self.value(first, depth + 1)?;
            match value {
                value if !is_merge => {
                    if entries.iter().any(|(known, _)| *known == key) {
                        let what = format!("key '{key}' appears twice");
                        return Err(Wrong::new(place(&at), what));
                    }
                    entries.push((key, value));
                }
                Value::Table(table) => merged.extend(table),
                Value::List(tables) if tables.iter().all(|one| matches!(one, Value::Table(_))) => {
                    merged.extend(tables.into_iter().flat_map(|one| match one {
                        Value::Table(table) => table,
                        _ => Vec::new(),
                    }));
                }
                _ => return Err(Wrong::new(place(&value_at), "<< takes a mapping")),
            }
        }
        // What the mapping says itself goes before what is merged, and the first of those
        // before the others.
        for (key, value) in merged {
            if !entries.iter().any(|(known, _)| *known == key) {
                entries.push((key, value));
            }
        }
        Ok(entries)
    }
}

fn depth_of(value: &Value) -> usize {
    let deepest =
        |parts: &mut dyn Iterator<Item = &Value>| parts.map(depth_of).max().map_or(0, |d| d + 1);
    match value {
        Value::Null | Value::Scalar(_) => 0,
        Value::List(elements) => deepest(&mut elements.iter()),
        Value::Table(entries) => deepest(&mut entries.iter().map(|(_, value)| value)),
    }
}

fn is_string(tag: &Tag) -> bool {
    tag.handle == "!" && tag.suffix.is_empty() || tag.is_yaml_core_schema() && tag.suffix == "str"
}

/// What stands there without quotes: nothing, a truth, a number in another base, or text.
fn plain(text: String) -> Value {
    Value::Scalar(match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => "true".to_owned(),
        "false" | "False" | "FALSE" => "false".to_owned(),
        word => {
            let based =
                |prefix, radix| u128::from_str_radix(word.strip_prefix(prefix)?, radix).ok();
            match based("0x", 16).or_else(|| based("0o", 8)) {
                Some(number) => number.to_string(),
                None => text,
            }
        }
    })
}

fn broken(error: &ScanError) -> Wrong {
    Wrong::new(place(error.marker()), error.info())
}

fn place(marker: &Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value) -> String {
        match value {
            Value::Null => "-".to_owned(),
            Value::Scalar(text) => text.clone(),
            Value::List(all) => {
                format!("[{}]", all.iter().map(shown).collect::<Vec<_>>().join(" "))
            }
            Value::Table(all) => {
                let all = all.iter().map(|(key, value)| format!("{key}:{}", shown(value)));
                format!("{{{}}}", all.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn values_are_taken_as_they_are_written() {
        for (text, expected) in [
            ("", "-"),
            ("# nothing\n---\n...\n", "-"),
            ("a: 9007199254740993\nb: 1.50", "{a:9007199254740993 b:1.50}"),
            ("a: 2001-12-14t21:59:43.10-05:00", "{a:2001-12-14t21:59:43.10-05:00}"),
            ("a: True\nb: no\nc: 'true'", "{a:true b:no c:true}"),
            ("a: 0xff\nb: 0o17\nc: 010\nd: '0xff'", "{a:255 b:15 c:010 d:0xff}"),
            ("a:\nb: ~\nc: \"\"\nd: 'null'", "{a:- b:- c: d:null}"),
            ("a: !!str 0xff\nb: !!int \"0x10\"\nc: !mine x", "{a:0xff b:16 c:x}"),
            ("a:\n- x, y=z\n- {b: 1}", "{a:[x, y=z {b:1}]}"),
            ("a: |\n  two\n  lines\n", "{a:two\nlines\n}"),
            ("a: &x {k: 1}\nb: *x\nc: [*x, *x]", "{a:{k:1} b:{k:1} c:[{k:1} {k:1}]}"),
            ("a: &x {k: 1, l: 1}\nb:\n  <<: *x\n  k: 2", "{a:{k:1 l:1} b:{k:2 l:1}}"),
            ("a: &x {k: 1}\nb: &y {k: 2}\nc: {<<: [*y, *x]}", "{a:{k:1} b:{k:2} c:{k:2}}"),
            ("3: x\nyes: y", "{3:x yes:y}"),
        ] {
            assert_eq!(shown(&parse(text).expect(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_is_broken_has_a_place() {
        let deep = format!("a: {}{}", "[".repeat(40), "]".repeat(40));
        let laughs = (1..12).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
            format!("{text}a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))
        });
        for (text, place) in [
            ("a: 1\nb: [1, 2\nc: 3\n", "line "),
            ("a: 1\na: 2\n", "line 2, column 1: key 'a' appears twice"),
            ("a: 1\n---\nb: 2\n", "line 3, column 1: a second document"),
            ("a: *nobody\n", "line 1, column 4"),
            ("a:\n\tb: 1\n", "line 2, column"),
            ("a: &a [*a]\n", "line 1, column 8: an alias of itself"),
            ("[a]: 1\n", "line 1, column 1: a key that is not text"),
            ("<<: 3\n", "line 1, column 5: << takes a mapping"),
            (&deep, "line 1, column 36: too deep"),
            (&laughs, "line "),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }
}
