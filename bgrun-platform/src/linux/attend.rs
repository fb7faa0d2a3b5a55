//! Children of a tool that stays: what must be finished whatever happens to the tool, and
//! what must not outlive it.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

/// Starts `command` so that it hears none of the signals that this tool has blocked
/// ([`super::events::Signals::block`]), which are those that end the tool: a restart that
/// was begun is not left between its stop and its start.
///
/// # Errors
/// It cannot be executed.
pub fn spawn_deaf(command: &mut Command) -> io::Result<Child> {
    // A blocked signal is blocked in a child too, also after an exec (signal(7)), and the
    // standard library leaves that so.
    command.spawn()
}

/// Makes `command` end with the thread that starts it (prctl(2), `PR_SET_PDEATHSIG`),
/// also when that one is killed. It hears all signals.
pub fn end_with_us(command: &mut Command) -> &mut Command {
    let parent = rustix::process::getpid();
    let begin = move || {
        let mut none = MaybeUninit::uninit();
        // SAFETY: the set is initialised before it is used.
        unsafe {
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
        }
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
        // It may have died before it could be asked for.
        if rustix::process::getppid() == Some(parent) {
            Ok(())
        } else {
            Err(io::Error::from(io::ErrorKind::NotFound))
        }
    };
    // SAFETY: the closure makes system calls only, and allocates nothing.
    unsafe { command.pre_exec(begin) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signal;
    use crate::events::Signals;
    use std::io::Read;
    use std::process::Stdio;

    #[test]
    fn a_deaf_child_finishes_what_it_began_and_another_hears() {
        let _blocked = Signals::block(&[Signal::TERM]).expect("block");
        let shell = || {
            let mut command = Command::new("sh");
            command.args(["-c", "kill -TERM $$; exit 3"]);
            command
        };
        let mut deaf = spawn_deaf(&mut shell()).expect("start");
        assert_eq!(deaf.wait().expect("wait").code(), Some(3));
        let mut hears = end_with_us(&mut shell()).spawn().expect("start");
        assert_eq!(hears.wait().expect("wait").code(), None);
    }

    #[test]
    fn a_child_ends_with_the_thread_that_started_it() {
        let (mut reader, writer) = io::pipe().expect("pipe");
        let start = move || {
            let mut command = Command::new("sleep");
            command.arg("60").stdin(Stdio::null()).stdout(writer);
            end_with_us(&mut command).spawn().expect("start")
        };
        let mut child = std::thread::spawn(start).join().expect("no panic");
        // The only writer is the child.
        assert_eq!(reader.read(&mut [0; 1]).expect("read"), 0);
        assert_eq!(child.wait().expect("wait").code(), None);
    }
}
