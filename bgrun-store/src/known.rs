//! What is known of all processes, whatever state the registry is in.

use crate::database::Store;
use crate::error::Error;
use crate::home::Home;
use crate::import::Import;
use crate::lock_line::LockLine;
use crate::process::Process;

/// The processes, and from where they are known.
#[derive(Debug, Default)]
pub struct Known {
    /// In the order they were first started.
    pub processes: Vec<Process>,
    /// Why the registry could not be read; the processes are from the lock files then.
    pub trouble: Option<Error>,
    /// What was taken over from elsewhere while opening.
    pub import: Import,
    /// The registry, still open for whoever has more to ask or to write: to open it costs more
    /// than to write into it. `None` where there is none, or it cannot be used.
    pub store: Option<Store>,
}

impl Known {
    /// Reads all processes of `home` from the registry, or, where that cannot be used,
    /// those that have a lock file. Nothing is made where there is nothing.
    #[must_use]
    pub fn read(home: &Home) -> Self {
        match Self::from_registry(home) {
            Ok(known) => known,
            Err(trouble) => Self {
                processes: Self::from_locks(home),
                trouble: Some(trouble),
                ..Self::default()
            },
        }
    }

    fn from_registry(home: &Home) -> Result<Self, Error> {
        if let Some(store) = Store::open_to_read(home)? {
            let processes = store.processes()?;
            return Ok(Self { processes, store: Some(store), ..Self::default() });
        }
        let is_there = |path: &std::path::Path| path.try_exists().unwrap_or(true);
        if !is_there(&home.database())
            && !is_there(&home.older_database())
            && home.locks().is_empty()
        {
            return Ok(Self::default());
        }
        let (store, import) = Store::open(home)?;
        let processes = store.processes()?;
        Ok(Self { processes, trouble: None, import, store: Some(store) })
    }

    /// The processes that have a readable lock file.
    #[must_use]
    pub fn from_locks(home: &Home) -> Vec<Process> {
        let read = |path| {
            let text = std::fs::read_to_string(path).ok()?;
            serde_json::from_str::<LockLine<serde_json::Value>>(&text).ok()
        };
        home.locks().iter().filter_map(|(_, path)| Some(read(path)?.as_process())).collect()
    }
}
