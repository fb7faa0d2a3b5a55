//! Reading and writing processes and runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::database::Store;
use crate::encoding::{join, join_variables, path, path_value, split, split_variables};
use crate::error::Error;
use crate::process::{Process, Wanted};
use crate::run::{End, Reason, Run};
use crate::spec::{KeepAlive, Spec};
use crate::time;

/// The latest run is `r`; `e` is the latest one before it, which is asked for only
/// when `r` has no end yet.
const PROCESSES: &str = r#"
SELECT p.id, p.name, p."group", p.command, p.argv, p.workdir, p.configPath, p.stdout_path,
    p.stderr_path, p.shared_log, p.env, p.env_files, p.stop_signal, p.stop_timeout_ms,
    p.keep_alive, p.memory_limit_bytes, p.restart_interval_minutes, p.started_by, p.wanted,
    p.request, p.cookie, p.restarts, p.supervisor, p.next_restart_at,
    r.number, r.request, r.pid, r.first_pid, r.identity, r.started_at, r.started_since_boot_ms,
    r.stdout_offset, r.stderr_offset, r.ended_at, r.exit_code, r.exit_signal, r.exit_reason,
    e.ended_at, e.exit_code, e.exit_signal, e.exit_reason
FROM process p
LEFT JOIN run r ON r.process_id = p.id AND r.number = p.run
LEFT JOIN run e ON r.exit_reason IS NULL AND e.process_id = p.id AND e.number = p.run - 1
"#;

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

impl Store {
    /// All processes, in the order they were first started.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn processes(&self) -> Result<Vec<Process>, Error> {
        all(&self.connection).map_err(|error| self.error(&error))
    }

    /// The process called `name`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn process(&self, name: &str) -> Result<Option<Process>, Error> {
        by_name(&self.connection, name).map_err(|error| self.error(&error))
    }

    /// Everything needed to start the process `id`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn spec(&self, id: i64) -> Result<Option<Spec>, Error> {
        spec(&self.connection, id).map_err(|error| self.error(&error))
    }

    /// The latest `count` runs of the process `id`, the latest first.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn runs(&self, id: i64, count: u32) -> Result<Vec<Run>, Error> {
        runs(&self.connection, id, count).map_err(|error| self.error(&error))
    }
}

