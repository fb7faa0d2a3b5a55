//! `kill` with `--delete`, `--clean`, `--nuke` and `--port`: forgetting, and ending by port.

use std::fs;
use tests::*;

#[test]
fn delete_forgets_the_process_and_its_logs() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo line; exec sleep 60"]);
    home.until_out("web", "line");
    let answer = home.kill(["--delete", "web"]).only().clone();
    assert_eq!(answer["outcome"], "stopped");
    assert_eq!(answer["deleted"], true);
    assert!(home.find("web").is_none());
    for log in [home.out_path("web"), home.err_path("web")] {
        assert!(!log.try_exists().unwrap(), "{}", log.display());
    }
    let locks = std::fs::read_dir(home.state().join("run")).unwrap().count();
    assert_eq!(locks, 0, "the lock file goes with it");
    home.must_be_clean();
    home.verb("kill", ["--delete", "web"]).code(4);
}

#[test]
fn delete_of_what_is_stopped_works_as_well() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    let answer = home.kill(["--delete", "web"]).only().clone();
    assert_eq!(answer["outcome"], "already-stopped");
    assert_eq!(answer["deleted"], true);
    assert!(home.all().is_empty());
}

#[test]
fn keep_logs_keeps_them() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo line; exec sleep 60"]);
    home.until_out("web", "line");
    home.kill(["--delete", "--keep-logs", "web"]);
    assert!(home.find("web").is_none());
    assert_eq!(home.out("web"), "line\n");
}

#[test]
fn a_deleted_name_starts_from_the_beginning() {
    let home = Home::new();
    let old = home.verb("run", ["web", "-e", "A=1", "--json", "--", "sleep", "60"]).json();
    home.kill(["--delete", "web"]);
    home.verb("run", ["web"]).code(4);
    let new = home.start_sleep("web");
    assert_eq!(new["run"], 1);
    assert_ne!(environ_of(new.pid())["BGRUN_ID"], "");
    assert!(!environ_of(new.pid()).contains_key("A"));
    // A record of the deleted process is not one of the new process, although run and name agree.
    let output = home.verb("kill", ["--json", "-"]).stdin(old.to_string()).run();
    assert!([4, 6].contains(&output.code), "{output}");
    assert!(is_alive(new.pid()));
}

#[test]
fn clean_forgets_all_that_do_not_run() {
    let home = Home::new();
    home.start_sleep("running");
    home.start_sleep("stopped");
    home.kill(["stopped"]);
    home.start("failed", ["false"]);
    home.until("failed", "failed");
    let answer = home.kill(["--clean"]);
    assert_eq!(answer.as_array().unwrap().len(), 2, "{answer:#}");
    let left = home.all();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].name(), "running");
    assert_eq!(left[0].status(), "running");
}

#[test]
fn nuke_stops_and_forgets_all() {
    let home = Home::new();
    home.start_sleep("one");
    home.start("two", ["sh", "-c", "sleep 60 & sleep 60"]);
    home.start("ended", ["true"]);
    home.until("ended", "exited");
    assert_eq!(home.kill(["--nuke"]).as_array().unwrap().len(), 3);
    assert!(home.all().is_empty());
    home.must_be_clean();
}

#[test]
fn a_port_ends_our_own_process_that_listens_there_and_no_client() {
    let home = Home::new();
    home.start("web", [program("listens"), "0".into()]);
    let port = home.until_out("web", "\n").trim().to_owned();
    home.start("client", [program("connects"), port.clone()]);
    home.until_out("client", "connected");
    let stranger = home.call(program("connects")).arg(&port).spawn();
    stranger.until_it_says("connected");

    let answer = home.kill(["--port", &port]);
    assert_eq!(answer.only()["name"], "web");
    assert_eq!(answer.only()["outcome"], "stopped");
    assert_eq!(home.ls("web").status(), "stopped");
    assert_eq!(home.ls("client").status(), "running");
    assert!(stranger.life.is_alive());
}

#[test]
fn a_port_of_somebody_else_is_freed_only_by_force() {
    let home = Home::new();
    let stranger = home.call(program("listens")).arg("0").spawn();
    stranger.until_it_says("\n");
    let port = stranger.out().trim().to_owned();
    let client = home.call(program("connects")).arg(&port).spawn();
    client.until_it_says("connected");

    let refused = home.verb("kill", ["--port", &port]).run();
    assert_ne!(refused.code, 0, "{refused}");
    assert!(refused.err().contains("--force"), "{refused}");
    assert!(stranger.life.is_alive());

    home.verb("kill", ["--port", &port, "--force"]).ok();
    stranger.life.must_end();
    assert!(client.life.is_alive(), "only the listener");
}

