//! Where a file has data and where it has holes, and taking its head away while somebody
//! writes on at its end (fallocate(2), lseek(2), pread(2)).

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{FallocateFlags, FlockOperation, Mode, OFlags, SeekFrom};

/// The offset of the first data in `file`; `None` when all of it is a hole, or it is empty.
///
/// # Errors
/// The file system cannot be asked.
pub fn first_data(file: &File) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, SeekFrom::Data(0)) {
        Ok(at) => Ok(Some(at)),
        Err(rustix::io::Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What the file system of a directory can do with the head of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// Take it out; ranges must be multiples of this many bytes.
    Collapse(u64),
    /// Make a hole of it; ranges should be multiples of this many bytes.
    Punch(u64),
    /// Nothing: a file there can only be cut to nothing.
    Nothing,
}

/// Finds out by trying, on a file without a name in `directory`: what a file system says of
/// its block size is not always what it asks for (ext4 with clusters), and overlays differ
/// from what is below them.
///
/// Only ext4 is trusted to collapse: on XFS (Linux 6.18) a process that is killed in the
/// middle of it leaves the file as long as it was, and what is written next lies behind a gap
/// of zeros, as two of three storms of kills showed. There a hole does as well.
///
/// # Errors
/// No file can be made there, or nothing written: the disk is full.
pub fn ability(directory: &Path) -> io::Result<Ability> {
    let scratch = scratch_file(directory)?;
    let block = rustix::fs::fstatvfs(&scratch)?.f_frsize.max(512);
    // Clusters of bigalloc are 64 KiB as a rule, and up to 1 MiB within reason.
    let is_trusted = rustix::fs::fstatfs(&scratch)?.f_type == EXT4;
    for alignment in [block, 64 << 10, 1 << 20].into_iter().filter(|_| is_trusted) {
        write_at(&scratch, 0, b"x")?;
        write_at(&scratch, alignment, b"x")?;
        match collapse_head(&scratch, alignment) {
            Ok(()) => return Ok(Ability::Collapse(alignment)),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            Err(_) => break,
        }
    }
    write_at(&scratch, block, b"x")?;
    Ok(match punch_head(&scratch, block) {
        Ok(()) => Ability::Punch(block),
        Err(_) => Ability::Nothing,
    })
}

/// EXT4_SUPER_MAGIC of statfs(2), also that of ext2 and ext3.
const EXT4: rustix::fs::FsWord = 0xef53;

fn scratch_file(directory: &Path) -> io::Result<File> {
    let (flags, mode) = (OFlags::RDWR | OFlags::CLOEXEC, Mode::RUSR | Mode::WUSR);
    match rustix::fs::open(directory, flags | OFlags::TMPFILE, mode) {
        Ok(file) => return Ok(file.into()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR) => {}
        Err(error) => return Err(error.into()),
    }
    let path = directory.join(format!(".bgrun-scratch-{}", std::process::id()));
    let file = rustix::fs::open(&path, flags | OFlags::CREATE | OFlags::EXCL, mode)?;
    rustix::fs::unlink(&path)?;
    Ok(file.into())
}

/// Opens the log at `path` to take its head away: a regular file of our own.
///
/// # Errors
/// It cannot be opened, or is another's.
pub fn open_to_rotate(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags | OFlags::NOCTTY, Mode::empty())?;
    let stat = rustix::fs::fstat(&file)?;
    let is_file = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
    if !is_file || stat.st_uid != super::user::id() || stat.st_nlink != 1 {
        return Err(io::Error::other("not a regular file of yours with one name"));
    }
    Ok(file.into())
}

