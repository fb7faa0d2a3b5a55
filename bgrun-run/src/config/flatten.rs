//! From what a configuration holds to environment variables, under the names that the older
//! tool gave them.
//!
//! `[server] port = 3000` is `SERVER_PORT=3000`: the whole key in capitals, joined with `_`,
//! dots as `_` too; the elements of an array are `KEY_0`, `KEY_1`, those of an array of
//! tables `HOSTS_0_NAME`. Two keys that come to one name are an error: which of them was
//! meant, nobody can know.

use std::collections::BTreeMap;

use bgrun_platform::text::safe;

use super::Value;

/// More variables than this are no configuration.
const MOST: usize = 10_000;

/// The variables that `value` sets. Nothing at all sets none.
///
/// # Errors
/// In one line: it is no table, a key cannot be the name of a variable, or two are one.
pub(super) fn variables(value: &Value) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    match value {
        Value::Null => {}
        Value::Table(entries) => {
            for (key, value) in entries {
                add(key.clone(), value, &mut variables)?;
            }
        }
        Value::Scalar(_) | Value::List(_) => return Err("holds no keys with values".to_owned()),
    }
    Ok(variables.into_iter().map(|(name, (_, value))| (name, value)).collect())
}

/// Adds what `path`, a key with all that are above it, comes to. Each variable is kept with
/// the path that it is from.
fn add(
    path: String,
    value: &Value,
    variables: &mut BTreeMap<String, (String, String)>,
) -> Result<(), String> {
    match value {
        Value::Null => {}
        Value::Table(entries) => {
            for (key, value) in entries {
                add(format!("{path}.{key}"), value, variables)?;
            }
        }
        Value::List(elements) => {
            for (at, value) in elements.iter().enumerate() {
                add(format!("{path}.{at}"), value, variables)?;
            }
        }
        Value::Scalar(text) => {
            let name = name(&path);
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("key '{}' cannot name a variable", safe(&path)));
            }
            if text.contains('\0') {
                return Err(format!("the value of '{}' has a NUL in it", safe(&path)));
            }
            if let Some((other, _)) = variables.get(&name) {
                let (other, path, name) = (safe(other), safe(&path), safe(&name));
                return Err(if other == path {
                    format!("'{path}' appears twice")
                } else {
                    format!("'{other}' and '{path}' would both set the variable {name}")
                });
            }
            if variables.len() == MOST {
                return Err(format!("has more than {MOST} values"));
            }
            variables.insert(name, (path, text.clone()));
        }
    }
    Ok(())
}

fn name(path: &str) -> String {
    path.to_uppercase().replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<String>, String> {
        let value = super::super::json::parse(text).map_err(|error| error.to_string())?;
        let variables = variables(&value)?;
        Ok(variables.into_iter().map(|(key, value)| format!("{key}={value}")).collect())
    }

    #[test]
    fn tables_arrays_and_dots_become_names() {
        let cases: [(&str, &[&str]); 10] = [
            (r#"{"server": {"port": 3000}}"#, &["SERVER_PORT=3000"]),
            (r#"{"a": {"b": {"c.d": "x"}}}"#, &["A_B_C_D=x"]),
            (r#"{"tags": ["a", "b,c=d"]}"#, &["TAGS_0=a", "TAGS_1=b,c=d"]),
            (r#"{"hosts": [{"name": "a"}, {"name": "b"}]}"#, &["HOSTS_0_NAME=a", "HOSTS_1_NAME=b"]),
            (r#"{"m": [[1, 2], [3]]}"#, &["M_0_0=1", "M_0_1=2", "M_1_0=3"]),
            (r#"{"on": true, "off": false}"#, &["OFF=false", "ON=true"]),
            (r#"{"n": null, "list": [], "table": {}}"#, &[]),
            (r#"{"with-dash": 1, "grün": 2}"#, &["GRÜN=2", "WITH-DASH=1"]),
            (r#"{"empty": "", "lines": "a\nb"}"#, &["EMPTY=", "LINES=a\nb"]),
            ("null", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn what_can_be_no_variable_is_refused_by_its_key() {
        for (text, what) in [
            ("[1]", "no keys"),
            (r#"{"": 1}"#, "key ''"),
            (r#"{"a=b": 1}"#, "'a=b'"),
            (r#"{"a": "\u0000"}"#, "'a' has a NUL"),
            (r#"{"a": 1, "a": 2}"#, "'a' appears twice"),
            (r#"{"server": {"port": 1}, "SERVER_PORT": 2}"#, "'server.port' and 'SERVER_PORT'"),
        ] {
            let error = of(text).expect_err(text);
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
