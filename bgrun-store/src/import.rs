//! Bringing a database up to date: a new one, an older schema, the older tool's
//! database, or none but lock files that tell of what runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::database::Store;
use crate::error::Error;
use crate::home::Home;
use crate::lock_line::LockLine;
use crate::name;
use crate::process::{Wanted, new_cookie};
use crate::run::Run;
use crate::schema;
use crate::spec::{Spec, Stream};
use crate::writer::Writer;

/// What was taken over from elsewhere when the registry was opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Processes of the older tool.
    pub processes: Vec<Imported>,
    /// Names of processes that were found by their lock files.
    pub recovered: Vec<String>,
    /// Where the database from before the change is kept.
    pub backup: Option<PathBuf>,
}

impl Import {
    /// What a user should be told of it, a line each. `is_alive` tells whether some
    /// process has a pid now.
    #[must_use]
    pub fn notices(&self, is_alive: impl Fn(u32) -> bool) -> Vec<String> {
        let mut notices = Vec::new();
        if !self.processes.is_empty() {
            let count = self.processes.len();
            let kept = self.backup.as_ref().map_or_else(String::new, |backup| {
                format!("; the database from before is kept as {}", backup.display())
            });
            notices.push(format!("took over {count} processes of the older tool, stopped{kept}"));
        }
        for one in &self.processes {
            if let Some(old) = &one.renamed_from {
                notices.push(format!(
                    "the older tool's process {old:?} is called '{}' here",
                    one.name
                ));
            }
            if let Some(pid) = one.pid.filter(|pid| is_alive(*pid)) {
                notices.push(format!(
                    "pid {pid}, which the older tool recorded for '{}', is alive; it may be its \
                     process or another, and is left alone",
                    one.name
                ));
            }
        }
        if !self.recovered.is_empty() {
            let names = self.recovered.join(", ");
            notices.push(format!("the registry was gone; found by their lock files: {names}"));
        }
        notices
    }
}

/// One process of the older tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its name here.
    pub name: String,
    /// Its name there, where that was taken or against the rule.
    pub renamed_from: Option<String>,
    /// The pid recorded there. It may still run, and is not known to be ours: it is
    /// never signalled.
    pub pid: Option<u32>,
}

/// A row of the older tool's table; every column could be null there.
#[derive(Debug, Default)]
struct OlderRow {
    pid: Option<u32>,
    workdir: String,
    command: String,
    name: String,
    env: String,
    config: String,
    stdout: String,
    stderr: String,
    group: Option<String>,
    timestamp: String,
}

/// Processes that the older tool kept for itself.
fn is_its_own(name: &str) -> bool {
    name.starts_with("bgr-watch-") || matches!(name, "bgr-guard" | "bgr-dashboard")
}

