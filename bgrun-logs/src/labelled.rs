//! Lines for people: each after its label, none joined with a line from elsewhere, fit
//! for a terminal where there is one.

use std::io;

use crate::cutter::Piece;
use crate::harmless::Harmless;
use crate::label::{self, Labels};
use crate::page::{Page, Screen};
use crate::search::Pattern;
use crate::source::Source;
use crate::times::Times;

/// Shows lines of several logs.
pub(crate) struct Labelled {
    page: Page,
    screen: Screen,
    labels: Labels,
    voices: Vec<Voice>,
    /// Whether the labels are those for the present voices.
    is_relabelled: bool,
    /// The log whose unfinished line is the last one on the page.
    open: Option<usize>,
    has_headings: bool,
    /// A heading for what comes, if something does.
    announced: Option<String>,
    /// What is to catch the eye, where there are colours.
    highlight: Option<Pattern>,
    /// When lines were written, where that is asked for.
    times: Option<Times>,
}

/// How one log is shown.
struct Voice {
    source: Source,
    /// Counts the processes.
    turn: usize,
    label: String,
    harmless: Harmless,
}

impl Labelled {
    pub(crate) fn new(page: Page, screen: Screen, labels: Labels) -> Self {
        Self {
            page,
            screen,
            labels,
            voices: Vec::new(),
            is_relabelled: true,
            open: None,
            has_headings: false,
            announced: None,
            highlight: None,
            times: None,
        }
    }

    /// Before each line stands when it was written.
    pub(crate) fn use_times(&mut self, times: Times) {
        self.times = Some(times);
    }

    /// From now on what is shown has just been written.
    pub(crate) fn go_live(&mut self) {
        self.times.iter_mut().for_each(Times::go_live);
    }

    /// What matches is to catch the eye.
    pub(crate) fn highlight(&mut self, pattern: Option<Pattern>) {
        self.highlight = pattern;
    }

    /// Another log; its number is the count of those before.
    pub(crate) fn add(&mut self, source: &Source) {
        // The logs of one process come one after the other.
        let turn = self.voices.last().map_or(0, |last| {
            let is_next = last.source.id != source.id;
            last.turn + usize::from(is_next)
        });
        self.voices.push(Voice {
            source: source.clone(),
            turn,
            label: String::new(),
            harmless: Harmless::new(self.screen.destination()),
        });
        self.is_relabelled = false;
    }

    /// Uses these labels from now on.
    pub(crate) fn set_labels(&mut self, labels: Labels) {
        self.labels = labels;
        self.is_relabelled = false;
    }

    fn relabel(&mut self) {
        if std::mem::replace(&mut self.is_relabelled, true) {
            return;
        }
        let has_colours = self.screen.has_colours;
        let columns = label::columns(self.voices.iter().map(|voice| voice.source.name.as_str()));
        for voice in &mut self.voices {
            let Source { name, stream, .. } = &voice.source;
            voice.label = match self.labels {
                Labels::None => String::new(),
                Labels::Signs => label::stderr_sign(*stream, has_colours),
                Labels::Names => label::name(name, *stream, columns, voice.turn, has_colours),
            };
        }
    }

    /// Shows a line of log `number`, or a part of it.
    pub(crate) fn show(&mut self, number: usize, piece: &Piece<'_>) -> io::Result<()> {
        if let Some(heading) = self.announced.take() {
            self.heading(&heading)?;
        }
        if self.open != Some(number) {
            if piece.bytes.is_empty() && !piece.begins {
                // The end of a line that another one has broken off.
                self.voices[number].harmless.end_line(&mut self.page.buffer);
                return Ok(());
            }
            self.end_open_line();
            self.relabel();
            let voice = &self.voices[number];
            let stamp = self.times.as_mut().map(|times| times.stamp(&voice.source, piece.at));
            let stamp = stamp.unwrap_or_default();
            // Signs differ in width, names do not.
            let parts = match self.labels {
                Labels::Signs => [&stamp, &voice.label],
                Labels::None | Labels::Names => [&voice.label, &stamp],
            };
            parts.iter().for_each(|part| self.page.buffer.extend_from_slice(part.as_bytes()));
        }
        self.open = Some(number);
        let harmless = &mut self.voices[number].harmless;
        if self.screen.is_raw || harmless.leaves_alone(piece.bytes) {
            self.page.add(piece.bytes)?;
        } else {
            let highlight = self.highlight.as_ref().filter(|_| self.screen.has_colours);
            show_highlighted(harmless, piece.bytes, highlight, &mut self.page.buffer);
        }
        if piece.ends {
            self.end_open_line();
        }
        self.page.turn()
    }

    /// A heading that is shown if something comes below it.
    pub(crate) fn announce(&mut self, text: &str) {
        self.announced = Some(text.to_owned());
    }

    /// A line between the lines: which log comes, or what.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.end_open_line();
        self.announced = None;
        let gap = if self.has_headings { "\n" } else { "" };
        self.has_headings = true;
        let text = match self.screen.has_colours {
            true => format!("{gap}\x1b[1m==> {text} <==\x1b[0m\n"),
            false => format!("{gap}==> {text} <==\n"),
        };
        self.page.add(text.as_bytes())
    }

    /// Lines are left out here.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        self.end_open_line();
        self.page.add(if self.screen.has_colours { b"\x1b[36m--\x1b[0m\n" } else { b"--\n" })
    }

    /// Writes all of it; leaves no colour behind at an unfinished line.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if let Some(open) = self.open {
            self.voices[open].harmless.darken(&mut self.page.buffer);
        }
        self.page.flush()
    }

    fn end_open_line(&mut self) {
        if let Some(open) = self.open.take() {
            self.voices[open].harmless.end_line(&mut self.page.buffer);
            self.page.buffer.push(b'\n');
        }
    }
}

