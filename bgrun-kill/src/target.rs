//! Which processes are meant, and what is known of each.

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::Context;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::tree::Traces;
use bgrun_platform::{Identity, Lock, Pidfd, Sight, clock};
use bgrun_store::selection::{self, Item, Selector, nearest, select};
use bgrun_store::{Home, Known, LockLine, Process, Store};
use serde_json::{Map, Value};

use crate::args::Args;
use crate::containers::{self, Contained};

/// What was asked for, before it is known what there is.
#[derive(Debug)]
pub(crate) struct Asked {
    selectors: Vec<Selector>,
    /// Records from stdin, by name: what they were about may have changed since.
    records: Vec<(String, Map<String, Value>)>,
}

/// One process to act upon.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) process: Process,
    pub(crate) sight: Sight,
    /// The record that named it was of an earlier run.
    pub(crate) is_stale: bool,
    /// Somebody has started it since the store was read.
    pub(crate) was_started_since: bool,
    /// What its engine says, if it is a container and the engine was asked.
    pub(crate) contained: Option<Contained>,
}

/// A name that came to nothing.
#[derive(Debug)]
pub(crate) struct Miss {
    pub(crate) name: String,
    pub(crate) near: Option<String>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) targets: Vec<Target>,
    pub(crate) misses: Vec<Miss>,
    /// The registry, where it is open.
    pub(crate) store: Option<Store>,
}

/// Reads the command line, and stdin if it says so.
///
/// # Errors
/// It makes no sense; nothing has been touched then.
pub(crate) fn read(args: &Args) -> anyhow::Result<Asked> {
    let usage = |what: String| Failure::new(Exit::Usage, what);
    if args.force && args.port.is_none() && !(args.delete || args.clean || args.nuke) {
        return Err(usage("--force goes with --port".to_owned())
            .hint("what has not ended after --timeout is killed; at once: --timeout 0")
            .into());
    }
    let mut asked = Asked { selectors: Vec::new(), records: Vec::new() };
    let mut is_named = args.all || args.clean || args.nuke || args.port.is_some();
    for operand in &args.selectors {
        is_named = true;
        if operand != "-" {
            asked.selectors.push(Selector::parse(operand));
            continue;
        }
        let mut input = Vec::new();
        std::io::stdin().read_to_end(&mut input).context("read stdin")?;
        let items = selection::read(&input, true).map_err(|error| usage(error.to_string()))?;
        for item in items {
            match item {
                Item::Name(name) => asked.selectors.push(Selector::Name(name)),
                Item::Record(record) => {
                    let name = record.get("name").and_then(Value::as_str).unwrap_or_default();
                    asked.selectors.push(Selector::Name(name.to_owned()));
                    asked.records.push((name.to_owned(), record));
                }
            }
        }
    }
    if args.all || args.nuke || args.clean {
        asked.selectors.push(Selector::All);
    } else if let Some(group) = &args.group {
        asked.selectors.push(Selector::Group(group.clone()));
    } else if !is_named {
        return Err(usage("nothing to stop: no name, group or port".to_owned())
            .hint(match args.delete {
                true => "bgrun rm web, or --all for everything",
                false => "bgrun kill web, or --all for everything",
            })
            .into());
    }
    Ok(asked)
}

/// Finds what is meant.
///
/// # Errors
/// The kernel refuses to say what runs.
pub(crate) fn find(args: &Args, asked: Asked, home: &Home) -> anyhow::Result<Found> {
    let known = Known::find(home, &asked.selectors);
    tell(&known);
    let mut selected = select(&asked.selectors, &known.processes);
    for empty in &selected.empty {
        tool::warn(format_args!("nothing matches '{}'", safe(empty)));
    }
    let misses = std::mem::take(&mut selected.unknown)
        .into_iter()
        .map(|name| Miss { near: nearest(&name, &known.processes), name })
        .collect();
    let mut places: Vec<Option<Process>> = known.processes.into_iter().map(Some).collect();
    let chosen = selected.chosen.iter().filter_map(|at| places[*at].take());
    let mut targets = Vec::new();
    for process in chosen {
        let target = Target::look(process, home)?;
        let record = asked.records.iter().find(|(name, _)| *name == target.process.name);
        let is_stale = record.is_some_and(|(_, record)| is_stale(record, &target.process));
        if args.clean
            && args.group.as_ref().is_some_and(|one| target.process.group.as_ref() != Some(one))
        {
            continue;
        }
        targets.push(Target { is_stale, ..target });
    }
    // What is to be stopped is looked at once more then.
    if args.clean || args.dry_run || args.signal.is_some() {
        containers::ask(&mut targets, home);
    }
    if args.clean {
        let mut idle = Vec::new();
        for target in targets {
            if !target.is_up()? {
                idle.push(target);
            }
        }
        targets = idle;
    }
    Ok(Found { targets, misses, store: known.store })
}

/// Says what is worth saying of how the processes are known.
pub(crate) fn tell(known: &Known) {
    if let Some(trouble) = &known.trouble {
        tool::warn(format_args!("{trouble}; acting by the lock files"));
        if let Some(hint) = trouble.hint() {
            tool::hint_line(hint);
        }
    }
    for notice in known.import.notices(|pid| Pidfd::open(pid).is_ok()) {
        tool::warn(notice);
    }
}

