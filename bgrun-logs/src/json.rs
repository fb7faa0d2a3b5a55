//! Lines as records, for other programs.

use std::io;

use bgrun_store::Stream;
use serde::Serialize;

use crate::cutter::Piece;
use crate::page::Page;
use crate::runs::Runs;
use crate::source::Source;

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
    #[serde(skip_serializing_if = "is_false")]
    partial: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Writes the lines of several logs.
pub(crate) struct Json {
    page: Page,
    sources: Vec<Source>,
    runs: Runs,
}

impl Json {
    pub(crate) fn new(page: Page, runs: Runs) -> Self {
        Self { page, sources: Vec::new(), runs }
    }

    /// Another log; its number is the count of those before.
    pub(crate) fn add(&mut self, source: &Source) {
        self.sources.push(source.clone());
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
        let record = Record {
            name: &source.name,
            run: self.runs.number_at(source, piece.at),
            stream: source.stream,
            time: None,
            line: &String::from_utf8_lossy(piece.bytes),
            partial: !piece.ends,
        };
        serde_json::to_writer(&mut self.page.buffer, &record)?;
        self.page.buffer.push(b'\n');
        self.page.turn()
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.page.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Streams, of, tests::process};

    #[test]
    fn a_record_for_each_piece() {
        let mut json = Json::new(Page::on(io::sink()), Runs::unknown());
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
}
