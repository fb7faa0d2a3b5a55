//! What a process would get if it were started now, as `bgrun-run` says it.

use std::collections::BTreeMap;
use std::process::Stdio;

use anyhow::Context;
use bgrun_platform::sibling;
use bgrun_platform::tool::{self, Exit};

use crate::args::Args;

/// What `bgrun-run` answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The variables that files and flags set.
    Overrides(BTreeMap<String, String>),
    /// It cannot be said, and why was said on stderr.
    Failed(Exit),
}

/// Asks for the overrides that the flags lead to, and the name, if there is one.
///
/// # Errors
/// `bgrun-run` cannot be run, or makes no sense.
pub(crate) fn get(args: &Args) -> anyhow::Result<Answer> {
    let mut run = sibling::command("bgrun-run", ["--print-env", "--json"]);
    if let Some(name) = &args.name {
        run.args(["--name", name]);
    }
    if let Some(config) = &args.config {
        run.arg("--config").arg(config);
    }
    if args.no_config {
        run.arg("--no-config");
    }
    if let Some(directory) = &args.directory {
        run.arg("--directory").arg(directory);
    }
    for file in &args.env_file {
        run.arg("--env-file").arg(file);
    }
    for assignment in &args.env {
        run.args(["--env", assignment]);
    }
    run.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    // Configuration that is code makes its files with the umask of this shell.
    let child = tool::with_callers_umask(|| run.spawn()).context("run bgrun-run")?;
    let output = child.wait_with_output().context("run bgrun-run")?;
    if !output.status.success() {
        let code = output.status.code().and_then(|code| u8::try_from(code).ok());
        return Ok(Answer::Failed(code.map_or(Exit::Failed, Exit::Other)));
    }
    let overrides =
        serde_json::from_slice(&output.stdout).context("read what bgrun-run printed")?;
    Ok(Answer::Overrides(overrides))
}
