//! Standard output: written in large pieces, and what is known of it.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use bgrun_platform::{clock, text};
use bgrun_store::variables;

use crate::harmless::Destination;

/// When what was collected is written.
const FULL_BYTES: usize = 64 << 10;

/// Collects what is to be shown.
pub(crate) struct Page {
    out: Box<dyn Write>,
    pub(crate) buffer: Vec<u8>,
}

/// What standard output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Screen {
    pub(crate) is_terminal: bool,
    pub(crate) has_colours: bool,
    /// Whether bytes are shown as they are, whatever they do.
    pub(crate) is_raw: bool,
}

impl Screen {
    pub(crate) fn of_stdout(is_raw: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let has_colours = is_terminal && !is_dumb && !is_set(variables::NO_COLOR);
        Self { is_terminal, has_colours, is_raw }
    }

    /// For whom lines are made harmless.
    pub(crate) fn destination(self) -> Destination {
        match self.is_terminal {
            true => Destination::Terminal { has_colours: self.has_colours },
            false => Destination::Pipe,
        }
    }
}

impl Page {
    pub(crate) fn stdout() -> Self {
        Self::on(io::stdout().lock())
    }

    pub(crate) fn on(out: impl Write + 'static) -> Self {
        Self { out: Box::new(out), buffer: Vec::new() }
    }

    /// Adds `bytes`; large ones are not copied.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() >= FULL_BYTES {
            self.relieve(0)?;
            return self.write(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        self.relieve(FULL_BYTES)
    }

    /// Hands on what was collected, if that is `limit` or more.
    fn relieve(&mut self, limit: usize) -> io::Result<()> {
        if self.buffer.len() < limit {
            return Ok(());
        }
        let collected = std::mem::take(&mut self.buffer);
        let written = self.write(&collected);
        self.buffer = collected;
        self.buffer.clear();
        written
    }

    /// Hands on what was collected if it is much: to be called after the buffer was
    /// added to directly.
    pub(crate) fn turn(&mut self) -> io::Result<()> {
        self.relieve(FULL_BYTES)
    }

    /// Writes all that was added.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.relieve(1)?;
        while let Err(error) = self.out.flush() {
            wait_for_room(error)?;
        }
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.out.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) => wait_for_room(error)?,
            }
        }
        Ok(())
    }
}

/// Another program may have made the file that we share with it non-blocking.
fn wait_for_room(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::Interrupted => Ok(()),
        io::ErrorKind::WouldBlock => {
            clock::pause(Duration::from_millis(1));
            Ok(())
        }
        // Said here, where it is known; the kind stays: a broken pipe is to end us quietly.
        kind => {
            let reason = text::reason(&error);
            Err(io::Error::new(kind, format!("cannot write to stdout: {reason}")))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// What a page was written to.
    #[derive(Default, Clone)]
    pub(crate) struct Paper(Rc<RefCell<Vec<u8>>>);

    impl Paper {
        /// All that was written, once.
        pub(crate) fn take(&self) -> String {
            String::from_utf8(self.0.take()).expect("UTF-8")
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Takes three bytes at a time, and has no room every other time.
    struct Slow {
        paper: Paper,
        has_room: bool,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.has_room = !self.has_room;
            if !self.has_room {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.paper.write(&bytes[..bytes.len().min(3)])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_byte_is_written_once_and_in_order() {
        let paper = Paper::default();
        let mut page = Page::on(Slow { paper: paper.clone(), has_room: true });
        page.add(b"small, ").expect("add");
        assert_eq!(paper.take(), "");
        page.add(b"another").expect("add");
        page.flush().expect("flush");
        assert_eq!(paper.take(), "small, another");
    }

    #[test]
    fn much_is_not_collected() {
        let mut page = Page::on(io::sink());
        page.add(&vec![b'x'; FULL_BYTES]).expect("add");
        assert!(page.buffer.is_empty() && page.buffer.capacity() == 0);
        page.add(b"x").expect("add");
        page.buffer.resize(FULL_BYTES, b'x');
        page.turn().expect("turn");
        assert!(page.buffer.is_empty());
    }
}
