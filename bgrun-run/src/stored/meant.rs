//! What was meant by names that no process has and no command goes with: a command without
//! its `--`, a line of shell in quotes, a program or a script in the place of a name.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use bgrun_platform::spawn::find_program;
use bgrun_platform::text::safe;
use bgrun_store::rendered;

use crate::args::Args;
use crate::ask::joined;

/// What executes a script that says so only by the end of its name.
const INTERPRETERS: [(&str, &str); 10] = [
    ("js", "node"),
    ("mjs", "node"),
    ("cjs", "node"),
    ("ts", "bun"),
    ("py", "python3"),
    ("rb", "ruby"),
    ("pl", "perl"),
    ("php", "php"),
    ("sh", "sh"),
    ("bash", "bash"),
];

/// How it would be said, as a hint; none where nothing is to be guessed.
pub(crate) fn hint(args: &Args) -> Option<String> {
    if let Some(joined) = joined::hint(args, &args.names) {
        return Some(joined);
    }
    let is_program = |word: &str| {
        let path = std::env::var_os("PATH");
        find_program(OsStr::new(word), path.as_deref(), Path::new(".")).is_ok()
    };
    let is_file = |word: &str| Path::new(word).is_file();
    let every = if args.restart { "bgrun run --restart --all" } else { "bgrun run --all" };
    guess(args.name.as_deref(), &args.names, every, &is_program, &is_file)
}

fn guess(
    name: Option<&str>,
    words: &[String],
    every: &str,
    is_program: &dyn Fn(&str) -> bool,
    is_file: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let (first, rest) = words.split_first()?;
    let line = |words: &[String]| {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        safe(&rendered(&words)).into_owned()
    };
    if let Some(name) = name {
        let name = line(&[name.to_owned()]);
        if let Some(interpreter) = interpreter(first)
            && is_file(first)
            && !is_program(first)
        {
            let words = line(words);
            return Some(format!("to run that file: bgrun run {name} -- {interpreter} {words}"));
        }
        return Some(format!("put -- before the command: bgrun run {name} -- {}", line(words)));
    }
    match (rest, interpreter(first)) {
        ([], _) if first == "all" => Some(format!("for every stored process: {every}")),
        ([], _) if first.contains(' ') => {
            Some(format!("a line of shell is given by -c: bgrun run -c {}", line(words)))
        }
        (_, Some(interpreter)) if is_file(first) && !is_program(first) => {
            Some(format!("to run that file: bgrun run -- {interpreter} {}", line(words)))
        }
        ([], _) if first.contains('/') && is_program(first) => {
            Some(format!("to run that file: bgrun run -- {}", line(words)))
        }
        _ if is_program(first) => {
            Some(format!("put -- before the command: bgrun run -- {}", line(words)))
        }
        ([], _) => None,
        (rest, _) => {
            let name = line(std::slice::from_ref(first));
            Some(format!("put -- before the command: bgrun run {name} -- {}", line(rest)))
        }
    }
}

fn interpreter(word: &str) -> Option<&'static str> {
    let extension = Path::new(word).extension()?.to_str()?;
    INTERPRETERS.iter().find(|(end, _)| *end == extension).map(|(_, interpreter)| *interpreter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_first_is_understood() {
        let guessed = |name: Option<&str>, words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let is_program = |word: &str| ["npm", "node", "./serve"].contains(&word);
            let is_file = |word: &str| ["app.js", "lib/a b.py", "./serve"].contains(&word);
            guess(name, &words, "bgrun run --all", &is_program, &is_file)
        };
        for (words, command) in [
            (&["web", "sleep", "5"][..], "bgrun run web -- sleep 5"),
            (&["npm", "start"], "bgrun run -- npm start"),
            (&["node"], "bgrun run -- node"),
            (&["app.js"], "bgrun run -- node app.js"),
            (&["app.js", "3000"], "bgrun run -- node app.js 3000"),
            (&["lib/a b.py", "x"], "bgrun run -- python3 'lib/a b.py' x"),
            (&["./serve"], "bgrun run -- ./serve"),
            (&["node app.js"], "bgrun run -c 'node app.js'"),
            (&["all"], "bgrun run --all"),
        ] {
            let hint = guessed(None, words).unwrap_or_default();
            assert!(hint.ends_with(&format!(": {command}")), "{words:?}: {hint}");
        }
        let named = guessed(Some("web"), &["node", "app.js"]).unwrap_or_default();
        assert!(named.ends_with("bgrun run web -- node app.js"), "{named}");
        let file = guessed(Some("web"), &["app.js", "1"]).unwrap_or_default();
        assert!(file.ends_with("bgrun run web -- node app.js 1"), "{file}");
        for words in [&["web"][..], &["absent.js"], &[]] {
            assert_eq!(guessed(None, words), None, "{words:?}");
        }
    }
}
