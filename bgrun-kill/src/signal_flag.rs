//! `bgrun kill -9 web`, as kill(1) has it: here that would be two different wishes, so it is
//! told how each is typed.

use std::ffi::OsString;

use bgrun_platform::Signal;
use bgrun_platform::tool::{Exit, Failure};

/// Flags behind which a word is their value.
const WITH_VALUE: [&str; 8] =
    ["-s", "--signal", "-t", "--timeout", "-p", "--port", "--only-pid", "--group"];

/// The refusal, if a signal is written as a flag among `words`, the first of which is the
/// tool itself.
pub(crate) fn refused(words: &[OsString]) -> Option<Failure> {
    let pairs = words.windows(2).map(|pair| (pair[0].to_str(), pair[1].to_str()));
    let flags = pairs
        .take_while(|(_, word)| *word != Some("--"))
        .filter(|(before, _)| before.is_none_or(|before| !WITH_VALUE.contains(&before)));
    let (word, signal) =
        flags.filter_map(|(_, word)| word).find_map(|word| Some((word, signal(word)?)))?;
    let short = signal.to_string();
    let short = short.trim_start_matches("SIG");
    let hint = if signal == Signal::KILL {
        "'--timeout 0' stops it by SIGKILL at once; '--signal KILL' only sends the signal"
            .to_owned()
    } else {
        format!("'--signal {short}' sends it and does nothing else")
    };
    Some(Failure::new(Exit::Usage, format!("no flag '{word}' here")).hint(hint))
}

fn signal(word: &str) -> Option<Signal> {
    let name = word.strip_prefix('-')?;
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    // `-s` and `-q` are flags of ours; names of signals are written in capitals.
    let is_name =
        name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    (is_number || is_name).then(|| name.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_as_a_flag_is_refused_with_the_way_to_say_it() {
        for (words, hint) in [
            ("kill -9 web", Some("'-9'")),
            ("kill web -KILL", Some("'-KILL'")),
            ("kill -HUP web", Some("'-HUP'")),
            ("kill -SIGUSR1 web", Some("'-SIGUSR1'")),
            ("kill -s 9 web", None),
            ("kill -t -9 web", None),
            ("kill -q web", None),
            ("kill -V", None),
            ("kill -X9 web", None),
            ("kill --all -- -9", None),
            ("kill -", None),
        ] {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            let refused = refused(&words).map(|failure| failure.to_string());
            assert_eq!(refused, hint.map(|hint| format!("no flag {hint} here")), "{words:?}");
        }
    }
}
