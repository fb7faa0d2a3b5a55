//! Writing a spec: all columns of a process that the user decides.

use std::ffi::OsString;

use rusqlite::params;

use crate::encoding::{join, join_variables, path_value};
use crate::error::Error;
use crate::rows::{json, millis};
use crate::spec::Spec;
use crate::writer::Writer;

impl Writer<'_> {
    /// Writes down what the process of this name is; a new one gets `cookie`. Answers
    /// its id.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn save(&self, spec: &Spec, cookie: &str) -> Result<i64, Error> {
        self.save_with(None, spec, cookie)
    }

    /// [`Writer::save`] under a given id: for rebuilding a registry from lock files,
    /// whose names are ids.
    pub(crate) fn save_as(&self, id: i64, spec: &Spec, cookie: &str) -> Result<i64, Error> {
        self.save_with(Some(id), spec, cookie)
    }

    fn save_with(&self, id: Option<i64>, spec: &Spec, cookie: &str) -> Result<i64, Error> {
        let sql = r#"INSERT INTO process (name, "group", command, argv, workdir, configPath,
                stdout_path, stderr_path, shared_log, env, settings, env_files, umask,
                stop_signal, stop_timeout_ms, keep_alive, memory_limit_bytes,
                restart_interval_minutes, started_by, cookie, id, backoff_min_ms, backoff_max_ms,
                max_restarts, restart_window_ms, stop_exit_codes, no_config, after, ready,
                container_engine, container_name, log_max_size_bytes, log_keep, log_compress,
                log_max_total_bytes, project)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,
                ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31,
                ?32, ?33, ?34, ?35, ?36)
            ON CONFLICT (name) DO UPDATE SET "group" = ?2, command = ?3, argv = ?4, workdir = ?5,
                configPath = ?6, stdout_path = ?7, stderr_path = ?8, shared_log = ?9, env = ?10,
                settings = ?11, env_files = ?12, umask = ?13, stop_signal = ?14,
                stop_timeout_ms = ?15, keep_alive = ?16, memory_limit_bytes = ?17,
                restart_interval_minutes = ?18, started_by = ?19, backoff_min_ms = ?22,
                backoff_max_ms = ?23, max_restarts = ?24, restart_window_ms = ?25,
                stop_exit_codes = ?26, no_config = ?27, after = ?28, ready = ?29,
                container_engine = ?30, container_name = ?31, log_max_size_bytes = ?32,
                log_keep = ?33, log_compress = ?34, log_max_total_bytes = ?35, project = ?36
            RETURNING id"#;
        let policy = &spec.restart_policy;
        let logs = &spec.log_policy;
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
            millis(spec.stop_timeout),
            spec.keep_alive.as_str(),
            spec.memory_limit_bytes.map(u64::cast_signed),
            spec.restart_interval_minutes.map(u64::cast_signed),
            spec.started_by,
            cookie,
            id,
            millis(policy.shortest_pause),
            millis(policy.longest_pause),
            policy.most,
            policy.window.map_or(0, millis),
            serde_json::to_string(&policy.final_codes).unwrap_or_else(|_| "[]".to_owned()),
            spec.no_config,
            serde_json::to_string(&spec.after).unwrap_or_else(|_| "[]".to_owned()),
            spec.ready,
            spec.container.as_ref().map(|container| &container.engine),
            spec.container.as_ref().map(|container| &container.name),
            logs.max_size_bytes.cast_signed(),
            logs.keep,
            logs.compress,
            logs.max_total_bytes.map(u64::cast_signed),
            spec.project.as_deref().map(path_value),
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
}
