//! Values of the project file as those of a record.

use bgrun_platform::text::safe;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use super::Wrong;

/// A value with its place in the file.
pub(super) type Placed<'a, 'i> = &'a Spanned<DeValue<'i>>;

/// A text.
pub(super) fn text<'a>(value: Placed<'a, '_>) -> Result<&'a str, Wrong> {
    value.get_ref().as_str().ok_or_else(|| wrong(value, "a string in quotes"))
}

/// A text that `read` understands.
pub(super) fn read<T>(
    value: Placed<'_, '_>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<T, Wrong> {
    read(text(value)?).map_err(|what| Wrong::new(value.span(), what))
}

/// Texts, or one alone.
pub(super) fn texts(value: Placed<'_, '_>) -> Result<Vec<String>, Wrong> {
    match value.get_ref() {
        DeValue::String(text) => Ok(vec![text.clone().into_owned()]),
        DeValue::Array(items) => items.iter().map(|item| text(item).map(str::to_owned)).collect(),
        _ => Err(wrong(value, "a list of strings")),
    }
}

/// `true` or `false`.
pub(super) fn boolean(value: Placed<'_, '_>) -> Result<bool, Wrong> {
    value.get_ref().as_bool().ok_or_else(|| wrong(value, "true or false"))
}

/// A whole number that is not below zero.
pub(super) fn count(value: Placed<'_, '_>) -> Result<u64, Wrong> {
    let number = value.get_ref().as_integer().and_then(whole);
    number.and_then(|number| number.try_into().ok()).ok_or_else(|| wrong(value, "a whole number"))
}

/// Whole numbers, or one alone.
pub(super) fn counts(value: Placed<'_, '_>) -> Result<Vec<u64>, Wrong> {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().map(count).collect(),
        _ => Ok(vec![count(value)?]),
    }
}

/// A number that counts `unit`s, or a text that `read` understands.
pub(super) fn amount(
    value: Placed<'_, '_>,
    unit: u64,
    read_text: impl FnOnce(&str) -> Result<u64, String>,
) -> Result<Value, Wrong> {
    match value.get_ref() {
        DeValue::Integer(_) => Ok(count(value)?.saturating_mul(unit).into()),
        _ => read(value, read_text).map(Value::from),
    }
}

/// The value of an environment variable.
pub(super) fn variable(value: Placed<'_, '_>) -> Result<String, Wrong> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.clone().into_owned()),
        // As it is written, whatever its size.
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Integer(number) => {
            whole(number).map(|number| number.to_string()).ok_or_else(|| wrong(value, "a number"))
        }
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Ok(truth.to_string()),
        DeValue::Datetime(time) => Ok(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => {
            Err(wrong(value, "a string, a number, true or false"))
        }
    }
}

fn whole(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn wrong(value: Placed<'_, '_>, expected: &str) -> Wrong {
    let found = value.get_ref().type_str();
    let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
    Wrong::new(value.span(), format!("must be {expected}, not {article} {}", safe(found)))
}
