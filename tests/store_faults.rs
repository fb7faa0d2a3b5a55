//! The store locked, deleted, damaged or of another age: what runs is still listed, read and stopped.

use std::fs;
use std::time::{Duration, Instant};
use tests::*;

/// A process that writes `hello` and lives.
#[track_caller]
fn started(home: &Home) -> (Value, Life) {
    let record = home.start("web", ["sh", "-c", "echo hello; exec sleep 60"]);
    home.until_out("web", "hello");
    let life = Life::of(record.pid());
    (record, life)
}

/// With an unusable store: listed with a word on stderr, read, not started twice, and stopped.
#[track_caller]
fn still_works_from_the_lock_files(home: &Home, process: &Life) {
    let listed = home.verb("ls", ["--json"]).ok();
    let record = listed.json().only().clone();
    assert_eq!(record.name(), "web");
    assert_eq!(record.status(), "running");
    assert_eq!(record.pid(), process.pid);
    assert_ne!(listed.err(), "", "it says that the store is unusable");
    assert!(home.verb("logs", ["web"]).ok().out().contains("hello"));

    let refused = home.verb("run", ["other", "--", "sleep", "60"]).run();
    assert_eq!(refused.code, 7, "{refused}");
    assert!(refused.err().contains("bgr_v2.sqlite"), "what and where: {refused}");

    let stopped = home.verb("kill", ["--json", "web"]).code(7);
    assert!(["stopped", "killed"].contains(&stopped.json().only().text("outcome")), "{stopped}");
    assert!(!process.is_alive());
    home.must_be_clean();
}

#[test]
fn a_stop_signals_at_once_while_an_outside_program_holds_the_database() {
    let home = Home::new();
    let (_, process) = started(&home);
    let database = open_database(&home.database());
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let stop = home.verb("kill", ["web"]).spawn();
    assert!(process.ends_within(Duration::from_secs(3)), "the signal waits for the database");
    database.execute_batch("ROLLBACK").unwrap();
    stop.done().ok();
    let record = home.until("web", "stopped");
    assert_eq!(record["wanted"], "down");
    assert_eq!(record["exit_reason"], "stop");
    home.must_be_clean();
}

#[test]
fn a_stop_signals_at_once_while_the_database_cannot_even_be_read() {
    let home = Home::new();
    let (_, process) = started(&home);
    let database = open_database(&home.database());
    // In WAL mode this shuts readers out as well.
    let lock = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; UPDATE process SET name = name;";
    database.execute_batch(lock).unwrap();
    let stop = home.verb("kill", ["web"]).spawn();
    assert!(process.ends_within(Duration::from_secs(3)), "the signal waits for the database");
    database
        .execute_batch("ROLLBACK; PRAGMA locking_mode = NORMAL; SELECT 1 FROM process")
        .unwrap();
    drop(database);
    stop.done().ok();
    assert_eq!(home.until("web", "stopped")["wanted"], "down");
}

#[test]
fn a_list_does_not_wait_for_a_writer() {
    let home = Home::new();
    started(&home);
    let database = open_database(&home.database());
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let output = home.verb("ls", ["--json"]).ok();
    assert_eq!(output.json().only().status(), "running");
    assert!(output.elapsed < Duration::from_secs(2), "{:?}", output.elapsed);
    assert!(home.verb("logs", ["web"]).ok().elapsed < Duration::from_secs(2));
}

#[test]
fn a_database_locked_for_too_long_is_7_and_nothing_is_left() {
    let home = Home::new();
    let (_, process) = started(&home);
    let database = open_database(&home.database());
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let begun = Instant::now();
    let start = home.verb("run", ["other", "--", "sleep", "60"]).spawn();
    let stop = home.verb("kill", ["web"]).spawn();
    eventually("the stop is told at once", || stop.err().contains("web is stopped; waiting"));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let stop = stop.done().expect_code(7);
    let stop = stop
        .says("web is stopped, but that could not be written down: the store")
        .says("locked by another program")
        .says("its lock file has it and it stays stopped");
    assert!(stop.out().starts_with("web: stopped in "), "{stop}");
    assert!(!process.is_alive());
    let start = start.done().expect_code(7);
    assert!(start.err().contains("locked"), "{start}");
    assert!(begun.elapsed() >= Duration::from_secs(14), "the timeout: {:?}", begun.elapsed());
    database.execute_batch("ROLLBACK").unwrap();
    assert!(home.find("other").is_none_or(|other| other["pid"].is_null()));
    home.verb("kill", ["web"]).ok();
    assert_eq!(home.ls("web").status(), "stopped");
}