fn show_highlighted(
    harmless: &mut Harmless,
    line: &[u8],
    highlight: Option<&Pattern>,
    out: &mut Vec<u8>,
) {
    let mut done = 0;
    while let Some(place) = highlight.and_then(|pattern| pattern.next_place(line, done)) {
        harmless.show(&line[done..place.start], out);
        harmless.emphasize(true);
        harmless.show(&line[place.clone()], out);
        harmless.emphasize(false);
        done = place.end;
    }
    harmless.show(&line[done..], out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Streams, of, tests::process};

    const PIPE: Screen = Screen { is_terminal: false, has_colours: false, is_raw: false };
    const COLOURS: Screen = Screen { is_terminal: true, has_colours: true, is_raw: false };

    /// The logs of `web` are 0 and 1, those of `db` 2 and 3.
    fn labelled(screen: Screen, labels: Labels) -> Labelled {
        let mut labelled = Labelled::new(Page::on(io::sink()), screen, labels);
        for (id, name) in [(1, "web"), (2, "db")] {
            let both = Streams { stdout: true, stderr: true };
            of(&process(id, name, "/out", "/err"), both).iter().for_each(|one| labelled.add(one));
        }
        labelled
    }

    fn show(labelled: &mut Labelled, number: usize, text: &str, begins: bool, ends: bool) {
        let piece = Piece { at: 0, bytes: text.as_bytes(), begins, ends };
        labelled.show(number, &piece).expect("a sink takes all");
    }

    fn shown(labelled: &Labelled) -> &str {
        std::str::from_utf8(&labelled.page.buffer).expect("UTF-8")
    }

    #[test]
    fn lines_have_the_name_of_their_process() {
        let mut lines = labelled(PIPE, Labels::Names);
        show(&mut lines, 0, "one", true, true);
        show(&mut lines, 3, "two", true, true);
        show(&mut lines, 1, "", true, true);
        assert_eq!(shown(&lines), "web | one\ndb  ! two\nweb ! \n");
    }

    #[test]
    fn an_unfinished_line_is_never_joined_with_another() {
        let mut lines = labelled(PIPE, Labels::Names);
        show(&mut lines, 0, "begin", true, false);
        show(&mut lines, 0, " middle", false, false);
        show(&mut lines, 2, "other", true, true);
        show(&mut lines, 0, " end", false, true);
        show(&mut lines, 2, "last", true, false);
        show(&mut lines, 0, "", true, true);
        show(&mut lines, 2, "", false, true);
        let expected = "web | begin middle\ndb  | other\nweb |  end\ndb  | last\nweb | \n";
        assert_eq!(shown(&lines), expected);
    }

    #[test]
    fn headings_stand_apart() {
        let mut lines = labelled(PIPE, Labels::None);
        lines.heading("web stdout").expect("fine");
        show(&mut lines, 0, "unfinished", true, false);
        lines.heading("web stderr").expect("fine");
        show(&mut lines, 1, "x", true, true);
        lines.set_labels(Labels::Signs);
        show(&mut lines, 1, "y", true, true);
        show(&mut lines, 0, "z", true, true);
        let expected = "==> web stdout <==\nunfinished\n\n==> web stderr <==\nx\n! y\nz\n";
        assert_eq!(shown(&lines), expected);
    }

    #[test]
    fn a_colour_stays_with_its_process() {
        let mut lines = labelled(COLOURS, Labels::Names);
        lines.set_labels(Labels::Signs);
        show(&mut lines, 0, "\x1b[32mgreen", true, false);
        show(&mut lines, 2, "plain", true, true);
        show(&mut lines, 0, "still", false, true);
        let expected = "\x1b[0;32mgreen\x1b[0m\nplain\n\x1b[0;32mstill\x1b[0m\n";
        assert_eq!(shown(&lines), expected);
    }

    #[test]
    fn in_a_pipe_sequences_are_left_out_unless_bytes_are_to_be_raw() {
        for (is_raw, expected) in
            [(false, "web | \x07red\n"), (true, "web | \x1b[2J\x07\x1b[31mred\n")]
        {
            let mut lines = labelled(Screen { is_raw, ..PIPE }, Labels::Names);
            show(&mut lines, 0, "\x1b[2J\x07\x1b[31mred", true, true);
            assert_eq!(shown(&lines), expected);
        }
    }

    #[test]
    fn what_matches_is_highlighted_where_there_are_colours() {
        let pattern = || Pattern::new(&["[0-9]*".to_owned()], false).ok();
        for (screen, expected) in [
            (COLOURS, "a \x1b[0m\x1b[7m12\x1b[0m b\n"),
            (Screen { has_colours: false, ..COLOURS }, "a 12 b\n"),
            (PIPE, "a 12 b\n"),
        ] {
            let mut lines = labelled(screen, Labels::None);
            lines.highlight(pattern());
            show(&mut lines, 0, "a 12 b", true, true);
            assert_eq!(shown(&lines), expected);
        }
    }
}
