//! Points in time, as they are stored and shown: RFC 3339 in UTC with milliseconds.

use jiff::Timestamp;

/// Now.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// `2026-11-23T08:54:00.123Z`.
#[must_use]
pub fn text(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// Reads what [`text`] wrote, or any other RFC 3339 time.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Serializes an optional time as text or null.
pub mod optional {
    use super::{Timestamp, parse, text};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// For `serialize_with`.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(text).serialize(serializer)
    }

    /// For `deserialize_with`: what is no time is none.
    ///
    /// # Errors
    /// It is neither text nor null.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(parse))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_a_z() {
        let time = parse("2026-11-23T08:54:00.1Z").expect("parse");
        assert_eq!(text(time), "2026-11-23T08:54:00.100Z");
        assert_eq!(parse(&text(time)), Some(time));
    }
}
