//! What was typed or piped in: one [`Ask`] for each process to start.

pub(crate) mod joined;
mod record;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use bgrun_platform::Signal;
use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::selection::{self, Item};
use bgrun_store::{KeepAlive, name, rendered};

use crate::args::{self, Args};
use crate::config::Wish;
use crate::declared;

/// What to execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// These words, as they are.
    Argv(Vec<OsString>),
    /// A line for `sh -c`.
    Shell(String),
}

/// A wish to start one process: what is not said is left as it is stored, or gets its
/// default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) name: Option<String>,
    pub(crate) command: Option<Command>,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) settings: BTreeMap<String, String>,
    pub(crate) environment_files: Vec<PathBuf>,
    pub(crate) config: Option<Wish>,
    pub(crate) fresh_environment: bool,
    /// The environment below all overrides, where a record has it.
    pub(crate) caller_environment: Option<Vec<(OsString, OsString)>>,
    pub(crate) stdout: Option<PathBuf>,
    pub(crate) stderr: Option<PathBuf>,
    pub(crate) logs_directory: Option<PathBuf>,
    pub(crate) shared_log: bool,
    pub(crate) group: Option<String>,
    pub(crate) stop_signal: Option<Signal>,
    pub(crate) stop_timeout: Option<Duration>,
    pub(crate) keep_alive: Option<KeepAlive>,
    pub(crate) backoff: Option<(Duration, Duration)>,
    pub(crate) max_restarts: Option<(u32, Option<Duration>)>,
    pub(crate) final_codes: Option<Vec<i32>>,
    pub(crate) memory_limit_bytes: Option<u64>,
    pub(crate) restart_interval_minutes: Option<u64>,
    pub(crate) no_config: Option<bool>,
    pub(crate) after: Option<Vec<String>>,
    pub(crate) ready: Option<String>,
    pub(crate) log_max_size_bytes: Option<u64>,
    pub(crate) log_keep: Option<u32>,
    pub(crate) log_compress: Option<bool>,
    pub(crate) log_max_total_bytes: Option<u64>,
    pub(crate) project: Option<PathBuf>,
    /// Whether what is stored and not said again gets its default.
    pub(crate) is_reset: bool,
    /// Whether `settings` are all there shall be, not only what is to change.
    pub(crate) has_all_settings: bool,
    /// Variables that a record names and whose values it does not have.
    pub(crate) missing_values: Vec<String>,
    /// What may have been meant by a `name` that no process has.
    pub(crate) hint: Option<String>,
    /// Whether `name` may also be a glob or a group of stored processes.
    pub(crate) is_selector: bool,
}

/// Reads the command line, and stdin if it says so: the second answer is what stood there.
///
/// # Errors
/// It makes no sense; nothing has been touched then.
pub(crate) fn read(args: &Args) -> anyhow::Result<(Vec<Ask>, Option<Vec<u8>>)> {
    let input = input(args)?;
    Ok((understood(args, input.as_deref())?, input))
}

fn input(args: &Args) -> anyhow::Result<Option<Vec<u8>>> {
    if args.names != ["-"] {
        return Ok(None);
    }
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).context("read stdin")?;
    Ok(Some(input))
}

fn understood(args: &Args, input: Option<&[u8]>) -> anyhow::Result<Vec<Ask>> {
    if let Some(input) = input {
        return from_stdin(args, input);
    }
    let command = match (&args.command, args.argv.is_empty()) {
        (Some(line), _) if line.trim().is_empty() => {
            return Err(usage("the command is empty").into());
        }
        (Some(line), _) => Some(Command::Shell(line.clone())),
        (None, false) => Some(Command::Argv(args.argv.clone())),
        (None, true) => None,
    };
    let names = args.names.iter().filter(|name| args.name.as_ref() != Some(name));
    let names: Vec<&String> = args.name.iter().chain(names).collect();
    let base = from_flags(args)?;
    match (command, names.as_slice()) {
        (_, many) if many.iter().any(|name| *name == "-") => {
            Err(usage("- stands alone: the names come from stdin").into())
        }
        (Some(_), many) if many.len() > 1 => {
            let words: Vec<&str> = many.iter().map(|word| word.as_str()).collect();
            let hint = joined::hint(args, &args.names).unwrap_or_else(|| {
                let command = many[1..].iter().map(OsString::from).chain(args.argv.iter().cloned());
                let command = rendered(&command.collect::<Vec<_>>());
                format!("put -- before the command: bgrun run {} -- {}", words[0], safe(&command))
            });
            Err(usage(format!("one command, and several names: {}", words.join(" ")))
                .hint(hint)
                .into())
        }
        (Some(command), names) => {
            let name = names.first().map(|name| checked(name)).transpose()?;
            Ok(vec![Ask { name, command: Some(command), ..base }])
        }
        (None, []) if args.all => Ok(vec![Ask { is_selector: true, ..base }]),
        (None, []) if args.print_env => Ok(vec![base]),
        (None, []) if args.restart || args.force => Err(usage("nothing to restart: no name")
            .hint("bgrun restart web, or --all for everything")
            .into()),
        (None, []) => Err(usage("nothing to run: no command and no name")
            .hint("bgrun run web -- node server.js")
            .into()),
        (None, names) => Ok(names
            .iter()
            .map(|name| Ask {
                name: Some((*name).clone()),
                is_selector: args.name.as_ref() != Some(name),
                ..base.clone()
            })
            .collect()),
    }
}

