//! Logs: a piece of one, by offsets, and the whole of one. An offset means the same byte for
//! ever, also when a rotation has moved it into an archive.

pub(crate) mod search;
pub(crate) mod span;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::response::Response;
use bgrun_platform::Identity;
use bgrun_platform::logs::continuous::Log;
use bgrun_platform::logs::index::{Index, Side};
use bgrun_platform::logs::{Held, held_open};
use bgrun_store::{Home, Known, Process};
use hyper::StatusCode;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::answer::{self, Problem};
use crate::extract::{Asked, Name};
use crate::state::Dashboard;

/// The most text of one answer.
pub(crate) const LARGEST_PIECE: u64 = 1024 * 1024;
/// The lines of an answer when their number is not said.
const LINES: u64 = 1000;
/// So much is read at once where the beginning of a line is looked for.
const STEP: u64 = 64 * 1024;

/// Which of the two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tab {
    #[default]
    Stdout,
    Stderr,
}

impl Tab {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];

    fn side(self) -> Side {
        match self {
            Self::Stdout => Side::Out,
            Self::Stderr => Side::Err,
        }
    }
}

/// Which piece.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Where {
    tab: Tab,
    offset: Option<u64>,
    before: Option<u64>,
    lines: Option<u64>,
}

/// A piece of a log.
#[derive(Debug, Serialize)]
pub(crate) struct Piece {
    pub(crate) name: String,
    pub(crate) tab: Tab,
    /// What is no UTF-8 is replaced.
    pub(crate) text: String,
    /// The byte at which it begins.
    pub(crate) offset: u64,
    /// The byte behind it.
    pub(crate) next_offset: u64,
    /// The byte behind the last one there is.
    pub(crate) size: u64,
    /// The first byte there is: what was before it has been removed.
    pub(crate) begin: u64,
    /// Offsets from which on the text was written at a time, in milliseconds since 1970;
    /// empty where nobody knows.
    pub(crate) marks: Vec<(u64, Option<u64>)>,
}

pub(crate) async fn piece(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
    Asked(piece): Asked<Where>,
) -> Result<Response, Problem> {
    let read = move || {
        let cut = match place(&dashboard.home, &name, piece.tab)?.open()? {
            None => Cut::default(),
            Some(log) => cut(&log, &piece).context("read the log")?,
        };
        let next_offset = cut.offset + cut.bytes.len() as u64;
        let index = Index::read(&dashboard.home.index(&name));
        let marks = marks(&index, piece.tab.side(), cut.offset, next_offset);
        let text = String::from_utf8_lossy(&cut.bytes).into_owned();
        let Cut { offset, size, begin, .. } = cut;
        Ok(Piece { name, tab: piece.tab, text, offset, next_offset, size, begin, marks })
    };
    let piece: Result<Piece, Problem> =
        tokio::task::spawn_blocking(read).await.context("read a log")?;
    answer::value(&piece?)
}

/// Where a log is.
#[derive(Debug)]
pub(crate) struct Place {
    /// Where it belongs.
    pub(crate) path: PathBuf,
    /// Where it can be read instead: its process writes on into one that was renamed or deleted.
    held: Option<Held>,
}

impl Place {
    fn of(process: &Process, tab: Tab) -> Self {
        let (path, descriptor) = match tab {
            Tab::Stdout => (process.stdout.clone(), 1),
            Tab::Stderr => (process.stderr.clone(), 2),
        };
        let run = process.run.as_ref().filter(|run| run.end.is_none());
        let identity = run.and_then(|run| serde_json::from_str(run.identity.as_deref()?).ok());
        let held = identity.and_then(|one: Identity| held_open(&one, descriptor, &path));
        Self { path, held }
    }

    /// Where what is written appears.
    pub(crate) fn live(&self) -> &Path {
        self.held.as_ref().map_or(&self.path, |held| &held.path)
    }

    /// Opens the log; `None` where nothing was written yet.
    ///
    /// # Errors
    /// It is not one, or cannot be read.
    pub(crate) fn open(&self) -> Result<Option<Log>, Problem> {
        let opened = match &self.held {
            None => Log::open(&self.path),
            Some(held) => Log::open_held(&self.path, &held.path),
        };
        Ok(opened.map_err(anyhow::Error::from)?)
    }
}

/// Where a log of a known process is.
///
/// # Errors
/// Nobody is called so.
pub(crate) fn place(home: &Home, name: &str, tab: Tab) -> Result<Place, Problem> {
    let known = Known::read(home);
    let process = known.processes.into_iter().find(|process| process.name == name);
    match (process, known.trouble) {
        (Some(process), _) => Ok(Place::of(&process, tab)),
        (None, None) => Err(Problem::unknown(name)),
        (None, Some(trouble)) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, trouble.to_string()))
        }
    }
}

/// The most marks of a piece.
const MOST_MARKS: usize = 2000;

/// When the bytes from `offset` to `end` were written.
fn marks(index: &Index, side: Side, offset: u64, end: u64) -> Vec<(u64, Option<u64>)> {
    let mut marks = Vec::new();
    let mut at = offset;
    while at < end && marks.len() < MOST_MARKS {
        marks.push((at, index.time_at(side, at)));
        let Some(reaching) = index.reaching(side, at) else { break };
        let record = &index.records()[reaching];
        at = match side {
            Side::Out => record.out,
            Side::Err => record.err,
        };
    }
    if marks.iter().all(|(_, time)| time.is_none()) { Vec::new() } else { marks }
}

