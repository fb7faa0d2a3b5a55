//! The registry as its users write and read it.

use std::collections::BTreeMap;

use bgrun_store::{
    ContainerName, Durability, End, Error, Home, KeepAlive, LogPolicy, Reason, RestartPolicy, Run,
    Spec, Store, time,
};

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().expect("directory");
    let (store, _) = Store::open(&Home::at(directory.path())).expect("open");
    (directory, store)
}

fn spec(name: &str) -> Spec {
    Spec {
        name: name.to_owned(),
        group: Some("shop".to_owned()),
        command: "sleep 1".to_owned(),
        argv: Some(vec!["sleep".into(), "1".into()]),
        directory: "/srv".into(),
        config: None,
        stdout: format!("/logs/{name}-out.txt").into(),
        stderr: format!("/logs/{name}-err.txt").into(),
        shared_log: false,
        caller_environment: vec![("PATH".into(), "/bin".into())],
        environment_files: vec!["/srv/.env".into()],
        settings: BTreeMap::from([("A".to_owned(), "1=2,3".to_owned())]),
        overrides: BTreeMap::from([("A".to_owned(), "1=2,3".to_owned())]),
        umask: 0o027,
        stop_signal: "SIGINT".to_owned(),
        stop_timeout: std::time::Duration::from_millis(1500),
        keep_alive: KeepAlive::OnFailure,
        restart_policy: RestartPolicy { final_codes: vec![3], most: 7, ..RestartPolicy::default() },
        memory_limit_bytes: Some(1 << 30),
        restart_interval_minutes: Some(60),
        started_by: Some("deploy".to_owned()),
        no_config: true,
        after: vec!["db:ready".to_owned()],
        ready: Some("port:3000".to_owned()),
        container: Some(ContainerName { engine: "podman".to_owned(), name: name.to_owned() }),
        log_policy: LogPolicy {
            max_size_bytes: 5,
            keep: 2,
            compress: true,
            max_total_bytes: Some(1 << 40),
        },
        project: Some("/srv/bgrun.toml".into()),
    }
}

fn run(number: i64, code: Option<i32>) -> Run {
    let end =
        |code| End { at: Some(time::now()), code: Some(code), signal: None, reason: Reason::Exit };
    Run {
        number,
        request: 1,
        pid: Some(7),
        first_pid: Some(7),
        identity: None,
        started_at: Some(time::now()),
        started_since_boot_ms: Some(1),
        stdout_offset: 0,
        stderr_offset: 0,
        ready_at: Some(time::now()),
        end: code.map(end),
    }
}

#[test]
fn a_spec_comes_back_as_it_was_saved() {
    let (_directory, mut store) = store();
    let saved = spec("web");
    let id = store
        .write::<_, Error>(Durability::Power, |writer| writer.save(&saved, "cookie"))
        .expect("save");
    assert_eq!(store.spec(id).expect("read"), Some(saved));
}

#[test]
fn a_start_that_is_noted_late_takes_nothing_back() {
    let (_directory, mut store) = store();
    let id = store
        .write::<_, Error>(Durability::Boot, |writer| {
            let id = writer.save(&spec("web"), "c")?;
            writer.want_up(id)?;
            writer.record_run(id, &run(1, Some(3)), Some("s"))?;
            writer.record_run(id, &run(2, Some(4)), None)?;
            writer.record_pause(id, Some(time::now()))?;
            // The starter of run 1 comes only now.
            writer.record_run(id, &run(1, None), Some("s"))?;
            Ok(id)
        })
        .expect("write");
    let process = store.process("web").expect("read").expect("it is there");
    assert_eq!(process.last_end().and_then(|end| end.code), Some(4));
    assert!(process.next_restart_at.is_some());
    let runs = store.runs(id, 10).expect("read");
    let codes: Vec<_> = runs.iter().map(|run| run.end.as_ref().and_then(|end| end.code)).collect();
    assert_eq!(codes, [Some(4), Some(3)]);
}

#[test]
fn an_act_that_fails_leaves_nothing_behind() {
    let (_directory, mut store) = store();
    let failed = store.write::<(), Error>(Durability::Power, |writer| {
        writer.save(&spec("web"), "c")?;
        Err(Error::Full("somewhere".into()))
    });
    assert!(failed.is_err());
    assert!(store.processes().expect("read").is_empty());
}

#[test]
fn a_registry_that_was_lost_is_written_anew_from_the_lock_files_with_its_ids() {
    let directory = tempfile::tempdir().expect("directory");
    let home = Home::at(directory.path());
    std::fs::create_dir_all(home.lock_directory()).expect("directory");
    for (id, name) in [(3, "web"), (9, "api")] {
        let line = serde_json::json!({
            "id": id, "name": name, "group": null, "command": "x", "argv": null, "workdir": "/",
            "stdout_path": "/o", "stderr_path": "/e", "cookie": "c", "stop_signal": "SIGTERM",
            "stop_timeout_ms": 1, "request": 4, "supervisor": null, "run": 2,
            "process": {"pid": 7}, "started_at": "2026-01-01T00:00:00Z",
            "started_since_boot_ms": 5, "ended": null
        });
        std::fs::write(home.lock(id), line.to_string()).expect("write");
    }
    let (store, import) = Store::open(&home).expect("open");
    assert_eq!(import.recovered, ["web", "api"]);
    let ids: Vec<_> =
        store.processes().expect("read").iter().map(|one| (one.id, one.request)).collect();
    assert_eq!(ids, [(3, 4), (9, 4)]);
    drop(store);
    let (_, import) = Store::open(&home).expect("open again");
    assert!(import.recovered.is_empty());
}

#[test]
fn the_wal_stays_short_when_each_tool_writes_once() {
    let directory = tempfile::tempdir().expect("directory");
    let home = Home::at(directory.path());
    let (mut store, _) = Store::open(&home).expect("open");
    let id = store.write(Durability::Power, |writer| writer.save(&spec("web"), "c")).expect("save");
    drop(store);
    let wal = home.database().with_extension("sqlite-wal");
    for number in 1..=200 {
        let (mut store, _) = Store::open(&home).expect("open");
        let ended = run(number, Some(0));
        store.write(Durability::Boot, |writer| writer.record_run(id, &ended, None)).expect("write");
        drop(store);
        let bytes = std::fs::metadata(&wal).expect("a WAL").len();
        assert!(bytes < 100 * 4120, "{bytes} bytes after {number} writes");
    }
    let (store, _) = Store::open(&home).expect("open");
    assert_eq!(store.runs(id, 1000).expect("read").len(), 200);
}
