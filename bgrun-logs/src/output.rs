//! The one place that everything shown goes through, in the form that was decided.

use std::io;
use std::time::{Duration, Instant};

use crate::cutter::{Cutter, Piece};
use crate::form::Form;
use crate::harmless::{Destination, Harmless};
use crate::json::{self, Json};
use crate::label::Labels;
use crate::labelled::Labelled;
use crate::log::Log;
use crate::page::{Page, Screen};
use crate::runs::Runs;
use crate::search::{Before, Pattern, Search, Selected, Sieve};
use crate::source::Source;
use crate::times::Times;

/// How long the beginning of a line waits for its end: programs write lines in several
/// parts, and a part that is shown can be separated from the next by another line.
const HOLDING: Duration = Duration::from_millis(100);

/// How much of a line is held for people.
const HELD_BYTES: usize = 64 << 10;

/// Shows the bytes of several logs, which have numbers from 0 on.
pub(crate) struct Output {
    shown: Shown,
    search: Option<Search>,
    /// One for each log, where something is searched for.
    sieves: Vec<Sieve>,
}

/// What was not left out.
struct Shown {
    to: To,
    cutters: Vec<Cutter>,
    holding: Duration,
}

enum To {
    Bytes(Page),
    /// Bytes without escape sequences.
    Plain(Page, Vec<Harmless>),
    People(Box<Labelled>),
    Programs(Box<Json>),
}

impl Output {
    pub(crate) fn new(
        page: Page,
        form: Form,
        screen: Screen,
        search: Option<Search>,
        runs: impl FnOnce() -> Runs,
    ) -> Self {
        let to = match form {
            Form::Bytes { exact: true } => To::Bytes(page),
            Form::Bytes { exact: false } => To::Plain(page, Vec::new()),
            Form::Json => To::Programs(Box::new(Json::new(page, screen.is_raw, runs()))),
            Form::Lines { labels, headings } => {
                let labels = if headings { Labels::None } else { labels };
                To::People(Box::new(Labelled::new(page, screen, labels)))
            }
        };
        let is_alone = form == Form::Lines { labels: Labels::None, headings: false };
        let holding = if is_alone { Duration::ZERO } else { HOLDING };
        Self { shown: Shown { to, cutters: Vec::new(), holding }, search, sieves: Vec::new() }
    }

    /// Another log; answers its number.
    pub(crate) fn add(&mut self, source: &Source) -> usize {
        self.sieves.extend(self.search.as_ref().map(Search::sieve));
        let limit = match &mut self.shown.to {
            To::Bytes(_) => 0,
            To::Plain(_, harmless) => {
                harmless.push(Harmless::new(Destination::Pipe));
                0
            }
            To::People(labelled) => {
                labelled.add(source);
                HELD_BYTES
            }
            To::Programs(json) => {
                json.add(source);
                json::LONGEST_LINE_BYTES
            }
        };
        self.shown.cutters.push(Cutter::new(limit));
        self.shown.cutters.len() - 1
    }

    /// What matches is to catch the eye, where there are people and colours.
    pub(crate) fn highlight(&mut self, pattern: Option<Pattern>) {
        if let To::People(labelled) = &mut self.shown.to {
            labelled.highlight(pattern);
        }
    }

    /// What is searched for.
    pub(crate) fn search(&self) -> Option<&Search> {
        self.search.as_ref()
    }

    /// Log `number` is shown from now on; it has `length` bytes.
    pub(crate) fn begin(&mut self, number: usize, length: u64) {
        if let To::Programs(json) = &mut self.shown.to {
            json.begin(number, length);
        }
    }

    /// Log `number` is searched from now on, with what is known from the lines before;
    /// nothing before `floor` is shown around what is found.
    pub(crate) fn search_from(&mut self, number: usize, floor: u64, before: Before) {
        if let Some(sieve) = self.sieves.get_mut(number) {
            sieve.begin(floor, before);
        }
    }

    /// Whether nothing more is wanted of log `number`.
    pub(crate) fn is_done(&self, number: usize) -> bool {
        self.sieves.get(number).is_some_and(Sieve::is_done)
    }

    /// A log of which nothing more is wanted.
    pub(crate) fn first_done(&self) -> Option<usize> {
        self.sieves.iter().position(Sieve::is_done)
    }

    /// Where what is wanted of log `number` ended last.
    pub(crate) fn given_to(&self, number: usize) -> Option<u64> {
        self.sieves.get(number).map(Sieve::given_to)
    }

    /// Since when a line that is wanted has not become complete.
    pub(crate) fn unfinished_since(&self) -> Option<Instant> {
        self.sieves.iter().filter_map(Sieve::unfinished_since).min()
    }

    /// Takes wanted lines that did not become complete within `patience` as they are.
    pub(crate) fn take_unfinished(&mut self, patience: Duration) -> io::Result<()> {
        for number in 0..self.sieves.len() {
            let since = self.sieves[number].unfinished_since();
            if since.is_some_and(|since| since.elapsed() >= patience) {
                self.finish(number, None)?;
            }
        }
        Ok(())
    }

    /// Shows the bytes at `at` of log `number`, which follow those shown before: all, or
    /// what is wanted of them.
    pub(crate) fn show(
        &mut self,
        number: usize,
        log: &Log,
        at: u64,
        bytes: &[u8],
    ) -> io::Result<()> {
        let Self { shown, sieves, .. } = self;
        match sieves.get_mut(number) {
            None => shown.pass(number, at, bytes),
            Some(sieve) => {
                sieve.take(at, bytes, log, &mut |selected| shown.selected(number, &selected))
            }
        }
    }

