//! The part of a log that is asked for: by time, or by run.

use std::cell::LazyCell;
use std::time::Duration;

use anyhow::Context;
use bgrun_platform::text;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_store::{Process, Run, Store};
use jiff::{Timestamp, Zoned};

use crate::args::Args;
use crate::moment::{is_time_of_day, moment};
use crate::source::{Source, run_offset};
use crate::times::Times;

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Window {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    run: Option<Wanted>,
    before: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
enum Wanted {
    Number(i64),
    Previous,
}

/// Where the part lies in a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) from: Option<Edge>,
    pub(crate) to: Option<Edge>,
}

/// One end of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Just here.
    Exact(u64),
    /// Where the first line begins that begins here or later.
    Line(u64),
}

impl Window {
    pub(crate) fn of(args: &Args) -> Result<Self, Failure> {
        // Only where it is asked for: the time zone is looked for in many files.
        let now = LazyCell::new(Zoned::now);
        let parsed = |text: &Option<String>| {
            let parsed = text.as_deref().map(|text| moment(text, &now)).transpose();
            parsed.map_err(|error| Failure::new(Exit::Usage, error))
        };
        let run = match (args.run, args.previous) {
            (Some(number), _) => Some(Wanted::Number(number)),
            (None, true) => Some(Wanted::Previous),
            (None, false) => None,
        };
        let (since, until) = (parsed(&args.since)?, parsed(&args.until)?);
        let is_time_of_day = args.until.as_deref().is_some_and(is_time_of_day);
        let until = next_after(since, until, is_time_of_day);
        if let (Some(since_text), Some(until_text)) = (&args.since, &args.until)
            && until < since
        {
            let (since, until) = (text::safe(since_text), text::safe(until_text));
            let what = format!("--until {until} is before --since {since}");
            let failure = Failure::new(Exit::Usage, what);
            return Err(match until_text.contains(['-', ':']) {
                true => failure,
                false => failure.hint("5m is five minutes ago: the longer time goes with --since"),
            });
        }
        Ok(Self { since, until, run, before: args.before })
    }

    /// Where it lies in the log `source` of `process`.
    ///
    /// # Errors
    /// There is no such run.
    pub(crate) fn bounds(
        &self,
        process: &Process,
        source: &Source,
        times: &mut Times,
        store: Option<&Store>,
    ) -> anyhow::Result<Bounds> {
        let mut bounds = Bounds::default();
        if let Some(wanted) = self.run {
            let runs = match store {
                Some(store) => store.runs(process.id, u32::MAX).context("read the runs")?,
                None => process.run.clone().into_iter().collect(),
            };
            let offset = |run: &Run| Edge::Exact(run_offset(run, source.stream));
            let (run, next) = chosen(&runs, wanted).ok_or_else(|| {
                let what = match wanted {
                    Wanted::Number(number) => format!("no run {number} is on record"),
                    Wanted::Previous => "it has no previous run".to_owned(),
                };
                let name = text::safe(&process.name);
                Failure::new(Exit::Failed, format!("{name}: {what}"))
                    .hint(format_args!("'bgrun {name}' lists its latest runs"))
            })?;
            bounds = Bounds { from: Some(offset(run)), to: next.map(offset) };
        }
        if let Some(before) = self.before {
            bounds.to = earlier(bounds.to, Edge::Line(before));
        }
        if self.since.is_none() && self.until.is_none() {
            return Ok(bounds);
        }
        let side = times.side(source);
        let index = times.index(source);
        if index.records().is_empty() {
            tool::warn(format_args!("{}: when it was written is not known", source.title()));
            return Ok(bounds);
        }
        let millis = |time: Timestamp| u64::try_from(time.as_millisecond()).unwrap_or(0);
        if let Some(since) = self.since {
            let offset = index.offset_at(side, millis(since)).unwrap_or_else(|| index.end(side));
            bounds.from = later(bounds.from, Edge::Line(offset));
        }
        if let Some(offset) = self.until.and_then(|until| index.offset_at(side, millis(until) + 1))
        {
            bounds.to = earlier(bounds.to, Edge::Line(offset));
        }
        Ok(bounds)
    }
}

/// A time of day is the last one that has been, but not one before the beginning: from 23:50
/// until 00:10 is twenty minutes.
fn next_after(
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    is_time_of_day: bool,
) -> Option<Timestamp> {
    match (since, until) {
        (Some(since), Some(until)) if is_time_of_day && until < since => {
            until.checked_add(Duration::from_secs(24 * 60 * 60)).ok()
        }
        _ => until,
    }
}

/// The run that is meant, and the one after it. The runs come with the latest first.
fn chosen(runs: &[Run], wanted: Wanted) -> Option<(&Run, Option<&Run>)> {
    let at = match wanted {
        Wanted::Number(number) => runs.iter().position(|run| run.number == number)?,
        Wanted::Previous => 1,
    };
    Some((runs.get(at)?, at.checked_sub(1).and_then(|next| runs.get(next))))
}

fn place(edge: Edge) -> u64 {
    match edge {
        Edge::Exact(at) | Edge::Line(at) => at,
    }
}

fn later(one: Option<Edge>, other: Edge) -> Option<Edge> {
    Some(one.filter(|one| place(*one) >= place(other)).unwrap_or(other))
}

fn earlier(one: Option<Edge>, other: Edge) -> Option<Edge> {
    Some(one.filter(|one| place(*one) <= place(other)).unwrap_or(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_of_the_day_is_after_the_beginning() {
        let at = |text: &str| -> Option<Timestamp> { Some(text.parse().expect("a time")) };
        let (begin, before) = (at("2026-11-23T23:50:00Z"), at("2026-11-23T00:10:00Z"));
        assert_eq!(next_after(begin, before, true), at("2026-11-24T00:10:00Z"));
        assert_eq!(next_after(begin, before, false), before);
        assert_eq!(next_after(before, begin, true), begin);
        assert_eq!(next_after(None, before, true), before);
    }

    #[test]
    fn the_narrower_bound_counts() {
        use Edge::{Exact, Line};
        assert_eq!(later(None, Line(5)), Some(Line(5)));
        assert_eq!(later(Some(Exact(7)), Line(5)), Some(Exact(7)));
        assert_eq!(later(Some(Exact(3)), Line(5)), Some(Line(5)));
        assert_eq!(earlier(None, Line(5)), Some(Line(5)));
        assert_eq!(earlier(Some(Exact(7)), Line(5)), Some(Line(5)));
        assert_eq!(earlier(Some(Exact(3)), Line(5)), Some(Exact(3)));
    }
}
