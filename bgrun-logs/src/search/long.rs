//! A line that is too long to be held: looked at in windows that overlap, so that memory is
//! bounded whatever a program writes.

use super::filter::{Before, Filter};
use super::pattern::Pattern;

/// How much of what was seen stays in view: a match that is no longer than this is found
/// wherever the windows are cut.
const OVERLAP_BYTES: usize = 64 << 10;

/// At the start of a window so much is only looked back at: `^` and `\b` depend on it.
const LOOK_BEHIND_BYTES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Open,
    Wanted,
    Unwanted,
}

/// What is known of a long line so far.
#[derive(Debug)]
pub(super) struct Long {
    start: u64,
    end: u64,
    /// The latest bytes of it, up to `end`.
    window: Vec<u8>,
    verdict: Verdict,
}

impl Long {
    /// A line at `start` with this beginning.
    pub(super) fn new(
        start: u64,
        beginning: Vec<u8>,
        filter: &Filter,
        before: &mut Before,
    ) -> Self {
        let end = start + beginning.len() as u64;
        let verdict = match (filter.takes_beside_pattern(&beginning, before), filter.pattern()) {
            (false, _) => Verdict::Unwanted,
            (true, None) => Verdict::Wanted,
            (true, Some(_)) => Verdict::Open,
        };
        let mut long = Self { start, end, window: beginning, verdict };
        long.search(filter, false);
        long
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Where what was seen of it ends.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// The line goes on.
    pub(super) fn take(&mut self, part: &[u8], filter: &Filter) {
        self.end += part.len() as u64;
        if self.verdict == Verdict::Open {
            self.window.extend_from_slice(part);
            self.search(filter, false);
        }
    }

    /// The line ends here.
    pub(super) fn finish(&mut self, filter: &Filter) {
        self.search(filter, true);
        if self.verdict == Verdict::Open {
            let is_inverted = filter.pattern().is_some_and(|(_, is_inverted)| is_inverted);
            self.verdict = if is_inverted { Verdict::Wanted } else { Verdict::Unwanted };
        }
    }

    fn search(&mut self, filter: &Filter, is_whole: bool) {
        let Some((pattern, is_inverted)) = filter.pattern() else { return };
        if self.verdict != Verdict::Open {
            return;
        }
        let is_at_start = self.end - self.window.len() as u64 == self.start;
        let from = if is_at_start { 0 } else { LOOK_BEHIND_BYTES.min(self.window.len()) };
        let is_found = match is_whole {
            true => pattern.is_in_from(super::pattern::text(&self.window), from),
            false => is_in_beginning(pattern, &mut self.window, from),
        };
        if is_found {
            self.verdict = if is_inverted { Verdict::Unwanted } else { Verdict::Wanted };
            self.window = Vec::new();
        } else {
            let seen = self.window.len().saturating_sub(OVERLAP_BYTES);
            self.window.drain(..seen);
        }
    }
}

/// Whether the pattern matches in `window`, whatever comes behind it: `$` and `\b` match at
/// its end and may not match there any more when the line goes on.
fn is_in_beginning(pattern: &Pattern, window: &mut Vec<u8>, from: usize) -> bool {
    pattern.is_in_from(window, from)
        && [b'x', b' '].into_iter().all(|next| {
            window.push(next);
            let is_found = pattern.is_in_from(window, from);
            window.pop();
            is_found
        })
}