#[test]
fn who_is_named_by_pid_is_ended_and_nobody_where_another_listens_too() {
    let home = Home::new();
    let first = home.call(program("listens")).spawn();
    first.until_it_says("\n");
    let port = first.out().trim().to_owned();
    let second = home.call(program("listens")).args([&port, "v6"]).spawn();
    second.until_it_says("\n");
    let kill =
        |only: &str| home.verb("kill", ["--port", &port, "--force", "--only-pid", only]).run();
    let (one, two) = (first.pid().to_string(), second.pid().to_string());
    for (named, left) in [(&one, &two), (&two, &one)] {
        let refused = kill(named).expect_code(1);
        refused.says(&format!("is held by pid {left} (listens), not ours and not named"));
    }
    assert!(first.life.is_alive() && second.life.is_alive());
    kill(&format!("{one},{two}")).expect_code(0);
    first.life.must_end();
    second.life.must_end();
    home.verb("kill", ["--port", &port, "--only-pid", &one]).code(2).says("--force");
    home.verb("kill", ["web", "--delete", "--force", "--only-pid", &one]).code(2);
    kill("0").expect_code(2);
}

#[test]
fn what_became_of_a_ports_holder_is_told_as_json_too() {
    let home = Home::new();
    let stranger = home.call(program("listens")).spawn();
    stranger.until_it_says("\n");
    let port: u16 = stranger.out().trim().parse().unwrap();
    let kill = |flags: &[&str]| {
        home.verb("kill", ["--json", "--port", &port.to_string()]).args(flags).run()
    };
    let refused = kill(&[]).expect_code(1);
    let why = format!("port {port} is held by pid {} (listens), not ours", stranger.pid());
    assert_eq!(
        refused.json(),
        json!([{"name": null, "port": port, "pid": stranger.pid(), "error": why}])
    );
    refused.says(&why).says("hint: --force");
    let record = |output: Output| output.expect_code(0).json().only().clone();
    let planned = record(kill(&["--force", "--dry-run"]));
    assert_eq!((&planned["pid"], &planned["outcome"]), (&json!(stranger.pid()), &json!("dry-run")));
    assert!(stranger.life.is_alive());
    let ended = record(kill(&["--force"]));
    assert_eq!((&ended["pid"], &ended["outcome"]), (&json!(stranger.pid()), &json!("stopped")));
    stranger.life.must_end();
    assert_eq!(kill(&[]).expect_code(0).json(), json!([]), "nobody listens there");
}

#[test]
fn what_is_no_port_is_a_usage_error() {
    let home = Home::new();
    for port in ["0", "65536", "http", "-1"] {
        home.verb("kill", ["--port", port]).code(2);
    }
}

#[test]
fn a_log_that_was_renamed_is_the_users_and_stays() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo kept; exec sleep 60"]);
    home.until_out("web", "kept");
    let renamed = home.state().join("web-out.txt.old");
    fs::rename(home.out_path("web"), &renamed).unwrap();
    home.kill(["web", "--delete"]);
    assert_eq!(fs::read_to_string(&renamed).unwrap(), "kept\n");
    assert!(!home.err_path("web").exists());
}

#[test]
fn all_logs_go_with_their_archives_and_nothing_else_does() {
    let home = Home::new();
    let names: Vec<String> = (0..70).map(|number| format!("job-{number}")).collect();
    let start = "bgrun run -q --stdout both.txt --stderr both.txt same -- echo one";
    home.sh(start).ok();
    let jobs: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "argv": ["echo", name]})).collect();
    home.verb("run", ["-", "-q"]).stdin(json!(jobs).to_string()).ok();
    home.verb("wait", ["--all", "-q"]).run();
    home.verb("logs", ["job-3", "same", "--rotate"]).ok();
    fs::write(home.state().join("job-3-out.txt.bak"), "of the user").unwrap();
    let nuke = home.verb("kill", ["--nuke", "-q"]).ok();
    assert!(nuke.elapsed < std::time::Duration::from_secs(4), "{nuke}");
    assert_eq!(nuke.err(), "");
    let left = fs::read_dir(home.state()).unwrap().flatten().map(|entry| entry.file_name());
    let left: Vec<_> = left.filter(|file| file.to_string_lossy().contains(".txt")).collect();
    assert_eq!(left, ["job-3-out.txt.bak"]);
    assert!(!home.at("both.txt").exists() && !home.at("both.txt.1").exists());
}
