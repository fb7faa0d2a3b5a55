//! Asking git: one call of the program, which may neither prompt nor last for ever.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bgrun_platform::foreign::{self, Trouble};
use bgrun_platform::spawn;
use bgrun_platform::text::safe;

/// How long something may take that asks nobody over a network; checking out what is large
/// takes a while.
const LOCALLY: Duration = Duration::from_secs(600);

/// What git sets for its hooks, and what would make it look elsewhere when one of them
/// starts a process with `--fetch` (git rev-parse --local-env-vars).
const OF_ANOTHER_PLACE: [&str; 14] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_NAMESPACE",
];

/// git, in one directory.
#[derive(Debug)]
pub(super) struct Git {
    program: PathBuf,
    directory: PathBuf,
}

impl Git {
    /// git for `directory`.
    ///
    /// # Errors
    /// There is none on PATH.
    pub(super) fn in_directory(directory: &Path) -> Result<Self, String> {
        let path = std::env::var_os("PATH");
        let program = spawn::find_program(OsStr::new("git"), path.as_deref(), Path::new("."))
            .map_err(|refused| format!("--fetch needs git: {refused}"))?;
        Ok(Self { program, directory: directory.to_owned() })
    }

    /// What git prints; nothing when it says no.
    ///
    /// # Errors
    /// It cannot be run.
    pub(super) fn ask(&self, words: &[&str]) -> Result<Option<String>, String> {
        Ok(self.call(words, None, LOCALLY)?.ok())
    }

    /// Has git do something.
    ///
    /// # Errors
    /// Why it did not, in its own words on one line.
    pub(super) fn act(&self, words: &[&str]) -> Result<String, String> {
        self.call(words, None, LOCALLY)?
    }

    /// Has git ask a remote, for at most `limit`.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub(super) fn act_remotely(&self, words: &[&str], limit: Duration) -> Result<String, String> {
        let configured = self.ask(&["config", "--get", "core.sshCommand"])?;
        let ssh = silent_ssh(
            std::env::var_os("GIT_SSH_COMMAND"),
            configured.as_deref(),
            std::env::var_os("GIT_SSH").is_some(),
        );
        self.call(words, ssh.as_deref(), limit)?
    }

    fn call(
        &self,
        words: &[&str],
        ssh: Option<&OsStr>,
        limit: Duration,
    ) -> Result<Result<String, String>, String> {
        let mut command = Command::new(&self.program);
        command.arg("-C").arg(&self.directory).args(words);
        for variable in OF_ANOTHER_PLACE {
            command.env_remove(variable);
        }
        // Nobody may be there to be asked; and what it says is read below.
        command.env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never").env("LC_ALL", "C");
        if let Some(ssh) = ssh {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        let output = match foreign::output(&mut command, limit) {
            Ok(output) => output,
            Err(Trouble::TooLong(limit)) => return Ok(Err(format!("no answer within {limit:?}"))),
            Err(trouble) => return Err(format!("cannot run git: {trouble}")),
        };
        let said = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        Ok(if output.status.success() { Ok(said) } else { Err(gist(&complaint)) })
    }
}

/// ssh as it would be called, told to ask for nothing: only ssh itself is known to
/// understand that.
fn silent_ssh(
    of_environment: Option<OsString>,
    configured: Option<&str>,
    has_program: bool,
) -> Option<OsString> {
    let mut command = match (of_environment, configured) {
        (Some(command), _) => command,
        (None, Some(command)) => command.into(),
        (None, None) if has_program => return None,
        (None, None) => "ssh".into(),
    };
    let words = command.to_string_lossy();
    let program = words.split_whitespace().next().unwrap_or_default();
    if Path::new(program).file_name() != Some(OsStr::new("ssh")) {
        return None;
    }
    command.push(" -o BatchMode=yes");
    Some(command)
}

/// What git complains of: the first paragraph on one line, without advice.
fn gist(complaint: &str) -> String {
    let is_of_it = |line: &&str| !line.is_empty() && !line.starts_with("Please ");
    let lines = complaint.lines().map(str::trim).skip_while(|line| line.is_empty());
    let lines: Vec<_> = lines
        .take_while(is_of_it)
        .filter(|line| !line.starts_with("hint:") && !line.starts_with("Warning: Permanently"))
        .map(|line| line.trim_start_matches("fatal: ").trim_start_matches("error: "))
        .collect();
    // A line that ends with a colon goes on in the next: files, one on each.
    let mut gist = lines.join("; ").replace(":; ", ": ");
    if gist.is_empty() {
        "git gave no reason".clone_into(&mut gist);
    }
    safe(&gist).chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_told_on_one_line() {
        let dirty = "error: Your local changes to the following files would be overwritten by merge:\n\ta.txt\n\tb.txt\nPlease commit your changes or stash them before you merge.\nAborting\n";
        let far = "ssh: connect to host h port 1: Connection refused\r\nfatal: Could not read from remote repository.\n\nPlease make sure you have\n";
        for (complaint, expected) in [
            (
                dirty,
                "Your local changes to the following files would be overwritten by merge: a.txt; b.txt",
            ),
            (
                far,
                "ssh: connect to host h port 1: Connection refused; Could not read from remote repository.",
            ),
            ("fatal: not a git repository\nhint: x\n", "not a git repository"),
            ("", "git gave no reason"),
        ] {
            assert_eq!(gist(complaint), expected);
        }
    }

    #[test]
    fn ssh_is_told_to_ask_for_nothing() {
        let of = |environment: Option<&str>, configured, has_program| {
            silent_ssh(environment.map(OsString::from), configured, has_program)
        };
        let is = |text: &str| Some(OsString::from(text));
        assert_eq!(of(None, None, false), is("ssh -o BatchMode=yes"));
        assert_eq!(of(Some("ssh -p 3"), Some("x"), true), is("ssh -p 3 -o BatchMode=yes"));
        assert_eq!(of(None, Some("/usr/bin/ssh -4"), true), is("/usr/bin/ssh -4 -o BatchMode=yes"));
        assert_eq!(of(None, None, true), None);
        assert_eq!(of(Some("plink"), None, false), None);
    }
}