#[test]
fn an_end_during_a_lock_is_written_when_the_lock_is_gone() {
    let home = Home::new();
    let script = "while [ ! -e go ]; do sleep 0.02; done; exit 3";
    let process = Life::of(home.start("web", ["sh", "-c", script]).pid());
    let database = open_database(&home.database());
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    fs::write(home.at("go"), "").unwrap();
    process.must_end();
    assert_ne!(home.ls("web").status(), "exited");
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(home.until("web", "failed")["exit_code"], 3);
}

#[test]
fn a_deleted_database_loses_no_process() {
    for also in [["-wal", "-shm"].as_slice(), &[]] {
        let home = Home::new();
        let (record, process) = started(&home);
        fs::remove_file(home.database()).unwrap();
        for suffix in also {
            let _may_not_exist =
                fs::remove_file(home.state().join(format!("bgr_v2.sqlite{suffix}")));
        }
        let seen = home.ls("web");
        assert_eq!(seen.status(), "running");
        assert_eq!(seen.pid(), record.pid());
        let again = home.verb("run", ["web", "--", "sleep", "60"]).run();
        assert_ne!(again.code, 0, "never two live instances of one name: {again}");
        assert!(home.verb("logs", ["web"]).ok().out().contains("hello"));
        home.verb("kill", ["web"]).run();
        assert!(!process.is_alive());
        home.must_be_clean();
        home.start_sleep("web");
    }
}

#[test]
fn a_damaged_database_is_named_and_what_runs_is_found_by_its_lock() {
    let home = Home::new();
    let (_, process) = started(&home);
    fs::write(
        home.database(),
        "this is not a database at all, and long enough to be looked at ".repeat(100),
    )
    .unwrap();
    for suffix in ["-wal", "-shm"] {
        let _may_not_exist = fs::remove_file(home.state().join(format!("bgr_v2.sqlite{suffix}")));
    }
    still_works_from_the_lock_files(&home, &process);
}

#[test]
fn a_database_damaged_in_the_middle_is_one_that_cannot_be_used() {
    let home = Home::new();
    let (_, process) = started(&home);
    let database = open_database(&home.database());
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(database);
    let length = usize::try_from(fs::metadata(home.database()).unwrap().len()).unwrap();
    let file = fs::File::options().write(true).open(home.database()).unwrap();
    // All but the first page, which has the header.
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0x5a; length - 4096], 4096).unwrap();
    still_works_from_the_lock_files(&home, &process);
}

#[test]
fn a_database_of_a_newer_bgrun_is_not_touched() {
    let home = Home::new();
    let (_, process) = started(&home);
    open_database(&home.database()).pragma_update(None, "user_version", 9999).unwrap();
    still_works_from_the_lock_files(&home, &process);
    let version: i64 = open_database(&home.database())
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 9999);
}

#[test]
fn a_database_to_which_a_newer_bgrun_has_only_added_is_used_and_left_as_new_as_it_is() {
    let home = Home::new();
    let web = home.verb("run", ["web", "--keep-alive", "--json", "--", "sleep", "60"]).json();
    let newer = "ALTER TABLE process ADD COLUMN taste TEXT NOT NULL DEFAULT 'sweet';
        ALTER TABLE run ADD COLUMN smell TEXT;
        PRAGMA user_version = 99;";
    open_database(&home.database()).execute_batch(newer).unwrap();
    Life::of(web.pid()).kill();
    home.until_run("web", 2);
    home.start_sleep("another");
    home.kill(["web"]);
    let database = open_database(&home.database());
    let one = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("PRAGMA user_version"), 99);
    let known = "SELECT count(*) FROM run WHERE process_id = 1 AND exit_signal IS NOT NULL";
    assert_eq!(one(known), 2, "both ends are written down");
    assert_eq!(one("SELECT count(*) FROM process WHERE taste = 'sweet'"), 2);
}

