//! Opening the SQLite registry, reading it, and the one way to write it.
//!
//! WAL, so that readers never wait. Every write is one `BEGIN IMMEDIATE` transaction:
//! a deferred one that reads first fails with "locked" under concurrent writers
//! whatever the busy timeout. The WAL is left in place when a tool closes, or each
//! would pay a checkpoint and the next one for making the files anew. It is kept short,
//! because the first to open a database after nobody had it open reads all of its WAL;
//! by us and not by SQLite after a commit, which `.cargo/config.toml` switches off.

use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::error::Error;
use crate::home::Home;
use crate::import::{self, Import};
use crate::process::Process;
use crate::run::Run;
use crate::spec::Spec;
use crate::writer::Writer;
use crate::{rows, schema};

/// The pages after which a writer carries the WAL over into the database: a few starts.
const WAL_PAGES: i64 = 32;

/// What a write must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power: what the user said, and how runs ended.
    Power,
    /// The end of this process: facts that only this boot needs.
    Boot,
}

/// With what a connection begins: SQLite's default, `synchronous=FULL`.
const SQLITES_DURABILITY: Durability = Durability::Power;

/// The open registry.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    path: PathBuf,
    /// The file that is open, as far as the system can tell one file from another.
    file: Option<FileId>,
    /// There was no WAL: the one that is made has to be found again after a loss of power.
    is_wal_new: Cell<bool>,
    /// Something was written: the WAL may be too long by now.
    has_written: bool,
    /// What the next commit survives.
    durability: Durability,
}

