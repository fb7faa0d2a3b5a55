//! Which words of the command line are the watcher's own and which are meant for
//! `bgrun run`: pure functions.

use std::ffi::{OsStr, OsString};

/// A command line, divided.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The watcher's own, with its name in front.
    pub(crate) own: Vec<OsString>,
    /// For `bgrun run`, where a command is to be started first.
    pub(crate) for_run: Option<Vec<OsString>>,
}

/// An option of the watcher.
#[derive(Debug)]
struct Own {
    long: String,
    short: Option<char>,
    /// Its value may be the next word.
    takes_next: bool,
}

/// Divides `words`. Only with a command are there two kinds.
pub(crate) fn divide(words: Vec<OsString>, command: &clap::Command) -> Typed {
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    if end == words.len() && !words.iter().any(|word| is_shell_command(word)) {
        return Typed { own: words, for_run: None };
    }
    let own = own_options(command);
    let mut words = words.into_iter();
    let mut typed = Typed { own: words.next().into_iter().collect(), for_run: None };
    let mut for_run = Vec::new();
    let mut at = 1;
    while at < end
        && let Some(word) = words.next()
    {
        at += 1;
        let Some(option) = own.iter().find(|option| option.is(&word)) else {
            for_run.push(word);
            continue;
        };
        let has_value = word.as_encoded_bytes().contains(&b'=');
        typed.own.push(word);
        if option.takes_next && !has_value && at < end {
            at += 1;
            typed.own.extend(words.next());
        }
    }
    for_run.extend(words);
    typed.for_run = Some(for_run);
    typed
}

/// `-c …` or `--command …`, which stand for the words behind `--`.
fn is_shell_command(word: &OsStr) -> bool {
    let bytes = word.as_encoded_bytes();
    bytes.starts_with(b"--command=")
        || bytes == b"--command"
        || bytes.starts_with(b"-c") && !bytes.starts_with(b"--")
}

fn own_options(command: &clap::Command) -> Vec<Own> {
    let of = |argument: &clap::Arg| {
        Some(Own {
            long: argument.get_long()?.to_owned(),
            short: argument.get_short(),
            takes_next: argument.get_action().takes_values() && !argument.is_require_equals_set(),
        })
    };
    let told = |long: &str, short| Own { long: long.to_owned(), short, takes_next: false };
    let mut own: Vec<Own> = command.get_arguments().filter_map(of).collect();
    own.extend([told("help", Some('h')), told("version", Some('V'))]);
    own
}

impl Own {
    fn is(&self, word: &OsStr) -> bool {
        let Some(word) = word.to_str() else { return false };
        match word.strip_prefix("--") {
            Some(long) => long.split('=').next() == Some(self.long.as_str()),
            None => word.strip_prefix('-').is_some_and(|short| {
                self.short.is_some_and(|own| short.chars().eq(std::iter::once(own)))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn divided(line: &str) -> (String, Option<String>) {
        let words = std::iter::once("bgrun-watch").chain(line.split_whitespace());
        let typed = divide(words.map(OsString::from).collect(), &crate::args::Args::command());
        let text = |words: Vec<OsString>| words.join(OsStr::new(" ")).into_string().expect("text");
        (text(typed.own), typed.for_run.map(text))
    }

    #[test]
    fn own_options_are_kept_and_all_others_are_for_run() {
        for (line, own, for_run) in [
            ("web", "web", None),
            ("web --path src --logs", "web --path src --logs", None),
            ("web --name x", "web --name x", None),
            ("web -- node a --json", "", Some("web -- node a --json")),
            ("-- node", "", Some("-- node")),
            ("--json --name web -e A=1 -- x", "--json", Some("--name web -e A=1 -- x")),
            ("--path src web --ignore=*.o -- x", "--path src --ignore=*.o", Some("web -- x")),
            ("--poll web -- x", "--poll", Some("web -- x")),
            (
                "--poll=2s -q --debounce 1s -d /srv -- x",
                "--poll=2s -q --debounce 1s",
                Some("-d /srv -- x"),
            ),
            ("--logs-dir l --logs -- x", "--logs", Some("--logs-dir l -- x")),
            ("--path -- x", "--path", Some("-- x")),
            ("-c make --name web", "", Some("-c make --name web")),
            ("web --command=make --logs", "--logs", Some("web --command=make")),
            ("-h -- x", "-h", Some("-- x")),
        ] {
            let own = format!("bgrun-watch {own}").trim().to_owned();
            assert_eq!(divided(line), (own, for_run.map(str::to_owned)), "{line}");
        }
    }
}
