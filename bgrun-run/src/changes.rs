//! What is different between two specs of one process.

use bgrun_store::{Home, Spec, Stream};

/// What is left of a spec when its user's choices are forgotten: what it runs and where, and
/// what it got from its caller.
pub(crate) fn without_choices(old: Spec, home: &Home) -> Spec {
    Spec {
        stdout: home.log(None, &old.name, Stream::Stdout),
        stderr: home.log(None, &old.name, Stream::Stderr),
        name: old.name,
        command: old.command,
        argv: old.argv,
        directory: old.directory,
        caller_environment: old.caller_environment,
        umask: old.umask,
        ..Spec::default()
    }
}

/// The names of all in which two specs are different, as a project file has them. What is
/// of the caller and not of the process, is no matter.
pub(crate) fn between(old: &Spec, new: &Spec) -> Vec<&'static str> {
    // Named one by one: what is added to a spec has to be thought of here.
    let Spec {
        name: _,
        caller_environment: _,
        settings: _,
        umask: _,
        started_by: _,
        // It follows from the command.
        container: _,
        group,
        command,
        argv,
        directory,
        config,
        stdout,
        stderr,
        shared_log,
        environment_files,
        overrides,
        stop_signal,
        stop_timeout,
        keep_alive,
        restart_policy,
        memory_limit_bytes,
        restart_interval_minutes,
        no_config,
        after,
        ready,
        log_policy,
        project,
    } = old;
    let policy = &new.restart_policy;
    let pauses =
        |policy: &bgrun_store::RestartPolicy| (policy.shortest_pause, policy.longest_pause);
    let most = |policy: &bgrun_store::RestartPolicy| (policy.most, policy.window);
    let logs = &new.log_policy;
    let different = [
        ("command", *command != new.command || *argv != new.argv),
        ("directory", *directory != new.directory),
        ("group", *group != new.group),
        ("after", *after != new.after),
        ("ready", *ready != new.ready),
        ("env", *overrides != new.overrides),
        ("env_files", *environment_files != new.environment_files),
        ("config", *config != new.config || *no_config != new.no_config),
        ("keep_alive", *keep_alive != new.keep_alive),
        ("backoff", pauses(restart_policy) != pauses(policy)),
        ("max_restarts", most(restart_policy) != most(policy)),
        ("stop_exit_codes", restart_policy.final_codes != policy.final_codes),
        ("memory_limit", *memory_limit_bytes != new.memory_limit_bytes),
        ("restart_interval", *restart_interval_minutes != new.restart_interval_minutes),
        ("stop_signal", *stop_signal != new.stop_signal),
        ("stop_timeout", *stop_timeout != new.stop_timeout),
        ("stdout", *stdout != new.stdout),
        ("stderr", *stderr != new.stderr),
        ("shared_log", *shared_log != new.shared_log),
        ("log_max_size", log_policy.max_size_bytes != logs.max_size_bytes),
        ("log_keep", log_policy.keep != logs.keep),
        ("log_compress", log_policy.compress != logs.compress),
        ("log_max_total", log_policy.max_total_bytes != logs.max_total_bytes),
        ("project", *project != new.project),
    ];
    different.into_iter().filter(|(_, is_different)| *is_different).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_different_is_named() {
        let old = Spec { name: "web".into(), command: "a".into(), ..Spec::default() };
        assert!(between(&old, &old.clone()).is_empty());
        let mut new = Spec { command: "b".into(), after: vec!["db".into()], ..old.clone() };
        new.restart_policy.most = 1;
        new.overrides.insert("A".into(), "1".into());
        assert_eq!(between(&old, &new), ["command", "after", "env", "max_restarts"]);
        let elsewhere = Spec { started_by: Some("x".into()), umask: 0o077, ..old.clone() };
        assert!(between(&old, &elsewhere).is_empty());
    }

    #[test]
    fn forgotten_choices_have_their_defaults() {
        let home = Home::at("/home");
        let mut old = Spec { name: "web".into(), group: Some("g".into()), ..Spec::default() };
        old.caller_environment.push(("PATH".into(), "/bin".into()));
        let left = without_choices(old.clone(), &home);
        assert_eq!((left.group, left.caller_environment), (None, old.caller_environment));
        assert_eq!(left.stdout, home.log(None, "web", Stream::Stdout));
    }
}