/// One transaction; see [`Store::write`].
#[derive(Debug)]
pub struct Writer<'a> {
    transaction: &'a Transaction<'a>,
    path: &'a Path,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(transaction: &'a Transaction<'a>, path: &'a Path) -> Self {
        Self { transaction, path }
    }

    fn failed(&self, error: &rusqlite::Error) -> Error {
        Error::from_sqlite(self.path.to_owned(), error)
    }

    fn execute(&self, sql: &str, values: impl rusqlite::Params) -> Result<usize, Error> {
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
        all(self.transaction).map_err(|error| self.failed(&error))
    }

    /// The process called `name`, as it is in this transaction.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn process(&self, name: &str) -> Result<Option<Process>, Error> {
        by_name(self.transaction, name).map_err(|error| self.failed(&error))
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
        spec(self.transaction, id).map_err(|error| self.failed(&error))
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

    /// Writes down what the process of this name is; a new one gets `cookie`. Answers
    /// its id.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn save(&self, spec: &Spec, cookie: &str) -> Result<i64, Error> {
        let sql = r#"INSERT INTO process (name, "group", command, argv, workdir, configPath,
                stdout_path, stderr_path, shared_log, env, settings, env_files, umask,
                stop_signal, stop_timeout_ms, keep_alive, memory_limit_bytes,
                restart_interval_minutes, started_by, cookie)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                ?18, ?19, ?20)
            ON CONFLICT (name) DO UPDATE SET "group" = ?2, command = ?3, argv = ?4, workdir = ?5,
                configPath = ?6, stdout_path = ?7, stderr_path = ?8, shared_log = ?9, env = ?10,
                settings = ?11, env_files = ?12, umask = ?13, stop_signal = ?14,
                stop_timeout_ms = ?15, keep_alive = ?16, memory_limit_bytes = ?17,
                restart_interval_minutes = ?18, started_by = ?19
            RETURNING id"#;
        let files = spec.environment_files.iter().map(|file| file.clone().into_os_string());
        let values = params![
            spec.name,
            spec.group,
            spec.command,
            spec.argv.as_ref().map(join),
            path_value(&spec.directory),
            spec.config.as_deref().map(path_value),
            path_value(&spec.stdout),
            path_value(&spec.stderr),
            spec.shared_log,
            json(&spec.overrides),
            json(&spec.settings),
            join(&files.collect::<Vec<OsString>>()),
            spec.umask,
            spec.stop_signal,
            i64::try_from(spec.stop_timeout.as_millis()).unwrap_or(i64::MAX),
            spec.keep_alive.as_str(),
            spec.memory_limit_bytes.map(u64::cast_signed),
            spec.restart_interval_minutes.map(u64::cast_signed),
            spec.started_by,
            cookie,
        ];
        let id = self
            .transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(values, |row| row.get(0)))
            .map_err(|error| self.failed(&error))?;
        self.execute(
            "INSERT INTO caller_environment (process_id, variables) VALUES (?1, ?2) \
             ON CONFLICT (process_id) DO UPDATE SET variables = ?2",
            params![id, join_variables(&spec.caller_environment)],
        )?;
        Ok(id)
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

    /// Notes that the user wants the process `id` not to run.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn want_down(&self, id: i64) -> Result<(), Error> {
        self.execute(
            "UPDATE process SET wanted = 'down', next_restart_at = NULL WHERE id = ?1",
            [id],
        )?;
        Ok(())
    }

    /// Notes a run of the process `id`, or what has changed of it, and who supervises it.
    /// A process that was forgotten meanwhile is not noted.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn record_run(&self, id: i64, run: &Run, supervisor: Option<&str>) -> Result<(), Error> {
        let sql = "UPDATE process SET pid = ?2, run = max(run, ?3), timestamp = ?4, \
            supervisor = coalesce(?5, supervisor), next_restart_at = NULL WHERE id = ?1";
        let started_at = run.started_at.map(time::text);
        let live_pid = run.pid.filter(|_| run.end.is_none());
        let known = self.execute(sql, params![id, live_pid, run.number, started_at, supervisor])?;
        if known == 0 {
            return Ok(());
        }
        let (ended_at, code, signal, reason) = end_columns(run.end.as_ref());
        self.execute(
            "INSERT OR REPLACE INTO run (process_id, number, request, pid, first_pid, identity, \
                started_at, started_since_boot_ms, stdout_offset, stderr_offset, ended_at, \
                exit_code, exit_signal, exit_reason) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
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

    /// Notes when the process `id` is started again, and that this counts as a restart.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn record_pause(&self, id: i64, next: Timestamp) -> Result<(), Error> {
        self.execute(
            "UPDATE process SET next_restart_at = ?2 WHERE id = ?1",
            params![id, time::text(next)],
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

    /// Gives the process `name` the id `id`: for rebuilding a registry from lock files,
    /// whose names are ids.
    pub(crate) fn renumber(&self, name: &str, id: i64) -> Result<(), Error> {
        self.execute(
            "UPDATE caller_environment SET process_id = ?2 \
             WHERE process_id = (SELECT id FROM process WHERE name = ?1)",
            params![name, id],
        )?;
        self.execute("UPDATE process SET id = ?2 WHERE name = ?1", params![name, id])?;
        Ok(())
    }

    /// Sets the number of the latest start request, as a lock file tells it.
    pub(crate) fn set_request(&self, id: i64, request: i64) -> Result<(), Error> {
        self.execute("UPDATE process SET request = ?2 WHERE id = ?1", params![id, request])?;
        Ok(())
    }
}

fn all(connection: &Connection) -> rusqlite::Result<Vec<Process>> {
    let mut statement = connection.prepare_cached(&format!("{PROCESSES} ORDER BY p.id"))?;
    statement.query_map((), process_of)?.collect()
}

fn by_name(connection: &Connection, name: &str) -> rusqlite::Result<Option<Process>> {
    let mut statement = connection.prepare_cached(&format!("{PROCESSES} WHERE p.name = ?1"))?;
    statement.query_row([name], process_of).optional()
}

fn process_of(row: &Row<'_>) -> rusqlite::Result<Process> {
    let argv: Option<Vec<u8>> = row.get(4)?;
    let lossy = |words: Vec<OsString>| {
        words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    };
    let run_number: Option<i64> = row.get(24)?;
    let run = run_number.map(|_| run_of(row, 24)).transpose()?;
    let files: Option<Vec<u8>> = row.get(11)?;
    let timeout: i64 = row.get(13)?;
    Ok(Process {
        id: row.get(0)?,
        name: row.get(1)?,
        group: row.get(2)?,
        command: row.get(3)?,
        argv: argv.map(|joined| lossy(split(&joined))),
        directory: path(row.get_ref(5)?),
        config: optional_path(row, 6)?,
        stdout: path(row.get_ref(7)?),
        stderr: path(row.get_ref(8)?),
        shared_log: row.get(9)?,
        overrides: row.get(10)?,
        environment_files: paths(files),
        stop_signal: row.get(12)?,
        stop_timeout: Duration::from_millis(timeout.try_into().unwrap_or(0)),
        keep_alive: keep_alive(row, 14)?,
        memory_limit_bytes: row.get::<_, Option<i64>>(15)?.map(i64::cast_unsigned),
        restart_interval_minutes: row.get::<_, Option<i64>>(16)?.map(i64::cast_unsigned),
        started_by: row.get(17)?,
        wanted: if row.get_ref(18)?.as_str()? == "up" { Wanted::Up } else { Wanted::Down },
        request: row.get(19)?,
        cookie: row.get(20)?,
        restarts: row.get(21)?,
        supervisor: row.get(22)?,
        next_restart_at: timestamp(row, 23)?,
        run,
        previous_end: end_of(row, 37)?,
    })
}

fn runs(connection: &Connection, id: i64, count: u32) -> rusqlite::Result<Vec<Run>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, request, pid, first_pid, identity, started_at, started_since_boot_ms, \
            stdout_offset, stderr_offset, ended_at, exit_code, exit_signal, exit_reason \
         FROM run WHERE process_id = ?1 ORDER BY number DESC LIMIT ?2",
    )?;
    statement.query_map(params![id, count], |row| run_of(row, 0))?.collect()
}

