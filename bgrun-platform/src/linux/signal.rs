//! Signals and their names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A signal, by its number on this system.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signal(i32);

/// The standard signals (signal(7)), and how people write them.
const NAMES: [(i32, &str); 31] = [
    (libc::SIGHUP, "HUP"),
    (libc::SIGINT, "INT"),
    (libc::SIGQUIT, "QUIT"),
    (libc::SIGILL, "ILL"),
    (libc::SIGTRAP, "TRAP"),
    (libc::SIGABRT, "ABRT"),
    (libc::SIGBUS, "BUS"),
    (libc::SIGFPE, "FPE"),
    (libc::SIGKILL, "KILL"),
    (libc::SIGUSR1, "USR1"),
    (libc::SIGSEGV, "SEGV"),
    (libc::SIGUSR2, "USR2"),
    (libc::SIGPIPE, "PIPE"),
    (libc::SIGALRM, "ALRM"),
    (libc::SIGTERM, "TERM"),
    (libc::SIGSTKFLT, "STKFLT"),
    (libc::SIGCHLD, "CHLD"),
    (libc::SIGCONT, "CONT"),
    (libc::SIGSTOP, "STOP"),
    (libc::SIGTSTP, "TSTP"),
    (libc::SIGTTIN, "TTIN"),
    (libc::SIGTTOU, "TTOU"),
    (libc::SIGURG, "URG"),
    (libc::SIGXCPU, "XCPU"),
    (libc::SIGXFSZ, "XFSZ"),
    (libc::SIGVTALRM, "VTALRM"),
    (libc::SIGPROF, "PROF"),
    (libc::SIGWINCH, "WINCH"),
    (libc::SIGIO, "IO"),
    (libc::SIGPWR, "PWR"),
    (libc::SIGSYS, "SYS"),
];

/// The highest signal number on Linux (`_NSIG`).
const HIGHEST: i32 = 64;

impl Signal {
    /// SIGCHLD: a child has ended.
    pub const CHLD: Self = Self(libc::SIGCHLD);
    /// SIGWINCH: the size of the terminal has changed.
    pub const WINCH: Self = Self(libc::SIGWINCH);
    /// SIGCONT: go on after a stop.
    pub const CONT: Self = Self(libc::SIGCONT);
    /// SIGHUP: the terminal went away.
    pub const HUP: Self = Self(libc::SIGHUP);
    /// SIGINT: Ctrl-C.
    pub const INT: Self = Self(libc::SIGINT);
    /// SIGIO: the kernel tells of a descriptor.
    pub const IO: Self = Self(libc::SIGIO);
    /// SIGKILL: ends any process.
    pub const KILL: Self = Self(libc::SIGKILL);
    /// SIGTERM: please end.
    pub const TERM: Self = Self(libc::SIGTERM);
    /// SIGUSR1: a supervisor looks at the store.
    pub const USR1: Self = Self(libc::SIGUSR1);
    /// SIGUSR2: a supervisor is told that its tree is being stopped.
    pub const USR2: Self = Self(libc::SIGUSR2);

    /// The signal of this number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<Self> {
        (1..=HIGHEST).contains(&number).then_some(Self(number))
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => write!(formatter, "SIG{name}"),
            None if self.0 >= 34 => write!(formatter, "SIGRTMIN+{}", self.0 - 34),
            None => write!(formatter, "SIG{}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Text that names no signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no signal is called '{0}' (a name such as TERM or SIGTERM, or a number from 1 to 64)")]
pub struct UnknownSignal(String);

impl FromStr for Signal {
    type Err = UnknownSignal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownSignal(crate::text::safe(text).into_owned());
        if let Ok(number) = text.parse::<i32>() {
            return Self::from_number(number).ok_or_else(unknown);
        }
        let upper = text.to_ascii_uppercase();
        let short = upper.strip_prefix("SIG").unwrap_or(&upper);
        // Other names of the same numbers, as kill(1) takes them.
        let short = match short {
            "IOT" => "ABRT",
            "POLL" => "IO",
            "CLD" => "CHLD",
            other => other,
        };
        if let Some((number, _)) = NAMES.iter().find(|(_, name)| *name == short) {
            return Ok(Self(*number));
        }
        let real_time = match short.strip_prefix("RTMIN") {
            Some("") => Some(34),
            Some(offset) => {
                offset.strip_prefix('+').and_then(|n| n.parse::<i32>().ok()?.checked_add(34))
            }
            None => None,
        };
        real_time
            .and_then(Self::from_number)
            .or_else(|| short.parse().ok().and_then(Self::from_number))
            .ok_or_else(unknown)
    }
}

impl TryFrom<String> for Signal {
    type Error = UnknownSignal;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Signal> for String {
    fn from(signal: Signal) -> Self {
        signal.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_signal_is_the_same_signal() {
        for text in ["TERM", "SIGTERM", "term", "sigterm", "15"] {
            assert_eq!(text.parse(), Ok(Signal::TERM), "{text}");
        }
        assert_eq!("RTMIN+2".parse::<Signal>().map(Signal::number), Ok(36));
    }

    #[test]
    fn every_number_survives_its_own_name() {
        for number in 1..=HIGHEST {
            let signal = Signal::from_number(number).expect("in range");
            assert_eq!(signal.to_string().parse(), Ok(signal), "{signal}");
        }
    }

    #[test]
    fn what_is_no_signal_is_refused() {
        for text in ["", "SIG", "BOGUS", "0", "65", "-9", "RTMIN+x", "RTMIN+99", "RTMIN+2147483647"]
        {
            assert!(text.parse::<Signal>().is_err(), "{text}");
        }
    }
}