/// Copies `range` of `from` to the beginning of `to`, within the kernel where that is
/// possible; answers how many bytes, fewer when `from` ends before.
///
/// # Errors
/// No space left, or one of the files cannot be used.
pub fn copy(from: &File, range: std::ops::Range<u64>, to: &File) -> io::Result<u64> {
    let (mut read_at_offset, mut written_at) = (range.start, 0);
    let mut buffer = Vec::new();
    while read_at_offset < range.end {
        let left = usize::try_from(range.end - read_at_offset).unwrap_or(usize::MAX);
        let copied = if buffer.is_empty() {
            let (from_at, to_at) = (Some(&mut read_at_offset), Some(&mut written_at));
            match rustix::fs::copy_file_range(from, from_at, to, to_at, left.min(1 << 30)) {
                Ok(count) => count,
                Err(rustix::io::Errno::INTR) => continue,
                Err(rustix::io::Errno::NOSPC) => return Err(rustix::io::Errno::NOSPC.into()),
                // Not on this file system, or not between these two.
                Err(_) => {
                    buffer.resize(1 << 20, 0);
                    continue;
                }
            }
        } else {
            let wanted = left.min(buffer.len());
            let count = read_at(from, read_at_offset, &mut buffer[..wanted])?;
            write_at(to, written_at, &buffer[..count])?;
            read_at_offset += count as u64;
            written_at += count as u64;
            count
        };
        if copied == 0 {
            break;
        }
    }
    Ok(written_at)
}

/// Makes a hole of the first `length` bytes. The same call again changes nothing.
///
/// # Errors
/// `Unsupported` where the file system makes no holes.
pub fn punch_head(file: &File, length: u64) -> io::Result<()> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    retried(|| rustix::fs::fallocate(file, flags, 0, length))
}

/// Takes the first `length` bytes out: what follows moves to the beginning. Unlike
/// [`punch_head`], the same call again takes away more.
///
/// # Errors
/// `Unsupported` where the file system cannot, `InvalidInput` when `length` is not aligned
/// or reaches the end of the file.
pub fn collapse_head(file: &File, length: u64) -> io::Result<()> {
    retried(|| rustix::fs::fallocate(file, FallocateFlags::COLLAPSE_RANGE, 0, length))
}

fn retried(mut call: impl FnMut() -> rustix::io::Result<()>) -> io::Result<()> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Reads from `at` on until `buffer` is full or the file ends; answers how many bytes.
///
/// # Errors
/// pread(2) failed.
pub fn read_at(file: impl AsFd, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match rustix::io::pread(&file, &mut buffer[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

/// Writes all of `bytes` at `at`, whatever the offset of the file is.
///
/// # Errors
/// pwrite(2) failed: no space left.
pub fn write_at(file: impl AsFd, at: u64, bytes: &[u8]) -> io::Result<()> {
    let mut written = 0;
    while written < bytes.len() {
        match rustix::io::pwrite(&file, &bytes[written..], at + written as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Locks `file` against others that do the same, without waiting; answers whether that
/// succeeded. The lock ends with the open file.
///
/// # Errors
/// The file system has no locks.
pub fn try_lock(file: &File) -> io::Result<bool> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Makes durable which names `directory` has.
///
/// # Errors
/// fsync(2) failed.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = rustix::fs::open(directory, flags, Mode::empty())?;
    Ok(rustix::fs::fsync(directory)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_at_the_head_shows_where_the_data_begins() {
        let file = tempfile::tempfile().expect("file");
        write_at(&file, 0, &vec![b'x'; 1 << 20]).expect("write");
        assert_eq!(first_data(&file).expect("seek"), Some(0));
        punch_head(&file, 64 << 10).expect("punch");
        punch_head(&file, 64 << 10).expect("punch again");
        assert_eq!(first_data(&file).expect("seek"), Some(64 << 10));
        let mut head = [1; 8];
        assert_eq!(read_at(&file, (64 << 10) - 4, &mut head).expect("read"), 8);
        assert_eq!(&head, b"\0\0\0\0xxxx");
    }

    #[test]
    fn an_empty_file_has_no_data() {
        let file = tempfile::tempfile().expect("file");
        assert_eq!(first_data(&file).expect("seek"), None);
    }

    #[test]
    fn one_lock_at_a_time() {
        let file = tempfile::NamedTempFile::new().expect("file");
        let open = || File::open(file.path()).expect("open");
        let first = open();
        assert!(try_lock(&first).expect("lock"));
        assert!(!try_lock(&open()).expect("lock"));
        drop(first);
        assert!(try_lock(&open()).expect("lock"));
    }
}
