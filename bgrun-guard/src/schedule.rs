//! `--install`, `--print`, `--uninstall`: having the guard run every minute and after a
//! boot. What is written names this program and this home, with absolute paths.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use bgrun_platform::tool::{Exit, Failure};
use bgrun_store::{Home, variables};

use crate::args::{Args, Scheduler};
use crate::{cron, systemd};

/// What a scheduler is to run.
#[derive(Debug)]
pub(crate) struct Job {
    /// `bgrun-guard`.
    pub(crate) program: String,
    /// The variables that name another home or database than the usual one.
    pub(crate) variables: Vec<(&'static str, String)>,
    /// What tells the jobs of several homes from each other: their directory and
    /// database, as text.
    pub(crate) home: String,
}

/// Does what was asked for, and says what was changed.
///
/// # Errors
/// The scheduler is not there, or refuses.
pub(crate) fn run(args: &Args, home: &Home) -> anyhow::Result<Exit> {
    let job = Job::here(home)?;
    let lines = match (args.print, args.install) {
        (Some(Scheduler::Cron), _) => vec![cron::lines(&job).trim_end().to_owned()],
        (Some(Scheduler::Systemd), _) => {
            let mut text = String::new();
            for (path, unit) in systemd::units(&job)? {
                // Writing to a String cannot fail.
                let _ = write!(text, "# {}\n{unit}\n", path.display());
            }
            vec![text.trim_end().to_owned()]
        }
        (None, Some(Scheduler::Cron)) => cron::install(&job)?,
        (None, Some(Scheduler::Systemd)) => systemd::install(&job)?,
        (None, None) => {
            let mut removed = cron::uninstall(&job)?;
            removed.extend(systemd::uninstall(&job)?);
            if removed.is_empty() {
                removed.push("nothing was installed".to_owned());
            }
            removed
        }
    };
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(Exit::Done)
}

impl Job {
    fn here(home: &Home) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("find this program")?;
        let is_set = |key: &str| std::env::var_os(key).is_some_and(|value| !value.is_empty());
        // One home has one name, however it was given.
        let directory = home.directory();
        let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
        let mut named = Vec::new();
        // A scheduler sets HOME as the password database has it.
        let usual = bgrun_platform::user::home_directory().map(|home| home.join(".bgr"));
        let is_usual =
            usual.and_then(|usual| usual.canonicalize().ok()).as_ref() == Some(&directory);
        if is_set(variables::HOME) || !is_usual {
            named.push((variables::HOME, text(&directory)?));
        }
        if is_set(variables::DB_NAME) {
            named.push((variables::DB_NAME, home.database_name().to_owned()));
        }
        let mut name = text(&directory)?;
        if home.database_name() != "bgr" {
            let _ = write!(name, " {}", home.database_name());
        }
        Ok(Self { program: text(&program)?, variables: named, home: name })
    }
}

/// A path as the files of schedulers can hold it.
pub(crate) fn text(path: &Path) -> Result<String, Failure> {
    let shown = path.to_str().filter(|text| !text.chars().any(char::is_control));
    shown.map(str::to_owned).ok_or_else(|| {
        let shown = bgrun_platform::text::safe_path(path);
        Failure::new(Exit::Failed, format!("{shown}: no scheduler can be told such a path"))
    })
}

/// The user's own directory.
pub(crate) fn user_directory() -> Result<PathBuf, Failure> {
    let set = std::env::var_os("HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    set.or_else(bgrun_platform::user::home_directory)
        .ok_or_else(|| Failure::new(Exit::Failed, "no home directory: HOME is not set"))
}
