//! The flag spelling of the older tool of the same name, as one pure function from
//! argv to argv: `web --stop` → `kill web`.
//!
//! There, what to do was a flag and the name was a word, in any order. So a known
//! flag is found wherever it stands and is rewritten or dropped in its place; all
//! else stays as it was typed, for the verb to judge. Behind `--` nothing is read.

mod spelling;
#[cfg(test)]
mod table;

use spelling::{Token, read};
use std::ffi::{OsStr, OsString};

pub(crate) use spelling::{acts_on_a_process, is_flag, long_names};

/// The verb that was meant, and how the rest is written for it.
#[derive(Default)]
struct Target {
    verb: &'static str,
    flags: &'static [&'static str],
    /// Goes before every name.
    before_name: Option<&'static str>,
    /// The name stands alone, so `-n` is not it: `web --logs -n 5`.
    has_word: bool,
}

/// The same wish in our spelling, beginning with the verb (or `--help`, `--version`);
/// none where the older spelling does not explain what was typed.
pub(crate) fn translate(argv: &[OsString]) -> Option<Vec<OsString>> {
    let end = argv.iter().position(|argument| argument == "--").unwrap_or(argv.len());
    let (head, command) = argv.split_at(end);
    let tokens = read(head);
    let mut target = target(&tokens, !command.is_empty())?;
    target.has_word = tokens.iter().any(Token::is_word);

    let mut translated = vec![OsString::from(target.verb)];
    translated.extend(target.flags.iter().map(OsString::from));
    for token in &tokens {
        target.write(token, &mut translated);
    }
    translated.extend_from_slice(command);
    Some(translated)
}

/// The order is that of the older tool: where several acts are asked for at once, the
/// first of these is done.
fn target(tokens: &[Token], has_command: bool) -> Option<Target> {
    let has = |name: &str| tokens.iter().any(|token| token.is(name));
    let has_any = |names: &[&str]| names.iter().any(|name| has(name));
    let is_plain = !tokens.iter().any(|token| matches!(token, Token::Foreign(_)));
    let has_word = tokens.iter().any(Token::is_word);
    let names = tokens.iter().filter(|token| token.is_name()).count();

    let wants_logs = has_any(&["logs", "log-stdout", "log-stderr", "lines"]);
    let wants_list = has_any(&["json", "filter"]);
    let sets_a_spec = has_any(&["command", "directory", "config", "stdout", "stderr", "logs-dir"])
        || has_any(&["force", "fetch"]);

    let to = |verb, flags| Some(Target { verb, flags, ..Target::default() });
    let to_named = |verb, flag| Some(Target { verb, before_name: Some(flag), ..Target::default() });
    match () {
        () if has("help") => to("--help", &[]),
        () if has("version") => to("--version", &[]),
        () if has("dashboard") => to("dash", &["--background"]),
        () if has("guard") && names == 0 => to("guard", &["--loop"]),
        () if has("guard") => to_named("guard", "--on"),
        // Without a name it lacks one, and is not a look at everything.
        () if has("guard-off") && names == 0 => to("guard", &["--off"]),
        () if has("guard-off") => to_named("guard", "--off"),
        () if has("kill-port") => to("kill", &[]),
        () if has("nuke") => to("kill", &["--nuke"]),
        () if has("clean") => to("kill", &["--clean"]),
        () if has("restart-all") => to("run", &["--restart", "--all"]),
        () if has("stop-all") => to("kill", &["--all"]),
        () if has("delete") => to("kill", &["--delete"]),
        () if has("restart") => to("run", &["--restart"]),
        () if has("stop") => to("kill", &[]),
        // A word here may be a mistyped verb: only `run` itself takes one for a name.
        () if has_command && (has_word || wants_logs) => None,
        () if has_command => to("run", &[]),
        () if has("watch") && names == 1 && !sets_a_spec => to("watch", &[]),
        () if wants_logs && !has_any(&["command", "directory"]) => to("logs", &[]),
        () if names <= 1 && (sets_a_spec || has("watch")) => to("run", &[]),
        () if names == 1 && wants_list => to_named("ls", "--details"),
        () if names == 1 && has("name") && is_plain => to_named("ls", "--details"),
        () if names == 0 && wants_list => to("ls", &[]),
        // The verb says that the name is missing.
        () if names == 0 && has("name") && is_plain => to("run", &[]),
        () => None,
    }
}

impl Target {
    fn write(&self, token: &Token, out: &mut Vec<OsString>) {
        match token {
            Token::Word(word) => self.write_name(word, out),
            Token::Foreign(typed) | Token::Value(typed) => out.push(typed.to_os_string()),
            Token::Known { flag, value, typed } => match (flag.long, value.as_deref()) {
                ("name", Some(name)) if self.takes_for_name(name, typed) => {
                    self.write_name(name, out);
                }
                (long, _) if self.is_said_by(long) => {
                    // `--stop=web`
                    if let Some(name) = value {
                        self.write_name(name, out);
                    }
                }
                ("log-stdout", _) => out.push("--stdout".into()),
                ("log-stderr", _) => out.push("--stderr".into()),
                ("kill-port", Some(port)) => out.extend(["--port".into(), port.to_os_string()]),
                ("kill-port", None) => out.push("--port".into()),
                ("force", _) if self.verb == "logs" => out.extend(typed.iter().cloned()),
                ("force" | "json" | "logs" | "watch", _) => {
                    out.push(format!("--{}", flag.long).into())
                }
                // What begins with a dash is a value only when it is joined to its flag.
                (long, Some(value)) if is_flag(value) => {
                    let mut joined = OsString::from(format!("--{long}="));
                    joined.push(value);
                    out.push(joined);
                }
                _ => out.extend(typed.iter().cloned()),
            },
        }
    }

    /// Is `long` what the verb and its flags say already?
    fn is_said_by(&self, long: &str) -> bool {
        match long {
            "dashboard" | "guard" | "guard-off" | "nuke" | "clean" | "restart-all" | "stop-all"
            | "delete" | "restart" | "stop" | "help" | "version" => true,
            "logs" | "watch" => self.verb == long,
            _ => false,
        }
    }

    /// `run` has the flag itself; a name like a flag must not become one.
    fn takes_for_name(&self, name: &OsStr, typed: &[OsString]) -> bool {
        let is_number_of_lines = self.verb == "logs" && self.has_word && typed[0] == "-n";
        self.verb != "run" && !is_flag(name) && !is_number_of_lines
    }

    fn write_name(&self, name: &OsStr, out: &mut Vec<OsString>) {
        out.extend(self.before_name.map(OsString::from));
        out.push(name.to_os_string());
    }
}
