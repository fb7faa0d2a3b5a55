//! Writing processes and runs, in one transaction.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction, params};

use crate::encoding::path_value;
use crate::error::Error;
use crate::process::{Process, Wanted};
use crate::rows::{self, end_columns};
use crate::run::{End, Run};
use crate::spec::{KeepAlive, Spec};
use crate::time;

/// How many runs of one process are remembered.
const RUNS_KEPT: i64 = 1000;

/// A start that was written down: what its supervisor is to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The process.
    pub id: i64,
    /// The number of this start; a later one makes it stale.
    pub request: i64,
    /// The number of the run it leads to.
    pub run: i64,
    /// The value of `BGRUN_ID` for its environment.
    pub cookie: String,
}

/// One transaction; see [`crate::Store::write`].
#[derive(Debug)]
pub struct Writer<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
    path: &'a Path,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(transaction: &'a Transaction<'a>, path: &'a Path) -> Self {
        Self { transaction, path }
    }

    pub(crate) fn failed(&self, error: &rusqlite::Error) -> Error {
        Error::from_sqlite(self.path.to_owned(), error)
    }

    pub(crate) fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, Error> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(|error| self.failed(&error))
    }

    /// All processes, as they are in this transaction.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn processes(&self) -> Result<Vec<Process>, Error> {
        rows::all(self.transaction).map_err(|error| self.failed(&error))
    }

    /// The process called `name`, as it is in this transaction.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn process(&self, name: &str) -> Result<Option<Process>, Error> {
        rows::by_name(self.transaction, name).map_err(|error| self.failed(&error))
    }

    /// What the user wants of the process `id` with this cookie, as long as start `request` is
    /// the latest. `None`: it was started anew, or forgotten, perhaps to make another of that
    /// number.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn wanted(&self, id: i64, cookie: &str, request: i64) -> Result<Option<Wanted>, Error> {
        self.transaction
            .prepare_cached(
                "SELECT wanted FROM process WHERE id = ?1 AND cookie = ?2 AND request = ?3",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![id, cookie, request], |row| rows::wanted(row, 0))
                    .optional()
            })
            .map_err(|error| self.failed(&error))
    }

    /// [`Writer::wanted`], with everything needed to start it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn meant(
        &self,
        id: i64,
        cookie: &str,
        request: i64,
    ) -> Result<Option<(Wanted, Spec)>, Error> {
        rows::meant(self.transaction, id, cookie, request).map_err(|error| self.failed(&error))
    }

    /// Whether a process is called `name`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn has(&self, name: &str) -> Result<bool, Error> {
        self.transaction
            .prepare_cached("SELECT 1 FROM process WHERE name = ?1")
            .and_then(|mut statement| statement.exists([name]))
            .map_err(|error| self.failed(&error))
    }

    /// Everything needed to start the process `id`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn spec(&self, id: i64) -> Result<Option<Spec>, Error> {
        rows::spec(self.transaction, id).map_err(|error| self.failed(&error))
    }

    /// The name of a process other than `name` that writes into the log at `log` and does
    /// not share it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn other_writer(
        &self,
        name: &str,
        log: &Path,
        shared: bool,
    ) -> Result<Option<String>, Error> {
        let sql = "SELECT name FROM process WHERE name <> ?1 \
             AND (stdout_path = ?2 OR stderr_path = ?2) AND NOT (shared_log AND ?3) LIMIT 1";
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_row(params![name, path_value(log), shared], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| self.failed(&error))
    }

    /// Those of `logs` into which no process writes; as long as this transaction lasts, none is
    /// made that would.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn unused<'p>(
        &self,
        logs: impl IntoIterator<Item = &'p Path>,
    ) -> Result<Vec<&'p Path>, Error> {
        let mut unused = Vec::new();
        for log in logs {
            if self.other_writer("", log, false)?.is_none() {
                unused.push(log);
            }
        }
        Ok(unused)
    }

    /// Notes that the user wants the process `id` to run, from now on, anew.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn want_up(&self, id: i64) -> Result<Start, Error> {
        self.transaction
            .prepare_cached(
                "UPDATE process SET wanted = 'up', request = request + 1, restarts = 0, \
                 next_restart_at = NULL WHERE id = ?1 RETURNING request, run + 1, cookie",
            )
            .and_then(|mut statement| {
                statement.query_row([id], |row| {
                    Ok(Start { id, request: row.get(0)?, run: row.get(1)?, cookie: row.get(2)? })
                })
            })
            .map_err(|error| self.failed(&error))
    }

    /// Notes a start of the process `id` that bgrun makes by itself: it counts as a
    /// restart.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn want_again(&self, id: i64) -> Result<Start, Error> {
        let before = self.restarts(id)?;
        let start = self.want_up(id)?;
        self.execute("UPDATE process SET restarts = ?2 WHERE id = ?1", params![id, before + 1])?;
        Ok(start)
    }

    fn restarts(&self, id: i64) -> Result<i64, Error> {
        self.transaction
            .prepare_cached("SELECT restarts FROM process WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)))
            .map_err(|error| self.failed(&error))
    }

    /// Notes that the user wants the process `id` not to run. A restart that was due may have
    /// begun unseen, and so stays noted until [`Writer::stop_is_over`].
    ///
    /// # Errors
    /// See [`Error`].
    pub fn want_down(&self, id: i64) -> Result<(), Error> {
        self.execute("UPDATE process SET wanted = 'down' WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Notes that nothing of the process `id` lives any more, unless it is wanted again.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn stop_is_over(&self, id: i64) -> Result<(), Error> {
        self.execute(
            "UPDATE process SET next_restart_at = NULL WHERE id = ?1 AND wanted = 'down'",
            [id],
        )?;
        Ok(())
    }

    /// Sets when the process `id` is started again after it ended by itself. Answers
    /// whether there is such a process.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn set_keep_alive(&self, id: i64, policy: KeepAlive) -> Result<bool, Error> {
        let sql = "UPDATE process SET keep_alive = ?2 WHERE id = ?1";
        Ok(self.execute(sql, params![id, policy.as_str()])? > 0)
    }

    /// Notes a run of the process `id`, or what has changed of it, and who supervises it.
    /// A process that was forgotten meanwhile is not noted.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn record_run(&self, id: i64, run: &Run, supervisor: Option<&str>) -> Result<(), Error> {
        let started_at = run.started_at.map(time::text);
        // bgrun-run may note the start of a run only after the supervisor has noted its end
        // and begun the next one: what is newer stays.
        let known = self.execute(
            "UPDATE process SET \
                timestamp = iif(run > ?2, timestamp, ?3), \
                next_restart_at = iif(run >= ?2, next_restart_at, NULL), \
                supervisor = coalesce(?4, supervisor), \
                run = max(run, ?2) \
             WHERE id = ?1",
            params![id, run.number, started_at, supervisor],
        )?;
        if known == 0 {
            return Ok(());
        }
        let (ended_at, code, signal, reason) = end_columns(run.end.as_ref());
        self.execute(
            "INSERT INTO run (process_id, number, request, pid, first_pid, identity, \
                started_at, started_since_boot_ms, stdout_offset, stderr_offset, ready_at, \
                ended_at, exit_code, exit_signal, exit_reason) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
             ON CONFLICT DO UPDATE SET pid = ?4, identity = ?6, \
                ready_at = coalesce(ready_at, ?11), \
                ended_at = iif(exit_reason IS NULL, ?12, ended_at), \
                exit_code = iif(exit_reason IS NULL, ?13, exit_code), \
                exit_signal = iif(exit_reason IS NULL, ?14, exit_signal), \
                exit_reason = coalesce(exit_reason, ?15)",
            params![
                id,
                run.number,
                run.request,
                run.pid,
                run.first_pid,
                run.identity,
                started_at,
                run.started_since_boot_ms,
                run.stdout_offset,
                run.stderr_offset,
                run.ready_at.map(time::text),
                ended_at,
                code,
                signal,
                reason,
            ],
        )?;
        self.execute(
            "UPDATE process SET pid = (SELECT pid FROM run WHERE process_id = ?1 \
                AND number = process.run AND exit_reason IS NULL) WHERE id = ?1",
            [id],
        )?;
        self.execute(
            "DELETE FROM run WHERE process_id = ?1 AND number <= ?2",
            params![id, run.number - RUNS_KEPT],
        )?;
        Ok(())
    }

    /// Notes that run `number` of the process `id` is ready since `at`, unless that is
    /// known already.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn record_ready(&self, id: i64, number: i64, at: Timestamp) -> Result<(), Error> {
        self.execute(
            "UPDATE run SET ready_at = coalesce(ready_at, ?3) \
             WHERE process_id = ?1 AND number = ?2",
            params![id, number, time::text(at)],
        )?;
        Ok(())
    }

    /// Notes how run `number` of the process `id` ended, unless that is known already.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn record_end(&self, id: i64, number: i64, end: &End) -> Result<(), Error> {
        let (ended_at, code, signal, reason) = end_columns(Some(end));
        self.execute(
            "UPDATE run SET ended_at = ?3, exit_code = ?4, exit_signal = ?5, exit_reason = ?6 \
             WHERE process_id = ?1 AND number = ?2 AND exit_reason IS NULL",
            params![id, number, ended_at, code, signal, reason],
        )?;
        self.execute(
            "UPDATE process SET pid = NULL WHERE id = ?1 AND run = ?2",
            params![id, number],
        )?;
        Ok(())
    }

    /// Notes when the process `id` is started again; `None`: it is not.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn record_pause(&self, id: i64, next: Option<Timestamp>) -> Result<(), Error> {
        self.execute(
            "UPDATE process SET next_restart_at = ?2 WHERE id = ?1",
            params![id, next.map(time::text)],
        )?;
        Ok(())
    }

    /// Notes that bgrun itself starts the process `id` again; answers the number of the
    /// run that this leads to.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn begin_restart(&self, id: i64) -> Result<i64, Error> {
        self.transaction
            .prepare_cached(
                "UPDATE process SET restarts = restarts + 1, next_restart_at = NULL \
                 WHERE id = ?1 RETURNING run + 1",
            )
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)))
            .map_err(|error| self.failed(&error))
    }

    /// Forgets the process `id` and its runs.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn forget(&self, id: i64) -> Result<(), Error> {
        for sql in [
            "DELETE FROM run WHERE process_id = ?1",
            "DELETE FROM caller_environment WHERE process_id = ?1",
            "DELETE FROM process WHERE id = ?1",
        ] {
            self.execute(sql, [id])?;
        }
        Ok(())
    }

    /// Notes when the process `id` was last started, as another registry tells it.
    pub(crate) fn set_timestamp(&self, id: i64, timestamp: &str) -> Result<(), Error> {
        self.execute("UPDATE process SET timestamp = ?2 WHERE id = ?1", params![id, timestamp])?;
        Ok(())
    }

    /// Sets the number of the latest start request, as a lock file tells it.
    pub(crate) fn set_request(&self, id: i64, request: i64) -> Result<(), Error> {
        self.execute("UPDATE process SET request = ?2 WHERE id = ?1", params![id, request])?;
        Ok(())
    }
}
