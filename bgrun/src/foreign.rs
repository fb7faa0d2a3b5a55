//! What pm2, systemctl, docker and others call what is called differently here. These are
//! hints and no aliases: a process may have such a name.

const WORDS: [(&str, &str); 24] = [
    ("monit", "top"),
    ("stats", "top"),
    ("describe", "show"),
    ("inspect", "show"),
    ("info", "show"),
    ("launch", "run"),
    ("create", "run"),
    ("exec", "run"),
    ("reload", "restart"),
    ("tail", "logs -f"),
    ("follow", "logs -f"),
    ("journal", "logs"),
    ("flush", "logs --rotate"),
    ("remove", "rm"),
    ("del", "rm"),
    ("forget", "rm"),
    ("prune", "clean"),
    ("terminate", "kill"),
    ("signal", "kill --signal"),
    ("save", "ls --json --env"),
    ("startup", "guard --install"),
    ("enable", "guard --install"),
    ("resurrect", "guard"),
    ("version", "--version"),
];

/// What `word` is called here: a verb or an alias, perhaps with a flag.
pub(crate) fn meaning(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(foreign, _)| *foreign == word).map(|(_, here)| *here)
}

#[cfg(test)]
mod tests {
    use super::WORDS;
    use crate::{aliases, names};

    #[test]
    fn a_foreign_word_is_none_of_ours_and_leads_to_one_that_is() {
        let is_ours = |word: &str| names::is_own(word) || aliases::resolve(word).is_some();
        for (foreign, here) in WORDS {
            assert!(!is_ours(foreign), "{foreign} is a verb");
            let verb = here.split(' ').next().unwrap_or_default();
            assert!(verb.starts_with("--") || is_ours(verb), "{foreign} -> {here}");
        }
    }
}
