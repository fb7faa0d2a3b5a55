//! The act: shows what is in the logs already, and then what comes.

use bgrun_platform::logs;
use bgrun_platform::text;
use bgrun_platform::tool::{Exit, Failure};
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
use crate::output::Output;
use crate::page::{Page, Screen};
use crate::runs::Runs;
use crate::search::{self, Pattern, Search};
use crate::source::{self, Source, Streams};
use crate::trace::Trace;

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
        chosen.processes.iter().flat_map(|process| source::of(process, streams)).collect();
    if args.follow || !args.expect.is_empty() {
        logs::allow_many_open();
    }
    if !args.expect.is_empty() {
        return expect(&args, &choice, chosen, sources, cursor);
    }
    let screen = Screen::of_stdout(args.raw);
    let form = form(&facts(&args, &choice, &chosen.processes, &sources, screen));
    let store = chosen.store;
    let runs = || Runs::of(store, &chosen.processes);
    let mut output = Output::new(Page::stdout(), form, screen, search, runs);
    output.highlight(highlight);
    for source in &sources {
        output.add(source);
    }

    let has_headings = matches!(form, Form::Lines { headings: true, .. });
    let mut exit = chosen.exit;
    let mut traces = Vec::new();
    let mut block = vec![0; BLOCK_BYTES];
    let mut seen = Vec::new();
    for (number, source) in sources.into_iter().enumerate() {
        let wish = Wish {
            lines: args.lines(),
            cursor: cursor.as_ref(),
            is_whole: cursor.is_some() && goes_on(&choice, &chosen.processes, &source),
            has_heading: has_headings,
        };
        let left = history::show(&source, number, wish, &mut block, &mut output)?;
        if matches!(left, Left::Unreadable(_)) {
            exit = Exit::Failed;
        }
        match left {
            left if args.follow => traces.push(Trace::after(source, number, left)),
            Left::ReadTo(log, at) => {
                output.finish(number, Some(&log))?;
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
    Follower::new(&choice, streams, traces).follow(&mut output)?;
    Ok(exit)
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
        Some(source) if has_bytes(&source.path) => Log::Filled,
        Some(_) => Log::Empty,
    };
    Facts {
        json: args.json,
        follow: args.follow,
        is_terminal: screen.is_terminal,
        is_raw: args.raw,
        is_several: choice.is_plural || processes.len() > 1,
        stdout: state(Stream::Stdout),
        stderr: state(Stream::Stderr),
    }
}
