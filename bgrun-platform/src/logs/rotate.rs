//! Rotation: the head of a live log becomes an archive while the program writes on at its
//! end. Nothing is taken from the live file before its copy is on the disk, and a rotation
//! that is killed at any moment is finished by the next one.
//!
//! 1. Copy the head to an archive without a number; fsync.
//! 2. Journal: copied. From here on the archive is the log's part.
//! 3. Punch the head: a hole, as often as one likes.
//! 4. Journal: punched.
//! 5. Collapse it, unless the hole is gone, which says that this was done.
//! 6. Journal: idle, the base moved on. Then the archives get their numbers.
//!
//! A naive "copy, journal, collapse" lost 226,000 to 387,000 of 786,000 lines when it was
//! killed again and again: it collapsed twice. Where a file system cannot collapse (btrfs,
//! tmpfs, ext3), or cannot be trusted to (XFS), the head stays a hole, which takes no space.

use std::fs::File;
use std::io;
use std::path::Path;

use super::continuous::{take_in_renamed, without_journal};
use super::extents::{self, Ability};
use super::journal::{Journal, Part, Seen, Step};
use super::{FileId, archive, numbering, pack};
use crate::fault;

/// What is to become of the archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// So many are kept.
    pub keep: u32,
    /// Whether they are compressed.
    pub compress: bool,
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated {
    /// So many bytes are in a new archive, and no longer in the live file.
    Archived {
        /// How many.
        bytes: u64,
        /// How they were taken from the live file.
        method: Method,
    },
    /// There is less in the live file than can be taken from it while it is written.
    TooSmall {
        /// So much there is, and stays.
        bytes: u64,
        /// More than this it has to be: what the file system takes away at once.
        block_bytes: u64,
    },
    /// Another rotation is at work.
    Busy,
}

/// How bytes are taken from the live file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The file became shorter at its head.
    Collapsed,
    /// Its head is a hole now: its size grows on, what it takes on the disk does not.
    Punched,
    /// It was cut to nothing. What the program wrote between the copy and the cut is lost.
    CopiedAndCut,
}

/// Rotates the log at `path`; finishes what an earlier rotation has left.
///
/// # Errors
/// `NotFound`: there is no such log. Others: nothing was removed that is not in an archive.
pub fn rotate(path: &Path, limits: Limits) -> io::Result<Rotated> {
    let Some(mut rotation) = Rotation::begin(path)? else { return Ok(Rotated::Busy) };
    rotation.settle()?;
    let rotated = rotation.take_head()?;
    rotation.settle()?;
    rotation.keep_only(limits.keep)?;
    if limits.compress {
        rotation.pack_all()?;
    }
    Ok(rotated)
}

/// The files of one log, which nobody else rotates.
pub(super) struct Rotation<'a> {
    path: &'a Path,
    live: File,
    pub(super) journal: Journal,
}

