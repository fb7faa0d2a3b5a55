//! How an end is said, in words and as an exit code.

use bgrun_platform::tool::Exit;
use bgrun_platform::{Ended, Signal};
use bgrun_store::{End, Reason};

/// In a few words; none where it is not known.
pub(crate) fn words(end: &End) -> Option<String> {
    let how = match (end.code, &end.signal) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => signal.clone(),
        (None, None) if end.reason == Reason::Exec => return Some("could not be executed".into()),
        (None, None) => return None,
    };
    Some(match end.reason {
        Reason::Exit | Reason::Signal => how,
        reason => format!("{how} ({reason})"),
    })
}

/// The exit code of a wait for one process that ended so: its own, or 128 and the number
/// of the signal, as a shell has it.
pub(crate) fn exit(end: Option<&End>) -> Exit {
    let Some(end) = end else { return Exit::Failed };
    let signal = end.signal.as_ref().and_then(|name| name.parse::<Signal>().ok());
    let code = end.code.or_else(|| signal.map(|signal| 128 + signal.number()));
    code.and_then(|code| u8::try_from(code).ok()).map_or(Exit::Failed, Exit::Other)
}

/// What the kernel says of a process whose end nobody has written down.
pub(crate) fn unrecorded(ended: Ended) -> Option<End> {
    let end = |code, signal, reason| Some(End { at: None, code, signal, reason });
    match ended {
        Ended::Code(code) => end(Some(code), None, Reason::Exit),
        Ended::Signal(signal) => end(None, Some(signal.to_string()), Reason::Signal),
        Ended::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_words_and_its_code() {
        let signal = |name: &str| Some(name.to_owned());
        let table = [
            (Some(0), None, Reason::Exit, Some("exit code 0"), 0),
            (Some(3), None, Reason::Exit, Some("exit code 3"), 3),
            (Some(255), None, Reason::Exit, Some("exit code 255"), 255),
            (Some(0), None, Reason::Stop, Some("exit code 0 (stop)"), 0),
            (None, signal("SIGKILL"), Reason::Signal, Some("SIGKILL"), 137),
            (None, signal("SIGTERM"), Reason::Stop, Some("SIGTERM (stop)"), 143),
            (None, signal("SIGTERM"), Reason::Shutdown, Some("SIGTERM (shutdown)"), 143),
            (None, None, Reason::Exec, Some("could not be executed"), 1),
            (None, None, Reason::Unknown, None, 1),
        ];
        for (code, signal, reason, said, exit_code) in table {
            let end = End { at: None, code, signal, reason };
            assert_eq!(words(&end).as_deref(), said, "{end:?}");
            assert_eq!(exit(Some(&end)).code(), exit_code, "{end:?}");
        }
        assert_eq!(exit(None).code(), 1);
    }

    #[test]
    fn what_the_kernel_does_not_know_is_not_made_up() {
        assert_eq!(unrecorded(Ended::Unknown), None);
        let code = unrecorded(Ended::Code(7)).and_then(|end| end.code);
        assert_eq!(code, Some(7));
        let killed = unrecorded(Ended::Signal(Signal::KILL));
        assert_eq!(exit(killed.as_ref()).code(), 137);
    }
}
