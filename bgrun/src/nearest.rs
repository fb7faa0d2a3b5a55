//! Which name was meant by a word that is none.

use strsim::damerau_levenshtein;

/// The names that differ little enough from `word` to have been meant, the nearest
/// first. A name is never its own correction.
pub(crate) fn nearest<'a>(
    word: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    let word = word.trim_start_matches('-');
    let mut near: Vec<_> = names
        .into_iter()
        .map(|name| (damerau_levenshtein(word, name.trim_start_matches('-')), name))
        .filter(|(distance, _)| (1..=slips_allowed(word)).contains(distance))
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().map(|(_, name)| name)
}

/// One slip in a short word, for there nearly every word is two slips from a verb
/// (`web` from `rm`, `api` from `ps`).
fn slips_allowed(word: &str) -> usize {
    match word.chars().count() {
        0..=1 => 0,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;
    use crate::aliases::ALIASES;
    use crate::names::VERBS;

    #[test]
    fn a_slip_finds_the_verb_and_a_name_finds_none() {
        let table = [
            ("lgos", Some("logs")),
            ("log", Some("logs")),
            ("logss", Some("logs")),
            ("sl", Some("ls")),
            ("rnu", Some("run")),
            ("runn", Some("run")),
            ("kil", Some("kill")),
            ("klil", Some("kill")),
            ("wacth", Some("watch")),
            ("gaurd", Some("guard")),
            ("stpo", Some("stop")),
            ("strat", Some("start")),
            ("restrat", Some("restart")),
            ("delte", Some("delete")),
            ("dashbaord", Some("dashboard")),
            ("run", None),
            ("LOGS", None),
            ("web", None),
            ("api", None),
            ("db", None),
            ("worker", None),
            ("server", None),
            ("postgres", None),
            ("a", None),
            ("", None),
            ("löge", None),
        ];
        for (word, expected) in table {
            let names = VERBS.iter().map(|verb| verb.name).chain(ALIASES.map(|(alias, ..)| alias));
            assert_eq!(nearest(word, names).next(), expected, "{word}");
        }
    }

    #[test]
    fn the_nearest_comes_first() {
        assert!(nearest("stat", ["status", "start"]).eq(["start"]));
        assert!(nearest("statu", ["start", "status"]).eq(["status", "start"]));
    }

    #[test]
    fn dashes_do_not_count_as_slips() {
        assert_eq!(nearest("--stpo", ["--stop", "--stdout"]).next(), Some("--stop"));
        assert_eq!(nearest("-jsn", ["--json"]).next(), Some("--json"));
        assert_eq!(nearest("--x", ["--json"]).next(), None);
    }
}
