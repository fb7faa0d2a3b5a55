//! What pm2, supervisorctl, systemctl, docker and others call what is called differently
//! here. These are hints and no aliases: a process may have such a name.

use crate::older_flags::is_flag;
use crate::refuse::{did_you_mean, printable};
use Here::{Advice, Command};
use std::ffi::{OsStr, OsString};

/// What leads to the same here.
///
/// `{all:NAME}` stands for all names that were typed, `{first:NAME}` for the first of these and
/// `{rest:NAME}` for the others; where there are none, for what is behind the colon.
enum Here {
    /// What is typed behind `bgrun`.
    Command(&'static str),
    /// Where no one command is the same.
    Advice(&'static str),
}

const SHOW: Here = Command("show {all:NAME}");
const RESTART: Here = Command("restart {all:NAME}");
const REMOVE: Here = Command("rm {all:NAME}");
const FOLLOW: Here = Command("logs -f {all:NAME}");
const SIGNAL: Here = Command("kill {rest:NAME} --signal {first:SIGNAL}");
const ADD: Here = Command("run {first:NAME} -- COMMAND");
const LIST: Here = Command("ls");
const NO_DAEMON: Here =
    Advice("there is no daemon; 'bgrun' lists the processes, 'bgrun kill --all' stops them");
const FLUSH: Here = Advice(
    "logs are kept small by themselves (bgrun run --log-max-size); \
     'bgrun logs --rotate {all:NAME}' archives them now",
);
const SAVE: Here = Advice(
    "every process is remembered already; 'bgrun ls --json --env > FILE' makes a copy, \
     'bgrun run - < FILE' starts it",
);
const ENABLE: Here = Advice(
    "'bgrun guard --on {all:NAME}' keeps it alive; 'bgrun guard --install cron', said once, \
     also after a boot",
);
const ATTACH: Here =
    Advice("it has no terminal to attach to; 'bgrun logs -f {all:NAME}' follows its output");
const IN_IT: Here = Command("env {first:NAME} -- {rest:COMMAND}");
const ACTIVE: Here = Command("wait {all:NAME} --for running --timeout 0");
const SCALE: Here = Advice(
    "one name is one process: 'bgrun run {first:NAME}-2 -- COMMAND' starts another, \
     '--group' keeps them together",
);
const PROJECT: Here = Advice("a project is described in bgrun.toml; 'bgrun help up' shows one");
const RENAME: Here = Advice(
    "a name is for life: start it under the new name, then 'bgrun rm {first:NAME}' forgets the old one",
);
const CHANGE: Here =
    Advice("'bgrun run {first:NAME} --restart' with new flags changes what they say, and no more");

const WORDS: [(&str, Here); 68] = [
    // pm2
    ("monit", Command("top")),
    ("describe", SHOW),
    ("desc", SHOW),
    ("info", SHOW),
    ("reload", RESTART),
    ("gracefulReload", RESTART),
    ("flush", FLUSH),
    ("reloadLogs", FLUSH),
    ("save", SAVE),
    ("dump", SAVE),
    ("startup", Command("guard --install cron")),
    ("unstartup", Command("guard --uninstall")),
    (
        "resurrect",
        Advice("'bgrun guard' starts again what was lost in a reboot; 'bgrun run --all' all"),
    ),
    ("scale", SCALE),
    ("sendSignal", SIGNAL),
    ("jlist", Command("ls --json")),
    ("prettylist", Command("ls --json")),
    ("del", REMOVE),
    ("ecosystem", PROJECT),
    ("init", PROJECT),
    ("pid", Command("ls --json {all:NAME}")),
    ("ping", NO_DAEMON),
    ("shutdown", NO_DAEMON),
    // supervisorctl
    ("tail", FOLLOW),
    ("fg", ATTACH),
    ("add", ADD),
    ("remove", REMOVE),
    ("reread", Command("up --dry-run")),
    ("update", Command("up")),
    ("avail", LIST),
    ("signal", SIGNAL),
    // systemctl and journalctl
    ("enable", ENABLE),
    ("disable", Command("guard --off {all:NAME}")),
    ("mask", Command("guard --off {all:NAME}")),
    ("is-active", ACTIVE),
    ("is-enabled", SHOW),
    ("is-failed", Command("ls --status failed {all:NAME}")),
    ("cat", Command("ls --json --env {all:NAME}")),
    ("edit", CHANGE),
    ("set", CHANGE),
    (
        "daemon-reload",
        Advice("there is no daemon to reload; 'bgrun up' applies what has changed in bgrun.toml"),
    ),
    ("list-units", LIST),
    ("reset-failed", Command("clean")),
    ("try-restart", RESTART),
    ("condrestart", RESTART),
    ("journal", FOLLOW),
    ("journalctl", FOLLOW),
    // docker
    ("exec", IN_IT),
    ("inspect", Command("show --json {all:NAME}")),
    ("stats", Command("top")),
    ("attach", ATTACH),
    ("create", ADD),
    ("prune", Command("clean")),
    ("pause", Command("kill {all:NAME} --signal STOP")),
    ("unpause", Command("kill {all:NAME} --signal CONT")),
    ("port", SHOW),
    ("rename", RENAME),
    ("compose", Command("up")),
    // Others
    ("launch", ADD),
    ("new", ADD),
    ("follow", FOLLOW),
    ("forget", REMOVE),
    ("terminate", Command("kill {all:NAME}")),
    ("killall", Command("kill --all")),
    ("open", Command("dash --open")),
    ("ui", Command("dash --open")),
    ("htop", Command("top")),
    ("version", Command("--version")),
];

/// How what was typed is said here, as a hint, if another tool calls it so.
pub(crate) fn hint(word: &OsStr, rest: &[OsString]) -> Option<String> {
    let (_, here) = WORDS.iter().find(|(foreign, _)| word == *foreign)?;
    let typed = rest.iter().take_while(|argument| *argument != "--");
    // pm2's word for all of them.
    let name =
        |argument: &OsString| if argument == "all" { "--all".into() } else { quoted(argument) };
    let names: Vec<String> = typed.filter(|argument| !is_flag(argument)).map(name).collect();
    Some(match here {
        Command(template) => did_you_mean(&format!("bgrun {}", filled(template, &names))),
        Advice(template) => filled(template, &names),
    })
}

fn quoted(argument: &OsStr) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.:@/+=,".contains(c);
    let shown = printable(argument);
    if shown.chars().all(is_plain) { shown } else { format!("\"{shown}\"") }
}

/// `template` with the names in their places.
fn filled(template: &str, names: &[String]) -> String {
    let (first, rest) = names.split_at(names.len().min(1));
    let mut text = template.to_owned();
    for (mark, chosen) in [("{all:", names), ("{first:", first), ("{rest:", rest)] {
        while let Some((before, behind)) = text.split_once(mark) {
            let (absent, after) = behind.split_once('}').unwrap_or((behind, ""));
            let names = if chosen.is_empty() { absent.to_owned() } else { chosen.join(" ") };
            text = format!("{before}{names}{after}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Here, WORDS, hint};
    use crate::{aliases, names};
    use std::collections::BTreeSet;
    use std::ffi::{OsStr, OsString};

    #[test]
    fn a_foreign_word_is_none_of_ours_and_leads_to_one_that_is() {
        let is_ours = |word: &str| names::is_own(word) || aliases::resolve(word).is_some();
        let mut seen = BTreeSet::new();
        for (foreign, here) in &WORDS {
            assert!(!is_ours(foreign), "{foreign} is a verb");
            assert!(seen.insert(foreign), "{foreign} is there twice");
            if let Here::Command(here) = here {
                let verb = here.split(' ').next().unwrap_or_default();
                assert!(verb.starts_with("--") || is_ours(verb), "{foreign} -> {here}");
            }
        }
    }

    #[test]
    fn what_was_typed_is_in_the_hint() {
        let table = [
            ("monit", "did you mean 'bgrun top'?"),
            ("reload web", "did you mean 'bgrun restart web'?"),
            ("reload web api", "did you mean 'bgrun restart web api'?"),
            ("reload all", "did you mean 'bgrun restart --all'?"),
            ("describe", "did you mean 'bgrun show NAME'?"),
            ("tail -f web", "did you mean 'bgrun logs -f web'?"),
            ("tail -- web", "did you mean 'bgrun logs -f NAME'?"),
            ("signal HUP web", "did you mean 'bgrun kill web --signal HUP'?"),
            ("signal", "did you mean 'bgrun kill NAME --signal SIGNAL'?"),
            ("exec web sh", "did you mean 'bgrun env web -- sh'?"),
            ("inspect \u{1b}[31m", "did you mean 'bgrun show --json \"\\u{1b}[31m\"'?"),
            (
                "scale web 3",
                "one name is one process: 'bgrun run web-2 -- COMMAND' starts another, \
                 '--group' keeps them together",
            ),
        ];
        for (typed, expected) in table {
            let words: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
            assert_eq!(hint(&words[0], &words[1..]).as_deref(), Some(expected), "{typed}");
        }
        assert_eq!(hint(OsStr::new("web"), &[]), None);
    }
}
