//! Bytes of the system in a database and back: paths, arguments and variables need
//! not be UTF-8.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rusqlite::types::{Value, ValueRef};

/// Text where it is UTF-8, so that other programs can read the column; else its bytes.
pub(crate) fn os_value(text: &OsStr) -> Value {
    match text.to_str() {
        Some(text) => Value::Text(text.to_owned()),
        None => Value::Blob(text.as_bytes().to_vec()),
    }
}

pub(crate) fn path_value(path: &Path) -> Value {
    os_value(path.as_os_str())
}

pub(crate) fn path(value: ValueRef<'_>) -> PathBuf {
    let bytes = value.as_bytes_or_null().ok().flatten().unwrap_or_default();
    PathBuf::from(OsString::from_vec(bytes.to_vec()))
}

/// Words without NUL bytes, each ended by one.
pub(crate) fn join<'a>(words: impl IntoIterator<Item = &'a OsString>) -> Vec<u8> {
    let mut joined = Vec::new();
    for word in words {
        joined.extend_from_slice(word.as_bytes());
        joined.push(0);
    }
    joined
}

pub(crate) fn split(joined: &[u8]) -> Vec<OsString> {
    joined
        .split_inclusive(|&byte| byte == 0)
        .map(|word| OsString::from_vec(word.strip_suffix(&[0]).unwrap_or(word).to_vec()))
        .collect()
}

/// Variables as `KEY=VALUE` words.
pub(crate) fn join_variables(variables: &[(OsString, OsString)]) -> Vec<u8> {
    let mut joined = Vec::new();
    for (key, value) in variables {
        joined.extend_from_slice(key.as_bytes());
        joined.push(b'=');
        joined.extend_from_slice(value.as_bytes());
        joined.push(0);
    }
    joined
}

pub(crate) fn split_variables(joined: &[u8]) -> Vec<(OsString, OsString)> {
    joined
        .split(|&byte| byte == 0)
        .filter_map(|word| {
            let at = word.iter().position(|&byte| byte == b'=')?;
            Some((
                OsString::from_vec(word[..at].to_vec()),
                OsString::from_vec(word[at + 1..].to_vec()),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_byte_for_byte() {
        let words: Vec<OsString> =
            vec!["".into(), "a b".into(), OsString::from_vec(vec![0xff, b'\n', 0x80]), "=".into()];
        assert_eq!(split(&join(&words)), words);
        assert!(split(&join(&[])).is_empty());
    }

    #[test]
    fn variables_survive_byte_for_byte() {
        let variables = vec![
            ("A".into(), "b=c,d\ne".into()),
            ("B".into(), "".into()),
            ("C".into(), OsString::from_vec(vec![0xfe])),
        ];
        assert_eq!(split_variables(&join_variables(&variables)), variables);
    }
}
