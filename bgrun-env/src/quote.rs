//! One variable as a statement of each shell, so that nothing in its value means anything
//! there. `None`: the shell can have no variable of that name.

/// For `eval` in sh, bash and zsh.
pub(crate) fn sh(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    is_name(name).then_some(())?;
    // In single quotes only the single quote itself is not literal.
    let escaped = |byte| (byte == b'\'').then_some(b"'\\''".as_slice());
    Some([b"export ", name, b"=", &quoted(value, escaped)].concat())
}

/// For `source` in fish.
pub(crate) fn fish(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    is_name(name).then_some(())?;
    // There, a backslash escapes in single quotes: itself, and the quote.
    let escaped = |byte| match byte {
        b'\'' => Some(b"\\'".as_slice()),
        b'\\' => Some(b"\\\\".as_slice()),
        _ => None,
    };
    Some([b"set -gx ", name, b" ", &quoted(value, escaped)].concat())
}

/// For `Invoke-Expression` in PowerShell, which takes any name but for those with what ends
/// its braces.
pub(crate) fn powershell(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let name = std::str::from_utf8(name).ok()?;
    let is_possible = |c: char| !c.is_control() && !"{}`:*?[]".contains(c);
    (!name.is_empty() && name.chars().all(is_possible)).then_some(())?;
    let mut quoted = String::from("'");
    for character in String::from_utf8_lossy(value).chars() {
        // It takes each of these for a single quote; one that is doubled is meant.
        if matches!(character, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(character);
        }
        quoted.push(character);
    }
    Some(format!("${{env:{name}}} = {quoted}'").into_bytes())
}

/// As it is where nothing in it could be special, otherwise in single quotes.
fn quoted(value: &[u8], escaped: impl Fn(u8) -> Option<&'static [u8]>) -> Vec<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(byte);
    if !value.is_empty() && value.iter().all(is_plain) {
        return value.to_vec();
    }
    let mut quoted = vec![b'\''];
    for byte in value {
        match escaped(*byte) {
            Some(escape) => quoted.extend(escape),
            None => quoted.push(*byte),
        }
    }
    quoted.push(b'\'');
    quoted
}

fn is_name(name: &[u8]) -> bool {
    let is_start = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    name.first().is_some_and(is_start)
        && name.iter().all(|byte| is_start(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    type Statement = fn(&[u8], &[u8]) -> Option<Vec<u8>>;

    fn text(statement: Statement, name: &str, value: &str) -> Option<String> {
        let line = statement(name.as_bytes(), value.as_bytes())?;
        Some(String::from_utf8(line).expect("UTF-8"))
    }

    #[test]
    fn a_value_means_nothing_to_the_shell() {
        let cases: [(&str, &str, &str, &str); 7] = [
            ("3000", "export A=3000", "set -gx A 3000", "${env:A} = '3000'"),
            ("", "export A=''", "set -gx A ''", "${env:A} = ''"),
            ("a b", "export A='a b'", "set -gx A 'a b'", "${env:A} = 'a b'"),
            ("it's", r"export A='it'\''s'", r"set -gx A 'it\'s'", "${env:A} = 'it''s'"),
            (r"a\b", r"export A='a\b'", r"set -gx A 'a\\b'", r"${env:A} = 'a\b'"),
            ("$(x)`y`", "export A='$(x)`y`'", "set -gx A '$(x)`y`'", "${env:A} = '$(x)`y`'"),
            (
                "\u{2019};x",
                "export A='\u{2019};x'",
                "set -gx A '\u{2019};x'",
                "${env:A} = '\u{2019}\u{2019};x'",
            ),
        ];
        for (value, for_sh, for_fish, for_powershell) in cases {
            assert_eq!(text(sh, "A", value).as_deref(), Some(for_sh));
            assert_eq!(text(fish, "A", value).as_deref(), Some(for_fish));
            assert_eq!(text(powershell, "A", value).as_deref(), Some(for_powershell));
        }
    }

    #[test]
    fn a_name_that_is_none_is_left_out() {
        for name in ["", "1A", "A-B", "A;id", "A B", "A\nB", "GR\u{dc}N"] {
            assert_eq!(text(sh, name, "x"), None, "{name}");
            assert_eq!(text(fish, name, "x"), None, "{name}");
        }
        assert_eq!(text(powershell, "A-B", "x").as_deref(), Some("${env:A-B} = 'x'"));
        for name in ["", "A}", "A`", "A\n"] {
            assert_eq!(text(powershell, name, "x"), None, "{name}");
        }
    }
}
