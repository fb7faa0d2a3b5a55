//! Rows of the tables as processes, specs and runs, and back.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::encoding::{path, split, split_variables};
use crate::process::{Process, Wanted};
use crate::run::{End, Reason, Run};
use crate::spec::{ContainerName, KeepAlive, LogPolicy, RestartPolicy, Spec};
use crate::time;

/// The latest run is `r`; `e` is the latest one before it, which is asked for only
/// when `r` has no end yet.
const PROCESSES: &str = r#"
SELECT p.id, p.name, p."group", p.command, p.argv, p.workdir, p.configPath, p.stdout_path,
    p.stderr_path, p.shared_log, p.env, p.env_files, p.stop_signal, p.stop_timeout_ms,
    p.keep_alive, p.memory_limit_bytes, p.restart_interval_minutes, p.started_by, p.wanted,
    p.request, p.cookie, p.restarts, p.supervisor, p.next_restart_at, p.timestamp,
    r.number, r.request, r.pid, r.first_pid, r.identity, r.started_at, r.started_since_boot_ms,
    r.stdout_offset, r.stderr_offset, r.ready_at, r.ended_at, r.exit_code, r.exit_signal, r.exit_reason,
    e.ended_at, e.exit_code, e.exit_signal, e.exit_reason,
    p.backoff_min_ms, p.backoff_max_ms, p.max_restarts, p.restart_window_ms, p.stop_exit_codes,
    p.no_config, p.after, p.ready, p.container_engine, p.container_name, p.log_max_size_bytes,
    p.log_keep, p.log_compress, p.log_max_total_bytes, p.project
FROM process p
LEFT JOIN run r ON r.process_id = p.id AND r.number = p.run
LEFT JOIN run e ON r.exit_reason IS NULL AND e.process_id = p.id AND e.number = p.run - 1
"#;

pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<Process>> {
    let mut statement = connection.prepare_cached(&format!("{PROCESSES} ORDER BY p.id"))?;
    statement.query_map((), process_of)?.collect()
}

pub(crate) fn by_name(connection: &Connection, name: &str) -> rusqlite::Result<Option<Process>> {
    let mut statement = connection.prepare_cached(&format!("{PROCESSES} WHERE p.name = ?1"))?;
    statement.query_row([name], process_of).optional()
}

fn process_of(row: &Row<'_>) -> rusqlite::Result<Process> {
    let argv: Option<Vec<u8>> = row.get(4)?;
    let lossy = |words: Vec<OsString>| {
        words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    };
    let run_number: Option<i64> = row.get(25)?;
    let run = run_number.map(|_| run_of(row, 25)).transpose()?;
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
        restart_policy: restart_policy(row, 43)?,
        memory_limit_bytes: row.get::<_, Option<i64>>(15)?.map(i64::cast_unsigned),
        restart_interval_minutes: row.get::<_, Option<i64>>(16)?.map(i64::cast_unsigned),
        started_by: row.get(17)?,
        no_config: row.get(48)?,
        after: words(row, 49)?,
        ready: row.get(50)?,
        container: container(row, 51)?,
        log_policy: log_policy(row, 53)?,
        project: optional_path(row, 57)?,
        wanted: wanted(row, 18)?,
        request: row.get(19)?,
        cookie: row.get(20)?,
        restarts: row.get(21)?,
        supervisor: row.get(22)?,
        next_restart_at: timestamp(row, 23)?,
        timestamp: timestamp(row, 24)?,
        run,
        previous_end: end_of(row, 39)?,
        is_end_unrecorded: false,
    })
}

