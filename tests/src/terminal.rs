//! A terminal of its own for a call: what a person would see, type and close.

use crate::{Call, Life};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// A call on a terminal; dropped, the terminal is closed and the call ended.
pub struct Terminal {
    /// The master; the reader, who has it open too, and the pipe whose end tells the reader to stop.
    open: Option<(File, PipeWriter, JoinHandle<()>)>,
    child: Child,
    pub life: Life,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Makes a call on a new terminal of this width.
    #[track_caller]
    pub fn of(call: Call, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a terminal can be made");
        grantpt(&master).expect("the terminal is ours");
        unlockpt(&master).expect("the terminal can be unlocked");
        let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).expect("a terminal has a size");
        let name = ptsname(&master, Vec::new()).expect("a terminal has a name");
        let open = || {
            let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
            OpenOptions::new().read(true).write(true).open(path).expect("the terminal opens")
        };
        // `setsid --ctty` gives the call a session of its own with this terminal, and execs it.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(call.command.get_program()).args(call.command.get_args());
        command.env_clear().env("TERM", "xterm-256color");
        command.envs(call.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(dir) = call.command.get_current_dir() {
            command.current_dir(dir);
        }
        let (stdin, stdout, stderr) = (open(), open(), open());
        command.stdin(Stdio::from(stdin)).stdout(Stdio::from(stdout)).stderr(Stdio::from(stderr));
        let child = command.spawn().expect("setsid is installed");
        drop(command); // with it our ends of the slave, or its last close would never be seen
        let life = Life::of(i32::try_from(child.id()).expect("a pid fits"));
        let master = File::from(master);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, into) = (master.try_clone().expect("it opens"), Arc::clone(&screen));
        let (closing, open_till) = std::io::pipe().expect("a pipe can be made");
        let reading = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while is_readable(&reader, &closing) {
                let Ok(length @ 1..) = reader.read(&mut chunk) else { break };
                into.lock().expect("no reader panics").extend_from_slice(&chunk[..length]);
            }
        });
        Self { open: Some((master, open_till, reading)), child, life, screen }
    }

    /// Everything written to the terminal so far.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("no reader panics")).into_owned()
    }

    /// Waits until the terminal shows `text`.
    #[track_caller]
    pub fn until_it_shows(&self, text: &str) {
        crate::eventually_some(&format!("the terminal shows {text:?}"), || {
            self.screen().contains(text).then_some(())
        });
    }

    /// Types on the keyboard; `"\x03"` is Ctrl-C.
    pub fn types(&mut self, keys: &str) {
        let (master, ..) = self.open.as_mut().expect("the terminal is open");
        master.write_all(keys.as_bytes()).expect("a terminal takes keys");
    }

    /// Waits for the end of the call: its exit code, 128 + signal when a signal ended it.
    #[track_caller]
    pub fn exit_code(&mut self) -> i32 {
        self.life.must_end();
        let status = self.child.wait().expect("a child of ours can be waited for");
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
    }

    /// Waits for the end of the call and returns what the terminal showed.
    #[track_caller]
    pub fn shown(mut self) -> String {
        self.exit_code();
        // The last output may still be on its way through the line discipline; the reader
        // ends when nobody has the terminal open any more.
        let mut before = String::new();
        crate::eventually("the terminal is quiet", || {
            let now = self.screen();
            let is_closed = self.open.as_ref().is_none_or(|(.., reader)| reader.is_finished());
            let is_quiet = !now.is_empty() && before == now;
            before = now;
            is_closed || is_quiet
        });
        self.screen()
    }

    /// Closes the terminal as a window is closed: the kernel hangs up on everybody there.
    #[track_caller]
    pub fn close(&mut self) {
        let (master, open_till, reading) = self.open.take().expect("the terminal is open");
        drop(open_till);
        reading.join().expect("no reader panics");
        drop(master);
    }
}

/// Waits for something to read; false when `closing` ends first.
fn is_readable(master: &File, closing: &PipeReader) -> bool {
    let mut fds = [PollFd::new(master, PollFlags::IN), PollFd::new(closing, PollFlags::IN)];
    poll(&mut fds, None).is_ok() && fds[1].revents().is_empty()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _reaped_already = self.child.wait();
    }
}
