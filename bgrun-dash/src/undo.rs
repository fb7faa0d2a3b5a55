//! Taking a deletion back, or a change. What was there before is kept for a minute, in the
//! state directory and with its environment, so that no secret travels and a new start of the
//! dashboard forgets nothing; only then the logs of what was deleted are removed.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bgrun_platform::logs::disk;
use bgrun_store::{Durability, Error, Home, Store};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::{secret, write_private};

/// For so long it can be taken back.
pub(crate) const WINDOW: Duration = Duration::from_secs(60);

/// A deletion, or a change.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Undo {
    /// The record as it was, with its environment.
    record: Value,
    removes_logs: bool,
    /// Whether it is still there, and other than it was.
    #[serde(default)]
    is_change: bool,
}

impl Undo {
    pub(crate) fn new(record: Value, removes_logs: bool) -> Self {
        Self { record, removes_logs, is_change: false }
    }

    /// Of a process that was changed.
    pub(crate) fn of_change(record: Value) -> Self {
        Self { record, removes_logs: false, is_change: true }
    }

    /// Writes it down; answers the id by which it is found.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn keep(&self, home: &Home) -> anyhow::Result<String> {
        bgrun_platform::private::directory(&directory(home))?;
        let id = secret()?;
        write_private(&path(home, &id), &serde_json::to_string(self)?)?;
        Ok(id)
    }

    /// What `id` is of, if it can still be taken back.
    pub(crate) fn find(home: &Home, id: &str) -> Option<Self> {
        let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let path = is_id.then(|| path(home, id))?;
        if age(&path)? >= WINDOW {
            return None;
        }
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    /// Forgets the deletion `id`; its logs stay.
    pub(crate) fn forget(home: &Home, id: &str) {
        let _ = std::fs::remove_file(path(home, id));
    }

    /// Why it cannot be taken back, if there is a process of its name now, or none.
    pub(crate) fn refusal(&self, is_there: bool) -> Option<String> {
        // What has its name by now is not to be changed; and what is gone is not to come back.
        let what = if is_there { "is there again" } else { "is not there any more" };
        (is_there != self.is_change).then(|| format!("'{}' {what}", self.name()))
    }

    /// Whose it is.
    pub(crate) fn name(&self) -> &str {
        self.record["name"].as_str().unwrap_or_default()
    }

    /// What to start again.
    pub(crate) fn spec(&self) -> Value {
        self.record.clone()
    }

    /// How: what did not run does not run afterwards.
    pub(crate) fn flags(&self) -> &'static [&'static str] {
        match (self.is_change, self.record["wanted"] == "up") {
            (false, true) => &[],
            (false, false) => &["--stored-only"],
            (true, true) => &["--restart", "--reset"],
            (true, false) => &["--stored-only", "--reset"],
        }
    }
}

/// Ends the deletions whose minute is over, and removes their logs. Answers when to look
/// again, if some are left.
pub(crate) fn expire(home: &Home) -> Option<Duration> {
    let mut next: Option<Duration> = None;
    for entry in std::fs::read_dir(directory(home)).into_iter().flatten().flatten() {
        let path = entry.path();
        let Some(age) = age(&path) else { continue };
        if age < WINDOW {
            let left = WINDOW - age;
            next = Some(next.map_or(left, |next| next.min(left)));
            continue;
        }
        let undo = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if let Some(Undo { record, removes_logs: true, .. }) = undo {
            // Where the store cannot be asked they stay: they may be another one's by now.
            let _ = remove_logs(home, &record);
        }
        let _ = std::fs::remove_file(path);
    }
    next
}

/// Looks for what has expired, now and until nothing is left.
pub(crate) fn expire_later(home: Home) {
    tokio::spawn(async move {
        loop {
            let looked = home.clone();
            let next = tokio::task::spawn_blocking(move || expire(&looked)).await;
            let Ok(Some(next)) = next else { return };
            tokio::time::sleep(next).await;
        }
    });
}

/// Removes the logs of a deleted process, unless another one writes there now; whoever wants to
/// start one waits until they are gone.
fn remove_logs(home: &Home, record: &Value) -> Result<(), Error> {
    let logs = ["stdout_path", "stderr_path"].map(|key| record[key].as_str().unwrap_or_default());
    let logs = logs.iter().map(Path::new).filter(|log| log.is_absolute());
    let name = record["name"].as_str().unwrap_or_default();
    let (mut store, _) = Store::open(home)?;
    store.write(Durability::Boot, |writer| {
        // What cannot be removed is in nobody's way.
        let _ = disk::remove_each(&writer.unused(logs)?);
        if !name.is_empty() && !writer.has(name)? {
            let _ = std::fs::remove_file(home.index(name));
        }
        Ok(())
    })
}

fn directory(home: &Home) -> PathBuf {
    home.lock_directory().join("deleted")
}

fn path(home: &Home, id: &str) -> PathBuf {
    directory(home).join(format!("{id}.json"))
}

/// How long ago it was written. What is from the future is of a clock that was set back,
/// and as old as can be.
fn age(path: &Path) -> Option<Duration> {
    let written = path.metadata().ok()?.modified().ok()?;
    Some(SystemTime::now().duration_since(written).unwrap_or(WINDOW))
}