#[test]
fn a_directory_in_the_place_of_the_database_is_7() {
    let home = Home::new();
    fs::create_dir_all(home.database()).unwrap();
    let output = home.verb("run", ["web", "--", "sleep", "60"]).code(7);
    assert!(output.err().contains("bgr_v2.sqlite"), "{output}");
    home.must_be_clean();
}

#[test]
fn a_file_in_the_place_of_the_state_directory_is_7() {
    let home = Home::new();
    fs::write(home.state(), "").unwrap();
    for (verb, args) in [("run", ["web", "--", "sleep", "60"].as_slice()), ("kill", &["web"])] {
        let output = home.verb(verb, args).code(7);
        assert!(output.err().contains(home.state().to_str().unwrap()), "{output}");
    }
    home.must_be_clean();
}

#[test]
fn an_empty_file_is_a_new_database() {
    let home = Home::new();
    fs::create_dir(home.state()).unwrap();
    fs::write(home.database(), "").unwrap();
    home.start_sleep("web");
    assert_eq!(home.all().len(), 1);
}

#[test]
fn a_damaged_lock_file_is_no_reason_to_fail() {
    let home = Home::new();
    let (record, process) = started(&home);
    for entry in fs::read_dir(home.state().join("run")).unwrap().flatten() {
        // In its place, as a supervisor holds it: not a new file.
        fs::write(entry.path(), b"{\"name\": \xff garbage").unwrap();
    }
    fs::write(home.state().join("run/no-id.lock"), "").unwrap();
    fs::write(home.state().join("run/strange"), "x").unwrap();
    assert_eq!(home.ls("web").pid(), record.pid());
    home.kill(["web"]);
    assert!(!process.is_alive());
}

#[test]
fn a_removed_lock_file_lets_no_second_instance_start() {
    let home = Home::new();
    let (record, process) = started(&home);
    for entry in fs::read_dir(home.state().join("run")).unwrap().flatten() {
        fs::remove_file(entry.path()).unwrap();
    }
    let seen = home.ls("web");
    assert_eq!(seen.status(), "running");
    assert_eq!(seen.pid(), record.pid());
    home.verb("run", ["web", "--", "sleep", "60"]).code(5);
    home.kill(["web"]);
    assert!(!process.is_alive());
    home.must_be_clean();
}

#[test]
fn a_removed_state_directory_loses_no_process() {
    let home = Home::new();
    let (_, process) = started(&home);
    fs::remove_dir_all(home.state()).unwrap();
    home.verb("ls", ["--json"]).ok();
    assert!(process.is_alive());
    process.kill();
    home.must_be_clean();
}

#[test]
fn a_supervisor_that_is_paused_does_not_hold_up_a_stop() {
    let home = Home::new();
    let (record, process) = started(&home);
    let supervisor = Life::of(record.supervisor());
    supervisor.signal(Signal::STOP);
    eventually("it is paused", || {
        status_field(supervisor.pid, "State").is_some_and(|state| state.starts_with('T'))
    });
    assert_eq!(home.ls("web").status(), "running");
    let stopped = home.verb("kill", ["--timeout", "1s", "web"]).run();
    assert!([0, 1].contains(&stopped.code), "{stopped}");
    assert!(!process.is_alive());
    supervisor.signal(Signal::CONT);
    let record = home.until("web", "stopped");
    assert_eq!(record["exit_reason"], "stop");
    home.must_be_clean();
}

