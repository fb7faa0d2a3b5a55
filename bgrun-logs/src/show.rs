//! The act: shows what is in the logs already, and then what comes.

use bgrun_platform::logs;
use bgrun_platform::text;
use bgrun_platform::tool::{Exit, Failure, hint_line, warn};
use bgrun_store::{Process, Stream};

use crate::args::{Args, Lines};
use crate::choice::Choice;
use crate::cursor::Cursor;
use crate::expect::expect;
use crate::follow::Follower;
use crate::form::{Facts, Form, Log, form};
use crate::history::{self, Left, Wish};
use crate::life;
use crate::log::{BLOCK_BYTES, has_bytes};
use crate::merge;
use crate::output::Output;
use crate::page::{Page, Screen};
use crate::runs::Runs;
use crate::search::{self, Pattern, Search};
use crate::source::{self, Source, Streams};
use crate::times::Times;
use crate::trace::Trace;
use crate::window::{Bounds, Window};

/// Shows what `args` ask for.
pub(crate) fn show(args: Args) -> anyhow::Result<Exit> {
    let search = Search::of(&args)?;
    let highlight = highlight(&args)?;
    let choice = Choice::new(&args)?;
    let mut cursor = args.reader().map(|name| Cursor::read(choice.home(), name)).transpose()?;
    let chosen = choice.look_up()?;
    if chosen.processes.is_empty() {
        return Ok(chosen.exit);
    }
    let streams = Streams::of(&args);
    let sources: Vec<Source> =
        chosen.processes.iter().flat_map(|process| source::readable(process, streams)).collect();
    for astray in sources.iter().filter_map(Source::astray) {
        warn(astray);
        hint_line("the next start makes a new file");
    }
    if args.follow || !args.expect.is_empty() {
        logs::allow_many_open();
    }
    if !args.expect.is_empty() {
        return expect(&args, &choice, chosen, sources, cursor);
    }
    let screen = Screen::of_stdout(args.raw);
    let window = Window::of(&args)?;
    let mut times = Times::of(choice.home(), &chosen.processes);
    let mut bounds = Vec::with_capacity(sources.len());
    for source in &sources {
        let process = chosen.processes.iter().find(|process| process.id == source.id);
        bounds.push(match process {
            Some(process) => window.bounds(process, source, &mut times, chosen.store.as_ref())?,
            None => Bounds::default(),
        });
    }
    let is_merged = is_merged(&args, &sources, &mut times);
    let facts = facts(&args, &choice, &chosen.processes, &sources, screen);
    let form = form(&Facts { is_merged, ..facts });
    let store = chosen.store;
    let runs = || Runs::of(store, &chosen.processes);
    let mut output = Output::new(Page::stdout(), form, screen, search, runs);
    output.highlight(highlight);
    if args.json || args.timestamps {
        output.use_times(Times::of(choice.home(), &chosen.processes));
    }
    if args.offsets {
        output.use_offsets();
    }
    for source in &sources {
        output.add(source);
    }

    let has_headings = matches!(form, Form::Lines { headings: true, .. });
    let mut exit = chosen.exit;
    let mut traces = Vec::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut seen = Vec::new();
    let mut opened = Vec::with_capacity(sources.len());
    for (number, source) in sources.into_iter().enumerate() {
        let wish = Wish {
            lines: args.lines(),
            cursor: cursor.as_ref(),
            is_whole: cursor.is_some() && goes_on(&choice, &chosen.processes, &source),
            has_heading: has_headings,
            bounds: bounds[number],
        };
        let mut one = history::open(&source, number, wish, &mut block, &mut output);
        if one.reaches_back().is_some_and(|end| times.was_cut(&source, end)) {
            warn(source.truncated());
        }
        if !is_merged {
            one.show(&source, &mut block, &mut output)?;
            if !args.follow && one.log().is_some() {
                output.finish(number, one.log())?;
            }
        }
        opened.push((source, one));
    }
    if is_merged {
        merge::show(&mut opened, &mut times, &mut block, &mut output)?;
    }
    for (number, (source, one)) in opened.into_iter().enumerate() {
        if is_merged && !args.follow && one.log().is_some() {
            output.finish(number, one.log())?;
        }
        match one.left(&source) {
            Left::Unreadable(_) if !args.follow => exit = Exit::Failed,
            left if args.follow => {
                if matches!(left, Left::Unreadable(_)) {
                    exit = Exit::Failed;
                }
                traces.push(Trace::after(source, number, left));
            }
            Left::ReadTo(log, at) => {
                let place = output.given_to(number).filter(|_| output.is_done(number));
                seen.push((source, log, place.unwrap_or(at)));
            }
            Left::Absent | Left::Unreadable(_) => {}
        }
    }
    if !args.follow {
        output.flush()?;
        if let Some(cursor) = &mut cursor {
            seen.iter().for_each(|(source, log, place)| cursor.set(source, log, *place));
            cursor.write()?;
        }
        return Ok(exit);
    }
    if has_headings {
        let name = chosen.processes.first().map_or("", |process| process.name.as_str());
        output.heading(&format!("{}, as it comes", text::safe(name)))?;
        output.use_signs();
    }
    output.go_live();
    Follower::new(&choice, streams, traces).follow(&mut output)?;
    Ok(exit)
}

/// Whether all logs come in one order: when that is known, and they are not to be kept
/// apart.
fn is_merged(args: &Args, sources: &[Source], times: &mut Times) -> bool {
    let Some(first) = sources.first() else { return false };
    let is_one_process = sources.iter().all(|source| source.id == first.id);
    let is_wanted = args.timestamps || is_one_process;
    let mut is_known = |source: &Source| !times.index(source).records().is_empty();
    is_wanted && args.head.is_none() && sources.len() > 1 && sources.iter().all(&mut is_known)
}

/// What is to catch the eye: what was searched for, and what was asked for beside.
fn highlight(args: &Args) -> Result<Option<Pattern>, Failure> {
    let sought = args.grep.iter().filter(|_| !args.invert_match);
    let expressions: Vec<String> = sought.chain(&args.highlight).cloned().collect();
    match expressions.is_empty() {
        true => Ok(None),
        false => search::pattern(&expressions, args.ignore_case).map(Some),
    }
}

/// Whether more may be written to a log by the run that it is of.
fn goes_on(choice: &Choice, processes: &[Process], source: &Source) -> bool {
    let process = processes.iter().find(|process| process.id == source.id);
    process.is_some_and(|process| !life::is_over(choice.home(), process, Some(process)))
}

fn facts(
    args: &Args,
    choice: &Choice,
    processes: &[Process],
    sources: &[Source],
    screen: Screen,
) -> Facts {
    let state = |stream: Stream| match sources.iter().find(|source| source.stream == stream) {
        None => Log::Absent,
        Some(_) if args.lines() == Lines::Last(0) => Log::Empty,
        Some(source) if has_bytes(source.place()) => Log::Filled,
        Some(_) => Log::Empty,
    };
    Facts {
        json: args.json,
        follow: args.follow,
        is_terminal: screen.is_terminal,
        is_raw: args.raw,
        has_times: args.timestamps,
        is_merged: false,
        is_several: choice.is_plural || processes.len() > 1,
        stdout: state(Stream::Stdout),
        stderr: state(Stream::Stderr),
    }
}