impl Store {
    /// Opens the registry of `home`, making or migrating it first where needed. The
    /// directory must exist and be private, and the umask closed.
    ///
    /// The second answer tells what was taken over from an older database.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open(home: &Home) -> Result<(Self, Import), Error> {
        Self::open_within(home, Self::PATIENCE)
    }

    /// [`Store::open`], with another patience for other writers, from the first look on.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open_within(home: &Home, patience: Duration) -> Result<(Self, Import), Error> {
        let path = home.database();
        match File::options().write(true).create_new(true).open(&path) {
            // Made here, because SQLite would make it readable for everybody.
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(unusable(&path, &error)),
        }
        let mut store = Self::connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE, patience)?;
        let version = store.version()?;
        if !schema::is_compatible(version) {
            return Err(Error::Newer { path, found: version, known: schema::VERSION });
        }
        if version >= schema::VERSION {
            return Ok((store, Import::default()));
        }
        let imported = import::bring_up_to_date(&mut store, home)?;
        Ok((store, imported))
    }

    /// Opens the registry of `home` for reading, if there is one of at least the present
    /// schema.
    /// `None`: there is nothing to read yet, or it has to be migrated first by
    /// [`Store::open`].
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open_to_read(home: &Home) -> Result<Option<Self>, Error> {
        let path = home.database();
        match std::fs::metadata(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&path, &error)),
        }
        // Readers take part in the WAL's locks, and so write its index: where that may not
        // be, SQLite manages with reading alone as long as the index is there.
        let connect = |access| Self::connect(&path, access, Self::READING_PATIENCE);
        let store = match connect(OpenFlags::SQLITE_OPEN_READ_WRITE) {
            Ok(store) => store,
            Err(_) => connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        match store.version()? {
            version if !schema::is_compatible(version) => {
                Err(Error::Newer { path, found: version, known: schema::VERSION })
            }
            version if version >= schema::VERSION => Ok(Some(store)),
            _ => Ok(None),
        }
    }

    pub(crate) fn connect(
        path: &Path,
        access: OpenFlags,
        patience: Duration,
    ) -> Result<Self, Error> {
        let failed = |error: rusqlite::Error| Error::from_sqlite(path.to_owned(), &error);
        let is_wal_new = Cell::new(!wal_of(path).try_exists().unwrap_or(true));
        // One thread uses a connection: SQLite needs no mutexes.
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(patience).map_err(failed)?;
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
            .map_err(failed)?;
        let file = file_at(path);
        Ok(Self {
            connection,
            file,
            path: path.to_owned(),
            is_wal_new,
            has_written: false,
            durability: SQLITES_DURABILITY,
        })
    }

    /// How long a store that was just opened waits for other writers.
    pub const PATIENCE: Duration = Duration::from_secs(15);
    /// How long a reader waits: only a program that shuts everybody out makes it wait at
    /// all, and what the lock files tell is better then than nothing.
    const READING_PATIENCE: Duration = Duration::from_secs(1);

    pub(crate) fn version(&self) -> Result<i64, Error> {
        self.connection
            .query_row("PRAGMA user_version", (), |row| row.get(0))
            .map_err(|error| self.error(&error))
    }

    /// Does `act` in one transaction, or nothing of it when it fails.
    ///
    /// # Errors
    /// Whatever `act` fails with, or see [`Error`].
    pub fn write<T, E: From<Error>>(
        &mut self,
        durability: Durability,
        act: impl FnOnce(&Writer<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = self.path.clone();
        let failed = |error: &rusqlite::Error| E::from(Error::from_sqlite(path.clone(), error));
        if durability != self.durability {
            let synchronous = match durability {
                Durability::Power => "FULL",
                Durability::Boot => "NORMAL",
            };
            self.connection
                .pragma_update(None, "synchronous", synchronous)
                .map_err(|error| failed(&error))?;
            self.durability = durability;
        }
        self.has_written = true;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| failed(&error))?;
        let result = act(&Writer::new(&transaction, &path))?;
        // Before the commit: what is committed has been done, and is answered so.
        if durability == Durability::Power {
            sync_directory(&path, &self.is_wal_new).map_err(E::from)?;
        }
        transaction.commit().map_err(|error| failed(&error))?;
        Ok(result)
    }

    /// Carries a long WAL over into the database, and begins it anew.
    ///
    /// The second is for whoever comes next: how much of a WAL was carried over is known only
    /// as long as somebody has the database open. So a tool that leaves right after its
    /// checkpoint leaves a WAL that is read as a whole by the next, and goes on growing for
    /// ever. Only a write by the same connection begins it at its start again. It is not
    /// truncated: to write over a file in place, a commit waits for its data alone.
    fn shorten_wal(&self) -> rusqlite::Result<()> {
        let pages = |mode: &str| {
            let sql = format!("PRAGMA wal_checkpoint({mode})");
            self.connection.query_row(&sql, (), |row| row.get::<_, i64>(1))
        };
        if pages("NOOP")? < WAL_PAGES {
            return Ok(());
        }
        // Nobody is waited for: whoever is busy now does it.
        self.connection.busy_timeout(Duration::ZERO)?;
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        pages("PASSIVE")?;
        // The smallest write there is: the version that is there already.
        let immediate = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(&self.connection, immediate)?;
        let version: i64 = transaction.query_row("PRAGMA user_version", (), |row| row.get(0))?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()
    }

    /// Waits until everything that was committed is on the disk: [`Durability::Boot`] becomes
    /// [`Durability::Power`].
    ///
    /// # Errors
    /// The disk is broken.
    pub fn sync(&self) -> Result<(), Error> {
        match File::open(wal_of(&self.path)).and_then(|wal| wal.sync_data()) {
            // Whoever took the WAL away has carried it over, synced.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            synced => synced.map_err(|error| unusable(&self.path, &error))?,
        }
        sync_directory(&self.path, &self.is_wal_new)
    }

    /// Sets how long other writers are waited for.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn set_patience(&self, patience: Duration) -> Result<(), Error> {
        self.connection.busy_timeout(patience).map_err(|error| self.error(&error))
    }

    /// Whether it can be written: the file that is open is still the one at its path, and is
    /// not open for reading only.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file_at(&self.path).as_ref() == Some(file))
            && !self.connection.is_readonly(rusqlite::MAIN_DB).unwrap_or(true)
    }

    /// All processes, in the order they were first started.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn processes(&self) -> Result<Vec<Process>, Error> {
        rows::all(&self.connection).map_err(|error| self.error(&error))
    }

    /// The process called `name`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn process(&self, name: &str) -> Result<Option<Process>, Error> {
        rows::by_name(&self.connection, name).map_err(|error| self.error(&error))
    }

    /// Everything needed to start the process `id`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn spec(&self, id: i64) -> Result<Option<Spec>, Error> {
        rows::spec(&self.connection, id).map_err(|error| self.error(&error))
    }

    /// The latest `count` runs of the process `id`, the latest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn runs(&self, id: i64, count: u32) -> Result<Vec<Run>, Error> {
        rows::runs(&self.connection, id, count).map_err(|error| self.error(&error))
    }

    pub(crate) fn error(&self, error: &rusqlite::Error) -> Error {
        Error::from_sqlite(self.path.clone(), error)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.has_written {
            // A full disk, or somebody who reads on: the next writer tries again.
            let _ = self.shorten_wal();
        }
    }
}

fn wal_of(path: &Path) -> PathBuf {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    PathBuf::from(wal)
}

/// What tells one file from another: device and inode.
type FileId = (u64, u64);

/// Makes the directory entry of a WAL that `is_wal_new` durable.
fn sync_directory(database: &Path, is_wal_new: &Cell<bool>) -> Result<(), Error> {
    if !is_wal_new.get() {
        return Ok(());
    }
    let directory = database.parent().unwrap_or(Path::new("."));
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| unusable(database, &error))?;
    is_wal_new.set(false);
    Ok(())
}

fn file_at(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    let path = path.to_owned();
    match error.kind() {
        std::io::ErrorKind::StorageFull => Error::Full(path),
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            Error::ReadOnly(path)
        }
        _ => Error::Unusable { path, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_is_built_with_what_the_store_takes_for_granted() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let home = Home::at(directory.path().to_owned());
        let (store, _) = Store::open(&home).expect("open");
        let pragma = |name| -> i64 {
            store.connection.pragma_query_value(None, name, |row| row.get(0)).expect(name)
        };
        assert_eq!(pragma("wal_autocheckpoint"), 0, "see .cargo/config.toml");
        assert_eq!(pragma("synchronous"), 2, "FULL");
    }
}
