//! Other words for a verb: what users of pm2, systemctl, docker and the older tool
//! type first.

/// Each alias, its verb, and the flags that go before the user's own arguments.
pub(crate) const ALIASES: [(&str, &str, &[&str]); 14] = [
    ("list", "ls", &[]),
    ("ps", "ls", &[]),
    ("status", "ls", &[]),
    ("show", "ls", &["--details"]),
    ("details", "ls", &["--details"]),
    ("start", "run", &[]),
    ("restart", "run", &["--restart"]),
    ("stop", "kill", &[]),
    ("down", "up", &["--down"]),
    ("rm", "kill", &["--delete"]),
    ("delete", "kill", &["--delete"]),
    ("clean", "kill", &["--clean"]),
    ("nuke", "kill", &["--nuke"]),
    ("dashboard", "dash", &["--background"]),
];

/// The verb that `word` stands for, with its flags.
pub(crate) fn resolve(word: &str) -> Option<(&'static str, &'static [&'static str])> {
    ALIASES.iter().find(|(alias, ..)| *alias == word).map(|(_, verb, flags)| (*verb, *flags))
}

#[cfg(test)]
mod tests {
    use super::ALIASES;
    use crate::names::is_own;

    #[test]
    fn an_alias_stands_for_a_verb_and_never_hides_one() {
        for (alias, verb, _) in ALIASES {
            assert!(is_own(verb), "{alias} -> {verb}");
            assert!(!is_own(alias), "{alias} is a verb");
        }
    }
}
