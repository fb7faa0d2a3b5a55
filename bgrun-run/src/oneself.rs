//! A restart asked for from inside the very process that is to be restarted: this tool
//! is part of the tree that is stopped, and would not live to start it again.
//!
//! So the same command line is handed to an agent that runs under the name of the
//! supervisor, at which every walk of a tree stops, in a session of its own.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsFd;

use bgrun_platform::tool::{Exit, Failure};
use bgrun_platform::{Pidfd, descriptors, sibling, spawn};
use bgrun_run::{AGENT, SUPERVISOR};
use bgrun_store::{Store, variables};

use crate::args::Args;
use crate::ask::Ask;
use crate::environment;
use crate::stored::store_failure;

/// Whether `asks` mean the process inside which this tool runs, and it is stopped first.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn is_meant(args: &Args, asks: &[Ask], store: &Store) -> anyhow::Result<bool> {
    let Some(own) = std::env::var_os(variables::OWN_ID) else { return Ok(false) };
    if !args.restart && !args.force {
        return Ok(false);
    }
    for name in asks.iter().filter_map(|ask| ask.name.as_deref()) {
        let process = store.process(name).map_err(store_failure)?;
        if process.is_some_and(|process| own == process.cookie.as_str()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Hands the command line over, and the `input` that was read from stdin, if nothing is
/// refused, and waits: as a rule until this tool is stopped with its tree.
///
/// # Errors
/// Something is refused, or the agent cannot be started.
pub(crate) fn hand_over(
    input: Option<&[u8]>,
    refused: Vec<Option<Failure>>,
) -> anyhow::Result<Exit> {
    if let Some(failure) = refused.into_iter().flatten().next() {
        return Err(failure.into());
    }
    let mut words = vec![OsString::from(SUPERVISOR), OsString::from(AGENT)];
    let mut is_flag = true;
    words.extend(std::env::args_os().skip(1).filter(|word| {
        is_flag &= word != "--";
        // That is done.
        !is_flag || word != "--fetch" && !word.as_encoded_bytes().starts_with(b"--fetch=")
    }));
    // Not this tool's own streams: who writes into the logs belongs to the tree.
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let stdin = input.map(descriptors::holding).transpose()?;
    let program = sibling::path(SUPERVISOR);
    let pid = spawn::detached(
        &program,
        &words,
        &environment::of_caller(),
        stdin.as_ref().unwrap_or(&null).as_fd(),
        null.as_fd(),
        &[],
    )
    .map_err(|error| Failure::new(Exit::NotStarted, format!("{SUPERVISOR}: {error}")))?;
    Pidfd::open(pid)?.wait(None)?;
    Ok(Exit::Done)
}
