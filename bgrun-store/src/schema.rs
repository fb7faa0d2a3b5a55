//! The tables. A change of them is a new step at the end of [`STEPS`], never an edit of
//! an old one.

/// The schema this program writes: the number of steps.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// Steps only add, and what they add has a default, so that a program that knows fewer of
/// them goes on: a supervisor may be older than the tools beside it by months. A step that
/// has to do more makes the version the next hundred, and this with it.
const INCOMPATIBLE: i64 = 100;

/// Whether this program can work with a database of the version, once the steps that it
/// lacks are taken.
pub(crate) fn is_compatible(version: i64) -> bool {
    version < INCOMPATIBLE
}

/// Each step brings a database from one version to the next.
pub(crate) const STEPS: [&str; 2] = [FIRST, SECOND];

/// The first ten columns of `process` are the older tool's, for programs that read
/// them; `env` holds a JSON object of all overrides. A `restart_window_ms` of 0 is none:
/// restarts in a row are counted.
const FIRST: &str = r#"
CREATE TABLE process (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    pid INTEGER,
    workdir TEXT NOT NULL,
    command TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    env TEXT NOT NULL DEFAULT '{}',
    configPath TEXT,
    stdout_path TEXT NOT NULL,
    stderr_path TEXT NOT NULL,
    timestamp TEXT,
    "group" TEXT,
    argv BLOB,
    settings TEXT NOT NULL DEFAULT '{}',
    env_files BLOB,
    shared_log INTEGER NOT NULL DEFAULT 0,
    umask INTEGER NOT NULL DEFAULT 18,
    stop_signal TEXT NOT NULL DEFAULT 'SIGTERM',
    stop_timeout_ms INTEGER NOT NULL DEFAULT 10000,
    keep_alive TEXT NOT NULL DEFAULT 'never',
    memory_limit_bytes INTEGER,
    restart_interval_minutes INTEGER,
    started_by TEXT,
    wanted TEXT NOT NULL DEFAULT 'down' CHECK (wanted IN ('up', 'down')),
    request INTEGER NOT NULL DEFAULT 0,
    cookie TEXT NOT NULL,
    run INTEGER NOT NULL DEFAULT 0,
    restarts INTEGER NOT NULL DEFAULT 0,
    supervisor TEXT,
    next_restart_at TEXT,
    backoff_min_ms INTEGER NOT NULL DEFAULT 1000,
    backoff_max_ms INTEGER NOT NULL DEFAULT 60000,
    max_restarts INTEGER NOT NULL DEFAULT 10,
    restart_window_ms INTEGER NOT NULL DEFAULT 60000,
    stop_exit_codes TEXT NOT NULL DEFAULT '[]'
);
CREATE TABLE caller_environment (
    process_id INTEGER PRIMARY KEY REFERENCES process(id) ON DELETE CASCADE,
    variables BLOB NOT NULL
);
CREATE TABLE run (
    process_id INTEGER NOT NULL REFERENCES process(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    request INTEGER NOT NULL,
    pid INTEGER,
    first_pid INTEGER,
    identity TEXT,
    started_at TEXT,
    started_since_boot_ms INTEGER,
    stdout_offset INTEGER NOT NULL DEFAULT 0,
    stderr_offset INTEGER NOT NULL DEFAULT 0,
    ended_at TEXT,
    exit_code INTEGER,
    exit_signal TEXT,
    exit_reason TEXT,
    PRIMARY KEY (process_id, number)
) WITHOUT ROWID;
"#;

/// Configuration, order, readiness, containers and rotation. The indices are for telling
/// whether another process writes into a log.
const SECOND: &str = "
ALTER TABLE process ADD COLUMN no_config INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process ADD COLUMN after TEXT NOT NULL DEFAULT '[]';
ALTER TABLE process ADD COLUMN ready TEXT;
ALTER TABLE process ADD COLUMN container_engine TEXT;
ALTER TABLE process ADD COLUMN container_name TEXT;
ALTER TABLE process ADD COLUMN log_max_size_bytes INTEGER NOT NULL DEFAULT 10485760;
ALTER TABLE process ADD COLUMN log_keep INTEGER NOT NULL DEFAULT 5;
ALTER TABLE process ADD COLUMN log_compress INTEGER NOT NULL DEFAULT 0;
ALTER TABLE process ADD COLUMN log_max_total_bytes INTEGER;
ALTER TABLE process ADD COLUMN project TEXT;
ALTER TABLE run ADD COLUMN ready_at TEXT;
CREATE INDEX process_by_stdout ON process (stdout_path);
CREATE INDEX process_by_stderr ON process (stderr_path);
";
