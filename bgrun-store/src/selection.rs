//! What was typed or piped in, and which processes it means: names, globs, `@group`,
//! `--all`, and JSON or names on stdin.

use globset::GlobBuilder;
use serde_json::Value;

use crate::name;

/// What a selector can be matched against.
pub trait Named {
    /// The process's name.
    fn name(&self) -> &str;
    /// Its group.
    fn group(&self) -> Option<&str>;
}

impl Named for crate::Process {
    fn name(&self) -> &str {
        &self.name
    }

    fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }
}

/// Which processes are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// Every process.
    All,
    /// The processes of a group.
    Group(String),
    /// A name, or a glob when it has the signs of one and no process has it as its name.
    Name(String),
}

impl Selector {
    /// Reads an operand of the command line.
    #[must_use]
    pub fn parse(operand: &str) -> Self {
        match operand.strip_prefix('@') {
            Some(group) => Self::Group(group.to_owned()),
            None => Self::Name(operand.to_owned()),
        }
    }

    fn is_glob(text: &str) -> bool {
        text.contains(['*', '?', '['])
    }
}

/// What selectors came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Positions of the processes meant, in the order of the selectors, each once.
    pub chosen: Vec<usize>,
    /// Names that no process has.
    pub unknown: Vec<String>,
    /// Globs and groups that match nothing.
    pub empty: Vec<String>,
}

/// Finds what `selectors` mean among `processes`.
#[must_use]
pub fn select<P: Named>(selectors: &[Selector], processes: &[P]) -> Selected {
    let mut selected = Selected::default();
    let mut is_chosen = vec![false; processes.len()];
    for selector in selectors {
        let found: Vec<usize> = match selector {
            Selector::All => (0..processes.len()).collect(),
            Selector::Group(group) => {
                positions(processes, |process| process.group() == Some(group))
            }
            Selector::Name(name) => {
                let exact = positions(processes, |process| process.name() == name);
                if exact.is_empty() && Selector::is_glob(name) {
                    let glob = GlobBuilder::new(name).build().map(|glob| glob.compile_matcher());
                    positions(processes, |process| {
                        glob.as_ref().is_ok_and(|glob| glob.is_match(process.name()))
                    })
                } else {
                    exact
                }
            }
        };
        if found.is_empty() {
            match selector {
                Selector::All => {}
                Selector::Group(group) => selected.empty.push(format!("@{group}")),
                Selector::Name(name) if Selector::is_glob(name) => {
                    selected.empty.push(name.clone())
                }
                Selector::Name(name) => selected.unknown.push(name.clone()),
            }
        }
        for position in found {
            if !std::mem::replace(&mut is_chosen[position], true) {
                selected.chosen.push(position);
            }
        }
    }
    selected
}

fn positions<P>(processes: &[P], is_meant: impl Fn(&P) -> bool) -> Vec<usize> {
    processes.iter().enumerate().filter(|(_, one)| is_meant(one)).map(|(at, _)| at).collect()
}

/// A selector that means just this name, also when nobody has it: what would make it a glob
/// stands in brackets.
#[must_use]
pub fn exactly(name: &str) -> String {
    if !name.contains(['*', '?', '[']) && !name.starts_with('@') {
        return name.to_owned();
    }
    let mut selector = String::new();
    for (at, character) in name.char_indices() {
        match character {
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' => selector.extend(['[', character, ']']),
            '@' if at == 0 => selector.push_str("[@]"),
            plain => selector.push(plain),
        }
    }
    selector
}

/// What is said of a name that no process has.
#[must_use]
pub fn nearest<P: Named>(unknown: &str, processes: &[P]) -> Option<String> {
    name::nearest(unknown, processes.iter().map(Named::name)).map(str::to_owned)
}

/// The way out where [`nearest`] knows none. `all` is a word of other tools.
#[must_use]
pub fn way_out(unknown: &str) -> &'static str {
    if unknown == "all" { "for all of them: --all" } else { "'bgrun ls' lists them" }
}

/// One thing read from stdin.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A plain name.
    Name(String),
    /// A record, or a part of one; it has a `name`.
    Record(serde_json::Map<String, Value>),
}

impl Item {
    /// The name of the process it is about.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Name(name) => name,
            Self::Record(record) => record.get("name").and_then(Value::as_str).unwrap_or_default(),
        }
    }
}

/// Input that is not what `-` takes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// It is not JSON.
    #[error("stdin, line {line}, column {column}: {reason}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It is JSON, and no record.
    #[error("stdin, item {0}: neither a name nor an object with a \"name\"")]
    Item(usize),
    /// It is no UTF-8.
    #[error("stdin is no UTF-8 text")]
    Encoding,
}

