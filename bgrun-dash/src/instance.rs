//! The one dashboard of a home: its lock, and what the others are told of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use bgrun_platform::tool::{self, Exit, Failure};
use bgrun_platform::{Lock, LockError, clock};
use bgrun_store::Home;
use serde::{Deserialize, Serialize};

use crate::access;
use crate::args::Args;
use crate::listen::Wanted;
use crate::login_url;

/// A dashboard that has just begun says where within this time.
const BEGINNING: Duration = Duration::from_secs(5);
/// It answers within this time.
const ANSWERING: Duration = Duration::from_secs(5);

/// The dashboard that runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Instance {
    pub(crate) pid: u32,
    pub(crate) port: u16,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What its cookies are worth; the next dashboard of this home takes it over, so that
    /// pages need not log in again.
    pub(crate) session: String,
    /// The token that was good then: with another one, whoever was let in before is not any more.
    #[serde(default)]
    pub(crate) token: String,
}

impl Instance {
    /// The session to go on with, if `token` is still the one it was given for.
    pub(crate) fn session_of(self, token: &str) -> Option<String> {
        let is_good = self.session.len() == 64 && access::is_same(&self.token, token);
        is_good.then_some(self.session)
    }
}

/// What is found in a home.
#[derive(Debug)]
pub(crate) enum Found {
    /// None runs, and none can begin as long as this is held.
    Free(Lock),
    /// This one runs.
    Running(Instance),
}

fn lock_path(home: &Home) -> PathBuf {
    home.lock_directory().join("dash.lock")
}

fn told_path(home: &Home) -> PathBuf {
    home.lock_directory().join("dash.json")
}

/// What the last dashboard of `home` said of itself.
pub(crate) fn told(home: &Home) -> Option<Instance> {
    serde_json::from_slice(&std::fs::read(told_path(home)).ok()?).ok()
}

/// Tells the others.
///
/// # Errors
/// It cannot be written.
pub(crate) fn tell(home: &Home, instance: &Instance) -> anyhow::Result<()> {
    let beside = told_path(home).with_extension("json.new");
    // Who was killed here has left it; nobody else is at work on it, for we have the lock.
    let _ = std::fs::remove_file(&beside);
    access::write_private(&beside, &serde_json::to_string(instance)?)?;
    std::fs::rename(&beside, told_path(home)).context("write dash.json")
}

/// Looks whether one runs; if not, none begins as long as the lock is held.
///
/// # Errors
/// The lock cannot be taken for another reason.
pub(crate) fn look(home: &Home) -> anyhow::Result<Found> {
    let deadline = Instant::now() + BEGINNING;
    loop {
        match Lock::take(&lock_path(home), Duration::ZERO) {
            Ok(lock) => return Ok(Found::Free(lock)),
            Err(LockError::Held(_)) => {}
            Err(error) => return Err(Failure::new(Exit::Store, error).into()),
        }
        let line = Lock::line_at(&lock_path(home)).unwrap_or_default();
        // It writes its pid into the lock last, so what it told is its own.
        if let Some(told) = told(home)
            && line.trim() == told.pid.to_string()
        {
            return Ok(Found::Running(told));
        }
        if Instant::now() >= deadline {
            anyhow::bail!("another dashboard begins, and does not say where");
        }
        clock::pause(Duration::from_millis(20));
    }
}

/// A fresh login URL of a dashboard that runs.
///
/// # Errors
/// It does not answer.
pub(crate) fn fresh_url(home: &Home, instance: &Instance) -> anyhow::Result<String> {
    let token = access::token(home)?;
    let mut stream = TcpStream::connect_timeout(&instance.address, ANSWERING)
        .with_context(|| format!("reach the dashboard at {}", instance.address))?;
    stream.set_read_timeout(Some(ANSWERING))?;
    stream.set_write_timeout(Some(ANSWERING))?;
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}",
        login_url::PATH,
        instance.port
    );
    stream.write_all(request.as_bytes()).context("ask the dashboard")?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).context("hear the dashboard")?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let path = body["path"].as_str();
    let path = path.with_context(|| {
        let line = answer.lines().next().unwrap_or_default();
        format!("the dashboard refuses: {}", bgrun_platform::text::safe(line))
    })?;
    Ok(url(instance.port, path))
}

/// The whole URL of a path of ours.
pub(crate) fn url(port: u16, path: &str) -> String {
    format!("http://127.0.0.1:{port}{path}")
}

/// `--url`: prints a fresh login URL of the dashboard that runs.
///
/// # Errors
/// None runs, or it does not answer.
pub(crate) fn print_url(args: &Args, home: &Home) -> anyhow::Result<Exit> {
    let Found::Running(instance) = look(home)? else {
        let failure = Failure::new(Exit::NotRunning, "no dashboard runs");
        return Err(failure.hint("start one: bgrun dash").into());
    };
    let url = fresh_url(home, &instance)?;
    say(&url)?;
    if args.open {
        crate::browser::open(&url);
    }
    Ok(Exit::Done)
}

/// The answer when one runs already.
///
/// # Errors
/// It does not answer.
pub(crate) fn already(
    args: &Args,
    home: &Home,
    wanted: Wanted,
    instance: &Instance,
) -> anyhow::Result<Exit> {
    let url = fresh_url(home, instance)?;
    say(&url)?;
    let (port, pid) = (instance.port, instance.pid);
    say(&format!("running already at {}, pid {pid}", self::url(port, "/")))?;
    if args.open {
        crate::browser::open(&url);
    }
    match wanted {
        Wanted::Only(asked) if asked != port => {
            tool::warn(format_args!("it was asked for at port {asked}"));
            Ok(Exit::Exists)
        }
        _ => Ok(Exit::Done),
    }
}

/// Prints a line; a reader that went away is no failure.
///
/// # Errors
/// stdout cannot be written.
pub(crate) fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[test]
    fn what_is_told_is_for_its_owner_only_whatever_was_left_beside_it() {
        let directory = tempfile::tempdir().expect("directory");
        let home = Home::at(directory.path());
        std::fs::create_dir_all(home.lock_directory()).expect("create");
        let beside = told_path(&home).with_extension("json.new");
        let stranger = directory.path().join("stranger");
        std::fs::write(&stranger, "untouched").expect("write");
        let address = SocketAddr::from(([127, 0, 0, 1], 3000));
        let (session, token) = ("s".into(), "t".into());
        let mut instance = Instance { pid: 1, port: 3000, address, session, token };
        let fill = |beside: &Path| std::fs::write(beside, "left over, for all to read");
        let lead_away = |beside: &Path| std::os::unix::fs::symlink(&stranger, beside);
        let leave: [&dyn Fn(&Path) -> std::io::Result<()>; 2] = [&fill, &lead_away];
        for leave in leave {
            leave(&beside).expect("leave");
            instance.pid += 1;
            tell(&home, &instance).expect("told");
            assert_eq!(told(&home).map(|told| told.pid), Some(instance.pid));
            let data = std::fs::symlink_metadata(told_path(&home)).expect("look");
            assert!(data.is_file());
            assert_eq!(data.permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(std::fs::read_to_string(&stranger).expect("read"), "untouched");
    }
}
