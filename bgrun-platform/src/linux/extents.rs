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

/// The sizes to which a range must be aligned that is to be taken out of `file`, in the
/// order in which they are worth trying: the block of the file system, and what it calls
/// the best size, which is the cluster where blocks come in clusters (ext4 bigalloc).
///
/// # Errors
/// The file system cannot be asked.
pub fn alignments(file: &File) -> io::Result<Vec<u64>> {
    let block = rustix::fs::fstatvfs(file)?.f_frsize.max(512);
    // What bigalloc says of itself nowhere: its clusters are 64 KiB as a rule.
    let mut sizes = vec![block, 64 << 10, 1 << 20];
    sizes.retain(|size| size.is_multiple_of(block));
    sizes.dedup();
    Ok(sizes)
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