/// Reads what `-` stands for: a JSON array, NDJSON, a single object, or plain names,
/// one a line. All of it is read before any of it is used.
///
/// # Errors
/// See [`InputError`]. With `needs_name` an object without a name is one.
pub fn read(input: &[u8], needs_name: bool) -> Result<Vec<Item>, InputError> {
    let text = std::str::from_utf8(input).map_err(|_| InputError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.trim_start().starts_with(['[', '{', '"']) {
        let names = text.lines().map(str::trim).filter(|line| !line.is_empty());
        return Ok(names.map(|name| Item::Name(name.to_owned())).collect());
    }
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match value {
            Ok(Value::Array(items)) => values.extend(items),
            Ok(value) => values.push(value),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or(&reason).to_owned();
                return Err(InputError::Json {
                    line: error.line(),
                    column: error.column(),
                    reason,
                });
            }
        }
    }
    let items = values.into_iter().enumerate().map(|(at, value)| match value {
        Value::String(name) => Ok(Item::Name(name)),
        Value::Object(record) if !needs_name && !record.contains_key("name") => {
            Ok(Item::Record(record))
        }
        Value::Object(record) if record.get("name").is_some_and(Value::is_string) => {
            Ok(Item::Record(record))
        }
        _ => Err(InputError::Item(at + 1)),
    });
    items.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(&'static str, Option<&'static str>);
    impl Named for One {
        fn name(&self) -> &str {
            self.0
        }
        fn group(&self) -> Option<&str> {
            self.1
        }
    }

    fn chosen(selectors: &[&str]) -> (Vec<&'static str>, Vec<String>, Vec<String>) {
        let all = [
            One("api-1", Some("shop")),
            One("api-2", None),
            One("web", Some("shop")),
            One("a*", None),
        ];
        let selectors: Vec<_> = selectors.iter().map(|one| Selector::parse(one)).collect();
        let selected = select(&selectors, &all);
        (selected.chosen.iter().map(|at| all[*at].0).collect(), selected.unknown, selected.empty)
    }

    #[test]
    fn names_globs_and_groups_are_found_once_each_in_order() {
        assert_eq!(chosen(&["web", "api-*"]).0, ["web", "api-1", "api-2"]);
        assert_eq!(chosen(&["@shop", "web"]).0, ["api-1", "web"]);
        assert_eq!(chosen(&["a*"]).0, ["a*"], "a name is meant before a glob");
        assert_eq!(chosen(&["?e[a-c]"]).0, ["web"]);
    }

    #[test]
    fn an_unknown_name_is_told_from_an_empty_glob() {
        let (none, unknown, empty) = chosen(&["wbe", "x-*", "@none"]);
        assert!(none.is_empty());
        assert_eq!((unknown, empty), (vec!["wbe".into()], vec!["x-*".into(), "@none".into()]));
    }

    #[test]
    fn every_shape_of_input_gives_the_same_names() {
        for input in [
            r#"[{"name":"a","run":1},{"name":"b"}]"#,
            "{\"name\":\"a\"}\n{\"name\":\"b\"}\n",
            "a\n\n  b  \r\n",
            r#"["a","b"]"#,
            "\u{feff}[\"a\"]\n[\"b\"]",
        ] {
            let items = read(input.as_bytes(), true).expect(input);
            assert_eq!(items.iter().map(Item::name).collect::<Vec<_>>(), ["a", "b"], "{input}");
        }
        assert_eq!(read(b"", true), Ok(vec![]));
        assert_eq!(read(b"[]", true), Ok(vec![]));
    }

    #[test]
    fn bad_input_is_told_with_its_place() {
        let error = read(b"[{\"name\":\n \"a\",]", true).expect_err("no JSON");
        assert!(matches!(error, InputError::Json { line: 2, .. }), "{error}");
        assert_eq!(read(b"[{\"id\":1}]", true), Err(InputError::Item(1)));
        assert_eq!(read(b"[\"a\", 7]", true), Err(InputError::Item(2)));
        assert_eq!(read(&[0xff, 0xfe], true), Err(InputError::Encoding));
        assert!(read(b"[{\"command\":\"x\"}]", false).is_ok());
    }

    #[test]
    fn a_name_means_itself_whether_somebody_has_it_or_not() {
        struct One(&'static str);
        impl Named for One {
            fn name(&self) -> &str {
                self.0
            }
            fn group(&self) -> Option<&str> {
                Some("a")
            }
        }
        let names = ["web", "a*", "a?", "[a]", "{a,b}", "!a", "@a", "a\\b*", "a[!b]", "*", "ax"];
        for name in names {
            let selector = [Selector::parse(&exactly(name))];
            let others = names.iter().filter(|other| **other != name).map(|other| One(other));
            let others: Vec<_> = others.collect();
            assert!(select(&selector, &others).chosen.is_empty(), "{name}");
            let all: Vec<_> = names.iter().map(|name| One(name)).collect();
            let chosen = select(&selector, &all).chosen;
            assert_eq!(chosen.iter().map(|at| names[*at]).collect::<Vec<_>>(), [name]);
        }
    }
}
