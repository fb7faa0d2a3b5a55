//! Waiting: look, sleep until the kernel tells of something, look again at those that
//! it may be about.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use bgrun_platform::Pidfd;
use bgrun_platform::events::{Signals, Wake};
use bgrun_store::{Home, Process};

use crate::args::{Args, Goal};
use crate::changes::Changes;
use crate::ending;
use crate::look::{self, LastLine, Look};
use crate::report;
use crate::target::Target;
use crate::verdict::{Awaited, Ending, Seen, Verdict, awaited, verdict};

/// How often is looked where nobody tells: at locks that are held by somebody unknown,
/// and at processes of another pid namespace.
const UNTOLD: Duration = Duration::from_millis(50);
/// How long the parent of a process may take to reap it, so that the kernel knows how it
/// ended: PID 1 was seen to take 1.5 s.
const REAPING: Duration = Duration::from_secs(2);

/// What became of the wait for one process.
#[derive(Debug)]
pub(crate) struct Waited {
    pub(crate) process: Process,
    /// None: not in time.
    pub(crate) verdict: Option<Verdict>,
}

/// A process that is waited for.
#[derive(Debug)]
struct Waiting {
    awaited: Awaited,
    look: Look,
    line: LastLine,
    /// The main process of a run, held from when it lived: the kernel may know its end.
    held: Option<(i64, Pidfd)>,
    verdict: Verdict,
}

/// Waits for all of `targets`, and tells of each as it comes.
///
/// # Errors
/// The kernel refuses to say what runs.
pub(crate) fn all(args: &Args, targets: Vec<Target>, home: &Home) -> anyhow::Result<Vec<Waited>> {
    let deadline = args.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut waiting = Vec::new();
    for target in targets {
        waiting.push(Waiting::begin(args.goal, target, home)?);
        tell_new(args, &waiting[waiting.len() - 1..])?;
    }
    if waiting.iter().any(Waiting::is_open) {
        // No signal is taken: they do to this program what they do to any.
        let signals = Signals::block(&[])?;
        let mut changes = Changes::watch(home, args.goal == Goal::Stopped)?;
        // What was written between the first look and the watch was not told.
        let mut has_news = true;
        let mut is_late = false;
        while waiting.iter().any(Waiting::is_open) && !is_late {
            is_late = deadline.is_some_and(|deadline| deadline <= Instant::now());
            for one in waiting.iter_mut().filter(|one| one.is_open()) {
                if has_news || one.is_due() {
                    one.look_again(home)?;
                    tell_new(args, std::slice::from_ref(one))?;
                }
            }
            if !is_late {
                has_news = sleep(&waiting, &signals, &mut changes, deadline)?;
            }
        }
    }
    let waited = |one: Waiting| {
        let verdict = Some(one.verdict).filter(|verdict| *verdict != Verdict::NotYet);
        Waited { process: one.look.process, verdict }
    };
    Ok(waiting.into_iter().map(waited).collect())
}

fn tell_new(args: &Args, looked_at: &[Waiting]) -> anyhow::Result<()> {
    for one in looked_at.iter().filter(|one| !one.is_open()) {
        report::tell(args, &one.look.process, &one.verdict)?;
    }
    Ok(())
}

/// Sleeps until something of what is waited for may have come; answers whether something
/// was written.
fn sleep(
    waiting: &[Waiting],
    signals: &Signals,
    changes: &mut Changes,
    deadline: Option<Instant>,
) -> anyhow::Result<bool> {
    let open = || waiting.iter().filter(|one| one.is_open());
    if open().next().is_none() {
        return Ok(false);
    }
    let mut slept_on: Vec<BorrowedFd<'_>> = vec![changes.as_fd()];
    slept_on.extend(open().flat_map(Waiting::processes).map(AsFd::as_fd));
    let is_untold = open().any(|one| one.look.is_in_passing);
    let next_look = is_untold.then(|| Instant::now() + UNTOLD);
    let until = next_look.into_iter().chain(deadline).min();
    let wake = signals.wait(&slept_on, until)?;
    drop(slept_on);
    if wake == Wake::Readable(0) {
        changes.take()?;
        return Ok(true);
    }
    Ok(false)
}

impl Waiting {
    fn begin(goal: Goal, target: Target, home: &Home) -> anyhow::Result<Self> {
        let mut line = LastLine::of(home, &target.process);
        let look = look::look(home, &target.process, &mut line)?;
        let status = look.status.unwrap_or(bgrun_store::Status::Stopped);
        let awaited = awaited(goal, &look.process, status, target.record);
        let mut begun = Self { awaited, look, line, held: None, verdict: Verdict::NotYet };
        begun.judge(home);
        Ok(begun)
    }

    fn is_open(&self) -> bool {
        self.verdict == Verdict::NotYet
    }

    /// The processes whose end may be what is waited for, or lead to it.
    fn processes(&self) -> impl Iterator<Item = &Pidfd> {
        self.look.main.iter().chain(&self.look.others)
    }

    fn is_due(&self) -> bool {
        self.look.is_in_passing || self.processes().any(|one| one.has_ended().unwrap_or(true))
    }

    fn look_again(&mut self, home: &Home) -> anyhow::Result<()> {
        let run = self.look.process.run.as_ref().map_or(0, |run| run.number);
        let look = look::look(home, &self.look.process, &mut self.line)?;
        let before = std::mem::replace(&mut self.look, look);
        if let Some(main) = before.main {
            self.held = Some((run, main));
        }
        self.judge(home);
        Ok(())
    }

    fn judge(&mut self, home: &Home) {
        let from = match self.awaited {
            Awaited::Life(from) | Awaited::Run(from) | Awaited::Ready { run: Some(from), .. } => {
                from
            }
            Awaited::State(_) | Awaited::Ready { run: None, .. } => i64::MAX,
        };
        let runs = look::runs(home, &self.look.process, from);
        let seen = Seen { status: self.look.status, runs: &runs };
        self.verdict = verdict(self.awaited, seen);
        if let Verdict::Ended(Ending { run: Some(run), end: end @ None }) = &mut self.verdict
            && let Some((_, held)) = self.held.as_ref().filter(|(of, _)| of == run)
        {
            *end = ending::unrecorded(held.ended(REAPING));
        }
    }
}
