//! Lines of the user's crontab, known again by the comment at their end.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use bgrun_platform::text::safe;
use bgrun_platform::tool::{Exit, Failure};

use crate::schedule::Job;

/// Every minute, and once after a boot (crontab(5)).
const TIMES: [&str; 2] = ["* * * * *", "@reboot"];

/// The lines of `job`.
pub(crate) fn lines(job: &Job) -> String {
    let mut command = String::new();
    for (key, value) in &job.variables {
        command.push_str(&format!("{key}={} ", quoted(value)));
    }
    command.push_str(&quoted(&job.program));
    // To cron a bare % is the end of the line.
    let command = format!("{command}{}", mark(job)).replace('%', "\\%");
    TIMES.iter().map(|time| format!("{time} {command}\n")).collect()
}

/// To the shell that cron starts this is a comment.
fn mark(job: &Job) -> String {
    format!(" # bgrun-guard of {}", job.home)
}

/// As a word of sh.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The crontab `before` without the lines of `job`.
fn without(before: &str, job: &Job) -> String {
    let end = mark(job).replace('%', "\\%");
    before.lines().filter(|line| !line.ends_with(&end)).map(|line| format!("{line}\n")).collect()
}

/// Writes the lines; what else is in the crontab stays.
///
/// # Errors
/// There is no crontab(1), or it refuses.
pub(crate) fn install(job: &Job) -> Result<Vec<String>, Failure> {
    let before = table()?;
    let after = without(&before, job) + &lines(job);
    if before == after {
        return Ok(vec!["the crontab has these lines already".to_owned()]);
    }
    write(&after)?;
    Ok(vec!["added to the crontab:".to_owned(), lines(job).trim_end().to_owned()])
}

/// Takes the lines out again; says so where there were any.
///
/// # Errors
/// crontab(1) refuses. That there is none is fine.
pub(crate) fn uninstall(job: &Job) -> Result<Vec<String>, Failure> {
    if Command::new("crontab").arg("-V").stdin(Stdio::null()).output().is_err() {
        return Ok(Vec::new());
    }
    let before = table()?;
    let after = without(&before, job);
    if before == after {
        return Ok(Vec::new());
    }
    if after.is_empty() {
        let removed = call(Command::new("crontab").arg("-r").stdin(Stdio::null()))?;
        if !removed.status.success() {
            return Err(refused(&removed));
        }
    } else {
        write(&after)?;
    }
    Ok(vec!["removed from the crontab".to_owned()])
}

/// The crontab as it is. Only where crontab(1) says that there is none is it empty:
/// anything else is no reason to write a new one over it.
fn table() -> Result<String, Failure> {
    let listed = call(Command::new("crontab").arg("-l").env("LC_ALL", "C").stdin(Stdio::null()))?;
    let said = String::from_utf8_lossy(&listed.stderr);
    if listed.status.success() {
        String::from_utf8(listed.stdout)
            .map_err(|_| Failure::new(Exit::Failed, "the crontab is not UTF-8: left as it is"))
    } else if said.contains("no crontab for") {
        Ok(String::new())
    } else {
        Err(refused(&listed))
    }
}

fn write(table: &str) -> Result<(), Failure> {
    let mut command = Command::new("crontab");
    command.arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let written = command.spawn().and_then(|mut child| {
        // It may refuse before it has read all; that is said by its exit code.
        let _ = child.stdin.take().map(|mut pipe| pipe.write_all(table.as_bytes()));
        child.wait_with_output()
    });
    let written = written.map_err(|error| absent(&error))?;
    if written.status.success() { Ok(()) } else { Err(refused(&written)) }
}

fn call(command: &mut Command) -> Result<Output, Failure> {
    command.output().map_err(|error| absent(&error))
}

fn absent(error: &std::io::Error) -> Failure {
    let reason = bgrun_platform::text::reason(error);
    Failure::new(Exit::Failed, format!("cannot run crontab: {reason}"))
        .hint("install cron, or use --install systemd")
}

fn refused(output: &Output) -> Failure {
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().next().unwrap_or("it does not say why");
    Failure::new(Exit::Failed, format!("crontab refuses: {}", safe(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(home: &str) -> Job {
        Job {
            program: "/opt/it's 100%/bgrun-guard".into(),
            variables: vec![("BGR_HOME", home.to_owned())],
            home: home.to_owned(),
        }
    }

    #[test]
    fn a_line_is_safe_from_the_shell_and_from_cron() {
        let expected = r"* * * * * BGR_HOME='/a b' '/opt/it'\''s 100\%/bgrun-guard' # bgrun-guard of /a b
@reboot BGR_HOME='/a b' '/opt/it'\''s 100\%/bgrun-guard' # bgrun-guard of /a b
";
        assert_eq!(lines(&job("/a b")), expected);
    }

    #[test]
    fn only_own_lines_are_removed() {
        let others = "MAILTO=me\n\n# mine\n0 1 * * * /bin/true # bgrun-guard\n";
        let both = format!("{others}{}{}", lines(&job("/a%")), lines(&job("/b")));
        assert_eq!(without(&both, &job("/b")), format!("{others}{}", lines(&job("/a%"))));
        let all = without(&both, &job("/b"));
        assert_eq!(without(&all, &job("/a%")), others);
        assert_eq!(without(others, &job("/a%")), others);
    }
}
