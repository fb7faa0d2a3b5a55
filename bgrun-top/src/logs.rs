//! The logs of one process on the screen: `bgrun-logs` follows them, a thread reads.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use bgrun_platform::sibling;
use bgrun_platform::text::safe;
use bgrun_store::selection::exactly;

/// So many lines can be scrolled back to.
const KEPT: usize = 10_000;
/// A longer line is shown this far: a screen shows less.
const LONGEST_BYTES: u64 = 16 * 1024;

#[derive(Debug, Default)]
struct Lines {
    lines: VecDeque<String>,
    has_changed: bool,
}

/// The open logs of one process.
#[derive(Debug)]
pub(crate) struct Logs {
    pub(crate) name: String,
    child: Child,
    lines: Arc<Mutex<Lines>>,
    /// How many lines the view is above the end; 0 follows.
    pub(crate) above_end: usize,
}

impl Logs {
    /// Begins to follow the logs of `name`.
    ///
    /// # Errors
    /// `bgrun-logs` cannot be run.
    pub(crate) fn open(name: &str) -> std::io::Result<Self> {
        let mut child = sibling::command("bgrun-logs", ["-f", "-n", "1000", "--", &exactly(name)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let lines = Arc::new(Mutex::new(Lines::default()));
        if let Some(stdout) = child.stdout.take() {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || read(BufReader::new(stdout), &lines));
        }
        Ok(Self { name: name.to_owned(), child, lines, above_end: 0 })
    }

    /// The `height` lines that are in view.
    pub(crate) fn view(&mut self, height: usize) -> Vec<String> {
        let mut held = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        held.has_changed = false;
        let count = held.lines.len();
        self.above_end = self.above_end.min(count.saturating_sub(height));
        let end = count - self.above_end;
        held.lines.range(end.saturating_sub(height)..end).cloned().collect()
    }

    /// Whether lines came since they were last looked at.
    pub(crate) fn has_changed(&self) -> bool {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).has_changed
    }

    /// Scrolls down, or up; at the end it follows again.
    pub(crate) fn scroll(&mut self, lines: isize) {
        self.above_end = self.above_end.saturating_add_signed(-lines);
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut from: impl BufRead, into: &Mutex<Lines>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match from.by_ref().take(LONGEST_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = safe(text.trim_end_matches(['\n', '\r'])).into_owned();
        let mut held = into.lock().unwrap_or_else(PoisonError::into_inner);
        if held.lines.len() == KEPT {
            held.lines.pop_front();
        }
        held.lines.push_back(text);
        held.has_changed = true;
        drop(held);
        // Passed over only now: nobody knows when the line will end.
        if !line.ends_with(b"\n") && from.skip_until(b'\n').is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_long_line_is_no_further_line() {
        let longest = usize::try_from(LONGEST_BYTES).expect("a small number");
        for length in [longest - 2, longest - 1, longest, longest + 1, 3 * longest] {
            let text = format!("first\n{}\n\nlast", "x".repeat(length));
            let lines = Mutex::new(Lines::default());
            read(text.as_bytes(), &lines);
            let lines = lines.into_inner().expect("nobody else has it").lines;
            let lengths: Vec<usize> = lines.iter().map(String::len).collect();
            assert_eq!(lengths, [5, length.min(longest), 0, 4], "{length}");
        }
    }
}
