//! Other users: they can neither control processes nor read environment, secrets or logs.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use tests::*;

/// A call by the user `nobody`, who can reach the tools.
#[track_caller]
fn by_nobody(home: &Home, state: &std::path::Path, script: &str) -> Output {
    let tools = home.copy_tools("copies");
    fs::set_permissions(home.path(), Permissions::from_mode(0o755)).expect("it is ours");
    let ids = ["--reuid=65534", "--regid=65534", "--clear-groups", "--", "/bin/bash", "-c"];
    let path = format!("{}:/usr/bin:/bin", tools.display());
    let call = home.call("/usr/bin/setpriv").args(ids).arg(script);
    call.env("PATH", path).env("BGR_HOME", state).cwd("/").run()
}

#[test]
fn an_ordinary_user_needs_no_rights() {
    let home = Home::of_nobody();
    let record = home.start("web", ["sh", "-c", "echo hello from $(id -u); sleep 60 & wait"]);
    assert_eq!(home.until_out("web", "\n"), "hello from 65534\n");
    assert_eq!(home.ls("web").status(), "running");
    eventually("both count", || home.ls("web")["processes"] == 2);
    assert!(home.verb("logs", ["web"]).ok().out().contains("hello"));
    let again = home.verb("run", ["web", "--restart", "--json"]).json();
    assert_ne!(again.pid(), record.pid());
    assert_eq!(home.kill(["--delete", "web"]).only()["outcome"], "stopped");
    home.must_be_clean();
}

#[test]
fn another_user_reads_neither_list_nor_logs_nor_secrets() {
    let home = Home::new();
    home.verb("run", ["web", "-e", "TOKEN=s3cr3t", "--", "sh", "-c", "echo s3cr3t; exec sleep 60"])
        .ok();
    home.until_out("web", "s3cr3t");
    let state = home.state();
    let dir = state.display();
    for script in [
        "bgrun ls --json --env".to_owned(),
        "bgrun logs web".to_owned(),
        format!("cat {dir}/web-out.txt {dir}/bgr_v2.sqlite {dir}/bgr_v2.sqlite-wal {dir}/run/*"),
        format!("ls {dir}"),
    ] {
        let output = by_nobody(&home, &state, &script);
        assert_ne!(output.code, 0, "{output}");
        assert!(!format!("{output}").contains("s3cr3t"), "{output}");
    }
    assert_eq!(by_nobody(&home, &state, "bgrun ls --json").code, 7);
}

#[test]
fn another_user_controls_nothing() {
    let home = Home::new();
    let record = home.start_sleep("web");
    for script in
        ["bgrun kill web", "bgrun kill --nuke", "bgrun run web --restart", "bgrun run x -- id"]
    {
        let output = by_nobody(&home, &home.state(), script);
        assert_ne!(output.code, 0, "{output}");
    }
    assert!(is_alive(record.pid()) && is_alive(record.supervisor()));
    assert_eq!(home.all().len(), 1);
}

#[test]
fn users_have_the_same_names_for_themselves() {
    let (ours, theirs) = (Home::new(), Home::of_nobody());
    let (our, their) = (ours.start_sleep("web"), theirs.start_sleep("web"));
    theirs.kill(["web"]);
    assert!(is_alive(our.pid()) && !is_alive(their.pid()));
}

#[test]
fn a_state_directory_that_others_may_enter_is_closed_or_refused() {
    let home = Home::new();
    fs::create_dir(home.state()).unwrap();
    fs::set_permissions(home.state(), Permissions::from_mode(0o777)).unwrap();
    let output = home.verb("run", ["web", "--", "sleep", "60"]).run();
    let mode = fs::metadata(home.state()).unwrap().permissions().mode() & 0o777;
    assert!(mode == 0o700 || output.code == 7, "{mode:o}: {output}");
}

#[test]
fn a_state_directory_of_somebody_else_is_refused() {
    let home = Home::new();
    fs::create_dir(home.state()).unwrap();
    chown(home.state(), Some(NOBODY), Some(NOBODY)).unwrap();
    let output = home.verb("run", ["web", "--", "sleep", "60"]).run();
    assert_eq!(output.code, 7, "{output}");
    home.must_be_clean();
}

#[test]
fn a_read_only_state_directory_still_lists_reads_and_stops() {
    let home = Home::of_nobody();
    let record = home.start("web", ["sh", "-c", "echo hello; exec sleep 60"]);
    home.until_out("web", "hello");
    let process = Life::of(record.pid());
    fs::set_permissions(home.state(), Permissions::from_mode(0o500)).unwrap();
    assert_eq!(home.ls("web").status(), "running");
    assert!(home.verb("logs", ["web"]).ok().out().contains("hello"));
    let refused = home.verb("run", ["other", "--", "sleep", "60"]).run();
    assert_eq!(refused.code, 7, "{refused}");
    assert!(home.find("other").is_none(), "nothing is left behind");
    let stopped = home.verb("kill", ["web"]).run();
    assert!([0, 7].contains(&stopped.code), "{stopped}");
    assert!(!process.is_alive());
    fs::set_permissions(home.state(), Permissions::from_mode(0o700)).unwrap();
    home.must_be_clean();
}

#[test]
fn a_log_that_another_user_put_there_is_refused() {
    let home = Home::new();
    for (name, owner) in [("theirs.log", NOBODY), ("mine.log", 0)] {
        fs::write(home.at(name), "before\n").unwrap();
        chown(home.at(name), Some(owner), Some(owner)).unwrap();
    }
    let run = |path| home.verb("run", ["web", "--stdout", path, "--", "sleep", "60"]).run();
    let refused = run("theirs.log");
    assert_ne!(refused.code, 0, "{refused}");
    assert!(refused.err().contains("theirs.log"), "{refused}");
    home.must_be_clean();
    run("mine.log").ok();
}
