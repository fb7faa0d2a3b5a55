//! The colours and attributes that a program has switched on (ECMA-48, "SGR"), so that
//! they can be switched off at the end of a line and on again in its continuation.

use std::str::Split;

/// What is on, by what it changes; the parameters that switched it on.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Style {
    foreground: String,
    background: String,
    weight: String,
    italic: String,
    underline: String,
    blink: String,
    reverse: String,
    strike: String,
}

impl Style {
    /// Takes over the parameters of one sequence: what stands between `ESC [` and `m`.
    /// What is not known is left out, and so is concealed text (8).
    pub(crate) fn apply(&mut self, parameters: &str) {
        let mut rest = parameters.split(';');
        while let Some(parameter) = rest.next() {
            let (code, has_parts) = match parameter.split_once(':') {
                Some((code, _)) => (code, true),
                None => (parameter, false),
            };
            let value = match code {
                "38" | "48" if !has_parts => match colour(code, &mut rest) {
                    Some(value) => value,
                    None => return,
                },
                _ => parameter.to_owned(),
            };
            let is_off = value.ends_with(":0") && code == "4";
            match code.parse::<u8>().unwrap_or(if code.is_empty() { 0 } else { u8::MAX }) {
                0 => *self = Self::default(),
                1 | 2 => self.weight = value,
                22 => self.weight.clear(),
                3 => self.italic = value,
                23 => self.italic.clear(),
                4 if is_off => self.underline.clear(),
                4 | 21 => self.underline = value,
                24 => self.underline.clear(),
                5 | 6 => self.blink = value,
                25 => self.blink.clear(),
                7 => self.reverse = value,
                27 => self.reverse.clear(),
                9 => self.strike = value,
                29 => self.strike.clear(),
                30..=38 | 90..=97 => self.foreground = value,
                39 => self.foreground.clear(),
                40..=48 | 100..=107 => self.background = value,
                49 => self.background.clear(),
                _ => {}
            }
        }
    }

    /// Whether nothing is on.
    pub(crate) fn is_plain(&self) -> bool {
        self.all().iter().all(|one| one.is_empty())
    }

    /// Switches everything off, and then on what is on here.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\x1b[0");
        for one in self.all().iter().filter(|one| !one.is_empty()) {
            out.push(b';');
            out.extend_from_slice(one.as_bytes());
        }
        out.push(b'm');
    }

    fn all(&self) -> [&str; 8] {
        let Self { foreground, background, weight, italic, underline, blink, reverse, strike } =
            self;
        [weight, italic, underline, blink, reverse, strike, foreground, background]
            .map(String::as_str)
    }
}

/// `38;5;N` or `38;2;R;G;B`; the parameters after the first are taken from `rest`.
fn colour(code: &str, rest: &mut Split<'_, char>) -> Option<String> {
    let kind = rest.next()?;
    let count = match kind {
        "5" => 1,
        "2" => 3,
        _ => return None,
    };
    let mut value = format!("{code};{kind}");
    for _ in 0..count {
        let number = rest.next()?;
        if !number.is_empty() {
            number.parse::<u8>().ok()?;
        }
        value.push(';');
        value.push_str(number);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(sequences: &[&str]) -> String {
        let mut style = Style::default();
        sequences.iter().for_each(|one| style.apply(one));
        let mut out = Vec::new();
        style.write_to(&mut out);
        assert_eq!(style.is_plain(), out == b"\x1b[0m");
        String::from_utf8(out).expect("text").replace("\x1b[0", "").replace('m', "")
    }

    #[test]
    fn what_is_on_after_some_sequences() {
        for (sequences, expected) in [
            (&[][..], ""),
            (&["31"], ";31"),
            (&["1;31", "4"], ";1;4;31"),
            (&["1;31", "0"], ""),
            (&["1;31", ""], ""),
            (&["31", "39"], ""),
            (&["31", "32"], ";32"),
            (&["1;3;4;7;9", "22;23;24;27;29"], ""),
            (&["0;32"], ";32"),
            (&["38;5;208;1"], ";1;38;5;208"),
            (&["38;2;1;2;3;48;5;7"], ";38;2;1;2;3;48;5;7"),
            (&["38:2::1:2:3"], ";38:2::1:2:3"),
            (&["4:3"], ";4:3"),
            (&["4:3", "4:0"], ""),
            (&["97;107"], ";97;107"),
            (&["8"], ""),
            (&["31", "999", "x"], ";31"),
            (&["38;5"], ""),
            (&["38;9;1", "38;5;999"], ""),
        ] {
            assert_eq!(after(sequences), expected, "{sequences:?}");
        }
    }
}
