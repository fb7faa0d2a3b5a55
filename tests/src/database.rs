//! The database seen from outside, and databases as the older Bun tool wrote them.

use rusqlite::{Connection, params};
use std::path::Path;

/// A row of the older tool.
pub struct OldProcess {
    pub name: &'static str,
    pub command: &'static str,
    pub env: &'static str,
    pub pid: i32,
}

/// Opens a database as any other program would.
#[track_caller]
pub fn open_database(path: &Path) -> Connection {
    let database = Connection::open(path);
    database.unwrap_or_else(|why| panic!("cannot open {}: {why}", path.display()))
}

const PROCESS_3_3: &str = "CREATE TABLE process (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER, workdir TEXT, command TEXT, name TEXT, env TEXT, configPath TEXT,
    stdout_path TEXT, stderr_path TEXT, timestamp TEXT);";

const PROCESS_3_13: &str = "CREATE TABLE process (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER, workdir TEXT, command TEXT, name TEXT, env TEXT, configPath TEXT,
    stdout_path TEXT, stderr_path TEXT, timestamp TEXT, \"group\" TEXT);
CREATE INDEX idx_process_name ON process (name);
CREATE INDEX idx_process_timestamp ON process (timestamp);
CREATE INDEX idx_process_pid ON process (pid);
CREATE TABLE template (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT, command TEXT, workdir TEXT, env TEXT, \"group\" TEXT, created_at TEXT);
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    process_name TEXT, event TEXT, pid INTEGER, timestamp TEXT, metadata TEXT);
CREATE TABLE dependency (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    process_name TEXT, depends_on TEXT, created_at TEXT);
INSERT INTO history (process_name, event, pid, timestamp, metadata)
    VALUES ('web', 'start', 4711, '2025-01-02T03:04:05.678Z', '{}');
INSERT INTO dependency (process_name, depends_on, created_at)
    VALUES ('web', 'db', '2025-01-02T03:04:05.678Z');
INSERT INTO template (name, command, workdir, env, \"group\", created_at)
    VALUES ('tpl', 'echo template', '/tmp', '', '', '2025-01-02T03:04:05.678Z');";

/// Writes `bgr_v2.sqlite` as version 3.3.3 did.
#[track_caller]
pub fn write_bun_3_3_database<'a>(
    path: &Path,
    workdir: &Path,
    rows: impl IntoIterator<Item = &'a OldProcess>,
) {
    write(path, PROCESS_3_3, workdir, rows);
}

/// Writes `bgrun.sqlite` as version 3.13.1 did.
#[track_caller]
pub fn write_bun_3_13_database<'a>(
    path: &Path,
    workdir: &Path,
    rows: impl IntoIterator<Item = &'a OldProcess>,
) {
    let database = write(path, PROCESS_3_13, workdir, rows);
    let grouped = "UPDATE process SET \"group\" = CASE WHEN env LIKE '%BGR_GROUP=prod%'
        THEN 'prod' ELSE '' END";
    database.execute(grouped, []).expect("the group can be set");
}

fn write<'a>(
    path: &Path,
    schema: &str,
    workdir: &Path,
    rows: impl IntoIterator<Item = &'a OldProcess>,
) -> Connection {
    let dir = path.parent().expect("a database lies in a directory");
    std::fs::create_dir_all(dir).expect("the directory can be made");
    let mut database = open_database(path);
    database.pragma_update(None, "journal_mode", "wal").expect("SQLite has WAL");
    database.execute_batch(schema).expect("the old schema is valid");
    let transaction = database.transaction().expect("nobody else is here");
    for OldProcess { name, command, env, pid } in rows {
        let insert = "INSERT INTO process
            (pid, workdir, command, name, env, configPath, stdout_path, stderr_path, timestamp)
            VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, '2025-01-02T03:04:05.678Z')";
        let out = dir.join(format!("{name}-out.txt")).display().to_string();
        let err = dir.join(format!("{name}-err.txt")).display().to_string();
        let workdir = workdir.display().to_string();
        let row = params![pid, workdir, command, name, env, out, err];
        transaction.execute(insert, row).expect("the row fits the old schema");
    }
    transaction.commit().expect("nobody else is here");
    database
}
