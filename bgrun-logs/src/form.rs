//! How it is to look: one decision, from what is asked for and what there is.

use crate::label::Labels;

/// What the decision depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) json: bool,
    pub(crate) follow: bool,
    pub(crate) is_terminal: bool,
    /// Whether lines have their times.
    pub(crate) has_times: bool,
    /// Whether the order of all lines is known.
    pub(crate) is_merged: bool,
    /// Whether processes are to be told apart: there are several, or may be.
    pub(crate) is_several: bool,
    /// Whether bytes are to be shown as they are.
    pub(crate) is_raw: bool,
    /// For one process: which of its logs are asked for and have something to show.
    pub(crate) stdout: Log,
    pub(crate) stderr: Log,
}

/// One of the two logs of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Log {
    /// Not asked for, or the same file as the other.
    Absent,
    Empty,
    Filled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The bytes of one log; only if they are not `exact` escape sequences are left out.
    Bytes { exact: bool },
    /// Lines for people. With `headings` each log is announced.
    Lines { labels: Labels, headings: bool },
    /// Lines as records.
    Json,
}

/// The form that tells apart what has to be, and adds nothing else.
pub(crate) fn form(facts: &Facts) -> Form {
    use Log::{Absent, Filled};
    let Facts { json, follow, is_terminal, is_several, is_raw, stdout, stderr, .. } = *facts;
    let plain = Form::Lines { labels: Labels::None, headings: false };
    if json {
        return Form::Json;
    }
    if is_several {
        return Form::Lines { labels: Labels::Names, headings: false };
    }
    let is_both = stdout != Absent && stderr != Absent;
    match (is_both, follow) {
        // What comes has signs; what is there already gets headings unless all of it is
        // of stdout, which has no sign anyway.
        (true, _) if facts.is_merged && stderr == Filled && (follow || stdout == Filled) => {
            Form::Lines { labels: Labels::Signs, headings: false }
        }
        (true, true) => Form::Lines { labels: Labels::Signs, headings: stderr == Filled },
        (true, false) if stdout == Filled && stderr == Filled => {
            Form::Lines { labels: Labels::None, headings: true }
        }
        _ if facts.has_times || is_terminal && !is_raw => plain,
        // One stream was asked for by its name: that is for programs, and for files.
        _ => Form::Bytes { exact: !is_both || is_raw },
    }
}

#[cfg(test)]
mod tests {
    use super::Log::{Absent, Empty, Filled};
    use super::*;

    const LINES: Form = Form::Lines { labels: Labels::None, headings: false };
    const HEADED: Form = Form::Lines { labels: Labels::None, headings: true };
    const SIGNS: Form = Form::Lines { labels: Labels::Signs, headings: false };
    const HEADED_SIGNS: Form = Form::Lines { labels: Labels::Signs, headings: true };
    const EXACT: Form = Form::Bytes { exact: true };
    const STRIPPED: Form = Form::Bytes { exact: false };
    const NAMES: Form = Form::Lines { labels: Labels::Names, headings: false };

    #[test]
    fn one_process() {
        for (stdout, stderr, pipe, terminal, followed) in [
            (Filled, Absent, EXACT, LINES, [EXACT, LINES]),
            (Absent, Filled, EXACT, LINES, [EXACT, LINES]),
            (Empty, Empty, STRIPPED, LINES, [SIGNS, SIGNS]),
            (Filled, Empty, STRIPPED, LINES, [SIGNS, SIGNS]),
            (Empty, Filled, STRIPPED, LINES, [HEADED_SIGNS, HEADED_SIGNS]),
            (Filled, Filled, HEADED, HEADED, [HEADED_SIGNS, HEADED_SIGNS]),
        ] {
            let of = |follow, is_terminal| {
                let json = false;
                let (is_several, is_raw) = (false, false);
                let (has_times, is_merged) = (false, false);
                form(&Facts {
                    json,
                    follow,
                    is_terminal,
                    has_times,
                    is_merged,
                    is_several,
                    is_raw,
                    stdout,
                    stderr,
                })
            };
            assert_eq!(of(false, false), pipe, "{stdout:?} {stderr:?} in a pipe");
            assert_eq!(of(false, true), terminal, "{stdout:?} {stderr:?} on a terminal");
            assert_eq!([of(true, false), of(true, true)], followed, "{stdout:?} {stderr:?} -f");
        }
    }

    #[test]
    fn several_processes_have_names_and_json_is_json() {
        for (follow, is_terminal) in [(false, false), (false, true), (true, false), (true, true)] {
            let facts = Facts {
                json: false,
                follow,
                is_terminal,
                has_times: false,
                is_merged: false,
                is_several: true,
                is_raw: false,
                stdout: Filled,
                stderr: Empty,
            };
            assert_eq!(form(&facts), NAMES);
            assert_eq!(form(&Facts { json: true, ..facts }), Form::Json);
        }
    }
}
