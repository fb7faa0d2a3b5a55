//! Databases of the older tool of the same name: migrated in place or imported once, nothing lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use tests::*;

const OLD: [OldProcess; 4] = [
    OldProcess { name: "web", command: "sleep 60", env: "PORT=3000,BGR_GROUP=prod", pid: 0 },
    OldProcess { name: "worker", command: "echo $A | cat; sleep 60", env: "A=1", pid: 0 },
    OldProcess { name: "web", command: "sleep 61", env: "", pid: 0 },
    OldProcess { name: "späße", command: "echo a,b", env: "EMPTY=,EQ=a=b", pid: 0 },
];

/// The path of the database that the later versions wrote.
fn bun_3_13(home: &Home) -> std::path::PathBuf {
    home.state().join("bgrun.sqlite")
}

fn names(home: &Home) -> Vec<String> {
    let mut names: Vec<String> = home.all().iter().map(|record| record.name().into()).collect();
    names.sort();
    names
}

fn backups(home: &Home) -> Vec<String> {
    let entries = fs::read_dir(home.state()).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains(".backup")).collect()
}

#[test]
fn a_database_of_3_3_is_migrated_in_place_with_a_backup() {
    let home = Home::new();
    write_bun_3_3_database(&home.database(), home.path(), &OLD);
    assert_eq!(names(&home), ["späße", "web", "web-2", "worker"]);
    assert_eq!(backups(&home).len(), 1);
    let backup = open_database(&home.state().join(&backups(&home)[0]));
    let rows: i64 = backup.query_row("SELECT count(*) FROM process", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 4, "the backup is what was there");

    // Once: a second open neither migrates nor backs up again.
    assert_eq!(names(&home).len(), 4);
    assert_eq!(backups(&home).len(), 1);
}

#[test]
fn what_is_migrated_is_down_and_complete() {
    let home = Home::new();
    write_bun_3_3_database(&home.database(), home.path(), &OLD);
    let all = home.verb("ls", ["--json", "--env"]).json();
    for record in all.as_array().unwrap() {
        assert_eq!(record["wanted"], "down");
        assert_eq!(record.status(), "stopped");
        assert_eq!(record["pid"], Value::Null);
        assert_eq!(record.text("workdir"), home.path().to_str().unwrap());
    }
    let web = home.ls("web");
    assert_eq!(web["command"], "sleep 60", "the first of two keeps the name");
    assert_eq!(web["argv"], Value::Null);
    assert_eq!(web["group"], "prod");
    assert!(web.text("timestamp").starts_with("2025-01-02T03:04:05"));
    assert_eq!(web.text("stdout_path"), home.out_path("web").to_str().unwrap());
    assert_eq!(home.ls("web-2")["command"], "sleep 61");
    let env = home.verb("ls", ["--json", "--env", "späße"]).json()[0]["env"].clone();
    assert_eq!(env["EMPTY"], "");
    assert_eq!(env["EQ"], "a=b");
}

#[test]
fn commas_in_old_values_stay_in_their_value() {
    let home = Home::new();
    let row =
        OldProcess { name: "web", command: "x", env: "LIST=a,b,c,URL=http://x?a=1&b=2", pid: 0 };
    write_bun_3_3_database(&home.database(), home.path(), [&row]);
    let env = home.verb("ls", ["--json", "--env", "web"]).json()[0]["env"].clone();
    assert_eq!(env["LIST"], "a,b,c", "what is no K=V belongs to the value before");
    assert_eq!(env["URL"], "http://x?a=1&b=2");
}

#[test]
fn what_is_migrated_starts() {
    let home = Home::new();
    write_bun_3_3_database(&home.database(), home.path(), &OLD);
    home.verb("run", ["worker"]).ok();
    assert_eq!(home.until_out("worker", "\n"), "1\n");
    assert_eq!(home.verb("run", ["web", "--json"]).json().status(), "running");
    assert_eq!(environ_of(home.ls("web").pid())["PORT"], "3000");
}

