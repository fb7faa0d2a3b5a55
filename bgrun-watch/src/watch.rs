//! Watching: sleep until there are news, let the files settle, act, and tell.
//!
//! One thing is done at a time: a command, a start or a restart. What changes meanwhile
//! waits, and makes one more restart.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bgrun_platform::events::{Signals, Wake};
use bgrun_platform::text::{safe, safe_path};
use bgrun_platform::tool::{self, Exit};
use bgrun_platform::{Pidfd, Signal};
use bgrun_store::Home;

use crate::args::Args;
use crate::children::{self, Answer, Logs};
use crate::command::Own;
use crate::debounce::Changes;
use crate::news::{Letters, News};
use crate::scope::Scope;
use crate::source::Source;
use crate::state::{self, New, Told};
use crate::subject::Subject;
use crate::tell::{Event, Tell};
use crate::{begin, logs};

/// News come in swarms: so long after some were taken, the next are.
const SWARM: Duration = Duration::from_millis(50);
/// A process that changes its own files is restarted as soon as this after its start …
const SOON: Duration = Duration::from_secs(3);
/// … and that so often that it is told.
const OFTEN: u32 = 5;

/// What is being done.
#[derive(Debug)]
enum Act {
    Nothing,
    /// The user's command, before a restart.
    Command(Pidfd),
    /// A first start.
    Start,
    Restart,
}