/// What was cut out of a log.
#[derive(Debug, Default)]
struct Cut {
    offset: u64,
    bytes: Vec<u8>,
    begin: u64,
    size: u64,
}

/// The bytes of the piece, and where they stand.
fn cut(log: &Log, place: &Where) -> io::Result<Cut> {
    let (begin, size) = (log.begin()?, log.end()?);
    let lines = place.lines.unwrap_or(LINES);
    if let Some(offset) = place.offset {
        let offset = offset.clamp(begin, size.max(begin));
        let mut bytes = read(log, offset, size.saturating_sub(offset).min(LARGEST_PIECE))?;
        let end = end_of_lines(&bytes, lines);
        bytes.truncate(end);
        if offset + (bytes.len() as u64) < size {
            keep_whole(&mut bytes, lines);
        }
        drop_cut_character(&mut bytes);
        return Ok(Cut { offset, bytes, begin, size });
    }
    let end = place.before.unwrap_or(size).min(size).max(begin);
    let from = begin_of_lines(log, begin, end, lines)?;
    let mut bytes = read(log, from, end - from)?;
    let cut = bytes.iter().take(3).take_while(|byte| is_continuation(**byte)).count();
    // Only a line that is longer than an answer begins in the midst of a character.
    let cut = if from > begin && cut < 3 { cut } else { 0 };
    bytes.drain(..cut);
    if place.before.is_none() {
        drop_cut_character(&mut bytes);
    }
    Ok(Cut { offset: from + cut as u64, bytes, begin, size })
}

/// The bytes from `offset` on; fewer where the log ends, or lost its oldest part.
pub(crate) fn read(log: &Log, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    let mut filled = 0;
    while filled < bytes.len() {
        match log.read_at(offset + filled as u64, &mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            // Its oldest archive was removed at this moment.
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// The length of the first `lines` lines of `bytes`.
fn end_of_lines(bytes: &[u8], lines: u64) -> usize {
    if lines == 0 {
        return 0;
    }
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let nth = usize::try_from(lines - 1).unwrap_or(usize::MAX);
    ends.map(|(at, _)| at + 1).nth(nth).unwrap_or(bytes.len())
}

/// Takes off the line that an answer has no room for, unless it is the only one.
fn keep_whole(bytes: &mut Vec<u8>, lines: u64) {
    if lines > 0
        && let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n')
    {
        bytes.truncate(end + 1);
    }
}

/// Where the last `lines` lines before `end` begin; not further back than an answer goes.
fn begin_of_lines(log: &Log, first: u64, end: u64, lines: u64) -> io::Result<u64> {
    let earliest = end.saturating_sub(LARGEST_PIECE).max(first);
    let mut begin = end;
    // The newline before `end` ends the last line and begins none.
    let mut left = lines;
    let mut is_last_byte = true;
    let mut oldest = end;
    while begin > earliest && left > 0 {
        let length = (begin - earliest).min(STEP);
        begin -= length;
        let bytes = read(log, begin, length)?;
        for (at, byte) in bytes.iter().enumerate().rev() {
            if *byte == b'\n' && !is_last_byte {
                left -= 1;
                oldest = begin + at as u64 + 1;
                if left == 0 {
                    return Ok(oldest);
                }
            }
            is_last_byte = false;
        }
    }
    // Whole lines, where there is one.
    let is_cut = earliest > first && oldest < end;
    Ok(if lines == 0 {
        end
    } else if is_cut {
        oldest
    } else {
        earliest
    })
}

fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Takes off a character of which not all bytes are there yet.
pub(crate) fn drop_cut_character(bytes: &mut Vec<u8>) {
    let from = bytes.len().saturating_sub(3);
    if let Err(error) = std::str::from_utf8(&bytes[from..]).map(drop)
        && error.error_len().is_none()
    {
        bytes.truncate(from + error.valid_up_to());
        return;
    }
    // The window may have begun inside a whole character: look for its first byte.
    for back in 1..=bytes.len().min(3) {
        let at = bytes.len() - back;
        if !is_continuation(bytes[at]) {
            if std::str::from_utf8(&bytes[at..]).is_err_and(|error| error.error_len().is_none()) {
                bytes.truncate(at);
            }
            return;
        }
    }
}

/// The whole log, as a file to keep.
pub(crate) async fn download(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
    Asked(whole): Asked<Where>,
) -> Result<Response, Problem> {
    let file_name = format!(
        "{}-{}.txt",
        percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC),
        if whole.tab == Tab::Stdout { "out" } else { "err" }
    );
    let opened =
        tokio::task::spawn_blocking(move || place(&dashboard.home, &name, whole.tab)?.open());
    let log: Result<Option<Log>, Problem> = opened.await.context("open a log")?;
    let body = match log? {
        None => axum::body::Body::empty(),
        Some(log) => crate::channel::log(log),
    };
    let mut response = answer::text(StatusCode::OK, "text/plain; charset=utf-8", body);
    let disposition = format!("attachment; filename*=UTF-8''{file_name}");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

#[cfg(test)]
mod tests;
