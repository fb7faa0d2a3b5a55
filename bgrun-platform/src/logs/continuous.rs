//! One log, whatever files it lies in: bytes by their logical offsets, while rotations go
//! on. Nothing is locked: what was read is checked afterwards, and read again when a
//! rotation came between.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::archive::{self, Archive, Found, Packing};
use super::journal::{Journal, Part, Seen, Step};
use super::{FileId, LogRefused, extents, open_to_read};
use crate::clock;

/// How often an archive is looked for that was not to be seen: while a directory is read,
/// a file that is renamed in it may seem not to be there.
const LOOKS: u32 = 20;

/// A log that is there.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    live: File,
    id: FileId,
    view: RefCell<View>,
}

/// How offsets and files belonged together when that was last looked at.
#[derive(Debug)]
struct View {
    seen: Seen,
    journal: Journal,
    /// The logical offset of the live file's byte 0.
    origin: u64,
    /// The archive that was read last.
    archive: Option<Archive>,
    /// The path names another file by now: of what is held no rotation takes anything.
    is_frozen: bool,
}

impl Log {
    /// Opens the log at `path`; `None` when nothing was ever written there.
    ///
    /// # Errors
    /// See [`LogRefused`].
    pub fn open(path: &Path) -> Result<Option<Self>, LogRefused> {
        loop {
            let Some((live, id, view)) = Self::look(path, path)? else { return Ok(None) };
            // It was replaced between the two looks, where there is none.
            if let Some(view) = view {
                let (path, view) = (path.to_owned(), RefCell::new(view));
                return Ok(Some(Self { path, live, id, view }));
            }
        }
    }

    /// Opens a log whose live file is no longer at `path`, and can be opened at `held`; its
    /// archives are read as long as they are known to be of that file.
    ///
    /// # Errors
    /// See [`LogRefused`].
    pub fn open_held(path: &Path, held: &Path) -> Result<Option<Self>, LogRefused> {
        let Some((live, id, view)) = Self::look(path, held)? else { return Ok(None) };
        let view = RefCell::new(view.unwrap_or_else(View::alone));
        Ok(Some(Self { path: path.to_owned(), live, id, view }))
    }

    fn look(path: &Path, at: &Path) -> Result<Option<(File, FileId, Option<View>)>, LogRefused> {
        let Some(live) = open_to_read(at)? else { return Ok(None) };
        let failed = |error| LogRefused::Io { path: at.to_owned(), error };
        let id = FileId::of(&live).map_err(failed)?;
        let view = View::look(path, &live, id).map_err(failed)?;
        Ok(Some((live, id, view)))
    }