/// Reads a run from the columns that begin at `first`.
fn run_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Run> {
    Ok(Run {
        number: row.get(first)?,
        request: row.get(first + 1)?,
        pid: row.get(first + 2)?,
        first_pid: row.get(first + 3)?,
        identity: row.get(first + 4)?,
        started_at: timestamp(row, first + 5)?,
        started_since_boot_ms: row.get(first + 6)?,
        stdout_offset: row.get(first + 7)?,
        stderr_offset: row.get(first + 8)?,
        end: end_of(row, first + 9)?,
    })
}

/// Reads an end from the four columns that begin at `first`; the reason decides whether
/// there is one.
fn end_of(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<End>> {
    let reason: Option<String> = row.get(first + 3)?;
    let Some(reason) = reason else { return Ok(None) };
    Ok(Some(End {
        at: timestamp(row, first)?,
        code: row.get(first + 1)?,
        signal: row.get(first + 2)?,
        reason: reason.parse().unwrap_or(Reason::Unknown),
    }))
}

type EndColumns<'a> = (Option<String>, Option<i32>, Option<&'a str>, Option<&'static str>);

fn end_columns(end: Option<&End>) -> EndColumns<'_> {
    match end {
        Some(end) => {
            (end.at.map(time::text), end.code, end.signal.as_deref(), Some(end.reason.as_str()))
        }
        None => (None, None, None, None),
    }
}

fn spec(connection: &Connection, id: i64) -> rusqlite::Result<Option<Spec>> {
    let mut statement = connection.prepare_cached(
        r#"SELECT p.name, p."group", p.command, p.argv, p.workdir, p.configPath, p.stdout_path,
            p.stderr_path, p.shared_log, p.env, p.settings, p.env_files, p.umask, p.stop_signal,
            p.stop_timeout_ms, p.keep_alive, p.memory_limit_bytes, p.restart_interval_minutes,
            p.started_by, c.variables
        FROM process p LEFT JOIN caller_environment c ON c.process_id = p.id WHERE p.id = ?1"#,
    )?;
    let read = |row: &Row<'_>| {
        let argv: Option<Vec<u8>> = row.get(3)?;
        let timeout: i64 = row.get(14)?;
        let variables: Option<Vec<u8>> = row.get(19)?;
        Ok(Spec {
            name: row.get(0)?,
            group: row.get(1)?,
            command: row.get(2)?,
            argv: argv.map(|joined| split(&joined)),
            directory: path(row.get_ref(4)?),
            config: optional_path(row, 5)?,
            stdout: path(row.get_ref(6)?),
            stderr: path(row.get_ref(7)?),
            shared_log: row.get(8)?,
            overrides: variables_of(row, 9)?,
            settings: variables_of(row, 10)?,
            environment_files: paths(row.get(11)?),
            umask: row.get(12)?,
            stop_signal: row.get(13)?,
            stop_timeout: Duration::from_millis(timeout.try_into().unwrap_or(0)),
            keep_alive: keep_alive(row, 15)?,
            memory_limit_bytes: row.get::<_, Option<i64>>(16)?.map(i64::cast_unsigned),
            restart_interval_minutes: row.get::<_, Option<i64>>(17)?.map(i64::cast_unsigned),
            started_by: row.get(18)?,
            caller_environment: split_variables(&variables.unwrap_or_default()),
        })
    };
    statement.query_row([id], read).optional()
}

fn keep_alive(row: &Row<'_>, column: usize) -> rusqlite::Result<KeepAlive> {
    Ok(row.get_ref(column)?.as_str()?.parse().unwrap_or_default())
}

fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.and_then(time::parse))
}

fn optional_path(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<PathBuf>> {
    let found = path(row.get_ref(column)?);
    Ok(if found.as_os_str().is_empty() { None } else { Some(found) })
}

fn paths(joined: Option<Vec<u8>>) -> Vec<PathBuf> {
    split(&joined.unwrap_or_default()).into_iter().map(PathBuf::from).collect()
}

fn variables_of(row: &Row<'_>, column: usize) -> rusqlite::Result<BTreeMap<String, String>> {
    Ok(serde_json::from_str(row.get_ref(column)?.as_str()?).unwrap_or_default())
}

fn json(variables: &BTreeMap<String, String>) -> String {
    // Text to text: there is nothing in it that JSON could not hold.
    serde_json::to_string(variables).unwrap_or_else(|_| "{}".to_owned())
}
