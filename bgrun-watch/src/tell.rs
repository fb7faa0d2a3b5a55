//! What is told: a line for people, or an object for programs, for each event.

use std::io::Write;
use std::path::{Path, PathBuf};

use bgrun_platform::text::{safe, safe_path};
use bgrun_store::time;
use serde_json::{Map, Value, json};

use crate::args::Args;

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Lines,
    Json,
    Nothing,
}

/// Tells of one process.
#[derive(Debug)]
pub(crate) struct Tell {
    form: Form,
    name: String,
    directory: PathBuf,
}

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// Watching has begun: this root, so many directories, or by polling.
    Watching { root: &'a Path, directories: Option<usize> },
    /// The kernel's limits are used up: it is looked at the files instead.
    Polling { why: &'a str },
    /// Files have changed; the first of them.
    Change { paths: &'a [PathBuf], is_more: bool, root: &'a Path },
    /// It was started, because it did not run; restarted; or another has started it.
    Running { event: &'static str, run: i64, pid: Option<u32>, path: Option<&'a Path> },
    /// It could not be started, and why; or the command before that failed.
    Failed { event: &'static str, error: &'a str },
    /// It has ended by itself.
    Exit { how: &'a str, code: Option<i32>, signal: Option<&'a str> },
    /// The user has stopped it.
    Stopped,
    /// A command is run before the restart.
    Exec { command: &'a str },
    /// Watching has ended.
    End,
}

impl Tell {
    pub(crate) fn new(args: &Args, name: &str, directory: &Path) -> Self {
        let form = match (args.json, args.quiet) {
            (true, _) => Form::Json,
            (false, true) => Form::Nothing,
            (false, false) => Form::Lines,
        };
        Self { form, name: name.to_owned(), directory: directory.to_owned() }
    }

    /// Tells of `event`.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub(crate) fn tell(&self, event: &Event<'_>) -> std::io::Result<()> {
        let line = match self.form {
            Form::Nothing => return Ok(()),
            Form::Json => self.object(event).to_string(),
            Form::Lines => match self.line(event) {
                Some(line) => format!("{}: {line}", safe(&self.name)),
                None => return Ok(()),
            },
        };
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{line}")?;
        stdout.flush()
    }

    /// Whether a path below the directory of the process is told from there.
    fn short(&self, path: &Path) -> String {
        match path.strip_prefix(&self.directory) {
            Ok(below) if !below.as_os_str().is_empty() => safe_path(below),
            _ => safe_path(path),
        }
    }

    fn line(&self, event: &Event<'_>) -> Option<String> {
        Some(match event {
            Event::Watching { root, directories: Some(1) } => {
                format!("watching {} (1 directory)", safe_path(root))
            }
            Event::Watching { root, directories: Some(count) } => {
                format!("watching {} ({count} directories)", safe_path(root))
            }
            Event::Watching { root, directories: None } => {
                format!("watching {} (by polling)", safe_path(root))
            }
            Event::Change { paths, is_more, .. } => match (paths, is_more) {
                ([], _) => "many files changed".to_owned(),
                ([one], false) => format!("{} changed", self.short(one)),
                ([first, others @ ..], false) => {
                    format!("{} and {} more changed", self.short(first), others.len())
                }
                ([first, ..], true) => format!("{} and many more changed", self.short(first)),
            },
            Event::Running { event, run, pid, .. } => {
                let pid = pid.map_or(String::new(), |pid| format!(", pid {pid}"));
                let what = if *event == "restart" { "restarted" } else { "running" };
                let run = if *run > 1 { format!(", run {run}") } else { String::new() };
                format!("{what}{pid}{run}")
            }
            Event::Exit { how, .. } => format!("ended: {}; waiting for a change", safe(how)),
            Event::Stopped => "was stopped; waiting until you start it again".to_owned(),
            Event::Exec { command } => format!("running {}", safe(command)),
            // Told on stderr.
            Event::Polling { .. } | Event::Failed { .. } => return None,
            Event::End => return None,
        })
    }

    fn object(&self, event: &Event<'_>) -> Value {
        let text = |path: &Path| Value::from(path.to_string_lossy());
        let mut more = Map::new();
        let mut add = |key: &str, value: Value| drop(more.insert(key.to_owned(), value));
        let (event, path) = match event {
            Event::Watching { root, directories } => {
                add("directories", json!(directories));
                ("watching", text(root))
            }
            Event::Polling { why } => {
                add("error", json!(why));
                ("polling", Value::Null)
            }
            Event::Change { paths, is_more, root } => {
                add("paths", paths.iter().map(|path| text(path)).collect());
                add("more", json!(is_more));
                ("change", text(paths.first().map_or(*root, PathBuf::as_path)))
            }
            Event::Running { event, run, pid, path } => {
                add("run", json!(run));
                add("pid", json!(pid));
                (*event, path.map_or(Value::Null, text))
            }
            Event::Failed { event, error } => {
                add("error", json!(error));
                (*event, Value::Null)
            }
            Event::Exit { code, signal, .. } => {
                add("exit_code", json!(code));
                add("exit_signal", json!(signal));
                ("exit", Value::Null)
            }
            Event::Stopped => ("stopped", Value::Null),
            Event::Exec { command } => {
                add("command", json!(command));
                ("exec", Value::Null)
            }
            Event::End => ("end", Value::Null),
        };
        let mut object = json!({
            "time": time::text(time::now()), "name": self.name, "event": event, "path": path,
        });
        if let Some(object) = object.as_object_mut() {
            object.append(&mut more);
        }
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell() -> Tell {
        Tell { form: Form::Lines, name: "web".into(), directory: "/srv".into() }
    }

    #[test]
    fn changes_are_told_from_the_directory_of_the_process() {
        let line = |paths: &[&str], is_more| {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            let root = Path::new("/srv");
            tell().line(&Event::Change { paths: &paths, is_more, root }).expect("a line")
        };
        assert_eq!(line(&["/srv/src/a.js"], false), "src/a.js changed");
        assert_eq!(line(&["/srv/a", "/srv/b", "/srv/c"], false), "a and 2 more changed");
        assert_eq!(line(&["/etc/x\u{1b}[2J"], true), "/etc/x\\e[2J and many more changed");
        assert_eq!(line(&[], true), "many files changed");
        assert_eq!(line(&["/srv"], false), "/srv changed");
    }

    #[test]
    fn every_object_has_the_four_fields() {
        let paths = [PathBuf::from("/srv/a")];
        let root = Path::new("/srv");
        for event in [
            Event::Watching { root, directories: None },
            Event::Polling { why: "limits" },
            Event::Change { paths: &paths, is_more: false, root },
            Event::Running { event: "restart", run: 2, pid: Some(7), path: Some(root) },
            Event::Failed { event: "failed", error: "why" },
            Event::Exit { how: "exit code 1", code: Some(1), signal: None },
            Event::Stopped,
            Event::Exec { command: "make" },
            Event::End,
        ] {
            let object = tell().object(&event);
            for field in ["time", "name", "event", "path"] {
                assert!(object.get(field).is_some(), "{field} of {object}");
            }
        }
    }
}