    /// The last line of log `number`, if it is unfinished, stays so: shows what is held
    /// of it and ends it. Around it lines of `log` may be shown.
    pub(crate) fn finish(&mut self, number: usize, log: Option<&Log>) -> io::Result<()> {
        let Self { shown, sieves, .. } = self;
        if let Some(sieve) = sieves.get_mut(number) {
            sieve.finish(log, &mut |selected| shown.selected(number, &selected))?;
        }
        self.shown.give_held(number, true)
    }

    /// New bytes of log `number` come now.
    pub(crate) fn expect(&mut self, number: usize) {
        if let To::Programs(json) = &mut self.shown.to {
            json.expect(number);
        }
    }

    /// Log `number` was cut to nothing, or replaced.
    pub(crate) fn begin_anew(&mut self, number: usize) -> io::Result<()> {
        if let To::Programs(json) = &mut self.shown.to {
            json.begin_anew(number);
        }
        self.finish(number, None)?;
        self.search_from(number, 0, Before::default());
        Ok(())
    }

    /// A line that says what comes, where there are people to read it.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        for number in 0..self.shown.cutters.len() {
            self.shown.give_held(number, false)?;
        }
        match &mut self.shown.to {
            To::People(labelled) => labelled.heading(text),
            To::Bytes(_) | To::Plain(..) | To::Programs(_) => Ok(()),
        }
    }

    /// The same, if anything comes below it.
    pub(crate) fn announce(&mut self, text: &str) {
        if let To::People(labelled) = &mut self.shown.to {
            labelled.announce(text);
        }
    }

    /// Lines have times, from here.
    pub(crate) fn use_times(&mut self, times: Times) {
        match &mut self.shown.to {
            To::People(labelled) => labelled.use_times(times),
            To::Programs(json) => json.use_times(times),
            To::Bytes(_) | To::Plain(..) => {}
        }
    }

    /// Each record says where its line begins.
    pub(crate) fn use_offsets(&mut self) {
        if let To::Programs(json) = &mut self.shown.to {
            json.use_offsets();
        }
    }

    /// From now on what is shown has just been written.
    pub(crate) fn go_live(&mut self) {
        match &mut self.shown.to {
            To::People(labelled) => labelled.go_live(),
            To::Programs(json) => json.go_live(),
            To::Bytes(_) | To::Plain(..) => {}
        }
    }

    /// From now on lines of stderr have a sign.
    pub(crate) fn use_signs(&mut self) {
        if let To::People(labelled) = &mut self.shown.to {
            labelled.set_labels(Labels::Signs);
        }
    }

    /// When what is held is to be shown, if nothing completes it before.
    pub(crate) fn due(&self) -> Option<Instant> {
        let held = self.shown.cutters.iter().filter_map(Cutter::held_since).min();
        held.map(|since| since + self.shown.holding)
    }

    /// Shows what was held for long enough.
    pub(crate) fn give_due(&mut self) -> io::Result<()> {
        if self.due().is_none_or(|due| due > Instant::now()) {
            return Ok(());
        }
        let Shown { cutters, holding, .. } = &self.shown;
        let is_due = |since: Instant| since.elapsed() >= *holding;
        let due: Vec<usize> = (0..cutters.len())
            .filter(|&number| cutters[number].held_since().is_some_and(is_due))
            .collect();
        due.into_iter().try_for_each(|number| self.shown.give_held(number, false))
    }

    /// Writes all of it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.shown.to {
            To::Bytes(page) | To::Plain(page, _) => page.flush(),
            To::People(labelled) => labelled.flush(),
            To::Programs(json) => json.flush(),
        }
    }
}

impl Shown {
    fn selected(&mut self, number: usize, selected: &Selected<'_>) -> io::Result<()> {
        if let To::Programs(json) = &mut self.to {
            json.set_context(matches!(selected, Selected::Context(..)));
        }
        match *selected {
            Selected::Wanted(at, bytes) | Selected::Context(at, bytes) => {
                self.pass(number, at, bytes)
            }
            Selected::Gap => match &mut self.to {
                To::Bytes(page) | To::Plain(page, _) => page.add(b"--\n"),
                To::People(labelled) => labelled.gap(),
                To::Programs(_) => Ok(()),
            },
        }
    }

    fn pass(&mut self, number: usize, at: u64, bytes: &[u8]) -> io::Result<()> {
        let Self { to, cutters, holding } = self;
        if let To::Bytes(_) | To::Plain(..) = to {
            return to.add(number, bytes);
        }
        let give = &mut |piece: Piece<'_>| to.show(number, &piece);
        cutters[number].take(at, bytes, give)?;
        if holding.is_zero() { cutters[number].give_held(false, give) } else { Ok(()) }
    }

    fn give_held(&mut self, number: usize, ends: bool) -> io::Result<()> {
        let Self { to, cutters, .. } = self;
        cutters[number].give_held(ends, &mut |piece| to.show(number, &piece))
    }
}

impl To {
    fn show(&mut self, number: usize, piece: &Piece<'_>) -> io::Result<()> {
        match self {
            Self::Bytes(_) | Self::Plain(..) => self.add(number, piece.bytes),
            Self::People(labelled) => labelled.show(number, piece),
            Self::Programs(json) => json.show(number, piece),
        }
    }

    fn add(&mut self, number: usize, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Bytes(page) => page.add(bytes),
            Self::Plain(page, harmless) if harmless[number].leaves_alone(bytes) => page.add(bytes),
            Self::Plain(page, harmless) => {
                harmless[number].show(bytes, &mut page.buffer);
                page.turn()
            }
            Self::People(_) | Self::Programs(_) => Ok(()),
        }
    }
}
