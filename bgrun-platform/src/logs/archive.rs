//! The archives of a log: `LOG.1` is the newest, `LOG.2` the one before, and so on, each
//! perhaps compressed (`.gz`, `.zst`). `LOG.partial` is one that has no number yet.

use std::collections::{BTreeMap, HashMap};
use std::fs::{DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};

use super::journal::{Part, with_suffix};
use super::unpack::Unpacker;
use super::{FileId, extents};

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// By gzip.
    Gzip,
    /// By Zstandard.
    Zstd,
}

impl Packing {
    /// All, the plain one first.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Gzip, Self::Zstd];

    /// What stands behind the number.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// A file that has the name of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// 1 for the newest; 0 for the one that has no number yet.
    pub number: u32,
    /// Where it is.
    pub path: PathBuf,
    /// How it is compressed.
    pub packing: Packing,
    /// Its inode.
    pub inode: u64,
    /// Its size on disk.
    pub bytes: u64,
}

/// The name of the archive `number` of `log`.
#[must_use]
pub fn path(log: &Path, number: u32, packing: Packing) -> PathBuf {
    match number {
        0 => with_suffix(log, ".partial"),
        number => with_suffix(log, &format!(".{number}{}", packing.suffix())),
    }
}

/// Whether there is an archive `.1`, which there is when there are any; cheaper than
/// [`list`].
#[must_use]
pub fn is_any(log: &Path) -> bool {
    Packing::ALL.iter().any(|packing| path(log, 1, *packing).exists())
}

/// The archives of `log` by number, the newest first, and the plain one first where there
/// are two of one number.
#[must_use]
pub fn list(log: &Path) -> Vec<Found> {
    list_each(&[log]).pop().unwrap_or_default()
}

/// The same for each of several logs: a directory is read once for all that are in it.
#[must_use]
pub fn list_each(logs: &[&Path]) -> Vec<Vec<Found>> {
    let mut found: Vec<Vec<Found>> = logs.iter().map(|_| Vec::new()).collect();
    let mut directories: BTreeMap<&Path, HashMap<&[u8], usize>> = BTreeMap::new();
    for (at, log) in logs.iter().enumerate() {
        if let (Some(directory), Some(name)) = (log.parent(), log.file_name()) {
            directories.entry(directory).or_default().insert(name.as_encoded_bytes(), at);
        }
    }
    for (directory, names) in directories {
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let file = entry.file_name();
            if let Some((at, number, packing)) = archive_of(&names, file.as_encoded_bytes()) {
                found[at].extend(look(&entry, number, packing));
            }
        }
    }
    for archives in &mut found {
        archives.sort_by_key(|one| (one.number, one.packing != Packing::Plain));
    }
    found
}

/// Of which log a file is an archive, by its name.
fn archive_of(logs: &HashMap<&[u8], usize>, file: &[u8]) -> Option<(usize, u32, Packing)> {
    let dots = file.iter().enumerate().rev().filter(|(_, byte)| **byte == b'.');
    // `.3.gz` has the most of them.
    dots.take(2).find_map(|(dot, _)| {
        let (log, rest) = file.split_at(dot);
        let at = *logs.get(log)?;
        let (number, packing) = number_of(std::str::from_utf8(rest).ok()?)?;
        Some((at, number, packing))
    })
}

fn look(entry: &DirEntry, number: u32, packing: Packing) -> Option<Found> {
    let data = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let path = entry.path();
    let inode = FileId::at(&path)?.inode();
    Some(Found { number, path, packing, inode, bytes: data.len() })
}

/// What is behind the name of the log: `.3.gz` is archive 3, compressed by gzip.
fn number_of(rest: &str) -> Option<(u32, Packing)> {
    if rest == ".partial" {
        return Some((0, Packing::Plain));
    }
    let rest = rest.strip_prefix('.')?;
    let (number, packing) = match rest.split_once('.') {
        None => (rest, Packing::Plain),
        Some((number, "gz")) => (number, Packing::Gzip),
        Some((number, "zst")) => (number, Packing::Zstd),
        Some(_) => return None,
    };
    let is_canonical = !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_canonical)?, packing))
}

