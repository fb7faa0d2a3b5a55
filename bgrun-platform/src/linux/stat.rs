//! One process as `/proc/<pid>/stat` shows it (proc_pid_stat(5)).

use std::io;

use super::pidfd::Pidfd;
use super::procfs;

/// The facts of one process that bgrun uses, read in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The process id.
    pub pid: u32,
    /// The name of the executable, at most 15 bytes; a process may change it.
    pub name: Vec<u8>,
    /// One letter: `R`, `S`, `D`, `T`, `Z` …
    pub state: u8,
    /// The parent's pid; after its death the nearest subreaper's.
    pub parent: u32,
    /// The process group.
    pub group: u32,
    /// Processor time of the process and of the children it waited for, in clock ticks.
    pub cpu_ticks: u64,
    /// Number of threads.
    pub threads: u32,
    /// When it started, in clock ticks since the machine did.
    pub start_ticks: u64,
    /// Resident memory, in pages.
    pub resident_pages: u64,
    /// Whether it ends right now: it was sent SIGKILL, or the kernel takes it down, which may
    /// take it 10 ms. Its locks are held until then.
    pub is_ending: bool,
}

/// `PF_EXITING` in a process's flags (linux/sched.h).
const EXITING: u64 = 4;
/// The bit of SIGKILL in a set of signals.
const KILLED: u64 = 1 << (9 - 1);

impl Stat {
    /// Reads the facts of `pid`.
    ///
    /// # Errors
    /// The process is gone, or the kernel's answer cannot be read.
    pub fn read(pid: u32) -> io::Result<Self> {
        let mut buffer = Vec::new();
        Self::read_with(pid, &mut buffer)
    }

    pub(crate) fn read_with(pid: u32, buffer: &mut Vec<u8>) -> io::Result<Self> {
        procfs::read(pid, "stat", buffer)?;
        Self::parse(pid, buffer)
            .ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is not as documented")))
    }

    /// Takes hold of this process, if it still is the one that was looked at: its pid may have
    /// passed on since, to one with another start.
    #[must_use]
    pub fn hold(&self) -> Option<Pidfd> {
        let held = Pidfd::open(self.pid).ok()?;
        Self::read(self.pid).is_ok_and(|now| now.start_ticks == self.start_ticks).then_some(held)
    }

    /// The command line of the process as one line, or its name in brackets where it has
    /// none: a kernel thread, or a process that has ended.
    #[must_use]
    pub fn command(&self) -> String {
        let mut buffer = Vec::new();
        let _ = procfs::read(self.pid, "cmdline", &mut buffer);
        let words = buffer.split(|byte| *byte == 0);
        let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
        match words.join(" ").trim_end() {
            "" => format!("[{}]", String::from_utf8_lossy(&self.name)),
            line => line.to_owned(),
        }
    }

    fn parse(pid: u32, line: &[u8]) -> Option<Self> {
        // The name stands in parentheses and may itself contain any of them and spaces.
        let open = line.iter().position(|&byte| byte == b'(')?;
        let close = line.iter().rposition(|&byte| byte == b')')?;
        let name = line.get(open + 1..close)?.to_vec();
        let rest = std::str::from_utf8(line.get(close + 2..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        // Numbered as in the manual page, where the state is field 3.
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().unwrap_or(0);
        let mut fields = fields.skip(3);
        let flags: u64 = fields.next()?.parse().unwrap_or(0);
        let mut fields = fields.skip(4);
        let mut cpu_ticks = 0_u64;
        for _ in 14..=17 {
            cpu_ticks = cpu_ticks.saturating_add(fields.next()?.parse().unwrap_or(0));
        }
        let mut fields = fields.skip(2);
        let threads = fields.next()?.parse().ok()?;
        let mut fields = fields.skip(1);
        let start_ticks = fields.next()?.parse().ok()?;
        let mut fields = fields.skip(1);
        let resident_pages = fields.next()?.parse().unwrap_or(0);
        // The pending signals are field 31.
        let pending: u64 = fields.nth(31 - 25)?.parse().unwrap_or(0);
        Some(Self {
            pid,
            name,
            state,
            parent,
            group,
            cpu_ticks,
            threads,
            start_ticks,
            resident_pages,
            is_ending: flags & EXITING != 0 || pending & KILLED != 0,
        })
    }

    /// When the process began, on the clock that counts from boot.
    #[must_use]
    pub fn began_since_boot(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.start_ticks * 1000 / ticks_per_second())
    }

    /// The wait status of a process that has ended and is not reaped yet: field 52, or 0 for
    /// a caller that may not trace the process.
    pub(crate) fn exit_status(pid: u32) -> Option<i32> {
        let mut line = Vec::with_capacity(512);
        procfs::read(pid, "stat", &mut line).ok()?;
        let close = line.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(line.get(close + 2..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        // The state is field 3.
        fields.next().filter(|state| *state == "Z")?;
        fields.nth(52 - 4)?.parse().ok()
    }

    /// Whether the process still runs: a zombie has ended and only waits to be reaped.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !matches!(self.state, b'Z' | b'X' | b'x')
    }

    /// Resident memory in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.resident_pages.saturating_mul(rustix::param::page_size() as u64)
    }
}

/// Clock ticks in a second, for [`Stat::cpu_ticks`] and [`Stat::start_ticks`].
#[must_use]
pub fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_contain_parentheses_and_spaces() {
        let line = b"812 (a) (b 1 2) S 1 812 811 0 -1 4194304 97 12 0 0 3 4 5 6 20 0 7 0 12345 2830336 195 18446744073709551615 1 1 0 0 0 0 0 0";
        let stat = Stat::parse(812, line).expect("parse");
        assert_eq!(stat.name, b"a) (b 1 2");
        assert_eq!((stat.parent, stat.group, stat.state), (1, 812, b'S'));
        assert_eq!((stat.cpu_ticks, stat.threads), (18, 7));
        assert_eq!((stat.start_ticks, stat.resident_pages), (12345, 195));
        assert!(!stat.is_ending);
    }

    #[test]
    fn who_was_killed_or_is_taken_down_is_ending() {
        let line = |flags: u64, pending: u64| {
            let fields =
                "97 12 0 0 3 4 5 6 20 0 7 0 12345 2830336 195 18446744073709551615 1 1 0 0 0";
            let line = format!("812 (a) R 1 812 811 0 -1 {flags} {fields} {pending} 0 0 0");
            Stat::parse(812, line.as_bytes()).expect("parse").is_ending
        };
        assert!(!line(4_194_304, 0) && !line(4_194_304, 1 << 14));
        assert!(line(4_194_304 | EXITING, 0) && line(4_194_304, KILLED));
    }

    #[test]
    fn this_process_is_live_and_has_memory() {
        let stat = Stat::read(std::process::id()).expect("own stat");
        assert!(stat.is_live() && stat.memory_bytes() > 0);
    }

    #[test]
    fn a_line_cut_short_is_no_answer() {
        assert_eq!(Stat::parse(1, b"1 (init) S 0"), None);
        assert_eq!(Stat::parse(1, b""), None);
    }
}