    /// When it was written last.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn written_at(&self) -> io::Result<SystemTime> {
        self.live.metadata()?.modified()
    }

    /// The live file that is held, also after another one took its name.
    #[must_use]
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The offset of the oldest byte from which on nothing is missing.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn begin(&self) -> io::Result<u64> {
        self.refresh()?;
        Ok(self.view.borrow_mut().begin(&self.path))
    }

    /// Where the live file's part begins: reading there is cheaper than before it.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn live_from(&self) -> io::Result<u64> {
        self.refresh()?;
        Ok(self.view.borrow().journal.live_from())
    }

    /// Where it ends now. Less than before when the program has cut its own log.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn end(&self) -> io::Result<u64> {
        loop {
            self.refresh()?;
            let view = self.view.borrow();
            let end = view.origin + self.live.metadata()?.len();
            if view.holds(&self.path, &self.live)? {
                return Ok(end.max(view.journal.live_from()));
            }
        }
    }

    /// Reads from `at` on; answers how many bytes. Fewer than fit are read at the end of
    /// each file; none are at or behind the end of the log.
    ///
    /// # Errors
    /// `NotFound`: what stood there was removed; what is left begins at [`Log::begin`].
    /// Others: the files cannot be read.
    pub fn read_at(&self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let mut looks = LOOKS;
        loop {
            let mut view = self.view.borrow_mut();
            if at >= view.journal.live_from() {
                let count = extents::read_at(&self.live, at - view.origin, buffer)?;
                if view.holds(&self.path, &self.live)? {
                    return Ok(count);
                }
            } else {
                match view.read_archive(&self.path, at, buffer) {
                    // An archive that ends early is one that somebody has cut.
                    Ok(count) if count > 0 => return Ok(count),
                    Ok(_) => return Err(io::ErrorKind::NotFound.into()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        if view.holds(&self.path, &self.live)? {
                            if view.journal.part_at(at).is_none() || looks == 0 {
                                view.begin(&self.path);
                                return Err(error);
                            }
                            looks -= 1;
                            clock::pause(Duration::from_millis(1));
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
            drop(view);
            self.refresh()?;
        }
    }

    /// Looks how offsets and files belong together now, if that has changed.
    fn refresh(&self) -> io::Result<()> {
        let mut view = self.view.borrow_mut();
        if !view.holds(&self.path, &self.live)? {
            let archive = view.archive.take();
            match View::look(&self.path, &self.live, self.id)? {
                Some(new) => *view = new,
                None => view.is_frozen = true,
            }
            view.archive = archive;
        }
        Ok(())
    }
}

impl View {
    /// Of a file of which nothing is written down.
    fn alone() -> Self {
        let (seen, journal) = (Seen::default(), Journal::default());
        Self { seen, journal, origin: 0, archive: None, is_frozen: true }
    }

    /// How it is now; `None` when what is beside the log is of another file.
    fn look(path: &Path, live: &File, id: FileId) -> io::Result<Option<Self>> {
        loop {
            let seen = Seen::of(path)?;
            let mut journal = match &seen.journal {
                Some(journal) => journal.clone(),
                None => without_journal(path, live)?,
            };
            if FileId::at(path) == Some(id) {
                take_in_renamed(&mut journal, path, id);
            }
            let own = journal.archives.iter().position(|part| part.inode == id.inode());
            let is_frozen = own.is_some();
            if let Some(own) = own {
                // It is an archive by now, as a whole; it is read on through the open file.
                journal.base = journal.archives[own].from;
                journal.head = 0;
                journal.archives.drain(..=own);
            } else if journal.inode != id.inode() && FileId::at(path) != Some(id) {
                return Ok(None);
            }
            let origin = journal.origin(live)?;
            let mut view = Self { seen, journal, origin, archive: None, is_frozen: false };
            if view.holds(path, live)? {
                view.is_frozen = is_frozen;
                return Ok(Some(view));
            }
        }
    }

    /// Whether offsets and files still belong together as they did.
    fn holds(&self, path: &Path, live: &File) -> io::Result<bool> {
        if self.is_frozen {
            return Ok(true);
        }
        Ok(self.seen.is_current(path) && self.journal.origin(live)? == self.origin)
    }

    /// The archives that are really there, as far as one follows the other.
    fn begin(&mut self, path: &Path) -> u64 {
        let is_there = |part: &Part, found: &[Found]| found.iter().any(|f| f.inode == part.inode);
        for _ in 0..LOOKS {
            let found =
                if self.journal.archives.is_empty() { Vec::new() } else { archive::list(path) };
            if self.journal.archives.iter().all(|part| is_there(part, &found)) {
                return self.journal.begin();
            }
            // A directory that is read while names change in it may seem to lack some.
            clock::pause(Duration::from_millis(1));
        }
        let found = archive::list(path);
        self.journal.archives.retain(|part| is_there(part, &found));
        self.journal.begin()
    }

    fn read_archive(&mut self, path: &Path, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let holds = |archive: &&Archive| archive.part.holds(at);
        if self.archive.as_ref().filter(holds).is_none() {
            let part = self.journal.part_at(at).ok_or(io::ErrorKind::NotFound)?;
            self.archive = Some(Archive::open(path, part)?);
        }
        match &mut self.archive {
            Some(archive) => archive.read_at(at, buffer),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// What a journal would say where there is none: whoever has renamed the log to `.1` has
/// left none, and one may have been lost.
///
/// # Errors
/// The files cannot be read.
pub fn without_journal(path: &Path, live: &File) -> io::Result<Journal> {
    if !archive::is_any(path) {
        return Ok(Journal::default());
    }
    let archives = archive::chain(&archive::list(path));
    let total = archives.first().map_or(0, |newest| newest.from + newest.length);
    // Only a rotation makes a hole there.
    let head = extents::first_data(live)?.filter(|first| *first <= total).unwrap_or(0);
    let (base, inode) = (total - head, FileId::of(live)?.inode());
    Ok(Journal {
        base,
        head,
        step: Step::Idle,
        collapses: head == 0,
        inode,
        archives,
        dropped: Vec::new(),
    })
}

/// Takes in the live file of which the journal tells, where another program has made an
/// archive of it by a rename, and `id` has taken its place. Where it has a hole at its head,
/// its offsets are not those of an archive, and it is left out.
pub(super) fn take_in_renamed(journal: &mut Journal, path: &Path, id: FileId) {
    let is_another = journal.inode != id.inode() && journal.inode != 0;
    if !is_another || journal.head > 0 || journal.step != Step::Idle {
        return;
    }
    let found = archive::list(path).into_iter().find(|one| one.inode == journal.inode);
    if let Some(one) = found.filter(|one| one.packing == Packing::Plain && one.bytes > 0) {
        let part = Part { from: journal.base, length: one.bytes, inode: one.inode };
        journal.base += one.bytes;
        journal.archives.insert(0, part);
    }
}

/// How much of the head is looked at where a hole may have been filled with zeros.
const LOOKED_AT_BYTES: usize = 4096;

impl Journal {
    /// The logical offset of the live file's byte 0: depends on whether its head is there.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn origin(&self, live: &File) -> io::Result<u64> {
        if self.head == 0 || self.has_head(live)? { Ok(self.base) } else { Ok(self.live_from()) }
    }

    /// Whether the head is still there: neither collapsed, nor cut off by the program.
    fn has_head(&self, live: &File) -> io::Result<bool> {
        let length = live.metadata()?.len();
        if self.step == Step::Copied || length < self.head {
            return Ok(length >= self.head);
        }
        if extents::first_data(live)?.is_none_or(|first| first >= self.head) {
            return Ok(true);
        }
        // On tmpfs, who maps the hole into memory fills it with zeros.
        let mut start = [1; LOOKED_AT_BYTES];
        let start = &mut start[..LOOKED_AT_BYTES.min(usize::try_from(self.head).unwrap_or(0))];
        Ok(!self.collapses
            && extents::read_at(live, 0, start)? == start.len()
            && start.iter().all(|byte| *byte == 0))
    }

    /// The offset of the oldest byte from which on nothing is missing.
    #[must_use]
    pub fn begin(&self) -> u64 {
        let mut begin = self.live_from();
        for part in &self.archives {
            if part.from + part.length != begin {
                break;
            }
            begin = part.from;
        }
        begin
    }

    fn part_at(&self, at: u64) -> Option<&Part> {
        self.archives.iter().find(|part| part.holds(at))
    }
}

#[cfg(test)]
mod tests;
