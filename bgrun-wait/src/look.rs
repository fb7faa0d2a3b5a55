//! What is to be seen of a process: its state, its latest runs, and who will tell when
//! that changes.

use std::fs::File;
use std::os::unix::fs::FileExt;

use bgrun_platform::stat::Stat;
use bgrun_platform::tree::Traces;
use bgrun_platform::{Identity, Lock, Pidfd, Sight};
use bgrun_store::{Home, LockLine, Observed, Process, Run, Status, Store, status};

use crate::life;

/// How far back runs are looked for: as many as the store keeps.
const RUNS: i64 = 1000;

/// A process as it was seen.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) process: Process,
    /// None: it was forgotten.
    pub(crate) status: Option<Status>,
    /// Its main process, if it lives.
    pub(crate) main: Option<Pidfd>,
    /// Others whose end changes something: its supervisor, or what is left of its tree.
    pub(crate) others: Vec<Pidfd>,
    /// Somebody is at work on it whose end nobody tells.
    pub(crate) is_in_passing: bool,
}

/// The lock file of a process. It stays open, so that the last line can be read when a
/// stop has removed it meanwhile.
#[derive(Debug)]
pub(crate) struct LastLine {
    file: Option<File>,
}

impl LastLine {
    pub(crate) fn of(home: &Home, process: &Process) -> Self {
        Self { file: File::open(home.lock(process.id)).ok() }
    }

    fn read(&mut self, home: &Home, process: &Process) -> Option<LockLine<Identity>> {
        let text = match Lock::line_at(&home.lock(process.id)) {
            Ok(text) => {
                if self.file.is_none() {
                    *self = Self::of(home, process);
                }
                text
            }
            Err(_) => whole(self.file.as_ref()?)?,
        };
        LockLine::read(&text)
    }
}

fn whole(file: &File) -> Option<String> {
    let mut bytes = vec![0; usize::try_from(file.metadata().ok()?.len()).ok()?];
    file.read_exact_at(&mut bytes, 0).ok()?;
    String::from_utf8(bytes).ok()
}

/// Looks at the process that was `last` seen so.
///
/// # Errors
/// The kernel refuses to say.
pub(crate) fn look(home: &Home, last: &Process, line: &mut LastLine) -> std::io::Result<Look> {
    loop {
        let look = once(home, last, line)?;
        // A restart may have been between its two runs and be through by now: what is
        // over is over only if nobody has begun anything meanwhile.
        let is_same = |now: &Process| {
            let run = |process: &Process| process.run.as_ref().map(|run| run.number);
            now.request == look.process.request && run(now) <= run(&look.process)
        };
        match look.status {
            Some(status) if crate::verdict::is_over(Some(status)) => match stored(home, last) {
                Stored::Is(now) if !is_same(&now) => {}
                _ => return Ok(look),
            },
            _ => return Ok(look),
        }
    }
}

fn once(home: &Home, last: &Process, line: &mut LastLine) -> std::io::Result<Look> {
    let (mut process, is_forgotten) = match stored(home, last) {
        Stored::Is(process) => (*process, false),
        Stored::Forgotten => (last.clone(), true),
        // What runs goes on without the store; the lock file tells of it.
        Stored::Unknown => (last.clone(), false),
    };
    let mut sight = sight(home, &process)?;
    let may_be_ready =
        process.ready.is_some() && process.run.as_ref().is_some_and(|run| run.ready_at.is_none());
    if (sight.supervisor.is_none() || sight.process.is_none() || may_be_ready)
        && let Some(line) = line.read(home, &process)
        && line.id == process.id
        && line.cookie == process.cookie
    {
        // Between the wish and the first run only the line names the supervisor.
        if sight.is_held {
            process.supervisor =
                line.supervisor.as_ref().and_then(|one| serde_json::to_string(one).ok());
        }
        process.learn_from(&line);
        sight = self::sight(home, &process)?;
    }
    if is_forgotten {
        return Ok(Look {
            process,
            status: None,
            main: None,
            others: Vec::new(),
            is_in_passing: false,
        });
    }
    let mut others: Vec<Pidfd> = Vec::new();
    let is_left_behind = sight.supervisor.is_none() && sight.process.is_none();
    if is_left_behind && process.may_live_unseen(sight.is_of_this_boot) {
        let tree = sight.tree(&traces(&process))?;
        others.extend(tree.iter().filter_map(Stat::hold));
    }
    let is_alive = sight.process.is_some() || sight.is_elsewhere || !others.is_empty();
    let is_held = sight.is_held;
    let mut status = status(&process, Observed { is_alive, is_held });
    if status == Status::Lost && Lock::is_held(&home.restart_lock(process.id))? {
        status = Status::Starting;
    }
    let is_untold = !crate::verdict::is_over(Some(status))
        && sight.process.is_none()
        && sight.supervisor.is_none()
        && others.is_empty();
    // A supervisor that cannot write down the end gives its lock back, and lives on.
    let has_end = process.run.as_ref().is_some_and(|run| run.end.is_some());
    let is_in_passing = is_untold || status == Status::Starting && has_end;
    if sight.process.is_none() {
        others.extend(sight.supervisor);
    }
    Ok(Look { process, status: Some(status), main: sight.process, others, is_in_passing })
}

fn sight(home: &Home, process: &Process) -> std::io::Result<Sight> {
    let identity = process.run.as_ref().and_then(|run| run.identity.as_deref());
    Sight::look(&home.lock(process.id), process.supervisor.as_deref(), identity)
}

/// By what the tree is known when its supervisor is dead.
fn traces(process: &Process) -> Traces {
    Traces {
        cookie: process.cookie.clone(),
        logs: process.own_logs(),
        main: None,
        is_container: process.container.is_some(),
    }
}

/// What the store says of a process.
enum Stored {
    Is(Box<Process>),
    Forgotten,
    Unknown,
}

fn stored(home: &Home, last: &Process) -> Stored {
    let Ok(Some(store)) = Store::open_to_read(home) else { return Stored::Unknown };
    match store.process(&last.name) {
        // The name may be another's by now.
        Ok(Some(now)) if now.id == last.id && now.cookie == last.cookie => {
            Stored::Is(Box::new(now))
        }
        Ok(_) => Stored::Forgotten,
        Err(_) => Stored::Unknown,
    }
}

/// The runs of `process` from the one numbered `from` on, in the order they began, as far
/// as they are known.
pub(crate) fn runs(home: &Home, process: &Process, from: i64) -> Vec<Run> {
    let latest = process.run.as_ref();
    let count = latest.map_or(0, |run| run.number.saturating_sub(from)).saturating_add(2);
    let mut runs = Vec::new();
    if latest.is_some_and(|run| run.number > from)
        && let Ok(Some(store)) = Store::open_to_read(home)
    {
        let count = u32::try_from(count.min(RUNS)).unwrap_or(0);
        runs = store.runs(process.id, count).unwrap_or_default();
        runs.reverse();
    }
    life::with_latest(runs, latest)
}
