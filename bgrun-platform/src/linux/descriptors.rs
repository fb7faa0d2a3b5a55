//! The descriptors a tool starts with, and those it gives to another.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{FromRawFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags};

/// A file without a name that holds `text`, at its beginning: for the stdin of a program.
///
/// # Errors
/// No memory or no descriptor is left.
pub fn holding(text: &[u8]) -> io::Result<File> {
    let file = rustix::fs::memfd_create("stdin", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = File::from(file);
    file.write_all(text)?;
    file.rewind()?;
    Ok(file)
}

/// Opens `/dev/null` for each of stdin, stdout and stderr that is closed, so that no
/// file opened later gets their number.
///
/// Rust's own start does this too on Linux; a supervisor that was given its first two
/// descriptors on purpose must not depend on it.
pub fn fill_standard() {
    // Each open takes the lowest free number: it stops when that is above 2.
    while let Ok(opened) = rustix::fs::openat(CWD, "/dev/null", OFlags::RDWR, Mode::empty()) {
        use std::os::fd::{AsRawFd, IntoRawFd};
        if opened.as_raw_fd() > 2 {
            return;
        }
        let _ = opened.into_raw_fd();
    }
}

/// Takes descriptor `number` (0 or 1) away for use under another number, closed on
/// exec, and puts `/dev/null` in its place.
///
/// # Errors
/// It is not open.
pub fn take_standard(number: i32) -> io::Result<OwnedFd> {
    debug_assert!((0..=2).contains(&number));
    // SAFETY: the new descriptor is ours alone.
    let taken = unsafe {
        match libc::fcntl(number, libc::F_DUPFD_CLOEXEC, 3) {
            -1 => return Err(io::Error::last_os_error()),
            raw => OwnedFd::from_raw_fd(raw),
        }
    };
    let null = rustix::fs::openat(CWD, "/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    // SAFETY: both numbers are open; the old file of `number` lives on in `taken`.
    if unsafe { libc::dup2(std::os::fd::AsRawFd::as_raw_fd(&null), number) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(taken)
}

/// Closes every descriptor above stderr: what a shell or a test left open is not ours
/// (close_range(2), Linux 5.9; before it they stay open and close with the next exec).
///
/// Call before anything of this process has opened one.
pub fn close_inherited() {
    // SAFETY: called at the start of main, when nothing in this process owns any of them.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
}

/// Marks every inherited descriptor above stderr as closed on exec.
pub fn hide_inherited() {
    const CLOSE_RANGE_CLOEXEC: u32 = 4;
    // SAFETY: closes nothing now; what we execute has no use for them.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, CLOSE_RANGE_CLOEXEC) };
}

/// Goes to `/`, so that the caller's working directory can be removed or unmounted.
pub fn leave_directory() {
    // Without `/` nothing else would work either.
    let _ = rustix::process::chdir("/");
}
