//! Names: the rule, a name for a command that was given none, the nearest name to a
//! mistyped one.

use std::borrow::Cow;

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty.
    #[error("a name cannot be empty")]
    Empty,
    /// It is longer than 128 bytes.
    #[error("a name cannot be longer than 128 bytes")]
    Long,
    /// It contains a slash.
    #[error("a name cannot contain '/'")]
    Slash,
    /// It contains a control character or one that turns the direction of writing.
    #[error("a name cannot contain control or bidirectional characters")]
    Control,
    /// It begins or ends with a blank.
    #[error("a name cannot begin or end with a blank")]
    Blank,
    /// It begins with `-` or `.`.
    #[error("a name cannot begin with '-' or '.'")]
    Start,
}

/// Checks the rule for names: 1 to 128 bytes, no `/`, no control or bidirectional
/// characters, no blank at either end, no `-` or `.` at the start. So a name can be
/// part of a file name, and is never a path or an option.
///
/// # Errors
/// The first part of the rule that is broken.
pub fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > 128 {
        return Err(NameError::Long);
    }
    if name.contains('/') {
        return Err(NameError::Slash);
    }
    if name.chars().any(is_forbidden) {
        return Err(NameError::Control);
    }
    if name.trim() != name {
        return Err(NameError::Blank);
    }
    if name.starts_with(['-', '.']) {
        return Err(NameError::Start);
    }
    Ok(())
}

/// Controls, and Unicode's Bidi_Control.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Makes a name of any text: what the rule forbids becomes `_`.
#[must_use]
pub fn made_from(text: &str) -> String {
    let replaced: String =
        text.trim().chars().map(|c| if c == '/' || is_forbidden(c) { '_' } else { c }).collect();
    let mut name = replaced.trim_start_matches(['-', '.', ' ']).to_owned();
    while name.len() > 120 {
        name.pop();
    }
    let name = name.trim();
    if name.is_empty() { "process".to_owned() } else { name.to_owned() }
}

/// The first of `name`, `name-2`, `name-3` … that is not taken.
#[must_use]
pub fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    let mut number = 2_u64;
    loop {
        let candidate = format!("{name}-{number}");
        if !is_taken(&candidate) {
            return candidate;
        }
        number += 1;
    }
}

/// Programs that run another file: the file says more about the process than they do.
const INTERPRETERS: [&str; 16] = [
    "node", "bun", "deno", "python", "python3", "ruby", "perl", "php", "java", "sh", "bash", "zsh",
    "fish", "npx", "tsx", "env",
];
/// Programs whose first operand is an act, whose second says what is run.
const RUNNERS: [&str; 7] = ["npm", "pnpm", "yarn", "bun", "deno", "cargo", "make"];

/// A name for a command that was given none: `server` for `node server.js`, `dev` for
/// `npm run dev`, otherwise the program's own name.
#[must_use]
pub fn derive(argv: &[Cow<'_, str>]) -> String {
    let stem = |word: &str| {
        let file = word.trim_end_matches('/').rsplit('/').next().unwrap_or(word);
        match file.rsplit_once('.') {
            Some((stem, extension))
                if !stem.is_empty() && extension.chars().all(char::is_alphanumeric) =>
            {
                stem.to_owned()
            }
            _ => file.to_owned(),
        }
    };
    // A whole shell line given as one word is named after its first.
    let first = argv.first().and_then(|word| word.split_whitespace().next());
    let Some(program) = first.map(stem) else { return made_from("") };
    let mut operands =
        argv.iter().skip(1).filter(|word| !word.starts_with('-') && !word.contains('='));
    let name = match operands.next() {
        Some(act) if RUNNERS.contains(&program.as_str()) && matches!(&**act, "run" | "exec") => {
            operands.next().map(|word| stem(word))
        }
        Some(script) if INTERPRETERS.contains(&program.as_str()) && !script.contains(' ') => {
            Some(stem(script))
        }
        _ => None,
    };
    made_from(&name.unwrap_or(program))
}

/// The candidate nearest to `word`, if one is near enough to be meant: one slip in
/// three letters.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_for_names() {
        for name in ["web", "a b", "日本", "🙂", "%s", "'; rm -rf ~", "a.b", "a-", &"x".repeat(128)]
        {
            assert_eq!(check(name), Ok(()), "{name:?}");
        }
        for (name, error) in [
            ("", NameError::Empty),
            (&*"x".repeat(129), NameError::Long),
            ("../x", NameError::Slash),
            ("a/b", NameError::Slash),
            ("a\nb", NameError::Control),
            ("a\u{202e}b", NameError::Control),
            ("a\u{9b}", NameError::Control),
            (" a", NameError::Blank),
            ("a ", NameError::Blank),
            ("-rf", NameError::Start),
            ("..", NameError::Start),
        ] {
            assert_eq!(check(name), Err(error), "{name:?}");
        }
    }

    #[test]
    fn a_made_name_keeps_the_rule() {
        for text in ["", "../../x", "-rf", "a\nb", " . ", "/", &"é".repeat(200), "ok"] {
            assert_eq!(check(&made_from(text)), Ok(()), "{text:?}");
        }
        assert_eq!(made_from("../../x"), "_.._x");
    }

    #[test]
    fn a_command_gives_its_process_a_name() {
        for (command, name) in [
            ("node server.js", "server"),
            ("/usr/bin/node --inspect ./src/app.mjs -p 1", "app"),
            ("npm run dev", "dev"),
            ("npm start", "npm"),
            ("cargo run --release", "cargo"),
            ("bun run build", "build"),
            ("bun index.ts", "index"),
            ("python3 -m http.server", "http"),
            ("sleep 60", "sleep"),
            ("/opt/my.app/bin/my-server x", "my-server"),
            ("sh -c", "sh"),
            ("env A=b prog", "prog"),
            ("", "process"),
            ("sleep\u{a0}5", "sleep"),
        ] {
            let argv: Vec<_> =
                command.split(' ').filter(|w| !w.is_empty()).map(Cow::from).collect();
            assert_eq!(derive(&argv), name, "{command}");
        }
    }

    #[test]
    fn a_free_name_gets_the_next_number() {
        assert_eq!(free("web", |_| false), "web");
        assert_eq!(free("web", |name| name == "web" || name == "web-2"), "web-3");
    }

    #[test]
    fn the_nearest_name_is_near() {
        let names = ["web", "worker", "api"];
        assert_eq!(nearest("wbe", names), Some("web"));
        assert_eq!(nearest("wroker", names), Some("worker"));
        assert_eq!(nearest("database", names), None);
    }
}
