//! Whether the run has written a line that matches: it sleeps until something is written.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use bgrun_platform::logs::Growth;
use bgrun_platform::logs::continuous::Log;
use regex::bytes::Regex;

use super::Asker;
use crate::readiness::Task;

/// Reads so much at once; a line that is longer is matched in pieces.
const PIECE: usize = 64 << 10;

/// How often is looked where the kernel cannot tell of what is written.
const POLLING: Duration = Duration::from_millis(200);

/// Waits until a line of stdout or stderr, written by this run, matches `pattern`;
/// answers false when nobody wants to know any more.
pub(crate) fn matches(task: &Task, pattern: &str, asker: &Asker) -> anyhow::Result<bool> {
    let pattern = Regex::new(pattern).context("read the regular expression")?;
    let line = &task.line;
    let offset = |offset: i64| u64::try_from(offset).unwrap_or(0);
    let mut read = vec![
        Lines::of(&line.stdout_path, offset(line.stdout_offset)),
        Lines::of(&line.stderr_path, offset(line.stderr_offset)),
    ];
    // One file for both streams is read once.
    read.dedup_by(|later, former| later.path == former.path);
    let mut growth = Growth::new();
    for lines in &read {
        // Watched before it is read: what is written in between is told.
        let _ = growth.add(&lines.path);
    }
    loop {
        for lines in &mut read {
            if lines.any_matches(&pattern)? {
                return Ok(true);
            }
        }
        let is_wanted = match growth.descriptor() {
            Some(news) => asker.sleep_on(news, None)?.is_some(),
            None => !asker.leaves_within(POLLING)?,
        };
        if !is_wanted {
            return Ok(false);
        }
        growth.wait(Some(Instant::now()))?;
    }
}

/// The lines of one log from some place on, through rotations.
struct Lines {
    path: PathBuf,
    log: Option<Log>,
    at: u64,
    /// The beginning of a line whose end is not written yet.
    begun: Vec<u8>,
}

impl Lines {
    fn of(path: &Path, at: u64) -> Self {
        Self { path: path.to_owned(), log: None, at, begun: Vec::new() }
    }

    fn any_matches(&mut self, pattern: &Regex) -> anyhow::Result<bool> {
        if self.log.is_none() {
            self.log = Log::open(&self.path)?;
        }
        let Some(log) = &self.log else { return Ok(false) };
        let mut piece = vec![0; PIECE];
        loop {
            // The program has cut its own log: it begins anew.
            if log.end()? < self.at {
                (self.at, self.begun) = (log.live_from()?, Vec::new());
            }
            let read = match log.read_at(self.at, &mut piece) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    (self.at, self.begun) = (log.begin()?, Vec::new());
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if read == 0 {
                return Ok(false);
            }
            self.at += read as u64;
            self.begun.extend_from_slice(&piece[..read]);
            if take_lines(&mut self.begun, |line| pattern.is_match(line)) {
                return Ok(true);
            }
        }
    }
}

/// Takes whole lines away from the beginning of `begun` until one is the one, and answers
/// whether there was one.
fn take_lines(begun: &mut Vec<u8>, mut is_it: impl FnMut(&[u8]) -> bool) -> bool {
    let mut from = 0;
    let mut found = false;
    while let Some(length) = begun[from..].iter().position(|&byte| byte == b'\n') {
        let line = &begun[from..from + length];
        from += length + 1;
        if is_it(line.strip_suffix(b"\r").unwrap_or(line)) {
            found = true;
            break;
        }
    }
    if !found && begun.len() - from >= PIECE {
        found = is_it(&begun[from..]);
        from = begun.len();
    }
    begun.drain(..from);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_whatever_the_pieces() {
        let pattern = Regex::new("^ready$").expect("a regular expression");
        let found = |pieces: &[&str]| {
            let mut begun = Vec::new();
            pieces.iter().position(|piece| {
                begun.extend_from_slice(piece.as_bytes());
                take_lines(&mut begun, |line| pattern.is_match(line))
            })
        };
        assert_eq!(found(&["one\nready\ntwo\n"]), Some(0));
        assert_eq!(found(&["rea", "dy", "\n"]), Some(2));
        assert_eq!(found(&["ready\r\n"]), Some(0));
        assert_eq!(found(&["not ready\n", "ready, nearly\n", "ready"]), None);
    }

    #[test]
    fn a_line_without_an_end_is_matched_in_pieces() {
        let pattern = Regex::new("needle").expect("a regular expression");
        let mut begun = vec![b'x'; PIECE];
        assert!(!take_lines(&mut begun, |line| pattern.is_match(line)));
        assert!(begun.is_empty());
        begun.extend_from_slice(b"needle");
        begun.resize(PIECE, b'x');
        assert!(take_lines(&mut begun, |line| pattern.is_match(line)));
    }
}
