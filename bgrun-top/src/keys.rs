//! What a key means, in the state the screen is in.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the screen is about to take a key for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The list of processes.
    List,
    /// The text of the filter is being typed.
    Filter,
    /// The logs of one process.
    Logs,
    /// A question that y answers.
    Question,
    /// The page of keys.
    Help,
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Nothing,
    Leave,
    Interrupt,
    /// Down by so many lines, or up.
    Move(isize),
    Page(isize),
    First,
    Last,
    Mark,
    MarkAll,
    Logs,
    StopOrStart,
    Restart,
    Delete,
    Order,
    Turn,
    Filter,
    Type(char),
    Erase,
    Accept,
    /// Out of where one is.
    Back,
    Help,
    Yes,
}

/// What `key` means in `mode`.
pub(crate) fn wish(mode: Mode, key: KeyEvent) -> Wish {
    use KeyCode::{Backspace, Char, Down, End, Enter, Esc, Home, PageDown, PageUp, Up};
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match (mode, key.code) {
            (_, Char('c')) => Wish::Interrupt,
            (Mode::List | Mode::Logs, Char('d')) => Wish::Page(1),
            (Mode::List | Mode::Logs, Char('u')) => Wish::Page(-1),
            (Mode::Filter, Char('u')) => Wish::Back,
            _ => Wish::Nothing,
        };
    }
    match (mode, key.code) {
        (Mode::Filter, Char(character)) => Wish::Type(character),
        (Mode::Filter, Backspace) => Wish::Erase,
        (Mode::Filter, Enter) => Wish::Accept,
        (Mode::Question, Char('y' | 'Y')) => Wish::Yes,
        (Mode::Question | Mode::Help, _) | (_, Esc) => Wish::Back,
        (_, Down | Char('j')) => Wish::Move(1),
        (_, Up | Char('k')) => Wish::Move(-1),
        (_, PageDown) => Wish::Page(1),
        (_, PageUp) => Wish::Page(-1),
        (_, Home | Char('g')) => Wish::First,
        (_, End | Char('G')) => Wish::Last,
        (_, Char('?')) => Wish::Help,
        (Mode::Logs, Char('q') | Enter) => Wish::Back,
        (_, Char('s' | 'S')) => Wish::StopOrStart,
        (_, Char('r' | 'R')) => Wish::Restart,
        (Mode::Logs, _) => Wish::Nothing,
        (Mode::List, Char('q')) => Wish::Leave,
        (Mode::List, Char(' ')) => Wish::Mark,
        (Mode::List, Char('a')) => Wish::MarkAll,
        (Mode::List, Enter | Char('l')) => Wish::Logs,
        (Mode::List, Char('D')) => Wish::Delete,
        (Mode::List, Char('o')) => Wish::Order,
        (Mode::List, Char('O')) => Wish::Turn,
        (Mode::List, Char('/')) => Wish::Filter,
        _ => Wish::Nothing,
    }
}

/// Every key, with what it does: for the page of keys.
pub(crate) const PAGE: [(&str, &str); 13] = [
    ("j k  ↑ ↓", "move; g and G to either end, PgUp and PgDn by a page"),
    ("Space  a", "mark this one, or all: keys then act on all that are marked"),
    ("Enter  l", "its logs, live; Esc comes back"),
    ("s", "stop it; start it when it does not run"),
    ("r", "restart it"),
    ("D", "stop and forget it, its logs too (asks first)"),
    ("/", "show only what has this in its name, group, status or command"),
    ("o", "order by the next column"),
    ("O", "the other way round"),
    ("Esc", "forget marks, then the filter"),
    ("?", "this page"),
    ("q", "leave; nothing changes"),
    ("Ctrl-C", "the same, and exit with 130"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn a_key_means_what_the_mode_says() {
        for (mode, code, expected) in [
            (Mode::List, KeyCode::Char('q'), Wish::Leave),
            (Mode::Logs, KeyCode::Char('q'), Wish::Back),
            (Mode::Filter, KeyCode::Char('q'), Wish::Type('q')),
            (Mode::List, KeyCode::Char('D'), Wish::Delete),
            (Mode::Logs, KeyCode::Char('D'), Wish::Nothing),
            (Mode::Question, KeyCode::Char('y'), Wish::Yes),
            (Mode::Question, KeyCode::Enter, Wish::Back),
            (Mode::Help, KeyCode::Char('j'), Wish::Back),
            (Mode::List, KeyCode::Esc, Wish::Back),
            (Mode::Logs, KeyCode::Char('r'), Wish::Restart),
        ] {
            assert_eq!(wish(mode, key(code)), expected, "{mode:?} {code:?}");
        }
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for mode in [Mode::List, Mode::Filter, Mode::Logs, Mode::Question, Mode::Help] {
            assert_eq!(wish(mode, interrupt), Wish::Interrupt);
        }
    }
}
