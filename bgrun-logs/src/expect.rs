//! Waits until a line is written: first in what the present run wrote already, then in what
//! comes, so that none is missed however early it came.

use std::io;
use std::time::{Duration, Instant};

use bgrun_platform::text;
use bgrun_platform::tool::{self, Exit};
use bgrun_store::Process;

use crate::args::Args;
use crate::choice::{Choice, Chosen};
use crate::cursor::Cursor;
use crate::follow::Follower;
use crate::form::Form;
use crate::label::Labels;
use crate::life;
use crate::output::Output;
use crate::page::{Page, Screen};
use crate::runs::Runs;
use crate::search::Search;
use crate::source::{Source, Streams};
use crate::trace::Trace;

/// A line without its end is taken as it is after this time: a prompt has none.
const UNFINISHED: Duration = Duration::from_millis(100);

/// The end of a process without a supervisor is told by nobody: it is looked for this often.
const LOOKING: Duration = Duration::from_millis(500);

/// Waits for a line of one of `sources`.
pub(crate) fn expect(
    args: &Args,
    choice: &Choice,
    chosen: Chosen,
    sources: Vec<Source>,
    cursor: Option<Cursor>,
) -> anyhow::Result<Exit> {
    let deadline = args.timeout.map(|timeout| Instant::now() + timeout);
    let screen = Screen::of_stdout(args.raw);
    let is_several = choice.is_plural || chosen.processes.len() > 1;
    let labels = if is_several { Labels::Names } else { Labels::None };
    let form = if args.json { Form::Json } else { Form::Lines { labels, headings: false } };
    let search = Search::first(&args.expect, args.ignore_case)?;
    let processes = chosen.processes;
    let runs = || Runs::of(chosen.store, &processes);
    let mut output = Output::new(Page::stdout(), form, screen, Some(search), runs);
    let mut traces = Vec::new();
    for source in sources {
        let number = output.add(&source);
        let start = start_of(&source, cursor.as_ref())?;
        traces.push(Trace::from(source, number, start));
    }
    let follower = Follower::new(choice, Streams::of(args), traces);
    let expected = Expected { choice, processes, deadline };
    let exit = expected.wait(follower, &mut output, cursor)?;
    Ok(if exit == Exit::Done { chosen.exit } else { exit })
}

/// The present run is looked at, or what is new to a reader.
fn start_of(source: &Source, cursor: Option<&Cursor>) -> io::Result<u64> {
    let begun = source.run.map_or(0, |run| run.offset);
    let Some(cursor) = cursor else { return Ok(begun) };
    match source.open() {
        Ok(Some(log)) => Ok(cursor.place(source, &log)?.map_or(begun, |seen| seen.max(begun))),
        _ => Ok(begun),
    }
}

struct Expected<'a> {
    choice: &'a Choice,
    processes: Vec<Process>,
    deadline: Option<Instant>,
}

impl Expected<'_> {
    fn wait(
        &self,
        mut follower: Follower<'_>,
        output: &mut Output,
        mut cursor: Option<Cursor>,
    ) -> anyhow::Result<Exit> {
        let mut looks_for_end = true;
        let mut next_look = None;
        loop {
            // Looked at before the logs: what was written before the end is there by then.
            let is_over = looks_for_end && self.is_over();
            if looks_for_end {
                next_look = self.is_untold().then(|| Instant::now() + LOOKING);
            }
            follower.catch_up(output)?;
            output.take_unfinished(if is_over { Duration::ZERO } else { UNFINISHED })?;
            output.flush()?;
            if let Some(number) = output.first_done() {
                if let (Some(cursor), Some(place)) = (&mut cursor, output.given_to(number)) {
                    follower.note(number, place, cursor);
                    cursor.write()?;
                }
                return Ok(Exit::Done);
            }
            if is_over {
                tool::warn(format_args!("{}: ended before such a line came", self.names()));
                return Ok(Exit::NotRunning);
            }
            if self.deadline.is_some_and(is_past) {
                tool::warn(format_args!("{}: no such line came in time", self.names()));
                return Ok(Exit::TimedOut);
            }
            let unfinished = output.unfinished_since().map(|since| since + UNFINISHED);
            let until = unfinished.into_iter().chain(self.deadline).chain(next_look).min();
            let turn = follower.turn(output, until)?;
            if turn.reader_left {
                return Ok(Exit::Done);
            }
            looks_for_end = turn.has_news || next_look.is_some_and(is_past);
        }
    }

    /// Whether all runs are over.
    fn is_over(&self) -> bool {
        let now = self.choice.look_again();
        let home = self.choice.home();
        self.processes.iter().all(|then| match &now {
            Some(now) => life::is_over(home, then, now.iter().find(|now| now.id == then.id)),
            // Nobody can tell but its lock file.
            None => life::is_over(home, then, Some(then)),
        })
    }

    /// Whether nobody will tell when one of them ends.
    fn is_untold(&self) -> bool {
        self.processes.iter().any(|process| !life::is_supervised(self.choice.home(), process))
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.processes.iter().map(|one| text::safe(&one.name)).collect();
        names.join(", ")
    }
}

fn is_past(at: Instant) -> bool {
    at <= Instant::now()
}