impl<'a> Rotation<'a> {
    /// `None`: another one is at work.
    pub(super) fn begin(path: &'a Path) -> io::Result<Option<Self>> {
        loop {
            let live = extents::open_to_rotate(path)?;
            if !extents::try_lock(&live)? {
                return Ok(None);
            }
            // Locked too late, if it was removed or renamed meanwhile.
            if FileId::at(path) != Some(FileId::of(&live)?) {
                continue;
            }
            let mut journal = match Seen::of(path)?.journal {
                Some(journal) => journal,
                None => without_journal(path, &live)?,
            };
            take_in_renamed(&mut journal, path, FileId::of(&live)?);
            return Ok(Some(Self { path, live, journal }));
        }
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.live.metadata()?.len())
    }

    pub(super) fn write_journal(&mut self) -> io::Result<()> {
        self.journal.inode = FileId::of(&self.live)?.inode();
        self.journal.write(self.path)
    }

    /// Finishes what was begun.
    fn settle(&mut self) -> io::Result<()> {
        if self.journal.step == Step::Copied {
            self.punch()?;
        }
        if self.journal.step == Step::Punched {
            self.collapse()?;
        }
        // Cut off or replaced, where no rotation takes the hole away.
        if self.journal.head > 0 && self.journal.origin(&self.live)? != self.journal.base {
            self.head_is_gone()?;
        }
        numbering::settle(self.path, &self.journal)
    }

    /// Steps 3 and 4.
    fn punch(&mut self) -> io::Result<()> {
        if !self.is_archived() {
            return self.roll_back();
        }
        let is_same = FileId::of(&self.live)?.inode() == self.journal.inode;
        if !is_same || self.length()? < self.journal.head {
            // The program has cut its log, or somebody has replaced it.
            return self.head_is_gone();
        }
        fault::error_at("rotate:before-punch")?;
        match extents::punch_head(&self.live, self.journal.head) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => return self.roll_back(),
            other => other?,
        }
        fault::at("rotate:after-punch");
        self.journal.step = if self.journal.collapses { Step::Punched } else { Step::Idle };
        self.write_journal()?;
        fault::at("rotate:after-punched");
        Ok(())
    }

    /// Whether the newest archive is there as the journal has it.
    fn is_archived(&self) -> bool {
        let found = archive::list(self.path);
        let Some(part) = self.journal.archives.first() else { return false };
        found.iter().any(|one| one.inode == part.inode && one.bytes == part.length)
    }

    /// As if the copy had not been made: nothing was taken from the live file yet.
    fn roll_back(&mut self) -> io::Result<()> {
        if !self.journal.archives.is_empty() {
            let part = self.journal.archives.remove(0);
            self.journal.head = part.from.saturating_sub(self.journal.base);
            self.journal.dropped = vec![part.inode];
        }
        self.journal.step = Step::Idle;
        self.write_journal()
    }

    /// Steps 5 and 6.
    fn collapse(&mut self) -> io::Result<()> {
        if self.journal.origin(&self.live)? == self.journal.base {
            match extents::collapse_head(&self.live, self.journal.head) {
                Ok(()) => {}
                // It could when it was tried: the log was moved, or cut to its head.
                Err(_) => {
                    self.journal.collapses = false;
                    self.journal.step = Step::Idle;
                    return self.write_journal();
                }
            }
        }
        fault::at("rotate:after-collapse");
        self.head_is_gone()
    }

    /// The live file begins with what follows its head.
    fn head_is_gone(&mut self) -> io::Result<()> {
        self.journal.base = self.journal.live_from();
        self.journal.head = 0;
        self.journal.step = Step::Idle;
        self.write_journal()?;
        fault::at("rotate:after-idle");
        Ok(())
    }

    /// Makes an archive of what can be taken from the live file.
    fn take_head(&mut self) -> io::Result<Rotated> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let ability = extents::ability(directory)?;
        let size = self.length()?;
        let (end, block_bytes) = match ability {
            // A collapse must end before the end of the file.
            Ability::Collapse(block) => (size.saturating_sub(1) / block * block, block),
            Ability::Punch(block) => (size / block * block, block),
            Ability::Nothing => (size, 0),
        };
        let (from, bytes) = (self.journal.live_from(), end.saturating_sub(self.journal.head));
        if bytes == 0 {
            let bytes = size.saturating_sub(self.journal.head);
            return Ok(Rotated::TooSmall { bytes, block_bytes });
        }
        let partial = archive::path(self.path, 0, archive::Packing::Plain);
        let archived = self.copy_head(&partial, end);
        let inode = match archived {
            Ok(inode) => inode,
            Err(error) => {
                let _ = std::fs::remove_file(&partial);
                return Err(error);
            }
        };
        fault::at("rotate:after-copy");
        self.journal.archives.insert(0, Part { from, length: bytes, inode });
        self.journal.head = end;
        self.journal.step = Step::Copied;
        self.journal.collapses = matches!(ability, Ability::Collapse(_));
        if let Err(error) = self.write_journal() {
            // Where only making it durable failed, it counts, and the archive with it.
            if Seen::of(self.path)?.journal.is_none_or(|journal| journal.step != Step::Copied) {
                let _ = std::fs::remove_file(&partial);
            }
            return Err(error);
        }
        fault::at("rotate:after-copied");
        if ability == Ability::Nothing {
            self.live.set_len(0)?;
            self.head_is_gone()?;
            return Ok(Rotated::Archived { bytes, method: Method::CopiedAndCut });
        }
        let method = if self.journal.collapses { Method::Collapsed } else { Method::Punched };
        Ok(Rotated::Archived { bytes, method })
    }

    /// Step 1: what lies between the head that was taken before and `end`.
    fn copy_head(&self, partial: &Path, end: u64) -> io::Result<u64> {
        let to = crate::private::create_file(partial)?;
        fault::error_at("rotate:copy")?;
        let copied = extents::copy(&self.live, self.journal.head..end, &to)?;
        to.sync_all()?;
        if copied < end - self.journal.head || self.length()? < end {
            return Err(io::Error::other("the log was cut while it was copied"));
        }
        Ok(FileId::of(&to)?.inode())
    }

    /// Removes all archives but the newest `keep`.
    fn keep_only(&mut self, keep: u32) -> io::Result<()> {
        let keep_count = usize::try_from(keep).unwrap_or(usize::MAX);
        if self.journal.archives.len() > keep_count {
            let dropped = self.journal.archives.split_off(keep_count);
            self.journal.dropped = dropped.iter().map(|part| part.inode).collect();
            // The journal first: what it does not list, nobody reads.
            self.write_journal()?;
            fault::at("rotate:before-remove");
        }
        numbering::remove_dropped(self.path, &self.journal)
    }

    /// Removes the oldest archive; answers whether there was one.
    pub(super) fn remove_oldest(&mut self) -> io::Result<bool> {
        let Some(count) = self.journal.archives.len().checked_sub(1) else { return Ok(false) };
        self.keep_only(u32::try_from(count).unwrap_or(u32::MAX))?;
        Ok(true)
    }

    /// Compresses what is not.
    fn pack_all(&mut self) -> io::Result<()> {
        for found in archive::list(self.path) {
            let position = self.journal.archives.iter().position(|part| part.inode == found.inode);
            let (Some(position), archive::Packing::Plain) = (position, found.packing) else {
                continue;
            };
            let new = super::journal::with_suffix(self.path, ".packing");
            let packed = File::open(&found.path).and_then(|file| pack::pack(&file, &new));
            if let Err(error) = packed {
                let _ = std::fs::remove_file(&new);
                return Err(error);
            }
            fault::at("rotate:after-packing");
            let named = archive::path(self.path, found.number, archive::Packing::Gzip);
            std::fs::rename(&new, &named)?;
            fault::at("rotate:after-packed");
            let inode = FileId::at(&named).ok_or(io::ErrorKind::NotFound)?.inode();
            self.journal.archives[position].inode = inode;
            self.journal.dropped = vec![found.inode];
            self.write_journal()?;
            fault::at("rotate:before-unpacked-goes");
            numbering::remove_dropped(self.path, &self.journal)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
