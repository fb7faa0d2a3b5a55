//! Reading small files of `/proc` with as few system calls as possible.

use std::fmt::Write as _;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags};

/// Reads `/proc/<pid>/<file>` whole into `buffer`, replacing what it held.
///
/// # Errors
/// `NotFound` or `ESRCH` when the process is gone, `PermissionDenied` when it is
/// another user's.
pub(crate) fn read(pid: u32, file: &str, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut path = String::with_capacity(48);
    // Writing to a String cannot fail.
    let _ = write!(path, "/proc/{pid}/{file}");
    read_path(&path, buffer)
}

/// Reads the file at `path` whole into `buffer`, replacing what it held.
pub(crate) fn read_path(path: &str, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    let file = rustix::fs::openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    loop {
        buffer.reserve(1024);
        let before = buffer.len();
        let read = rustix::io::retry_on_intr(|| {
            rustix::io::read(&file, rustix::buffer::spare_capacity(buffer))
        })?;
        // A short read is the end of these files: the kernel fills what it is given.
        if read == 0 || buffer.len() < buffer.capacity() && before + read < buffer.capacity() {
            return Ok(());
        }
    }
}

/// The pids listed in `/proc`, in no particular order.
pub(crate) fn pids() -> io::Result<Vec<u32>> {
    numbered_entries("/proc")
}

/// The entries of a directory whose names are numbers: pids, threads, descriptors.
pub(crate) fn numbered_entries(path: &str) -> io::Result<Vec<u32>> {
    numbers_in(&open_directory(path)?)
}

/// Opens a directory of `/proc`.
pub(crate) fn open_directory(path: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
}

/// [`numbered_entries`] of an open directory.
pub(crate) fn numbers_in(directory: &OwnedFd) -> io::Result<Vec<u32>> {
    const BUFFER_BYTES: usize = 4096;
    // struct linux_dirent64 (getdents(2)): 19 bytes before the name, in all a multiple of 8.
    const LARGEST_ENTRY: usize = 280;
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    let mut entries = rustix::fs::RawDir::new(directory, buffer.spare_capacity_mut());
    let (mut numbers, mut filled) = (Vec::new(), 0);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        filled += (19 + name.count_bytes() + 1).next_multiple_of(8);
        if let Ok(Ok(number)) = name.to_str().map(str::parse) {
            numbers.push(number);
        }
        if entries.is_buffer_empty() {
            // An answer with room left in the buffer is the last: the kernel fills what it is
            // given.
            if filled + LARGEST_ENTRY < BUFFER_BYTES {
                break;
            }
            filled = 0;
        }
    }
    Ok(numbers)
}
