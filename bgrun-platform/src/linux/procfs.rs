//! Reading small files of `/proc` with as few system calls as possible.

use std::fmt::Write as _;
use std::io;

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
    let directory = rustix::fs::openat(
        CWD,
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut buffer = Vec::with_capacity(4096);
    let mut entries = rustix::fs::RawDir::new(&directory, buffer.spare_capacity_mut());
    let mut numbers = Vec::new();
    while let Some(entry) = entries.next() {
        let entry = entry?;
        if let Ok(Ok(number)) = entry.file_name().to_str().map(str::parse) {
            numbers.push(number);
        }
    }
    Ok(numbers)
}