#[test]
fn a_recorded_pid_is_named_once_and_never_signalled() {
    let home = Home::new();
    let stranger = home.call("/bin/sleep").arg("60").spawn();
    let row = OldProcess { name: "web", command: "sleep 60", env: "", pid: stranger.pid() };
    write_bun_3_3_database(&home.database(), home.path(), [&row]);
    let first = home.verb("ls", ["--json"]).ok();
    assert!(first.err().contains(&stranger.pid().to_string()), "{first}");
    assert!(first.err().contains("web"), "{first}");
    let second = home.verb("ls", ["--json"]).ok();
    assert!(!second.err().contains(&stranger.pid().to_string()), "once: {second}");

    home.verb("run", ["web", "--force"]).ok();
    home.verb("kill", ["--nuke", "--timeout", "0"]).ok();
    assert!(stranger.life.is_alive());
}

#[test]
fn a_database_of_3_13_is_imported_once_and_left_as_it_is() {
    let home = Home::new();
    let own = |name| OldProcess { name, command: "bgrun --internal", env: "", pid: 0 };
    let rows = [&OLD[0], &OLD[1], &own("bgr-watch-web"), &own("bgr-guard"), &own("bgr-dashboard")];
    write_bun_3_13_database(&bun_3_13(&home), home.path(), rows);
    let before = fs::read(bun_3_13(&home)).unwrap();

    assert_eq!(names(&home), ["web", "worker"], "rows of its own are no processes of the user");
    assert_eq!(home.ls("web")["group"], "prod");
    assert_eq!(home.ls("web")["wanted"], "down");
    assert_eq!(fs::read(bun_3_13(&home)).unwrap(), before, "left as it is");
    let history = open_database(&bun_3_13(&home));
    let events: i64 =
        history.query_row("SELECT count(*) FROM history", [], |row| row.get(0)).unwrap();
    assert_eq!(events, 1);

    home.kill(["--delete", "worker"]);
    assert_eq!(names(&home), ["web"], "once: what was deleted does not come back");
}

#[test]
fn where_both_databases_exist_ours_is_the_one() {
    let home = Home::new();
    home.start_sleep("mine");
    home.kill(["mine"]);
    write_bun_3_13_database(&bun_3_13(&home), home.path(), &OLD);
    assert_eq!(names(&home), ["mine"]);
}

#[test]
fn a_migration_by_many_at_once_happens_once() {
    let home = Home::new();
    write_bun_3_3_database(&home.database(), home.path(), &OLD);
    let calls: Vec<Running> = (0..10).map(|_| home.verb("ls", ["--json"]).spawn()).collect();
    for call in calls {
        assert_eq!(call.done().ok().json().as_array().unwrap().len(), 4);
    }
    assert_eq!(names(&home), ["späße", "web", "web-2", "worker"]);
    assert_eq!(backups(&home).len(), 1);
}