pub(crate) fn runs(connection: &Connection, id: i64, count: u32) -> rusqlite::Result<Vec<Run>> {
    let mut statement = connection.prepare_cached(
        "SELECT number, request, pid, first_pid, identity, started_at, started_since_boot_ms, \
            stdout_offset, stderr_offset, ready_at, ended_at, exit_code, exit_signal, exit_reason \
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
        ready_at: timestamp(row, first + 9)?,
        end: end_of(row, first + 10)?,
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

const SPEC: &str = r#"SELECT p.name, p."group", p.command, p.argv, p.workdir, p.configPath, p.stdout_path,
    p.stderr_path, p.shared_log, p.env, p.settings, p.env_files, p.umask, p.stop_signal,
    p.stop_timeout_ms, p.keep_alive, p.memory_limit_bytes, p.restart_interval_minutes,
    p.started_by, c.variables, p.backoff_min_ms, p.backoff_max_ms, p.max_restarts,
    p.restart_window_ms, p.stop_exit_codes, p.no_config, p.after, p.ready,
    p.container_engine, p.container_name, p.log_max_size_bytes, p.log_keep,
    p.log_compress, p.log_max_total_bytes, p.project, p.wanted
FROM process p LEFT JOIN caller_environment c ON c.process_id = p.id WHERE p.id = ?1"#;

pub(crate) fn spec(connection: &Connection, id: i64) -> rusqlite::Result<Option<Spec>> {
    connection.prepare_cached(SPEC)?.query_row([id], spec_of).optional()
}

/// The spec of a process of this id, cookie and latest request, and what the user wants of it.
pub(crate) fn meant(
    connection: &Connection,
    id: i64,
    cookie: &str,
    request: i64,
) -> rusqlite::Result<Option<(Wanted, Spec)>> {
    let sql = format!("{SPEC} AND p.cookie = ?2 AND p.request = ?3");
    let read = |row: &Row<'_>| Ok((wanted(row, 35)?, spec_of(row)?));
    connection.prepare_cached(&sql)?.query_row(params![id, cookie, request], read).optional()
}

fn spec_of(row: &Row<'_>) -> rusqlite::Result<Spec> {
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
        restart_policy: restart_policy(row, 20)?,
        memory_limit_bytes: row.get::<_, Option<i64>>(16)?.map(i64::cast_unsigned),
        restart_interval_minutes: row.get::<_, Option<i64>>(17)?.map(i64::cast_unsigned),
        started_by: row.get(18)?,
        no_config: row.get(25)?,
        after: words(row, 26)?,
        ready: row.get(27)?,
        container: container(row, 28)?,
        log_policy: log_policy(row, 30)?,
        project: optional_path(row, 34)?,
        caller_environment: split_variables(&variables.unwrap_or_default()),
    })
}

pub(crate) fn wanted(row: &Row<'_>, column: usize) -> rusqlite::Result<Wanted> {
    Ok(if row.get_ref(column)?.as_str()? == "up" { Wanted::Up } else { Wanted::Down })
}

fn keep_alive(row: &Row<'_>, column: usize) -> rusqlite::Result<KeepAlive> {
    Ok(row.get_ref(column)?.as_str()?.parse().unwrap_or_default())
}

/// Reads a restart policy from the five columns that begin at `first`.
fn restart_policy(row: &Row<'_>, first: usize) -> rusqlite::Result<RestartPolicy> {
    let duration = |column| -> rusqlite::Result<Duration> {
        let millis: i64 = row.get(column)?;
        Ok(Duration::from_millis(millis.try_into().unwrap_or(0)))
    };
    Ok(RestartPolicy {
        shortest_pause: duration(first)?,
        longest_pause: duration(first + 1)?,
        most: row.get(first + 2)?,
        window: Some(duration(first + 3)?).filter(|window| !window.is_zero()),
        final_codes: match row.get_ref(first + 4)?.as_str()? {
            "[]" => Vec::new(),
            codes => serde_json::from_str(codes).unwrap_or_default(),
        },
    })
}

/// Reads a JSON array of words.
fn words(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    Ok(match row.get_ref(column)?.as_str()? {
        "[]" => Vec::new(),
        words => serde_json::from_str(words).unwrap_or_default(),
    })
}

/// Reads engine and name from the two columns that begin at `first`.
fn container(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<ContainerName>> {
    let engine: Option<String> = row.get(first)?;
    let Some(engine) = engine else { return Ok(None) };
    Ok(Some(ContainerName { engine, name: row.get(first + 1)? }))
}

/// Reads what becomes of logs from the four columns that begin at `first`.
fn log_policy(row: &Row<'_>, first: usize) -> rusqlite::Result<LogPolicy> {
    Ok(LogPolicy {
        max_size_bytes: row.get::<_, i64>(first)?.cast_unsigned(),
        keep: row.get(first + 1)?,
        compress: row.get(first + 2)?,
        max_total_bytes: row.get::<_, Option<i64>>(first + 3)?.map(i64::cast_unsigned),
    })
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

/// An end as its four columns.
pub(crate) type EndColumns<'a> =
    (Option<String>, Option<i32>, Option<&'a str>, Option<&'static str>);

pub(crate) fn end_columns(end: Option<&End>) -> EndColumns<'_> {
    match end {
        Some(end) => {
            (end.at.map(time::text), end.code, end.signal.as_deref(), Some(end.reason.as_str()))
        }
        None => (None, None, None, None),
    }
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn json(variables: &BTreeMap<String, String>) -> String {
    // Text to text: there is nothing in it that JSON could not hold.
    serde_json::to_string(variables).unwrap_or_else(|_| "{}".to_owned())
}
