//! Values on the command line: durations, sizes, and environment assignments. Each
//! parser is made for clap's `value_parser`; its error is one line.

use std::ffi::OsString;
use std::time::Duration;

/// No duration that is given is longer: a hundred years. What is added to a point in time stays
/// one.
pub const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// `500ms`, `10s`, `5m`, `1h30m`, `2d`, up to [`LONGEST`]; a bare number counts seconds.
///
/// # Errors
/// What is wrong with the text, in one line.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!("'{}' is not a duration (such as 500ms, 10s, 5m or 1h30m)", crate::text::safe(text))
    };
    let bounded = |duration| if duration <= LONGEST { Ok(duration) } else { Err(too_long(text)) };
    if let Ok(seconds) = text.parse::<u64>() {
        return bounded(Duration::from_secs(seconds));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    let mut last_unit = Duration::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit = match unit {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_secs(60),
            "h" => Duration::from_secs(3600),
            "d" => Duration::from_secs(86_400),
            _ => return Err(wrong()),
        };
        // From large to small, each unit once: 1h30m, not 30m1h.
        if unit >= last_unit {
            return Err(wrong());
        }
        last_unit = unit;
        let number = number.parse::<u32>().map_err(|_| wrong())?;
        total =
            unit.checked_mul(number).and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() { Err(wrong()) } else { bounded(total) }
}

fn too_long(text: &str) -> String {
    format!("'{}' is longer than a hundred years", crate::text::safe(text))
}

/// `1s..60s`: the shortest and the longest pause between restarts.
///
/// # Errors
/// What is wrong with the text, in one line.
pub fn backoff(text: &str) -> Result<(Duration, Duration), String> {
    let (shortest, longest) = text.split_once("..").ok_or_else(|| {
        format!("'{}' is not a pair of pauses (such as 1s..60s)", crate::text::safe(text))
    })?;
    let (shortest, longest) = (duration(shortest)?, duration(longest)?);
    if shortest > longest {
        return Err("the shortest pause is longer than the longest".to_owned());
    }
    Ok((shortest, longest))
}

/// `10`, or `10/60s`: so many restarts in a row, or within that time.
///
/// # Errors
/// What is wrong with the text, in one line.
pub fn most_restarts(text: &str) -> Result<(u32, Option<Duration>), String> {
    let (count, window) = text.split_once('/').map_or((text, None), |(n, w)| (n, Some(w)));
    let wrong = |_| {
        format!("'{}' is not a number of restarts (such as 10 or 10/60s)", crate::text::safe(text))
    };
    let window = window.map(duration).transpose()?;
    if window.is_some_and(|window| window.is_zero()) {
        return Err("restarts are counted over more than no time".to_owned());
    }
    Ok((count.parse().map_err(wrong)?, window))
}

/// A number of minutes from 1 on, or a duration of whole minutes: `90`, `1h30m`.
///
/// # Errors
/// What is wrong with the text, in one line.
pub fn minutes(text: &str) -> Result<u64, String> {
    let counted = text.parse().or_else(|_| match duration(text) {
        Ok(duration) if duration.subsec_nanos() == 0 && duration.as_secs().is_multiple_of(60) => {
            Ok(duration.as_secs() / 60)
        }
        _ => Err(()),
    });
    counted.ok().filter(|minutes| *minutes > 0).ok_or_else(|| {
        let shown = crate::text::safe(text);
        format!("'{shown}' is not a number of minutes from 1 on (such as 90 or 1h30m)")
    })
}

/// Bytes, or `500k`, `500m`, `1g`, counted in 1024s; a final `b` is allowed.
///
/// # Errors
/// What is wrong with the text, in one line.
pub fn size_bytes(text: &str) -> Result<u64, String> {
    let wrong = || {
        format!("'{}' is not a size (bytes, or such as 500k, 500m or 1g)", crate::text::safe(text))
    };
    let lower = text.to_ascii_lowercase();
    let short = lower.strip_suffix('b').unwrap_or(&lower);
    let (number, unit) = match short.char_indices().next_back() {
        Some((at, 'k')) => (&short[..at], 1 << 10),
        Some((at, 'm')) => (&short[..at], 1 << 20),
        Some((at, 'g')) => (&short[..at], 1 << 30),
        _ => (short, 1),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)
}

/// A TCP port, 1 to 65535.
///
/// # Errors
/// What is wrong with the text, in one line.
pub fn port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err(format!("'{}' is not a port (1 to 65535)", crate::text::safe(text))),
    }
}

/// `KEY=VALUE` for an environment: the value may contain anything, `=` included.
///
/// # Errors
/// There is no `=`, or no name before it.
pub fn assignment(text: &OsString) -> Result<(OsString, OsString), String> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let bytes = text.as_bytes();
    match bytes.iter().position(|&byte| byte == b'=') {
        Some(at) if at > 0 => Ok((
            OsString::from_vec(bytes[..at].to_vec()),
            OsString::from_vec(bytes[at + 1..].to_vec()),
        )),
        _ => Err(format!("'{}' is not an assignment (KEY=VALUE)", crate::text::safe_os(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_unit() {
        for (text, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("10", 10_000),
            ("0", 0),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("1s500ms", 1_500),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "s", "10x", "1.5s", "-1", "30m1h", "5m5m", "99999999999s", "99999999999", "ms10"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn minutes_are_whole_and_not_none() {
        for (text, expected) in [("90", 90), ("90m", 90), ("1h30m", 90), ("120s", 2), ("1d", 1440)]
        {
            assert_eq!(minutes(text), Ok(expected), "{text}");
        }
        for wrong in ["0", "0m", "90s", "500ms", "1m500ms", "", "-1", "soon"] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn restart_policies_are_read() {
        let seconds = Duration::from_secs;
        assert_eq!(backoff("1s..1m"), Ok((seconds(1), seconds(60))));
        assert_eq!(most_restarts("3"), Ok((3, None)));
        assert_eq!(most_restarts("5/1h"), Ok((5, Some(seconds(3600)))));
        for wrong in ["", "1s", "2s..1s", "x..y"] {
            assert!(backoff(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "x", "-1", "1/x", "/"] {
            assert!(most_restarts(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_count_in_1024s() {
        for (text, bytes) in
            [("0", 0), ("1234", 1234), ("500k", 512_000), ("500M", 524_288_000), ("1gb", 1 << 30)]
        {
            assert_eq!(size_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "1t", "1.5m", "-1", "99999999999999999999", "20000000000g"] {
            assert!(size_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_assignment_is_cut_at_its_first_equals_sign() {
        let split = |text: &str| assignment(&text.into());
        assert_eq!(split("A=b=c,d"), Ok(("A".into(), "b=c,d".into())));
        assert_eq!(split("A="), Ok(("A".into(), "".into())));
        assert!(split("A").is_err() && split("=b").is_err() && split("").is_err());
    }
}
