//! Stopping at a named point, for the crash tests. Without the cargo feature `faults`
//! nothing of this is in the binary.

/// Does what `BGRUN_FAULT=point:action` asks for, if `point` is the one it names:
/// `kill9`, `abort`, `sleep` (until killed), `stop` (until continued, by SIGCONT). For `EIO` and `ENOSPC` see [`error_at`].
#[inline]
pub fn at(point: &str) {
    #[cfg(feature = "faults")]
    match action(point).as_deref() {
        Some("kill9") => signal_oneself(rustix::process::Signal::KILL),
        Some("stop") => signal_oneself(rustix::process::Signal::STOP),
        #[expect(clippy::disallowed_methods, reason = "what was asked for")]
        Some("abort") => std::process::abort(),
        Some("sleep") => crate::clock::pause(std::time::Duration::from_secs(60)),
        _ => {}
    }
    #[cfg(not(feature = "faults"))]
    let _ = point;
}

/// The error that an operation at `point` is to fail with.
///
/// # Errors
/// `EIO` or `ENOSPC`, when `BGRUN_FAULT` asks for it.
#[inline]
pub fn error_at(point: &str) -> std::io::Result<()> {
    #[cfg(feature = "faults")]
    match action(point).as_deref() {
        Some("EIO") => return Err(std::io::Error::from_raw_os_error(libc::EIO)),
        Some("ENOSPC") => return Err(std::io::Error::from_raw_os_error(libc::ENOSPC)),
        _ => {}
    }
    at(point);
    Ok(())
}

#[cfg(feature = "faults")]
fn signal_oneself(signal: rustix::process::Signal) {
    #[expect(clippy::disallowed_methods, reason = "its own pid is no stranger's")]
    let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
}

#[cfg(feature = "faults")]
fn action(point: &str) -> Option<String> {
    let wanted = std::env::var_os("BGRUN_FAULT")?.into_string().ok()?;
    let (at, action) = wanted.rsplit_once(':')?;
    (at == point).then(|| action.to_owned())
}