/// Whether a record is of an earlier run than the present one: nothing that it asks for
/// would hit what it saw.
fn is_stale(record: &Map<String, Value>, process: &Process) -> bool {
    let number = |field: &str| record.get(field).and_then(Value::as_i64);
    let (Some(run), Some(pid)) = (number("run"), number("pid")) else { return false };
    let of_other_process = number("id").is_some_and(|id| id != process.id);
    let present = process.run.as_ref();
    let of_other_run = present.map(|present| present.number) != Some(run);
    // Within one run the pid may pass from the main process to one of its tree.
    let pids = present.map(|present| [present.pid, present.first_pid]).unwrap_or_default();
    let of_other_pid = !pids.into_iter().flatten().any(|own| i64::from(own) == pid);
    of_other_process || of_other_run || of_other_pid
}

/// How long a lock may be held before its line names the holder.
const INTRODUCTION: Duration = Duration::from_millis(500);

impl Target {
    /// Looks for the process, and takes over what only its lock file knows.
    ///
    /// # Errors
    /// The kernel refuses to say.
    pub(crate) fn look(process: Process, home: &Home) -> std::io::Result<Self> {
        let deadline = Instant::now() + INTRODUCTION;
        loop {
            let target = Self::glance(process.clone(), home)?;
            let sight = &target.sight;
            let is_unknown = sight.is_held && sight.supervisor.is_none() && !sight.is_elsewhere;
            if !is_unknown || Instant::now() >= deadline {
                return Ok(target);
            }
            // Somebody is just starting it: in a moment the line names the supervisor.
            clock::pause(Duration::from_millis(1));
        }
    }

    fn glance(mut process: Process, home: &Home) -> std::io::Result<Self> {
        let lock = home.lock(process.id);
        let mut sight = Self::sight(&process, home)?;
        let mut was_started_since = false;
        if sight.supervisor.is_none() || sight.process.is_none() {
            let text = Lock::line_at(&lock).unwrap_or_default();
            if let Some(line) = LockLine::<Identity>::read(&text) {
                // Between the wish and the first run only the line names the supervisor.
                if line.id == process.id && line.cookie == process.cookie && sight.is_held {
                    process.supervisor =
                        line.supervisor.as_ref().and_then(|one| serde_json::to_string(one).ok());
                }
                was_started_since = line.id == process.id && line.request > process.request;
                process.learn_from(&line);
                sight = Self::sight(&process, home)?;
            }
        }
        Ok(Self { process, sight, is_stale: false, was_started_since, contained: None })
    }

    fn sight(process: &Process, home: &Home) -> std::io::Result<Sight> {
        let identity = process.run.as_ref().and_then(|run| run.identity.as_deref());
        Sight::look(&home.lock(process.id), process.supervisor.as_deref(), identity)
    }

    /// By what the tree is known when its supervisor is dead.
    pub(crate) fn traces(&self) -> Traces {
        let process = &self.process;
        Traces {
            cookie: process.cookie.clone(),
            logs: process.own_logs(),
            main: None,
            is_container: process.container.is_some(),
        }
    }

    /// Whether its engine, which gives no answer, may have a container of it that lives: it
    /// was never seen to end.
    pub(crate) fn may_live_in_engine(&self) -> bool {
        let end = self.process.run.as_ref().and_then(|run| run.end.as_ref());
        self.contained.as_ref().is_some_and(|one| one.trouble.is_some())
            && self.process.run.is_some()
            && end.is_none_or(|end| end.code.is_none())
    }

    /// Whether its run has ended for good: its supervisor may still be there, and is about to
    /// leave. One that is dead may have begun another before.
    fn is_over(&self) -> bool {
        let process = &self.process;
        let end = process.run.as_ref().and_then(|run| run.end.as_ref());
        process.container.is_none()
            && !self.was_started_since
            && process.has_run_as_asked()
            && process.next_restart_at.is_none()
            && (self.sight.is_held || !process.is_end_unrecorded)
            && self.sight.process.is_none()
            && end.is_some_and(|end| !process.is_followed(end))
    }

    /// Whether anything of it lives, or somebody is at work on it.
    ///
    /// # Errors
    /// The kernel refuses to say.
    pub(crate) fn is_up(&self) -> std::io::Result<bool> {
        if self.is_over() {
            return Ok(false);
        }
        if self.sight.is_up() || self.contained.as_ref().is_some_and(|one| !one.alive.is_empty()) {
            return Ok(true);
        }
        let may_live = self.process.may_live_unseen(self.sight.is_of_this_boot);
        Ok(may_live && !self.sight.tree(&self.traces())?.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(run: i64, pid: u32) -> Process {
        let line: LockLine<Value> = serde_json::from_value(serde_json::json!({
            "id": 4, "name": "web", "group": null, "command": "x", "argv": null, "workdir": "/",
            "stdout_path": "/o", "stderr_path": "/e", "cookie": "c", "stop_signal": "SIGTERM",
            "stop_timeout_ms": 1, "request": 1, "supervisor": null, "run": run,
            "process": {"pid": pid}, "started_at": null, "started_since_boot_ms": null,
            "ended": null
        }))
        .expect("a lock line");
        line.as_process()
    }

    #[test]
    fn a_record_of_an_earlier_run_is_stale() {
        let stale = |record: Value| {
            let Value::Object(record) = record else { unreachable!("an object") };
            is_stale(&record, &process(3, 812))
        };
        use serde_json::json;
        assert!(!stale(json!({"name": "web", "id": 4, "run": 3, "pid": 812})));
        assert!(!stale(json!({"name": "web", "run": 3, "pid": 812})));
        assert!(!stale(json!({"name": "web"})), "a name is of no run");
        assert!(!stale(json!({"name": "web", "run": 2, "pid": null})), "it did not run then");
        assert!(stale(json!({"name": "web", "run": 2, "pid": 700})));
        assert!(stale(json!({"name": "web", "run": 3, "pid": 700})));
        assert!(stale(json!({"name": "web", "id": 1, "run": 3, "pid": 812})));
    }
}
