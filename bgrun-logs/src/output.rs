//! The one place that everything shown goes through, in the form that was decided.

use std::io;
use std::time::{Duration, Instant};

use crate::cutter::{Cutter, Piece};
use crate::form::Form;
use crate::json::{self, Json};
use crate::label::Labels;
use crate::labelled::Labelled;
use crate::page::{Page, Screen};
use crate::runs::Runs;
use crate::source::Source;

/// How long the beginning of a line waits for its end: programs write lines in several
/// parts, and a part that is shown can be separated from the next by another line.
const HOLDING: Duration = Duration::from_millis(100);

/// How much of a line is held for people.
const HELD_BYTES: usize = 64 << 10;

/// Shows the bytes of several logs, which have numbers from 0 on.
pub(crate) struct Output {
    to: To,
    cutters: Vec<Cutter>,
    holding: Duration,
}

enum To {
    Bytes(Page),
    People(Box<Labelled>),
    Programs(Box<Json>),
}

impl Output {
    pub(crate) fn new(page: Page, form: Form, screen: Screen, runs: impl FnOnce() -> Runs) -> Self {
        let to = match form {
            Form::Bytes => To::Bytes(page),
            Form::Json => To::Programs(Box::new(Json::new(page, runs()))),
            Form::Lines { labels, headings } => {
                let labels = if headings { Labels::None } else { labels };
                To::People(Box::new(Labelled::new(page, screen, labels)))
            }
        };
        let is_alone = form == Form::Lines { labels: Labels::None, headings: false };
        let holding = if is_alone { Duration::ZERO } else { HOLDING };
        Self { to, cutters: Vec::new(), holding }
    }

    /// Another log; answers its number.
    pub(crate) fn add(&mut self, source: &Source) -> usize {
        let limit = match &mut self.to {
            To::Bytes(_) => 0,
            To::People(labelled) => {
                labelled.add(source);
                HELD_BYTES
            }
            To::Programs(json) => {
                json.add(source);
                json::LONGEST_LINE_BYTES
            }
        };
        self.cutters.push(Cutter::new(limit));
        self.cutters.len() - 1
    }

    /// Log `number` is shown from now on; it has `length` bytes.
    pub(crate) fn begin(&mut self, number: usize, length: u64) {
        if let To::Programs(json) = &mut self.to {
            json.begin(number, length);
        }
    }

    /// Shows the bytes at `at` of log `number`, which follow those shown before.
    pub(crate) fn show(&mut self, number: usize, at: u64, bytes: &[u8]) -> io::Result<()> {
        let Self { to, cutters, holding } = self;
        if let To::Bytes(page) = to {
            return page.add(bytes);
        }
        let give = &mut |piece: Piece<'_>| to.show(number, &piece);
        cutters[number].take(at, bytes, give)?;
        if holding.is_zero() { cutters[number].give_held(false, give) } else { Ok(()) }
    }

    /// The last line of log `number`, if it is unfinished, stays so: shows what is held
    /// of it and ends it.
    pub(crate) fn finish(&mut self, number: usize) -> io::Result<()> {
        self.give_held(number, true)
    }

    /// New bytes of log `number` come now.
    pub(crate) fn expect(&mut self, number: usize) {
        if let To::Programs(json) = &mut self.to {
            json.expect(number);
        }
    }

    /// Log `number` was cut to nothing, or replaced.
    pub(crate) fn begin_anew(&mut self, number: usize) -> io::Result<()> {
        if let To::Programs(json) = &mut self.to {
            json.begin_anew(number);
        }
        self.finish(number)
    }

    /// A line that says what comes, where there are people to read it.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        for number in 0..self.cutters.len() {
            self.give_held(number, false)?;
        }
        match &mut self.to {
            To::People(labelled) => labelled.heading(text),
            To::Bytes(_) | To::Programs(_) => Ok(()),
        }
    }

    /// From now on lines of stderr have a sign.
    pub(crate) fn use_signs(&mut self) {
        if let To::People(labelled) = &mut self.to {
            labelled.set_labels(Labels::Signs);
        }
    }

    /// When what is held is to be shown, if nothing completes it before.
    pub(crate) fn due(&self) -> Option<Instant> {
        let held = self.cutters.iter().filter_map(Cutter::held_since).min();
        held.map(|since| since + self.holding)
    }

    /// Shows what was held for long enough.
    pub(crate) fn give_due(&mut self) -> io::Result<()> {
        if self.due().is_none_or(|due| due > Instant::now()) {
            return Ok(());
        }
        for number in 0..self.cutters.len() {
            let is_due = |since: Instant| since.elapsed() >= self.holding;
            if self.cutters[number].held_since().is_some_and(is_due) {
                self.give_held(number, false)?;
            }
        }
        Ok(())
    }

    /// Writes all of it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Bytes(page) => page.flush(),
            To::People(labelled) => labelled.flush(),
            To::Programs(json) => json.flush(),
        }
    }

    fn give_held(&mut self, number: usize, ends: bool) -> io::Result<()> {
        let Self { to, cutters, .. } = self;
        cutters[number].give_held(ends, &mut |piece| to.show(number, &piece))
    }
}

impl To {
    fn show(&mut self, number: usize, piece: &Piece<'_>) -> io::Result<()> {
        match self {
            Self::Bytes(page) => page.add(piece.bytes),
            Self::People(labelled) => labelled.show(number, piece),
            Self::Programs(json) => json.show(number, piece),
        }
    }
}