/// Checks a name against the rule.
pub(crate) fn checked(text: &str) -> Result<String, Failure> {
    match name::check(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(rule) => Err(usage(format!("'{}': {rule}", safe(text)))),
    }
}

fn usage(what: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Usage, what)
}

/// What the flags say of each process.
fn from_flags(args: &Args) -> Result<Ask, Failure> {
    let mut settings = BTreeMap::new();
    for assignment in &args.env {
        match assignment.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                settings.insert(key.to_owned(), value.to_owned());
            }
            _ => {
                let shown = safe(assignment);
                return Err(usage(format!("-e '{shown}' is not an assignment (KEY=VALUE)")));
            }
        }
    }
    Ok(Ask {
        settings,
        directory: args.directory.clone(),
        environment_files: args.env_file.clone(),
        config: args.config.clone().map(Wish::Named),
        // Who names one wants one, whatever is stored.
        no_config: match (&args.config, args.no_config) {
            (Some(_), _) => Some(false),
            (None, wanted_none) => wanted_none.then_some(true),
        },
        fresh_environment: args.fresh_env,
        stdout: args.stdout.clone(),
        stderr: args.stderr.clone(),
        logs_directory: args.logs_dir.clone(),
        shared_log: args.shared_log,
        group: args.group.clone(),
        stop_signal: args.stop_signal,
        stop_timeout: args.stop_timeout,
        log_max_size_bytes: args.log_max_size,
        log_keep: args.log_keep,
        log_compress: args.log_compress,
        log_max_total_bytes: args.log_max_total,
        keep_alive: args.keep_alive.map(|policy| match policy {
            args::KeepAlive::Always => KeepAlive::Always,
            args::KeepAlive::OnFailure => KeepAlive::OnFailure,
            args::KeepAlive::Never => KeepAlive::Never,
        }),
        backoff: args.backoff,
        max_restarts: args.max_restarts,
        final_codes: (!args.stop_exit_code.is_empty())
            .then(|| args.stop_exit_code.iter().map(|code| i32::from(*code)).collect()),
        memory_limit_bytes: args.memory_limit,
        restart_interval_minutes: args.restart_interval,
        after: declared::after(&args.after).map_err(usage)?,
        ready: declared::probe(args.ready.as_deref()).map_err(usage)?,
        is_reset: args.reset,
        ..Ask::default()
    })
}

fn from_stdin(args: &Args, input: &[u8]) -> anyhow::Result<Vec<Ask>> {
    if !args.argv.is_empty() || args.command.is_some() || args.name.is_some() {
        return Err(usage("- reads what to start from stdin: no name or command beside it").into());
    }
    let items = selection::read(input, false).map_err(usage)?;
    let base = from_flags(args)?;
    let mut asks = Vec::with_capacity(items.len());
    for (at, item) in items.into_iter().enumerate() {
        asks.push(match item {
            Item::Name(name) => Ask { name: Some(name), is_selector: true, ..base.clone() },
            Item::Record(record) => record::read(record.into(), &base)
                .map_err(|what| usage(format!("stdin, item {}: {what}", at + 1)))?,
        });
    }
    let mut names: Vec<&str> = asks.iter().filter_map(|ask| ask.name.as_deref()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(usage(format!("stdin names '{}' twice", safe(twice[0]))).into());
    }
    Ok(asks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn asked(words: &[&str]) -> anyhow::Result<Vec<Ask>> {
        understood(&Args::try_parse_from([&["bgrun-run"], words].concat())?, None)
    }

    #[test]
    fn a_command_and_its_flags_are_left_alone_after_the_dashes() {
        let asks = asked(&["web", "-e", "A=b=c", "--", "cmd", "--json", "-n", "--"]).expect("asks");
        assert_eq!(asks[0].name.as_deref(), Some("web"));
        let words = ["cmd", "--json", "-n", "--"].map(OsString::from).to_vec();
        assert_eq!(asks[0].command, Some(Command::Argv(words)));
        assert_eq!(asks[0].settings["A"], "b=c");
    }

    #[test]
    fn names_alone_are_stored_processes() {
        let asks = asked(&["web", "api-*"]).expect("asks");
        assert!(asks.iter().all(|ask| ask.is_selector && ask.command.is_none()));
        assert_eq!(asks.len(), 2);
    }

    #[test]
    fn senseless_words_are_refused() {
        for words in [
            &[] as &[&str],
            &["web", "api", "--", "x"],
            &["-c", "  "],
            &["../x", "--", "x"],
            &["web", "-e", "A", "--", "x"],
            &["web", "-e", "=b", "--", "x"],
            &["web", "-", "api"],
        ] {
            assert!(asked(words).is_err(), "{words:?}");
        }
    }
}
