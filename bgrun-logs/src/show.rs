//! The act: shows what is in the logs already, and then what comes.

use bgrun_platform::logs;
use bgrun_platform::text;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::{Process, Stream};

use crate::args::{Args, Lines};
use crate::choice::Choice;
use crate::follow::Follower;
use crate::form::{Facts, Form, Log, form};
use crate::history::{self, Left};
use crate::log::{BLOCK_BYTES, has_bytes};
use crate::output::Output;
use crate::page::{Page, Screen};
use crate::runs::Runs;
use crate::search::{self, Pattern, Search};
use crate::source::{self, Source, Streams};
use crate::trace::Trace;

/// Shows what `args` ask for.
pub(crate) fn show(args: Args) -> anyhow::Result<Exit> {
    let choice = Choice::new(&args)?;
    let chosen = choice.look_up()?;
    if chosen.processes.is_empty() {
        return Ok(chosen.exit);
    }
    let search = Search::of(&args)?;
    let streams = Streams::of(&args);
    let sources: Vec<Source> =
        chosen.processes.iter().flat_map(|process| source::of(process, streams)).collect();
    if args.follow {
        logs::allow_many_open();
    }
    let screen = Screen::of_stdout(args.raw);
    let form = form(&facts(&args, &choice, &chosen.processes, &sources, screen));
    let store = chosen.store;
    let runs = || Runs::of(store, &chosen.processes);
    let mut output = Output::new(Page::stdout(), form, screen, search, runs);
    output.highlight(highlight(&args)?);
    for source in &sources {
        output.add(source);
    }

    let has_headings = matches!(form, Form::Lines { headings: true, .. });
    let mut exit = chosen.exit;
    let mut traces = Vec::new();
    let mut block = vec![0; BLOCK_BYTES];
    for (number, source) in sources.into_iter().enumerate() {
        let left =
            history::show(&source, number, args.lines(), has_headings, &mut block, &mut output)?;
        if matches!(left, Left::Unreadable(_)) {
            exit = Exit::Failed;
        }
        match (args.follow, &left) {
            (true, _) => traces.push(Trace::after(source, number, left)),
            (false, Left::ReadTo(log, _)) => output.finish(number, Some(log))?,
            (false, _) => {}
        }
    }
    if !args.follow {
        output.flush()?;
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
