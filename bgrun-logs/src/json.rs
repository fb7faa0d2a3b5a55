//! Lines as records, for other programs.

use std::io;

use bgrun_store::{Stream, time};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::cutter::Piece;
use crate::harmless::{Destination, Harmless};
use crate::page::Page;
use crate::runs::Runs;
use crate::source::Source;
use crate::times::Times;

/// A line longer than this comes in several records, so that memory stays bounded here
/// and at the reader's.
pub(crate) const LONGEST_LINE_BYTES: usize = 1 << 20;

/// A line, or a part of one.
#[derive(Serialize)]
struct Record<'a> {
    name: &'a str,
    run: Option<i64>,
    stream: Stream,
    time: Option<&'a str>,
    line: &'a str,
    /// For who goes to it in the log: the dashboard does.
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    partial: bool,
    #[serde(skip_serializing_if = "is_false")]
    context: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<&'a RawValue>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Writes the lines of several logs.
pub(crate) struct Json {
    page: Page,
    sources: Vec<Source>,
    runs: Runs,
    is_context: bool,
    is_raw: bool,
    has_offsets: bool,
    /// One for each log.
    harmless: Vec<Harmless>,
    times: Option<Times>,
}

impl Json {
    /// With `is_raw` escape sequences stay in the lines.
    pub(crate) fn new(page: Page, is_raw: bool, runs: Runs) -> Self {
        Self {
            page,
            sources: Vec::new(),
            runs,
            is_context: false,
            is_raw,
            has_offsets: false,
            harmless: Vec::new(),
            times: None,
        }
    }

    /// Each line has its time, from here.
    pub(crate) fn use_times(&mut self, times: Times) {
        self.times = Some(times);
    }

    /// Each line says at which byte of its log it begins.
    pub(crate) fn use_offsets(&mut self) {
        self.has_offsets = true;
    }

    /// From now on what is shown has just been written.
    pub(crate) fn go_live(&mut self) {
        self.times.iter_mut().for_each(Times::go_live);
    }

    /// Whether the lines that come now only stand around those that were searched for.
    pub(crate) fn set_context(&mut self, is_context: bool) {
        self.is_context = is_context;
    }

    /// Another log; its number is the count of those before.
    pub(crate) fn add(&mut self, source: &Source) {
        self.sources.push(source.clone());
        self.harmless.push(Harmless::new(Destination::Pipe));
    }

    /// Log `number` is shown from now on; it has `length` bytes.
    pub(crate) fn begin(&mut self, number: usize, length: u64) {
        self.runs.begin(&self.sources[number], length);
    }

    /// New bytes of log `number` come now.
    pub(crate) fn expect(&mut self, number: usize) {
        self.runs.expect(&self.sources[number]);
    }

    /// Log `number` was cut to nothing, or replaced.
    pub(crate) fn begin_anew(&mut self, number: usize) {
        self.runs.begin_anew(&self.sources[number]);
    }

    /// Writes a line of log `number`, or a part of it.
    pub(crate) fn show(&mut self, number: usize, piece: &Piece<'_>) -> io::Result<()> {
        let source = &self.sources[number];
        let harmless = &mut self.harmless[number];
        let mut stripped = Vec::new();
        let line = match self.is_raw || harmless.leaves_alone(piece.bytes) {
            true => piece.bytes,
            false => {
                harmless.show(piece.bytes, &mut stripped);
                &stripped
            }
        };
        if piece.ends {
            harmless.end_line(&mut Vec::new());
        }
        let written = self.times.as_mut().and_then(|times| times.at(source, piece.at));
        let written = written.map(time::text);
        let record = Record {
            name: &source.name,
            run: self.runs.number_at(source, piece.at),
            stream: source.stream,
            time: written.as_deref(),
            line: &String::from_utf8_lossy(line),
            offset: self.has_offsets.then_some(piece.at),
            partial: !piece.ends,
            context: self.is_context,
            fields: fields(piece),
        };
        serde_json::to_writer(&mut self.page.buffer, &record)?;
        self.page.buffer.push(b'\n');
        self.page.turn()
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.page.flush()
    }
}

/// The line itself, where it is an object of JSON: as it stands there, to the last digit.
fn fields<'a>(piece: &Piece<'a>) -> Option<&'a RawValue> {
    let is_whole = piece.begins && piece.ends;
    let object = piece.bytes.trim_ascii();
    let is_object = is_whole && object.starts_with(b"{") && object.ends_with(b"}");
    is_object.then(|| serde_json::from_slice(object).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Streams, of, tests::process};

    #[test]
    fn a_record_for_each_piece() {
        let mut json = Json::new(Page::on(io::sink()), false, Runs::unknown());
        let both = Streams { stdout: true, stderr: true };
        of(&process(1, "web", "/out", "/err"), both).iter().for_each(|one| json.add(one));
        for (number, bytes, ends) in [(0, &b"a\"\xff\r"[..], true), (1, b"b\x00", false)] {
            json.show(number, &Piece { at: 0, bytes, begins: true, ends }).expect("show");
        }
        let expected = concat!(
            r#"{"name":"web","run":null,"stream":"stdout","time":null,"line":"a\"�\r"}"#,
            "\n",
            r#"{"name":"web","run":null,"stream":"stderr","time":null,"line":"b\u0000","partial":true}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(json.page.buffer).expect("UTF-8"), expected);
    }

    #[test]
    fn an_offset_is_told_where_it_is_asked_for() {
        let mut json = Json::new(Page::on(io::sink()), false, Runs::unknown());
        let out = Streams { stdout: true, stderr: false };
        of(&process(1, "web", "/out", "/err"), out).iter().for_each(|one| json.add(one));
        json.use_offsets();
        json.show(0, &Piece { at: 7, bytes: b"a", begins: true, ends: true }).expect("show");
        let shown: serde_json::Value = serde_json::from_slice(&json.page.buffer).expect("JSON");
        assert_eq!(shown["offset"], 7);
    }
}
