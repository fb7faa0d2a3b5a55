//! What comes: waits until one of the logs grows, and shows it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bgrun_platform::logs::{Growth, Watch};
use bgrun_platform::text;
use bgrun_platform::tool::{self, Exit};

use crate::choice::Choice;
use crate::cursor::Cursor;
use crate::log::BLOCK_BYTES;
use crate::output::Output;
use crate::source::{self, Source, Streams};
use crate::trace::{Trace, watch_nearest};

/// A lock file changes shortly before or after the registry does: it is read at once,
/// and again this much later.
const SETTLING: Duration = Duration::from_millis(200);

/// Follows several logs.
pub(crate) struct Follower<'a> {
    choice: &'a Choice,
    streams: Streams,
    traces: Vec<Trace>,
    growth: Growth,
    /// Tells of processes that come, change and go.
    registry: Option<Watch>,
    settled_at: Option<Instant>,
    block: Vec<u8>,
}

/// What a turn of waiting brought, beside lines.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Nobody reads what is shown.
    pub(crate) reader_left: bool,
    /// Something has changed in the registry.
    pub(crate) has_news: bool,
}

impl<'a> Follower<'a> {
    /// What happens in the registry from now on is told.
    pub(crate) fn new(choice: &'a Choice, streams: Streams, traces: Vec<Trace>) -> Self {
        let growth = Growth::new();
        if !growth.is_told() {
            tool::warn("no inotify instance is to be had: looks at the logs five times a second");
        }
        let block = vec![0; BLOCK_BYTES];
        let mut follower =
            Self { choice, streams, traces, growth, registry: None, settled_at: None, block };
        follower.registry = follower.watch_registry();
        follower
    }

    /// Shows what comes until nobody reads it, or nothing can come any more.
    pub(crate) fn follow(mut self, output: &mut Output) -> anyhow::Result<Exit> {
        loop {
            self.look_where_more_is(output)?;
            output.give_due()?;
            output.flush()?;
            if self.traces.is_empty() && !self.choice.is_open {
                return Ok(Exit::Done);
            }
            if self.turn(output, None)?.reader_left {
                return Ok(Exit::Done);
            }
        }
    }

    /// Shows all that is there, or as much of it as is wanted.
    pub(crate) fn catch_up(&mut self, output: &mut Output) -> anyhow::Result<()> {
        for trace in &mut self.traces {
            trace.look(&mut self.growth, &mut self.block, output)?;
        }
        while self.traces.iter().any(Trace::has_more) && output.first_done().is_none() {
            self.look_where_more_is(output)?;
        }
        Ok(())
    }

    fn look_where_more_is(&mut self, output: &mut Output) -> anyhow::Result<()> {
        for trace in self.traces.iter_mut().filter(|trace| trace.has_more()) {
            trace.look(&mut self.growth, &mut self.block, output)?;
        }
        Ok(())
    }

    /// Waits until something happens, or `deadline` is over, and shows what came.
    pub(crate) fn turn(
        &mut self,
        output: &mut Output,
        deadline: Option<Instant>,
    ) -> anyhow::Result<Turn> {
        let deadline = self.deadline(output).into_iter().chain(deadline).min();
        let woken = self.growth.wait_while_read(deadline)?;
        if woken.reader_left {
            return Ok(Turn { reader_left: true, has_news: false });
        }
        for trace in self.traces.iter_mut().filter(|trace| trace.is_meant(&woken)) {
            trace.look(&mut self.growth, &mut self.block, output)?;
        }
        let mut turn = Turn::default();
        if self.registry.is_some_and(|registry| woken.is_about(registry)) {
            self.registry = self.watch_registry();
            self.look_again(output)?;
            self.settled_at = Some(Instant::now() + SETTLING);
            turn.has_news = true;
        } else if self.settled_at.is_some_and(|at| at <= Instant::now()) {
            self.settled_at = None;
            self.look_again(output)?;
            turn.has_news = true;
        }
        Ok(turn)
    }

    /// Notes that log `number` was seen up to `offset`.
    pub(crate) fn note(&self, number: usize, offset: u64, cursor: &mut Cursor) {
        if let Some(trace) = self.traces.iter().find(|trace| trace.is_of(number)) {
            trace.note(offset, cursor);
        }
    }

    fn deadline(&self, output: &Output) -> Option<Instant> {
        if self.traces.iter().any(Trace::has_more) {
            return Some(Instant::now());
        }
        output.due().into_iter().chain(self.settled_at).min()
    }

    fn watch_registry(&mut self) -> Option<Watch> {
        let locks = self.choice.home().lock_directory();
        let watch = self.growth.add_contents(&locks).ok();
        watch.or_else(|| watch_nearest(&mut self.growth, Some(&locks)))
    }

    /// Takes over what has changed in the registry.
    fn look_again(&mut self, output: &mut Output) -> anyhow::Result<()> {
        let Some(processes) = self.choice.look_again() else { return Ok(()) };
        let ids: HashSet<i64> = processes.iter().map(|process| process.id).collect();
        let mut gone = Vec::new();
        for trace in self.traces.iter_mut().filter(|trace| !ids.contains(&trace.source.id)) {
            trace.look(&mut self.growth, &mut self.block, output)?;
            if !gone.contains(&trace.source.name) {
                gone.push(trace.source.name.clone());
            }
        }
        self.traces.retain(|trace| ids.contains(&trace.source.id));
        let what = if self.choice.is_open { "is no longer among them" } else { "was deleted" };
        for name in gone {
            tool::warn(format_args!("{} {what}", text::safe(&name)));
        }
        let streams = self.streams;
        for source in processes.iter().flat_map(|process| source::readable(process, streams)) {
            self.take_over(source, output);
        }
        Ok(())
    }

    /// Follows `source` where it is new, and where it has moved.
    fn take_over(&mut self, source: Source, output: &mut Output) {
        let is_same = |trace: &&mut Trace| {
            (trace.source.id, trace.source.stream) == (source.id, source.stream)
        };
        match self.traces.iter_mut().find(is_same) {
            Some(trace) => trace.take_over(source),
            // Before there is a run nothing was written, and where it begins is not known.
            None if source.run.is_none() => {}
            None => {
                let number = output.add(&source);
                self.traces.push(Trace::of_run(source, number));
            }
        }
    }
}