#[test]
fn a_killed_migration_leaves_old_or_new_and_never_half() {
    let names_of: Vec<&'static str> = (0..2000).map(|n| &*format!("p{n}").leak()).collect();
    let row = |name| OldProcess { name, command: "sleep 60", env: "A=1", pid: 0 };
    let rows: Vec<OldProcess> = names_of.into_iter().map(row).collect();
    for killed_after_micros in [500, 2_000, 5_000, 10_000, 20_000, 40_000, 80_000] {
        let home = Home::new();
        write_bun_3_3_database(&home.database(), home.path(), &rows);
        let migrating = home.verb("ls", ["--json"]).spawn();
        migrating.life.ends_within(std::time::Duration::from_micros(killed_after_micros));
        migrating.life.kill();
        drop(migrating);
        assert_eq!(home.all().len(), 2000, "killed after {killed_after_micros} us");
        let database = open_database(&home.database());
        let check: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}

#[test]
fn names_that_break_our_rule_are_imported_under_names_that_keep_it() {
    let home = Home::new();
    let bad = ["../x", "a/b", " blank ", "", ".hidden", "-rf", "two\nlines"];
    let rows = bad.map(|name| OldProcess { name, command: "sleep 60", env: "", pid: 0 });
    write_bun_3_3_database(&home.database(), home.path(), &rows);
    let all = home.all();
    assert_eq!(all.len(), bad.len(), "nothing is lost");
    for record in &all {
        let name = record.name();
        let keeps = !name.is_empty() && name.trim() == name && !name.contains(['/', '\n']);
        assert!(keeps && !name.starts_with(['.', '-']), "{name:?}");
    }
}

#[test]
fn rows_without_values_are_no_reason_to_fail() {
    let home = Home::new();
    write_bun_3_3_database(&home.database(), home.path(), [&OLD[0]]);
    open_database(&home.database())
        .execute_batch(
            "INSERT INTO process (name) VALUES ('empty'); INSERT INTO process DEFAULT VALUES;",
        )
        .unwrap();
    assert_eq!(home.all().len(), 3);
    assert_eq!(home.ls("web")["command"], "sleep 60");
}

#[test]
fn the_columns_of_the_older_tool_are_still_there() {
    let home = Home::new();
    home.start_sleep("web");
    let database = open_database(&home.database());
    let sql = "SELECT id, pid, workdir, command, name, env, configPath, stdout_path, stderr_path, \
               timestamp FROM process";
    let name: String = database.query_row(sql, [], |row| row.get("name")).unwrap();
    assert_eq!(name, "web");
    let again = database.execute("INSERT INTO process (name) VALUES ('web')", []);
    assert!(again.is_err(), "the name is unique");
    let mode: String = database.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_registry_of_the_first_schema_is_brought_up_to_date_with_a_backup() {
    let home = Home::new();
    let place = home.path().to_str().unwrap();
    fs::create_dir(home.state()).unwrap();
    fs::set_permissions(home.state(), fs::Permissions::from_mode(0o700)).unwrap();
    let dump = include_str!("fixtures/schema-1.sql").replace("HOME", place);
    open_database(&home.database()).execute_batch(&dump).unwrap();
    fs::set_permissions(home.database(), fs::Permissions::from_mode(0o600)).unwrap();

    let job = home.ls("job");
    assert_eq!((&job["exit_code"], &job["exit_reason"]), (&json!(3), &json!("exit")));
    assert_eq!((&job["after"], &job["log_keep"]), (&json!([]), &json!(5)));
    let web = home.ls("web");
    assert_eq!((web.status(), &web["memory_limit_bytes"]), ("stopped", &json!(500 << 20)));
    assert_eq!(backups(&home).len(), 1);

    home.verb("run", ["web", "--quiet"]).ok();
    let run = home.ls("web");
    assert_eq!((run["run"].as_i64(), &run["env_keys"]), (Some(2), &json!(["A"])));
}

#[test]
fn a_registry_that_was_lost_is_not_made_of_what_was_imported_once() {
    let home = Home::new();
    write_bun_3_13_database(&bun_3_13(&home), home.path(), &OLD[..2]);
    home.kill(["worker", "--delete"]);
    let web = home.start_sleep("web");
    let other = home.verb("ls", ["--json"]).env("DB_NAME", "shop").json();
    assert_eq!(other, json!([]), "another database imports nothing");
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(home.state().join(format!("bgr_v2.sqlite{suffix}"))).unwrap();
    }
    assert_eq!(names(&home), ["web"], "what its lock file tells, and not what was forgotten");
    let now = home.ls("web");
    assert_eq!((now.status(), now.pid(), &now["id"]), ("running", web.pid(), &web["id"]));
    home.kill(["web"]);
    home.must_be_clean();
}

#[test]
fn a_copy_of_a_lock_file_is_nobodys() {
    let home = Home::new();
    let web = home.start_sleep("web");
    let locks = home.state().join("run");
    let own = locks.join(format!("{}.lock", web.number("id")));
    let copy = fs::read_to_string(own).unwrap().replace("\"web\"", "\"copy\"");
    fs::write(locks.join("7.lock"), copy).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(home.state().join(format!("bgr_v2.sqlite{suffix}"))).unwrap();
    }
    assert_eq!(names(&home), ["web"]);
}
