//! What has to be there before a process is started: another process, in some state.

use std::fmt;
use std::str::FromStr;

use crate::name;

/// The state in which a process is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It runs.
    Running,
    /// It is ready, where it says how one finds out; otherwise it runs.
    Ready,
    /// It has ended with 0.
    Exited,
}

impl Condition {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Exited => "exited",
        }
    }
}

/// One thing that has to be there first: `db`, `db:running`, `db:ready`, `migrate:exited`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    /// The other process.
    pub name: String,
    /// Its state: ready, if nothing is said.
    pub condition: Condition,
    is_said: bool,
}

impl FromStr for After {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let conditions = [Condition::Running, Condition::Ready, Condition::Exited];
        let said = text.rsplit_once(':').and_then(|(name, word)| {
            let condition = conditions.into_iter().find(|one| one.as_str() == word)?;
            Some((name, condition))
        });
        let (name, condition) = said.unwrap_or((text, Condition::Ready));
        name::check(name).map_err(|rule| rule.to_string())?;
        Ok(Self { name: name.to_owned(), condition, is_said: said.is_some() })
    }
}

impl fmt::Display for After {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        if self.is_said {
            write!(formatter, ":{}", self.condition.as_str())?;
        }
        Ok(())
    }
}

/// Finds a circle among processes that come after each other: `a`, `b`, `a` when `a` comes
/// after `b`, and `b` after `a`. `after` answers what a process comes after.
#[must_use]
pub fn circle<'a>(
    from: impl IntoIterator<Item = &'a str>,
    after: impl Fn(&str) -> Vec<&'a str>,
) -> Option<Vec<&'a str>> {
    let mut done: Vec<&str> = Vec::new();
    for root in from {
        // The way down to where we are, each with what is left to be looked at there.
        let mut way = vec![(root, after(root))];
        while let Some((_, left)) = way.last_mut() {
            let Some(next) = left.pop() else {
                done.extend(way.pop().map(|(name, _)| name));
                continue;
            };
            if let Some(at) = way.iter().position(|(name, _)| *name == next) {
                let names = way[at..].iter().map(|(name, _)| *name);
                return Some(names.chain([next]).collect());
            }
            if !done.contains(&next) {
                way.push((next, after(next)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_read_and_shown_as_it_was_said() {
        for (text, name, condition) in [
            ("db", "db", Condition::Ready),
            ("db:running", "db", Condition::Running),
            ("db:ready", "db", Condition::Ready),
            ("a:b:exited", "a:b", Condition::Exited),
            ("a:b", "a:b", Condition::Ready),
        ] {
            let after: After = text.parse().expect(text);
            assert_eq!((after.name.as_str(), after.condition), (name, condition), "{text}");
            assert_eq!(after.to_string(), text);
        }
        for text in ["", ":ready", "../x", " db"] {
            assert!(text.parse::<After>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn circles_are_found_and_diamonds_are_none() {
        let of = |edges: &[(&'static str, &'static str)], from: &[&'static str]| {
            let edges = edges.to_vec();
            let after = move |name: &str| {
                edges.iter().filter(|(one, _)| *one == name).map(|(_, other)| *other).collect()
            };
            circle(from.iter().copied(), after).map(|names| names.join(" "))
        };
        let diamond = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")];
        assert_eq!(of(&diamond, &["a", "b", "d"]), None);
        assert_eq!(of(&[("a", "a")], &["a"]).as_deref(), Some("a a"));
        assert_eq!(of(&[("a", "b"), ("b", "a")], &["a"]).as_deref(), Some("a b a"));
        let late = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")];
        assert_eq!(of(&late, &["a"]).as_deref(), Some("b c d b"));
        assert_eq!(of(&[], &[]), None);
    }
}
