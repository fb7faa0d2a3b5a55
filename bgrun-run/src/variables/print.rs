//! `--print-env`: what the files and flags set for a process, told and not started.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use bgrun_platform::text::safe;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{private, user};
use bgrun_store::{Home, Process, Spec, Store};

use crate::args::Args;
use crate::ask::Ask;
use crate::prepare;
use crate::stored::store_failure;
use crate::variables;

/// Prints the overrides of the one process that is asked for: as lines that `--env-file`
/// reads, or as a JSON object.
///
/// # Errors
/// More than one is asked for, or none of that name is known, or a file is broken.
pub(crate) fn print(args: &Args, asks: &[Ask]) -> anyhow::Result<Exit> {
    let [ask] = asks else {
        return Err(Failure::new(Exit::Usage, "--print-env is of one process").into());
    };
    let (name, kept) = stored(ask)?;
    let named = |failure: Failure| match &name {
        Some(name) => anyhow::Error::from(failure).context(safe(name).into_owned()),
        None => failure.into(),
    };
    if kept.is_none() && ask.command.is_none() && name.is_some() {
        return Err(named(Failure::new(Exit::Unknown, "no process has this name")));
    }
    let directory = prepare::directory(ask, kept.as_ref()).map_err(named)?;
    let shown = name.as_deref().unwrap_or("bgrun-run");
    let variables = variables::of(ask, shown, &directory, kept.as_ref()).map_err(named)?;
    if args.json {
        tool::print_json(&variables.overrides)?;
        return Ok(Exit::Done);
    }
    let mut text = String::new();
    for (key, value) in &variables.overrides {
        let line = line(key, value);
        let line = if std::io::stdout().is_terminal() { safe(&line) } else { line.into() };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

/// The process that is asked for, as it is stored, if it is. Nothing is made where there
/// is no store.
fn stored(ask: &Ask) -> anyhow::Result<(Option<String>, Option<Spec>)> {
    if ask.name.is_none() && ask.command.is_none() {
        return Ok((None, None));
    }
    let home = Home::from_environment(user::home_directory)
        .map_err(|error| Failure::new(Exit::Store, error))?;
    private::is_directory(home.directory()).map_err(|error| Failure::new(Exit::Store, error))?;
    let Some(store) = Store::open_to_read(&home).map_err(store_failure)? else {
        return Ok((ask.name.clone(), None));
    };
    let (name, process): (String, Option<Process>) = prepare::identify(ask, &store, &[])?;
    let spec = match process {
        Some(process) => store.spec(process.id).map_err(store_failure)?,
        None => None,
    };
    Ok((Some(name), spec))
}

/// One line of a file of variables.
fn line(key: &str, value: &str) -> String {
    let is_plain = !value.starts_with(['\'', '"']) && value.trim() == value;
    if is_plain && !value.contains('\n') {
        return format!("{key}={value}");
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{key}=\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::assignment;

    #[test]
    fn a_line_is_read_back_as_a_file_of_variables() {
        for value in [
            "",
            "x",
            "a b, c=d",
            " a ",
            "'a'",
            "\"a\"",
            "a'b\"c",
            "two\nlines\\n",
            "\\",
            "$HOME",
            "#",
        ] {
            let line = line("KEY", value);
            let read = assignment(&line).expect("a line");
            assert_eq!(read, Some(("KEY".to_owned(), value.to_owned())), "{line}");
        }
        assert_eq!(line("KEY", "a b"), "KEY=a b");
    }
}