/// A watcher of one process.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    args: &'a Args,
    home: &'a Home,
    subject: Subject,
    tell: Tell,
    signals: Signals,
    news: News,
    source: Source,
    scope: Arc<Scope>,
    own_output: logs::Own,
    act: Act,
    pending: Option<Changes>,
    /// What waits came only while the command ran.
    is_pending_of_command: bool,
    commands_own: Own,
    /// The file whose change is acted upon.
    cause: Option<PathBuf>,
    /// The first start has not succeeded yet: it is wanted whatever the store says.
    owes_start: bool,
    told: Told,
    /// When to look at the process.
    look_at: Option<Instant>,
    logs: Option<Logs>,
    last_start: Option<Instant>,
    in_a_row: (u32, Vec<PathBuf>),
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        args: &'a Args,
        home: &'a Home,
        subject: Subject,
        signals: Signals,
        news: News,
        source: Source,
        scope: Arc<Scope>,
    ) -> Self {
        Self {
            tell: Tell::new(args, &subject.name, &subject.workdir),
            args,
            home,
            subject,
            signals,
            news,
            source,
            scope,
            own_output: logs::Own::find(home),
            act: Act::Nothing,
            pending: None,
            is_pending_of_command: true,
            commands_own: Own::default(),
            cause: None,
            owes_start: false,
            told: Told::default(),
            look_at: None,
            logs: None,
            last_start: None,
            in_a_row: (0, Vec::new()),
        }
    }

    /// Watches until told to end; `is_started` when the process has just been started.
    ///
    /// # Errors
    /// Nobody reads what is told, or the files can be watched in no way.
    pub(crate) fn run(mut self, is_started: bool) -> anyhow::Result<Exit> {
        self.tell_trouble()?;
        for root in self.scope.watched() {
            let directories = self.source.directories();
            self.tell.tell(&Event::Watching { root, directories })?;
        }
        if self.subject.is_down() && !is_started {
            self.owes_start = true;
            self.start()?;
        } else {
            self.told.run = self.subject.run;
            self.look_at = Some(Instant::now());
            self.follow_logs(is_started);
        }
        let mut deaf_until = None;
        loop {
            let now = Instant::now();
            let is_deaf = deaf_until.is_some_and(|until| now < until);
            let due = self.pending.as_ref().map(|changes| changes.due(self.args.debounce));
            let due = due.filter(|_| matches!(self.act, Act::Nothing));
            let wakes = [due, self.look_at, deaf_until.filter(|_| is_deaf)];
            let heard = if is_deaf { Vec::new() } else { vec![self.news.as_fd()] };
            match self.signals.wait(&heard, wakes.into_iter().flatten().min())? {
                Wake::Signal(signal, _) => return self.end(signal),
                Wake::Readable(_) => {
                    let letters = self.news.take();
                    deaf_until = Some(Instant::now() + SWARM);
                    if let Some(exit) = self.read(letters)? {
                        return Ok(exit);
                    }
                }
                Wake::Deadline => {}
            }
            let now = Instant::now();
            let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
            if is_due(self.look_at)
                && let Some(exit) = self.look()?
            {
                return Ok(exit);
            }
            let due = self.pending.as_ref().map(|changes| changes.due(self.args.debounce));
            if matches!(self.act, Act::Nothing)
                && is_due(due)
                && let Some(exit) = self.act_upon_changes()?
            {
                return Ok(exit);
            }
        }
    }

    fn end(&mut self, signal: Signal) -> anyhow::Result<Exit> {
        if let Act::Command(command) = &self.act {
            let _ = command.send(Signal::TERM);
        }
        // Nobody may read any more; it ends all the same.
        let _ = self.tell.tell(&Event::End);
        Ok(if signal == Signal::INT { Exit::Other(130) } else { Exit::Done })
    }

    fn read(&mut self, mut letters: Letters) -> anyhow::Result<Option<Exit>> {
        let now = Instant::now();
        let mut changes = self.source.judge(&mut letters)?;
        self.tell_trouble()?;
        changes.retain(|path| !self.own_output.is_written(path));
        let sifted = self.commands_own.sift(now, changes);
        let is_overflow = letters.is_overflow && !sifted.is_closed;
        if !sifted.paths.is_empty() || is_overflow {
            self.is_pending_of_command &= sifted.is_of_window;
        }
        Changes::add(&mut self.pending, now, sifted.paths, is_overflow);
        if letters.is_of_process {
            // The registry is written shortly after the lock file.
            self.look_at.get_or_insert(now + SWARM);
        }
        match letters.ended {
            Some(output) => self.go_on(output),
            None => Ok(None),
        }
    }

    fn tell_trouble(&mut self) -> anyhow::Result<()> {
        if let Some(why) = self.source.trouble.take() {
            self.tell.tell(&Event::Polling { why: &why })?;
        }
        Ok(())
    }

    /// Looks at the process, and tells what is new.
    fn look(&mut self) -> anyhow::Result<Option<Exit>> {
        self.look_at = None;
        if !matches!(self.act, Act::Nothing | Act::Command(_)) {
            // What it is then will be seen afterwards.
            return Ok(None);
        }
        if !self.look_anew()? {
            return Ok(Some(self.gone()));
        }
        match state::new(&mut self.told, &self.subject) {
            None => {}
            Some(New::Running) => {
                self.last_start = Some(Instant::now());
                let Subject { run, pid, .. } = self.subject;
                self.tell.tell(&Event::Running { event: "running", run, pid, path: None })?;
            }
            Some(New::Stopped) => self.tell.tell(&Event::Stopped)?,
            Some(New::Ended) => {
                let how = self.subject.end();
                let Subject { exit_code: code, exit_signal, .. } = &self.subject;
                let event = Event::Exit { how: &how, code: *code, signal: exit_signal.as_deref() };
                self.tell.tell(&event)?;
                if *code != Some(0) && !self.args.logs {
                    children::show_last_words(&self.subject.name);
                }
            }
        }
        Ok(None)
    }

    /// Takes what the process is now; false when it was deleted.
    fn look_anew(&mut self) -> anyhow::Result<bool> {
        match Subject::look(&self.subject.name) {
            Ok(Some(subject)) if subject.id == self.subject.id => {
                let are_others = subject.own_files() != self.subject.own_files();
                self.subject = subject;
                if are_others && let Ok(scope) = Scope::new(self.args, &self.subject, self.home) {
                    self.scope = Arc::new(scope);
                    self.source.watch(Arc::clone(&self.scope))?;
                }
                self.own_output = logs::Own::find(self.home);
            }
            Ok(_) => return Ok(false),
            // The store may be usable again later; what was known goes on to hold.
            Err(error) => drop(tool::report(&error)),
        }
        Ok(true)
    }

    fn gone(&self) -> Exit {
        let name = safe(&self.subject.name);
        tool::warn(format_args!("{name}: was deleted, so there is nothing to watch"));
        Exit::Unknown
    }

    /// Restarts, if what has changed is a reason to.
    fn act_upon_changes(&mut self) -> anyhow::Result<Option<Exit>> {
        let Some(mut changes) = self.pending.take() else { return Ok(None) };
        let is_of_command = std::mem::replace(&mut self.is_pending_of_command, true);
        self.source.renew()?;
        if !self.look_anew()? {
            return Ok(Some(self.gone()));
        }
        // A process may have been started since whose logs were not known.
        changes.paths.retain(|path| !self.own_output.is_written(path));
        if changes.paths.is_empty() && !changes.is_more {
            return Ok(None);
        }
        if !self.subject.is_wanted() && !self.owes_start {
            if state::new(&mut self.told, &self.subject) == Some(New::Stopped) {
                self.tell.tell(&Event::Stopped)?;
            }
            return Ok(None);
        }
        let root = self.scope.watched().next().unwrap_or(Path::new("/")).to_owned();
        let Changes { paths, is_more, .. } = &changes;
        self.tell.tell(&Event::Change { paths, is_more: *is_more, root: &root })?;
        self.cause = Some(paths.first().cloned().unwrap_or(root));
        self.count_in_a_row(changes.paths);
        let Some(line) = &self.args.exec else {
            self.restart()?;
            return Ok(None);
        };
        self.tell.tell(&Event::Exec { command: line })?;
        self.commands_own.begin(is_of_command);
        match children::shell(line, &self.subject.workdir, self.news.teller()) {
            Ok(held) => self.act = Act::Command(held),
            Err(error) => {
                self.commands_own.end(Instant::now());
                let why = bgrun_platform::text::reason(&error);
                self.fail("exec-failed", &format!("the command cannot be run: {why}"))?;
            }
        }
        Ok(None)
    }

    fn count_in_a_row(&mut self, paths: Vec<PathBuf>) {
        let is_soon =
            self.last_start.is_some_and(|start| start.elapsed() < SOON + self.args.debounce);
        let (count, before) = &mut self.in_a_row;
        *count = if is_soon && *before == paths { *count + 1 } else { 1 };
        *before = paths;
        if *count == OFTEN
            && let Some(path) = before.first()
        {
            let (name, path) = (safe(&self.subject.name), safe_path(path));
            tool::warn(format_args!(
                "{name}: {path} has changed soon after each of the last {OFTEN} starts"
            ));
            tool::hint_line(format_args!("if {name} writes it itself: --ignore"));
        }
    }

    fn start(&mut self) -> anyhow::Result<()> {
        self.act = Act::Start;
        children::run(&self.subject.name, &["--if-absent"], self.news.teller())?;
        Ok(())
    }

    fn restart(&mut self) -> anyhow::Result<()> {
        self.act = Act::Restart;
        // Only what is still wanted, unless it has never been started for this watcher.
        let automatic = (!self.owes_start).then_some("--automatic");
        let words: Vec<&str> =
            automatic.into_iter().chain(["--restart", "--reason", "watch"]).collect();
        children::run(&self.subject.name, &words, self.news.teller())?;
        Ok(())
    }

    /// A child has ended: the restart after the command, or what came of a start.
    fn go_on(
        &mut self,
        output: std::io::Result<std::process::Output>,
    ) -> anyhow::Result<Option<Exit>> {
        let act = std::mem::replace(&mut self.act, Act::Nothing);
        if matches!(act, Act::Command(_)) {
            self.commands_own.end(Instant::now() + self.source.lateness());
            match output {
                Ok(output) if output.status.success() => self.restart()?,
                Ok(output) => {
                    self.fail("exec-failed", &format!("the command failed ({})", output.status))?
                }
                Err(error) => self.fail("exec-failed", &error.to_string())?,
            }
            return Ok(None);
        }
        let is_start = matches!(act, Act::Start);
        match children::answer(&output) {
            Answer::Running { run, pid } => {
                let has_begun = run > self.told.run;
                self.owes_start = false;
                self.told = Told { run, is_stopped: false, ..self.told };
                self.last_start = Some(Instant::now());
                let event = if is_start { "start" } else { "restart" };
                let path = self.cause.take();
                self.tell.tell(&Event::Running { event, run, pid, path: path.as_deref() })?;
                self.follow_logs(has_begun);
            }
            // The user was faster; it is told when it is looked at.
            Answer::NotWanted => {}
            Answer::Gone => return Ok(Some(self.gone())),
            Answer::Failed(why) => {
                // bgrun-run has said why itself. A run that came to nothing is no other news.
                self.tell.tell(&Event::Failed { event: "failed", error: &why })?;
                if self.look_anew()? {
                    let Subject { run, .. } = self.subject;
                    self.told = Told { run, ended: run, ..self.told };
                }
                self.follow_logs(false);
            }
        }
        self.look_at = Some(Instant::now() + SWARM);
        Ok(None)
    }

    fn fail(&mut self, event: &'static str, why: &str) -> anyhow::Result<()> {
        let name = safe(&self.subject.name);
        tool::warn(format_args!("{name}: not restarted: {}", safe(why)));
        self.tell.tell(&Event::Failed { event, error: why })?;
        Ok(())
    }

    fn follow_logs(&mut self, has_just_begun: bool) {
        if !self.args.logs || self.logs.is_some() {
            return;
        }
        let name = &self.subject.name;
        let lines = begin::lines_back(self.home, name, has_just_begun);
        match Logs::follow(name, lines, self.args.json) {
            Ok(logs) => self.logs = Some(logs),
            Err(error) => tool::warn(format_args!("cannot show the logs: {error}")),
        }
    }
}
