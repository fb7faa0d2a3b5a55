//! What can go wrong with the store, one variant for each cause a caller can act on.

use std::path::PathBuf;

/// Why the store was not used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Another program kept it locked for longer than the timeout.
    #[error("the store {} is locked by another program", .0.display())]
    Busy(PathBuf),
    /// No space is left where it lives.
    #[error("the store {}: the disk is full", .0.display())]
    Full(PathBuf),
    /// It may only be read.
    #[error("the store {} is read-only", .0.display())]
    ReadOnly(PathBuf),
    /// It is not a database, or a damaged one.
    #[error("the store {} is damaged: {reason}", .path.display())]
    Corrupt {
        /// The database file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// A newer bgrun wrote it.
    #[error("the store {} was written by a newer bgrun (schema {found}, this one knows {known})", .path.display())]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// It cannot be opened, read or written.
    #[error("the store {}: {reason}", .path.display())]
    Unusable {
        /// The database file.
        path: PathBuf,
        /// What the system or SQLite said.
        reason: String,
    },
}

impl Error {
    /// What a user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Busy(_) => Some("end the program that holds it, or try again"),
            Self::Full(_) => Some("free some space; what runs goes on"),
            Self::Corrupt { .. } => Some("move it away: what runs is found by its lock files"),
            Self::Newer { .. } => Some("use the newer bgrun"),
            Self::ReadOnly(_) | Self::Unusable { .. } => None,
        }
    }

    pub(crate) fn from_sqlite(path: PathBuf, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        // The statement itself would tell a user nothing.
        let reason = match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy(path),
            Some(ErrorCode::DiskFull) => Self::Full(path),
            Some(ErrorCode::ReadOnly) => Self::ReadOnly(path),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt { path, reason }
            }
            _ => Self::Unusable { path, reason },
        }
    }
}
