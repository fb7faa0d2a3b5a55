//! What is known of all processes, whatever state the registry is in.

use crate::database::Store;
use crate::error::Error;
use crate::home::Home;
use crate::import::Import;
use crate::lock_line::LockLine;
use crate::process::Process;
use crate::selection::Selector;

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
        Self::from_registry(home).unwrap_or_else(|trouble| Self::without_registry(home, trouble))
    }

    /// What `selectors` can mean: just the processes that they name, where each is the name of
    /// one, since the thousands of others need not be read then; otherwise all.
    #[must_use]
    pub fn find(home: &Home, selectors: &[Selector]) -> Self {
        match Self::by_name(home, selectors) {
            Ok(Some(known)) => known,
            Ok(None) => Self::read(home),
            // Not asked again: a store that is locked was waited for long enough.
            Err(trouble) => Self::without_registry(home, trouble),
        }
    }

    fn by_name(home: &Home, selectors: &[Selector]) -> Result<Option<Self>, Error> {
        let name = |selector: &Selector| match selector {
            Selector::Name(name) => Some(name.clone()),
            Selector::All | Selector::Group(_) => None,
        };
        let names: Option<Vec<String>> = selectors.iter().map(name).collect();
        let Some(names) = names.filter(|names| !names.is_empty()) else { return Ok(None) };
        let Some(store) = Store::open_to_read(home)? else { return Ok(None) };
        let mut processes: Vec<Process> = Vec::new();
        for name in names {
            match store.process(&name)? {
                Some(process) if processes.iter().any(|known| known.id == process.id) => {}
                Some(process) => processes.push(process),
                None => return Ok(None),
            }
        }
        Ok(Some(Self { processes, store: Some(store), ..Self::default() }))
    }

    fn without_registry(home: &Home, trouble: Error) -> Self {
        Self { processes: Self::from_locks(home), trouble: Some(trouble), ..Self::default() }
    }

    fn from_registry(home: &Home) -> Result<Self, Error> {
        if let Some(store) = Store::open_to_read(home)? {
            let processes = store.processes()?;
            return Ok(Self { processes, store: Some(store), ..Self::default() });
        }
        let is_there = |path: &std::path::Path| path.try_exists().unwrap_or(true);
        if !is_there(&home.database())
            && home.older_database().is_none_or(|path| !is_there(&path))
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
        LockLine::all(home).iter().map(LockLine::as_process).collect()
    }
}
