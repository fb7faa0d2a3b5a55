//! What is said of a process's order and readiness, checked when it is said.

use bgrun_platform::probe::Probe;
use bgrun_platform::text::safe;
use bgrun_store::After;

/// Checks `--ready`; an empty one takes away what is stored.
///
/// # Errors
/// What is wrong with it, in one line.
pub(crate) fn probe(text: Option<&str>) -> Result<Option<String>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(text.map(str::to_owned));
    };
    if let Probe::Log(pattern) = text.parse().map_err(|error| format!("ready: {error}"))? {
        regex::bytes::Regex::new(&pattern).map_err(|error| {
            // The last line of it says what is wrong, those before draw where.
            let what = error.to_string();
            let what = what.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("ready: '{}' is not a regular expression: {}", safe(&pattern), safe(what))
        })?;
    }
    Ok(Some(text.to_owned()))
}

/// Checks the `--after`s; none leave what is stored, an empty one takes it away.
///
/// # Errors
/// What is wrong with one, in one line.
pub(crate) fn after(given: &[String]) -> Result<Option<Vec<String>>, String> {
    if given.is_empty() { Ok(None) } else { after_all(given).map(Some) }
}

/// Checks what a process comes after, each once.
///
/// # Errors
/// What is wrong with one, in one line.
pub(crate) fn after_all(given: &[impl AsRef<str>]) -> Result<Vec<String>, String> {
    let mut all: Vec<String> = Vec::new();
    for text in given.iter().map(AsRef::as_ref).filter(|text| !text.is_empty()) {
        let after: After =
            text.parse().map_err(|rule| format!("after: '{}': {rule}", safe(text)))?;
        let text = after.to_string();
        if !all.contains(&text) {
            all.push(text);
        }
    }
    Ok(all)
}

/// The same of names with commas between, as `BGR_DEPENDS_ON` has them.
///
/// # Errors
/// What is wrong with one, in one line.
pub(crate) fn after_names(names: &str) -> Result<Vec<String>, String> {
    after_all(&names.split(',').map(str::trim).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_checked_when_it_is_said() {
        assert_eq!(probe(None), Ok(None));
        for fine in ["", "port:3000", "log:^ready in \\d+ ms$"] {
            assert_eq!(probe(Some(fine)), Ok(Some(fine.to_owned())));
        }
        let wrong = probe(Some("log:(")).expect_err("no regular expression");
        assert!(wrong.contains("unclosed group") && !wrong.contains('\n'), "{wrong}");
        assert!(probe(Some("soon")).is_err());
    }

    #[test]
    fn what_comes_first_is_named_once_and_may_be_taken_away() {
        let strings =
            |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(after(&[]), Ok(None));
        assert_eq!(after(&strings(&[""])), Ok(Some(Vec::new())));
        let twice = after(&strings(&["db", "db", "db:running"]));
        assert_eq!(twice, Ok(Some(strings(&["db", "db:running"]))));
        assert_eq!(after_names(" db ,x:exited,"), Ok(strings(&["db", "x:exited"])));
        assert!(after(&strings(&["../x"])).is_err());
    }
}
