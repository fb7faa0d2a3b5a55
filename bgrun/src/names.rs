//! The verbs that bgrun itself brings, in the order in which the first screen shows
//! them. Any other `bgrun-foo` is a verb too; it only has no line of its own here.

/// A verb of bgrun's own.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    /// What it is for, as a heading on the first screen.
    pub(crate) group: &'static str,
    pub(crate) about: &'static str,
}

const fn verb(name: &'static str, group: &'static str, about: &'static str) -> Verb {
    Verb { name, group, about }
}

pub(crate) const VERBS: [Verb; 11] = [
    verb("run", "start and stop", "start a program, or a stored one again"),
    verb("kill", "start and stop", "stop processes and everything they started"),
    verb("up", "start and stop", "start the processes of bgrun.toml; 'down' stops them"),
    verb("ls", "look", "list processes"),
    verb("logs", "look", "show or follow what processes wrote"),
    verb("env", "look", "show the variables of a process, or use them"),
    verb("wait", "look", "wait until processes have ended, or are ready"),
    verb("top", "look", "a live screen: load, memory, and keys to act"),
    verb("dash", "look", "a dashboard in the browser"),
    verb("watch", "keep running", "restart a process when its files change"),
    verb("guard", "keep running", "bring back what has died; made for cron"),
];

/// Executables of bgrun that are called by other verbs, not by people.
pub(crate) const PLUMBING: [&str; 1] = ["supervise"];

/// Is this one of bgrun's own verbs, installed or not?
pub(crate) fn is_own(word: &str) -> bool {
    VERBS.iter().any(|verb| verb.name == word)
}