pub(crate) fn bring_up_to_date(store: &mut Store, home: &Home) -> Result<Import, Error> {
    let failed = |error: rusqlite::Error| Error::from_sqlite(home.database(), &error);
    switch_to_wal(store)?;
    let mut import = Import::default();
    let elsewhere =
        home.older_database().map_or(Ok(Vec::new()), |path| read_other_database(&path))?;
    {
        let transaction = store
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let version: i64 =
            transaction.query_row("PRAGMA user_version", (), |row| row.get(0)).map_err(failed)?;
        if version >= schema::VERSION {
            // Another tool was faster.
            return Ok(import);
        }
        let older =
            if version == 0 { read_older_table(&transaction).map_err(failed)? } else { None };
        if older.is_some() || version > 0 {
            import.backup = Some(back_up(home, version)?);
        }
        if older.is_some() {
            transaction.execute_batch("DROP TABLE process").map_err(failed)?;
        }
        let first = usize::try_from(version).unwrap_or(0);
        for step in &schema::STEPS[first..] {
            transaction.execute_batch(step).map_err(failed)?;
        }
        let path = home.database();
        let writer = Writer::new(&transaction, &path);
        if version == 0 && older.is_none() {
            import.recovered = recover_from_locks(&writer, home)?;
        }
        let rows = match older {
            Some(rows) => rows,
            // Whoever has lock files has taken it over before, and lost the registry since.
            None if version == 0 && home.locks().is_empty() => elsewhere,
            None => Vec::new(),
        };
        for row in rows {
            import.processes.push(take_over(&writer, home, row)?);
        }
        transaction.pragma_update(None, "user_version", schema::VERSION).map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(import)
}

/// Switches to the WAL. Several tools may open a new database at once, and this is the
/// one act that does not wait for others by itself.
fn switch_to_wal(store: &Store) -> Result<(), Error> {
    let deadline = Instant::now() + Store::PATIENCE;
    loop {
        let switched = store.connection.pragma_update(None, "journal_mode", "WAL");
        match switched.map_err(|error| store.error(&error)) {
            Err(Error::Busy(_)) if Instant::now() < deadline => {
                #[expect(clippy::disallowed_methods, reason = "nothing tells when it is free")]
                std::thread::sleep(Duration::from_millis(2));
            }
            other => return other,
        }
    }
}

/// The rows of `process` where it is the older tool's.
fn read_older_table(connection: &Connection) -> rusqlite::Result<Option<Vec<OlderRow>>> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info('process')")?;
    let columns: Vec<String> =
        columns.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
    if columns.is_empty() {
        return Ok(None);
    }
    let has = |name: &str| columns.iter().any(|column| column == name);
    let text = |name: &str| {
        if has(name) { format!("coalesce(CAST(\"{name}\" AS TEXT), '')") } else { "''".to_owned() }
    };
    let sql = format!(
        "SELECT {}, {}, {}, {}, {}, {}, {}, {}, {}, {} FROM process ORDER BY rowid",
        if has("pid") { "pid" } else { "NULL" },
        text("workdir"),
        text("command"),
        text("name"),
        text("env"),
        text("configPath"),
        text("stdout_path"),
        text("stderr_path"),
        text("group"),
        text("timestamp"),
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map((), |row| {
        let group: String = row.get(8)?;
        Ok(OlderRow {
            pid: row.get::<_, Option<i64>>(0).ok().flatten().and_then(|pid| pid.try_into().ok()),
            workdir: row.get(1)?,
            command: row.get(2)?,
            name: row.get(3)?,
            env: row.get(4)?,
            config: row.get(5)?,
            stdout: row.get(6)?,
            stderr: row.get(7)?,
            group: (!group.is_empty()).then_some(group),
            timestamp: row.get(9)?,
        })
    })?;
    let rows = rows.filter(|row| !row.as_ref().is_ok_and(|row| is_its_own(&row.name)));
    Ok(Some(rows.collect::<Result<_, _>>()?))
}

/// The rows of a database that is left as it is.
fn read_other_database(path: &Path) -> Result<Vec<OlderRow>, Error> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let read = |flags| {
        let store = Store::connect(path, flags, Store::PATIENCE)?;
        read_older_table(&store.connection).map_err(|error| store.error(&error))
    };
    read(OpenFlags::SQLITE_OPEN_READ_ONLY).map(Option::unwrap_or_default)
}

/// Copies the database as it is now, from a second connection, while the first one
/// keeps every other writer out. A copy of an attempt that was cut short is replaced.
fn back_up(home: &Home, version: i64) -> Result<PathBuf, Error> {
    let database = home.database();
    let mut backup = database.clone().into_os_string();
    backup.push(format!(".backup-v{version}"));
    let backup = PathBuf::from(backup);
    let unusable = |reason: String| Error::Unusable { path: database.clone(), reason };
    match std::fs::remove_file(&backup) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unusable(format!(
                "cannot replace the backup {}: {error}",
                backup.display()
            )));
        }
        _ => {}
    }
    let reader = Store::connect(&database, OpenFlags::SQLITE_OPEN_READ_WRITE, Store::PATIENCE)?;
    let target = backup.to_str().ok_or_else(|| unusable("its path is no UTF-8".to_owned()))?;
    reader.connection.execute("VACUUM INTO ?1", [target]).map_err(|error| reader.error(&error))?;
    Ok(backup)
}