#[test]
fn what_a_paused_supervisor_has_not_seen_end_is_lost_until_it_goes_on() {
    let home = Home::new();
    let record = home.verb("run", ["web", "--keep-alive", "--json", "--", "sleep", "60"]).json();
    let (supervisor, process) = (Life::of(record.supervisor()), Life::of(record.pid()));
    supervisor.signal(Signal::STOP);
    eventually("it is paused", || {
        status_field(supervisor.pid, "State").is_some_and(|state| state.starts_with('T'))
    });
    process.signal(Signal::KILL);
    let lost = home.until("web", "lost");
    assert_eq!((&lost["supervised"], &lost["pid"]), (&json!(true), &Value::Null));
    assert_eq!((&lost["exit_reason"], &lost["exit_signal"]), (&json!("unknown"), &Value::Null));
    assert!(home.bgrun([""; 0]).ok().out().contains("lost (supervisor paused)"));
    assert_eq!(home.verb("guard", [""; 0]).ok().out(), "", "it is not started beside it");
    supervisor.signal(Signal::CONT);
    home.until_run("web", 2);
    let record = home.ls("web");
    assert_eq!((&record["exit_signal"], &record["restarts"]), (&json!("SIGKILL"), &json!(1)));
}

#[test]
fn ten_thousand_rows_are_listed_quickly_and_in_little_memory() {
    let home = Home::new();
    let names: Vec<&'static str> = (0..10_000).map(|n| &*format!("p{n}").leak()).collect();
    let row = |name| OldProcess { name, command: "sleep 60", env: "A=1,B=2", pid: 0 };
    let rows: Vec<OldProcess> = names.into_iter().map(row).collect();
    write_bun_3_3_database(&home.database(), home.path(), &rows);
    home.verb("ls", ["--json", "p1"]).ok();
    // In processor time, which does not depend on what else the machine does.
    let timed = |args: &str| {
        let script = format!("ulimit -v 262144; TIMEFORMAT='%U %S'; time bgrun-ls --json {args}");
        let output = home.sh(&script).ok();
        let seconds: f64 = output.err().split_whitespace().map(|s| s.parse::<f64>().unwrap()).sum();
        (output.json().as_array().unwrap().len(), seconds)
    };
    let (rows, seconds) = timed("");
    assert_eq!(rows, 10_000);
    assert!(seconds < 2.0, "{seconds} s");
    let (_, seconds) = timed("p9999");
    assert!(seconds < 0.2, "{seconds} s");
}

#[test]
fn a_column_of_a_later_version_is_no_reason_to_fail() {
    let home = Home::new();
    let (record, _) = started(&home);
    let database = open_database(&home.database());
    database.execute_batch("ALTER TABLE process ADD COLUMN future TEXT DEFAULT 'x'").unwrap();
    assert_eq!(home.ls("web").pid(), record.pid());
    home.verb("run", ["web", "--restart"]).ok();
    home.start_sleep("other");
    home.kill(["--nuke"]);
    home.must_be_clean();
}

#[test]
fn a_lock_file_is_held_and_says_in_one_line_of_json_what_it_is_for() {
    let home = Home::new();
    let (_, process) = started(&home);
    let locks: Vec<_> = fs::read_dir(home.state().join("run")).unwrap().flatten().collect();
    assert_eq!(locks.len(), 1);
    let text = fs::read_to_string(locks[0].path()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["name"], "web");
    assert!(text.contains(&process.pid.to_string()) && text.contains("web-out.txt"), "{text}");

    let try_lock = || home.call("/usr/bin/flock").arg("-n").arg(locks[0].path()).arg("true").run();
    assert_ne!(try_lock().code, 0, "a supervisor holds it");
    home.kill(["web"]);
    eventually("it is free", || {
        let is_gone = !locks[0].path().try_exists().unwrap();
        is_gone || try_lock().code == 0
    });
}

#[test]
fn the_log_of_the_database_stays_between_calls() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    home.all();
    // Whoever closes last must not checkpoint, delete and have it made anew each time.
    assert!(home.state().join("bgr_v2.sqlite-wal").is_file());
}
