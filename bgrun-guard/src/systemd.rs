//! A service and a timer of the user's systemd.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use bgrun_platform::tool;

use crate::schedule::{Job, user_directory};

/// The units of `job`, and where they are kept (systemd.unit(5), "User Unit Search
/// Path"): the service, then the timer.
pub(crate) fn units(job: &Job) -> anyhow::Result<[(PathBuf, String); 2]> {
    let directory = user_directory()?.join(".config/systemd/user");
    let name = name(job);
    let at = |kind: &str| directory.join(format!("{name}.{kind}"));
    Ok([(at("service"), service(job)), (at("timer"), timer())])
}

/// The usual home has the plain name; another one adds its own.
fn name(job: &Job) -> String {
    if job.variables.is_empty() {
        return "bgrun-guard".to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let home: String = job.home.trim_start_matches('/').chars().map(plain).collect();
    format!("bgrun-guard-{home}")
}

/// What the guard starts stays in its control group: only the guard itself is the
/// service's to stop.
fn service(job: &Job) -> String {
    let environment: String = job
        .variables
        .iter()
        .map(|(key, value)| format!("Environment={}\n", quoted(&format!("{key}={value}"))))
        .collect();
    format!(
        "[Unit]\n\
         Description=Put right what went wrong with the processes of bgrun\n\
         Documentation=man:bgrun-guard(1)\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         {environment}\
         ExecStart={}\n\
         KillMode=process\n",
        quoted(&job.program)
    )
}

fn timer() -> String {
    "[Unit]\n\
     Description=Put right what went wrong with the processes of bgrun\n\
     \n\
     [Timer]\n\
     OnStartupSec=1s\n\
     OnCalendar=minutely\n\
     AccuracySec=1s\n\
     \n\
     [Install]\n\
     WantedBy=timers.target\n"
        .to_owned()
}

/// One word of a unit file (systemd.syntax(7), systemd.unit(5) for %).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%"))
}

/// Writes the units and enables the timer where the user's systemd runs.
///
/// # Errors
/// They cannot be written.
pub(crate) fn install(job: &Job) -> anyhow::Result<Vec<String>> {
    let units = units(job)?;
    let mut said = Vec::new();
    for (path, unit) in &units {
        if fs::read_to_string(path).is_ok_and(|before| before == *unit) {
            said.push(format!("{} is there already", path.display()));
            continue;
        }
        let write = || {
            let directory = path.parent().unwrap_or(Path::new("/"));
            fs::create_dir_all(directory)?;
            fs::write(path, unit)
        };
        write().with_context(|| format!("write {}", path.display()))?;
        said.push(format!("wrote {}", path.display()));
    }
    let timer = format!("{}.timer", name(job));
    let is_enabled = systemctl(&["daemon-reload"]) && systemctl(&["enable", "--now", &timer]);
    if is_enabled {
        said.push(format!("enabled {timer}"));
    } else {
        tool::warn("the user's systemd cannot be reached, so the timer is not enabled");
        tool::hint_line(format_args!(
            "systemctl --user daemon-reload && systemctl --user enable --now {timer}"
        ));
    }
    tool::hint_line("'loginctl enable-linger' lets it begin with the boot, not with your login");
    Ok(said)
}

/// Disables the timer and removes the units; says so where there were any.
///
/// # Errors
/// They cannot be removed.
pub(crate) fn uninstall(job: &Job) -> anyhow::Result<Vec<String>> {
    let units = units(job)?;
    if !units.iter().any(|(path, _)| path.exists()) {
        return Ok(Vec::new());
    }
    // Where systemd does not run there is nothing to disable.
    systemctl(&["disable", "--now", &format!("{}.timer", name(job))]);
    let mut said = Vec::new();
    for (path, _) in &units {
        match fs::remove_file(path) {
            Ok(()) => said.push(format!("removed {}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("remove {}", path.display()));
            }
        }
    }
    systemctl(&["daemon-reload"]);
    Ok(said)
}

fn systemctl(arguments: &[&str]) -> bool {
    let mut command = Command::new("systemctl");
    command.arg("--user").args(arguments).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_home_has_units_of_its_own() {
        let job = |variables, home: &str| Job {
            program: "/opt/100% \"sure\"/bgrun-guard".into(),
            variables,
            home: home.into(),
        };
        assert_eq!(name(&job(vec![], "/root/.bgr")), "bgrun-guard");
        let other = job(vec![("BGR_HOME", "/srv/b g".into())], "/srv/b g");
        assert_eq!(name(&other), "bgrun-guard-srv-b-g");
        let unit = service(&other);
        assert!(unit.contains("\nEnvironment=\"BGR_HOME=/srv/b g\"\n"), "{unit}");
        assert!(unit.contains("\nExecStart=\"/opt/100%% \\\"sure\\\"/bgrun-guard\"\n"), "{unit}");
    }
}
