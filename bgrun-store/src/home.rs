//! Where state lives: the paths below `$BGR_HOME`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::name::{self, NameError};
use crate::spec::Stream;
use crate::variables;

/// The name of the database where none is given.
const DATABASE: &str = "bgr";

/// The state directory and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    directory: PathBuf,
    database_name: String,
}

/// Why the environment names no state.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHome {
    /// There is neither `$BGR_HOME` nor a home directory to put it in.
    #[error("no state directory: neither BGR_HOME nor HOME is set")]
    Unset,
    /// `$DB_NAME` cannot be part of a file name.
    #[error(
        "DB_NAME='{name}' names no database of bgrun: {rule} \
         (if it is not meant for bgrun: 'env -u DB_NAME bgrun …')"
    )]
    Database {
        /// What it is, with control characters as escapes.
        name: String,
        /// The part of the rule for names that is broken.
        rule: NameError,
    },
}

impl Home {
    /// The state directory `directory`, with the database of the default name.
    #[must_use]
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), database_name: DATABASE.to_owned() }
    }

    /// The same directory with the database of this name.
    #[must_use]
    pub fn with_database(self, name: &str) -> Self {
        Self { database_name: name.to_owned(), ..self }
    }

    /// The state directory that the environment names. `user_home` is asked for the home
    /// directory when `HOME` is not set, as under cron with an empty environment.
    ///
    /// # Errors
    /// See [`NoHome`].
    pub fn from_environment(user_home: impl FnOnce() -> Option<PathBuf>) -> Result<Self, NoHome> {
        let set = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty());
        Self::find(set(variables::HOME), set("HOME"), set(variables::DB_NAME), user_home)
    }

    fn find(
        bgr_home: Option<OsString>,
        home: Option<OsString>,
        database_name: Option<OsString>,
        user_home: impl FnOnce() -> Option<PathBuf>,
    ) -> Result<Self, NoHome> {
        let directory = match bgr_home {
            Some(directory) => PathBuf::from(directory),
            None => home.map(PathBuf::from).or_else(user_home).ok_or(NoHome::Unset)?.join(".bgr"),
        };
        let directory = std::path::absolute(&directory).map_err(|_| NoHome::Unset)?;
        let home = Self::at(directory);
        let Some(name) = database_name else { return Ok(home) };
        // A name, never a path; and what was mistyped must not mean the usual database.
        let name = name.to_string_lossy().into_owned();
        match name::check(&name) {
            Ok(()) => Ok(home.with_database(&name)),
            Err(rule) => Err(NoHome::Database { name: name.escape_debug().to_string(), rule }),
        }
    }

    /// The state directory itself.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The name that is part of the database's.
    #[must_use]
    pub fn database_name(&self) -> &str {
        &self.database_name
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.directory.join(format!("{}_v2.sqlite", self.database_name))
    }

    /// The database of the older tool's later versions, read once and left alone. There is one
    /// for all, and the database that nobody named takes it over.
    #[must_use]
    pub fn older_database(&self) -> Option<PathBuf> {
        (self.database_name == DATABASE).then(|| self.directory.join("bgrun.sqlite"))
    }

    /// The directory of the lock files. Another database in the same directory has
    /// processes with the same ids, and so a directory of its own.
    #[must_use]
    pub fn lock_directory(&self) -> PathBuf {
        if self.database_name == DATABASE {
            self.directory.join("run")
        } else {
            self.directory.join("run").join(&self.database_name)
        }
    }

    /// The lock file of the process `id`.
    #[must_use]
    pub fn lock(&self, id: i64) -> PathBuf {
        self.lock_directory().join(format!("{id}.lock"))
    }

    /// The file that is locked while the process `id` is restarted: by it the moment
    /// between its two runs is told from a loss, and restarts come one after the other.
    #[must_use]
    pub fn restart_lock(&self, id: i64) -> PathBuf {
        self.lock_directory().join(format!("{id}.restart"))
    }

    /// Where the reader `name` of logs notes what it has seen. Another database in the same
    /// directory has other processes, and so readers of its own.
    #[must_use]
    pub fn cursor(&self, name: &str) -> PathBuf {
        let directory = self.directory.join("cursors");
        let file = format!("{name}.json");
        match self.database_name == DATABASE {
            true => directory.join(file),
            false => directory.join(&self.database_name).join(file),
        }
    }

    /// The file that is locked while the process `id` is watched for changed files.
    #[must_use]
    pub fn watch_lock(&self, id: i64) -> PathBuf {
        self.lock_directory().join(format!("{id}.watch"))
    }

    /// The file whose lock all stops share while they are at work, and that the last of them
    /// removes: by it a stop in progress is told from one that died.
    #[must_use]
    pub fn stop_lock(&self) -> PathBuf {
        self.lock_directory().join("stop.lock")
    }

    /// All lock files, by id.
    #[must_use]
    pub fn locks(&self) -> Vec<(i64, PathBuf)> {
        let entries = std::fs::read_dir(self.lock_directory()).into_iter().flatten().flatten();
        let mut locks: Vec<_> = entries
            .filter_map(|entry| {
                let path = entry.path();
                let id = path.file_name()?.to_str()?.strip_suffix(".lock")?.parse().ok()?;
                Some((id, path))
            })
            .collect();
        locks.sort();
        locks
    }

    /// The index of times of the logs of the process `name`: here, wherever its logs are.
    #[must_use]
    pub fn index(&self, name: &str) -> PathBuf {
        self.log(None, name, Stream::Stdout).with_file_name(format!("{name}.idx"))
    }

    /// The default log file of the process `name`, in `directory` or else here. Another
    /// database in the same directory may have a process of the same name, and so has a
    /// directory of its own for logs.
    #[must_use]
    pub fn log(&self, directory: Option<&Path>, name: &str, stream: Stream) -> PathBuf {
        let file = format!("{name}-{}.txt", stream.short());
        match directory {
            Some(directory) => directory.join(file),
            None if self.database_name == DATABASE => self.directory.join(file),
            None => self.directory.join(&self.database_name).join(file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(bgr_home: &str, home: &str, name: &str) -> Option<Home> {
        let set = |text: &str| (!text.is_empty()).then(|| OsString::from(text));
        Home::find(set(bgr_home), set(home), set(name), || None).ok()
    }

    #[test]
    fn the_environment_decides_in_this_order() {
        let directory = |home: Option<Home>| home.map(|home| home.directory().to_owned());
        assert_eq!(directory(find("/a", "/b", "")), Some("/a".into()));
        assert_eq!(directory(find("", "/b", "")), Some("/b/.bgr".into()));
        assert_eq!(directory(find("", "", "")), None);
        let asked = Home::find(None, None, None, || Some("/c".into())).expect("asked");
        assert_eq!(asked.directory(), Path::new("/c/.bgr"));
    }

    #[test]
    fn a_database_name_is_never_a_path() {
        let database = |name| find("/a", "", name).map(|home| home.database());
        assert_eq!(database(""), Some("/a/bgr_v2.sqlite".into()));
        assert_eq!(database("shop"), Some("/a/shop_v2.sqlite".into()));
        for path in ["../../x", "/x", "..", "a\nb"] {
            assert_eq!(database(path), None, "{path}");
        }
    }

    #[test]
    fn two_databases_in_one_directory_share_no_lock_and_no_log() {
        let lock = |name| find("/a", "", name).map(|home| home.lock(1));
        assert_ne!(lock(""), lock("shop"));
        let log = |name| find("/a", "", name).map(|home| home.log(None, "web", Stream::Stdout));
        let cursor = |name| find("/a", "", name).map(|home| home.cursor("ci"));
        assert_eq!(cursor(""), Some("/a/cursors/ci.json".into()));
        assert_ne!(cursor(""), cursor("shop"));
        assert_eq!(log(""), Some("/a/web-out.txt".into()));
        assert_eq!(log("shop"), Some("/a/shop/web-out.txt".into()));
    }
}
