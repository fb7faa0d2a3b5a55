//! TOML: numbers and dates as they are written there.

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::place::{Place, Wrong};
use super::{DEEPEST, Value};

/// What the text holds.
///
/// # Errors
/// It is no TOML, or too deep.
pub(super) fn parse(text: &str) -> Result<Value, Wrong> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Wrong::new(Place::of_offset(text, at), error.message())
    })?;
    let place = |offset| Place::of_offset(text, offset);
    of_table(table.get_ref(), &place, 0)
}

type PlaceOf<'a> = &'a dyn Fn(usize) -> Place;

fn of_table(table: &DeTable<'_>, place: PlaceOf<'_>, depth: usize) -> Result<Value, Wrong> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        Ok((key.to_string(), of_value(value, place, depth + 1)?))
    };
    table.iter().map(entry).collect::<Result<_, _>>().map(Value::Table)
}

fn of_value(
    value: &Spanned<DeValue<'_>>,
    place: PlaceOf<'_>,
    depth: usize,
) -> Result<Value, Wrong> {
    let wrong = |what: &str| Wrong::new(place(value.span().start), what);
    if depth > DEEPEST {
        return Err(wrong("too deep"));
    }
    let text = match value.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(integer) => decimal(integer).ok_or_else(|| wrong("too large a number"))?,
        DeValue::Float(float) => float.as_str().trim_start_matches('+').to_owned(),
        DeValue::Boolean(is_true) => is_true.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(elements) => {
            let elements = elements.iter().map(|element| of_value(element, place, depth + 1));
            return elements.collect::<Result<_, _>>().map(Value::List);
        }
        DeValue::Table(table) => return of_table(table, place, depth),
    };
    Ok(Value::Scalar(text))
}

/// Exact, however large where it is written in tens.
fn decimal(integer: &DeInteger<'_>) -> Option<String> {
    let digits = integer.as_str();
    match integer.radix() {
        10 => Some(digits.trim_start_matches('+').to_owned()),
        radix => u128::from_str_radix(digits, radix).ok().map(|number| number.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Value {
        match parse(text).expect(text) {
            Value::Table(mut entries) if entries.len() == 1 => entries.remove(0).1,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_has_no_parts_is_taken_as_it_is_written() {
        for (text, expected) in [
            ("a = 9007199254740993", "9007199254740993"),
            ("a = 9223372036854775807", "9223372036854775807"),
            ("a = 123456789012345678901234567890", "123456789012345678901234567890"),
            ("a = -1_000", "-1000"),
            ("a = +7", "7"),
            ("a = 0xff", "255"),
            ("a = 0o755", "493"),
            ("a = 1.50", "1.50"),
            ("a = 6.02e23", "6.02e23"),
            ("a = true", "true"),
            ("a = 1979-05-27T07:32:00Z", "1979-05-27T07:32:00Z"),
            ("a = 1979-05-27T00:32:00.5-07:00", "1979-05-27T00:32:00.5-07:00"),
            ("a = 1979-05-27", "1979-05-27"),
            ("a = 07:32:00", "07:32:00"),
            ("a = 'x,y=z'", "x,y=z"),
            ("a = \"two\\nlines\"", "two\nlines"),
        ] {
            assert_eq!(only(text), Value::Scalar(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_broken_has_a_place() {
        let deep = format!("a = {}{}", "[".repeat(40), "]".repeat(40));
        let too_deep = format!("a{} = 1", ".a".repeat(40));
        for (text, place) in [
            ("a = 1\nb = \n", "line 2, column"),
            ("a = 1\na = 2\n", "line 2, column 1"),
            ("[server\nport = 1", "line 1, column"),
            ("a = \"x", "line 1, column"),
            (&deep, "line 1, column"),
            (&too_deep, "line 1, column"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }
}
