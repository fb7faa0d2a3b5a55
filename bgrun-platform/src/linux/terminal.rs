//! The terminal: its width, and reading single keys from it.

use std::io;
use std::os::fd::AsFd;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};

/// The number of columns of the terminal that stdout is; none when it is none.
#[must_use]
pub fn columns() -> Option<usize> {
    let stdout = io::stdout();
    if !rustix::termios::isatty(&stdout) {
        return None;
    }
    // A serial line does not know its size.
    let known = rustix::termios::tcgetwinsize(&stdout).ok().filter(|size| size.ws_col > 0);
    Some(known.map_or(80, |size| size.ws_col.into()))
}

/// Whether stdin is a terminal: somebody can press keys.
#[must_use]
pub fn is_read_from() -> bool {
    rustix::termios::isatty(io::stdin())
}

/// The number of rows of the terminal that stdout is.
#[must_use]
pub fn rows() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0).then(|| size.ws_row.into())
}

/// Keys of the terminal that stdin is, each as it is pressed and without being shown.
/// What was set before comes back when this is dropped.
#[derive(Debug)]
pub struct Keys {
    before: Termios,
}

impl Keys {
    /// Begins to read keys. `None`: stdin is no terminal.
    #[must_use]
    pub fn read() -> Option<Self> {
        let stdin = io::stdin();
        let before = rustix::termios::tcgetattr(&stdin).ok()?;
        let mut single = before.clone();
        // Signals such as Ctrl-C are still made.
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        single.special_codes[SpecialCodeIndex::VMIN] = 1;
        single.special_codes[SpecialCodeIndex::VTIME] = 0;
        rustix::termios::tcsetattr(&stdin, OptionalActions::Now, &single).ok()?;
        Some(Self { before })
    }

    /// The next key, after stdin was said to be readable.
    ///
    /// # Errors
    /// stdin cannot be read.
    pub fn next(&self) -> io::Result<Option<u8>> {
        let mut key = [0];
        let read = rustix::io::read(io::stdin().as_fd(), &mut key)?;
        Ok((read == 1).then_some(key[0]))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
