//! Logs: a piece of one, by offsets, and the whole of one.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::response::Response;
use bgrun_platform::logs;
use bgrun_store::{Home, Known};
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
    /// The bytes there are.
    pub(crate) size: u64,
}

pub(crate) async fn piece(
    State(dashboard): State<Arc<Dashboard>>,
    Name(name): Name,
    Asked(place): Asked<Where>,
) -> Result<Response, Problem> {
    let read = move || {
        let path = path(&dashboard.home, &name, place.tab)?;
        let log = open(&path)?;
        let (size, offset, bytes) = match &log {
            None => (0, 0, Vec::new()),
            Some(log) => cut(log, &place).context("read the log")?,
        };
        let next_offset = offset + bytes.len() as u64;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Piece { name, tab: place.tab, text, offset, next_offset, size })
    };
    let piece: Result<Piece, Problem> =
        tokio::task::spawn_blocking(read).await.context("read a log")?;
    answer::value(&piece?)
}

/// The path of a log of a known process.
///
/// # Errors
/// Nobody is called so.
pub(crate) fn path(home: &Home, name: &str, tab: Tab) -> Result<PathBuf, Problem> {
    let known = Known::read(home);
    let process = known.processes.into_iter().find(|process| process.name == name);
    match (process, known.trouble) {
        (Some(process), _) => Ok(match tab {
            Tab::Stdout => process.stdout,
            Tab::Stderr => process.stderr,
        }),
        (None, None) => Err(Problem::unknown(name)),
        (None, Some(trouble)) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, trouble.to_string()))
        }
    }
}

/// The log at `path`; none where nothing was written yet.
///
/// # Errors
/// It is not one, or cannot be read.
pub(crate) fn open(path: &std::path::Path) -> Result<Option<File>, Problem> {
    Ok(logs::open_to_read(path).map_err(anyhow::Error::from)?)
}

/// Size of the log, and the bytes of the piece at its offset.
fn cut(log: &File, place: &Where) -> std::io::Result<(u64, u64, Vec<u8>)> {
    let size = log.metadata()?.len();
    let lines = place.lines.unwrap_or(LINES);
    if let Some(offset) = place.offset {
        let offset = offset.min(size);
        let mut bytes = read(log, offset, (size - offset).min(LARGEST_PIECE))?;
        let end = end_of_lines(&bytes, lines);
        bytes.truncate(end);
        if offset + (bytes.len() as u64) < size {
            keep_whole(&mut bytes, lines);
        }
        drop_cut_character(&mut bytes);
        return Ok((size, offset, bytes));
    }
    let end = place.before.unwrap_or(size).min(size);
    let begin = begin_of_lines(log, end, lines)?;
    let mut bytes = read(log, begin, end - begin)?;
    let cut = bytes.iter().take(3).take_while(|byte| is_continuation(**byte)).count();
    // Only a line that is longer than an answer begins in the midst of a character.
    let cut = if begin > 0 && cut < 3 { cut } else { 0 };
    bytes.drain(..cut);
    if place.before.is_none() {
        drop_cut_character(&mut bytes);
    }
    Ok((size, begin + cut as u64, bytes))
}

pub(crate) fn read(log: &File, offset: u64, length: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
    let mut filled = 0;
    while filled < bytes.len() {
        match log.read_at(&mut bytes[filled..], offset + filled as u64)? {
            0 => break,
            read => filled += read,
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
fn begin_of_lines(log: &File, end: u64, lines: u64) -> std::io::Result<u64> {
    let earliest = end.saturating_sub(LARGEST_PIECE);
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
    match (lines, earliest) {
        (0, _) => Ok(end),
        (_, 0) => Ok(0),
        // Whole lines, where there is one.
        _ if oldest < end => Ok(oldest),
        _ => Ok(earliest),
    }
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
    Asked(place): Asked<Where>,
) -> Result<Response, Problem> {
    let file_name = format!(
        "{}-{}.txt",
        percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC),
        if place.tab == Tab::Stdout { "out" } else { "err" }
    );
    let opened = tokio::task::spawn_blocking(move || {
        let path = path(&dashboard.home, &name, place.tab)?;
        open(&path)
    });
    let log: Result<Option<File>, Problem> = opened.await.context("open a log")?;
    let body = match log? {
        None => axum::body::Body::empty(),
        Some(log) => crate::channel::file(log),
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