fn take_over(writer: &Writer<'_>, home: &Home, row: OlderRow) -> Result<Imported, Error> {
    let kept =
        if name::check(&row.name).is_ok() { row.name.clone() } else { name::made_from(&row.name) };
    // An error of the look-up is met again by the save below.
    let free = name::free(&kept, |candidate| writer.has(candidate).unwrap_or(false));
    let or = |path: String, default: PathBuf| {
        if path.starts_with('/') { PathBuf::from(path) } else { default }
    };
    let directory = or(row.workdir, PathBuf::from("/"));
    let settings = parse_environment(&row.env);
    // Two rows of one name wrote into the same files; each goes on with its own.
    let (stdout, stderr) =
        if free == row.name { (row.stdout, row.stderr) } else { (String::new(), String::new()) };
    let spec = Spec {
        group: row.group.or_else(|| settings.get(crate::variables::GROUP).cloned()),
        command: row.command,
        directory: directory.clone(),
        // Relative to the work directory there.
        config: (!row.config.is_empty()).then(|| directory.join(row.config)),
        stdout: or(stdout, home.log(None, &free, Stream::Stdout)),
        stderr: or(stderr, home.log(None, &free, Stream::Stderr)),
        keep_alive: match settings.get(crate::variables::KEEP_ALIVE).map(String::as_str) {
            Some("true") => crate::spec::KeepAlive::Always,
            _ => crate::spec::KeepAlive::Never,
        },
        overrides: settings.clone(),
        settings,
        name: free.clone(),
        ..Spec::default()
    };
    let id = writer.save(&spec, &new_cookie())?;
    writer.set_timestamp(id, &row.timestamp)?;
    Ok(Imported {
        renamed_from: (free != row.name).then_some(row.name),
        name: free,
        pid: row.pid.filter(|pid| *pid > 0),
    })
}

/// `K=V,K=V` without any escaping: a part that does not begin like a variable is the
/// rest of a value that contained a comma.
fn parse_environment(text: &str) -> BTreeMap<String, String> {
    let mut variables: Vec<(String, String)> = Vec::new();
    for part in text.split(',') {
        match part.split_once('=') {
            Some((key, value)) if is_variable_name(key) => {
                variables.push((key.to_owned(), value.to_owned()));
            }
            _ => {
                if let Some((_, value)) = variables.last_mut() {
                    value.push(',');
                    value.push_str(part);
                }
            }
        }
    }
    variables.into_iter().collect()
}

fn is_variable_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Writes down again what the lock files tell of, after the registry itself was lost.
fn recover_from_locks(writer: &Writer<'_>, home: &Home) -> Result<Vec<String>, Error> {
    let mut recovered = Vec::new();
    for line in LockLine::all(home) {
        if name::check(&line.name).is_err() || writer.has(&line.name)? {
            continue;
        }
        let process = line.as_process();
        writer.save_as(line.id, &spec_of(&line), &line.cookie)?;
        if process.wanted == Wanted::Up {
            writer.want_up(line.id)?;
        }
        writer.set_request(line.id, line.request)?;
        if let Some(run) = process.run {
            // Nobody has decided in this store what follows its end: the line goes on telling it.
            let run = Run { end: None, ..run };
            writer.record_run(line.id, &run, process.supervisor.as_deref())?;
        }
        recovered.push(line.name);
    }
    Ok(recovered)
}

/// What a lock file knows of how to start its process: not the environment.
fn spec_of(line: &LockLine<serde_json::Value>) -> Spec {
    Spec {
        name: line.name.clone(),
        group: line.group.clone(),
        command: line.command.clone(),
        argv: line.argv.as_ref().map(|argv| argv.iter().map(Into::into).collect()),
        directory: line.workdir.clone(),
        stdout: line.stdout_path.clone(),
        stderr: line.stderr_path.clone(),
        shared_log: line.shared_log,
        stop_signal: line.stop_signal.clone(),
        stop_timeout: Duration::from_millis(line.stop_timeout_ms),
        keep_alive: line.keep_alive,
        container: line.container.clone(),
        log_policy: line.log_policy,
        ..Spec::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_equals_signs_in_values_survive() {
        let parsed = parse_environment("A=1,URL=http://x/?a=b,LIST=a,b,c,BGR_GROUP=prod");
        let expected =
            [("A", "1"), ("BGR_GROUP", "prod"), ("LIST", "a,b,c"), ("URL", "http://x/?a=b")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(parsed.into_iter().collect::<Vec<_>>(), expected);
        assert!(parse_environment("").is_empty());
        assert!(parse_environment("nonsense").is_empty());
    }

    #[test]
    fn the_older_tools_own_rows_are_told_by_their_names() {
        assert!(is_its_own("bgr-watch-web") && is_its_own("bgr-guard") && !is_its_own("web"));
    }
}