/// The parts of a log without a journal: the archives one before the other, as far as
/// their numbers go without a gap, the oldest of them at offset 0.
#[must_use]
pub fn chain(found: &[Found]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut wanted = 1;
    for one in found.iter().filter(|one| one.number > 0) {
        if one.number < wanted {
            // The same one, also compressed.
            continue;
        }
        let length = match one.number == wanted {
            true => length_of(one).ok(),
            false => None,
        };
        let Some(length) = length else { break };
        parts.push(Part { from: 0, length, inode: one.inode });
        wanted += 1;
    }
    let mut from = 0;
    for part in parts.iter_mut().rev() {
        part.from = from;
        from += part.length;
    }
    parts
}

/// How many bytes of the log an archive holds.
///
/// # Errors
/// It cannot be read, or is damaged.
pub fn length_of(found: &Found) -> io::Result<u64> {
    match found.packing {
        Packing::Plain => Ok(found.bytes),
        packing => Unpacker::new(File::open(&found.path)?, packing).length(),
    }
}

/// An open archive: it can be read to its end also when it is removed meanwhile.
#[derive(Debug)]
pub struct Archive {
    /// Which part of the log it is.
    pub part: Part,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Plain(File),
    Packed(Box<Unpacker>),
}

impl Archive {
    /// Opens the archive of `log` that holds `part`, whatever it is called now.
    ///
    /// # Errors
    /// `NotFound`: it was removed, or is just being renamed.
    pub fn open(log: &Path, part: &Part) -> io::Result<Self> {
        let all = list(log);
        let found = all.iter().find(|one| one.inode == part.inode);
        let found = found.ok_or(io::ErrorKind::NotFound)?;
        let file = File::open(&found.path)?;
        if FileId::of(&file)?.inode() != part.inode {
            return Err(io::ErrorKind::NotFound.into());
        }
        let content = match found.packing {
            Packing::Plain => Content::Plain(file),
            packing => Content::Packed(Box::new(Unpacker::new(file, packing))),
        };
        Ok(Self { part: part.clone(), content })
    }

    /// Reads from the logical offset `at` on; fewer bytes than fit only at its end.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let inside = at - self.part.from;
        let left = usize::try_from(self.part.length.saturating_sub(inside)).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        match &mut self.content {
            Content::Plain(file) => extents::read_at(file, inside, &mut buffer[..wanted]),
            Content::Packed(unpacker) => unpacker.read_at(inside, &mut buffer[..wanted]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_archives() {
        use Packing::{Gzip, Plain, Zstd};
        for (rest, expected) in [
            (".1", Some((1, Plain))),
            (".12.gz", Some((12, Gzip))),
            (".3.zst", Some((3, Zstd))),
            (".partial", Some((0, Plain))),
            (".01", None),
            (".1.bz2", None),
            (".journal", None),
            ("", None),
            (".", None),
            ("x.1", None),
            (".-1", None),
            (".99999999999", None),
        ] {
            assert_eq!(number_of(rest), expected, "{rest}");
        }
    }

    #[test]
    fn without_a_journal_the_numbers_tell_the_order() {
        let directory = tempfile::tempdir().expect("directory");
        let log = directory.path().join("web-out.txt");
        for (suffix, text) in [(".1", "newest"), (".2", "old"), (".4", "unreachable"), ("x.3", "")]
        {
            std::fs::write(with_suffix(&log, suffix), text).expect("write");
        }
        assert!(is_any(&log));
        let parts: Vec<_> =
            chain(&list(&log)).iter().map(|part| (part.from, part.length)).collect();
        assert_eq!(parts, [(3, 6), (0, 3)]);
    }
}
