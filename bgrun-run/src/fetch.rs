//! `--fetch`: the work tree of a process is updated before anything of it is read,
//! stopped or started.

mod git;

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bgrun_platform::text::{safe, safe_path};
use bgrun_platform::tool::{Exit, Failure, warn};
use bgrun_store::{Home, Store};

use crate::args::Args;
use crate::ask::Ask;
use crate::existing;
use crate::prepare;
use crate::stored::store_failure;

use git::Git;

/// So many commits are shown.
const SHOWN: usize = 20;

/// Why a work tree stays as it is, and what to do about it.
#[derive(Debug, Clone)]
struct Refusal {
    what: String,
    hint: Option<&'static str>,
}

impl From<String> for Refusal {
    fn from(what: String) -> Self {
        Self { what, hint: None }
    }
}

/// Updates the work trees of the processes that are asked for, each work tree once.
/// Answers for each of them why it is not to be started, if so.
///
/// What runs and is not to be restarted keeps its files.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn all(
    args: &Args,
    asks: &[Ask],
    home: &Home,
    store: &Store,
) -> anyhow::Result<Vec<Option<Failure>>> {
    let Some(limit) = args.fetch.filter(|_| !args.dry_run) else {
        return Ok(asks.iter().map(|_| None).collect());
    };
    let mut done: HashMap<PathBuf, Result<(), Refusal>> = HashMap::new();
    let mut refused = Vec::with_capacity(asks.len());
    for ask in asks {
        let (name, stored) = prepare::identify(ask, store, &[])?;
        let kept = match &stored {
            Some(process) => store.spec(process.id).map_err(store_failure)?,
            None => None,
        };
        let stays_up = match &stored {
            Some(process) => !args.restart && !args.force && existing::is_up(process, home)?,
            None => false,
        };
        let is_startable = kept.is_some() || ask.command.is_some();
        // What is wrong with the directory itself is told when the process is prepared.
        let directory = prepare::directory(ask, kept.as_ref()).ok().filter(|path| path.is_dir());
        let Some(directory) = directory.filter(|_| is_startable && !stays_up) else {
            refused.push(None);
            continue;
        };
        let outcome = match work_tree(&directory) {
            Ok((git, root)) => done
                .entry(root)
                .or_insert_with(|| fast_forward(&git, &name, args.quiet, limit))
                .clone(),
            Err(refusal) => Err(refusal),
        };
        refused.push(outcome.err().map(|Refusal { what, hint }| {
            let failure = Failure::new(Exit::Failed, what);
            match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        }));
    }
    Ok(refused)
}

fn work_tree(directory: &Path) -> Result<(Git, PathBuf), Refusal> {
    let git = Git::in_directory(directory)?;
    let root = git
        .act(&["rev-parse", "--show-toplevel"])
        .map_err(|why| format!("cannot fetch in {}: {why}", safe_path(directory)))?;
    Ok((git, root.into()))
}

fn fast_forward(git: &Git, name: &str, quiet: bool, limit: Duration) -> Result<(), Refusal> {
    let Some(branch) = git.ask(&["symbolic-ref", "--quiet", "--short", "HEAD"])? else {
        let what = "cannot fetch: HEAD is detached, so there is no branch to update";
        return Err(what.to_owned().into());
    };
    let of_branch = |what: &str| git.ask(&["config", "--get", &format!("branch.{branch}.{what}")]);
    let shown = safe(&branch).into_owned();
    let (Some(remote), Some(theirs)) = (of_branch("remote")?, of_branch("merge")?) else {
        let what = format!("cannot fetch: branch '{shown}' has no upstream");
        return Err(Refusal { what, hint: Some("git branch --set-upstream-to=REMOTE/BRANCH") });
    };
    let upstream = format!("{}/{}", remote, theirs.trim_start_matches("refs/heads/"));
    let upstream = safe(&upstream).into_owned();
    git.act_remotely(&["fetch", "--quiet", "--", &remote, &theirs], limit)
        .map_err(|why| format!("cannot fetch {upstream}: {why}"))?;
    let old = git
        .act(&["rev-parse", "--verify", "HEAD"])
        .map_err(|why| format!("cannot fetch: branch '{shown}' has no commit: {why}"))?;
    let new = git.act(&["rev-parse", "--verify", "FETCH_HEAD"])?;
    let counts =
        git.act(&["rev-list", "--left-right", "--count", &format!("{old}...{new}"), "--"])?;
    let mut counts = counts.split_whitespace().map(|count| count.parse::<usize>().unwrap_or(0));
    let (ours, came) = (counts.next().unwrap_or(0), counts.next().unwrap_or(0));
    if came == 0 {
        return Ok(());
    }
    if ours > 0 {
        let what = format!(
            "'{shown}' and {upstream} have diverged: {ours} and {came} commits of their own"
        );
        return Err(Refusal { what, hint: Some("rebase or merge by hand, then start it again") });
    }
    git.act(&["-c", "merge.autoStash=false", "merge", "--ff-only", "--quiet", &new])
        .map_err(|why| format!("cannot fast-forward '{shown}' to {upstream}: {why}"))?;
    if !quiet {
        let range = format!("{old}..{new}");
        let most = format!("--max-count={SHOWN}");
        let words =
            ["log", "--no-show-signature", "--no-color", "--format=%h %s", &most, &range, "--"];
        show(name, &upstream, came, &git.act(&words)?);
    }
    Ok(())
}

/// Shows the commits that came, the latest first.
fn show(name: &str, upstream: &str, came: usize, commits: &str) {
    let noun = if came == 1 { "commit" } else { "commits" };
    warn(format_args!("{}: {came} {noun} from {upstream}", safe(name)));
    let mut talk = std::io::stderr().lock();
    for commit in commits.lines() {
        // Nobody may be listening.
        let _ = writeln!(talk, "  {}", safe(commit));
    }
    if came > SHOWN {
        let _ = writeln!(talk, "  … and {} more", came - SHOWN);
    }
}
