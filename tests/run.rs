//! `bgrun run`: starting, starting again, and what stands in the way.

use std::fs;
use std::time::Duration;
use tests::*;

#[test]
fn a_started_process_runs_and_its_record_says_so() {
    let home = Home::new();
    let record = home.verb("run", ["web", "--json", "--", "sleep", "60"]).json();
    assert_eq!(record["name"], "web");
    assert_eq!(record["status"], "running");
    assert_eq!(record["wanted"], "up");
    assert_eq!(record["supervised"], true);
    assert_eq!(record["run"], 1);
    assert_eq!(record["argv"], json!(["sleep", "60"]));
    let comm = fs::read_to_string(format!("/proc/{}/comm", record.pid())).unwrap();
    assert_eq!(comm, "sleep\n", "the command executes when `run` returns");
    assert_eq!(home.ls("web").pid(), record.pid());
}

#[test]
fn run_returns_at_once_and_without_the_process() {
    let home = Home::new();
    let output = home.verb("run", ["web", "--", "sleep", "60"]).ok();
    assert!(output.elapsed < Duration::from_secs(1), "{:?}", output.elapsed);
}

#[test]
fn the_supervisor_is_the_parent_and_leads_a_session_of_its_own() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let stat = fs::read_to_string(format!("/proc/{}/stat", record.supervisor())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    assert_eq!(fields[3], record.supervisor().to_string(), "the session of the supervisor");
    assert_eq!(children_of(record.supervisor()), [record.pid()]);
}

#[test]
fn argv_reaches_the_program_byte_for_byte() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    let args: [&[u8]; 14] = [
        b"",
        b"a b",
        b"'quoted'",
        b"\"double\"",
        b"$HOME",
        b"back\\slash",
        b"*",
        b"a\nb",
        b"a && b",
        b"--json",
        b"-h",
        b"--",
        b"\xff\xfe not UTF-8",
        "ünï 🦎".as_bytes(),
    ];
    let mut call = home.verb("run", ["echo", "--"]).arg(program("echo-argv"));
    for arg in args {
        call = call.arg(std::ffi::OsStr::from_bytes(arg));
    }
    call.ok();
    let hex = |arg: &[u8]| arg.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let expected = json!(args.map(hex));
    assert_eq!(home.until_json("echo"), expected);
    home.until("echo", "exited");

    home.verb("run", ["echo"]).ok();
    eventually("the stored argv is the same, byte for byte", || {
        let out = home.out("echo");
        let lines: Vec<&str> = out.lines().collect();
        lines.len() == 2 && lines[0] == lines[1]
    });
}

#[test]
fn a_command_is_run_by_the_shell() {
    let home = Home::new();
    home.verb("run", ["shell", "--command", "echo abc | tr a-c x-z; echo $BGRUN_NAME"]).ok();
    assert_eq!(home.until_out("shell", "shell"), "xyz\nshell\n");
    let record = home.ls("shell");
    assert_eq!(record["command"], "echo abc | tr a-c x-z; echo $BGRUN_NAME");
    assert_eq!(record["argv"], Value::Null);
}

#[test]
fn a_name_is_derived_from_the_command() {
    let home = Home::new();
    let argv = home.verb("run", ["--json", "--", "/bin/sleep", "60"]).json();
    assert_eq!(argv["name"], "sleep");
    let shell = home.verb("run", ["--json", "--command", "cat /dev/zero | sleep 60"]).json();
    assert!(!shell.name().is_empty() && !shell.name().contains('/'), "{}", shell.name());
    assert_eq!(home.all().len(), 2);
}

#[test]
fn the_name_may_be_given_as_a_flag() {
    let home = Home::new();
    for (flag, name) in [("-n", "short"), ("--name", "long")] {
        let record = home.verb("run", [flag, name, "--json", "--", "sleep", "60"]).json();
        assert_eq!(record["name"], name);
    }
}

#[test]
fn a_known_name_starts_what_is_stored() {
    let home = Home::new();
    let dir = home.dir("app");
    let first = home
        .verb("run", ["web", "--group", "shop", "--json", "--", "sleep", "60"])
        .cwd(&dir)
        .json();
    home.kill(["web"]);
    let second = home.verb("run", ["web", "--json"]).json();
    for field in ["id", "argv", "command", "workdir", "group", "stdout_path", "stderr_path"] {
        assert_eq!(second[field], first[field], "{field}");
    }
    assert_eq!(second["run"], 2);
    assert_eq!(fs::read_link(format!("/proc/{}/cwd", second.pid())).unwrap(), dir);
}

#[test]
fn an_unknown_name_without_a_command_is_no_such_process() {
    let home = Home::new();
    home.start_sleep("web");
    home.verb("run", ["wbe"]).code(4).says("web");
    home.verb("run", ["wbe", "--restart"]).code(4).says("web");
    assert_eq!(home.all().len(), 1);
}

#[test]
fn running_already_is_refused_with_a_hint_and_without_harm() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let output = home.verb("run", ["web", "--", "sleep", "61"]).code(5).says("hint:");
    assert!(output.err().contains("--restart") && output.err().contains("--force"));
    home.verb("run", ["web"]).code(5);
    let now = home.ls("web");
    assert_eq!(now.pid(), record.pid());
    assert_eq!(now["argv"], json!(["sleep", "60"]), "a refused start changes nothing");
}

#[test]
fn restart_stops_the_old_tree_and_starts_anew() {
    let home = Home::new();
    let old = home.start("web", ["sh", "-c", "sleep 60 & sleep 60"]);
    eventually("it has a child", || !children_of(old.pid()).is_empty());
    let tree = [vec![old.pid()], children_of(old.pid())].concat();
    let lives: Vec<Life> = tree.into_iter().map(Life::of).collect();
    let new = home.verb("run", ["web", "--restart", "--json"]).json();
    assert!(lives.iter().all(|life| !life.is_alive()), "the old tree is gone");
    assert_ne!(new.pid(), old.pid());
    assert_eq!(new["run"], 2);
    assert_eq!(new["restarts"], 0, "a restart by the user is not one by bgrun");
    assert_eq!(new["argv"], old["argv"]);
}

#[test]
fn restart_starts_what_is_stopped() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    assert_eq!(home.verb("run", ["web", "--restart", "--json"]).json().status(), "running");
}

#[test]
fn restart_starts_a_new_name_with_a_command() {
    let home = Home::new();
    let record = home.verb("run", ["web", "--restart", "--json", "--", "sleep", "60"]).json();
    assert_eq!(record.status(), "running");
}

#[test]
fn a_flag_given_with_restart_replaces_what_is_stored() {
    let home = Home::new();
    home.verb("run", ["web", "-e", "COLOUR=red", "--", "sleep", "60"]).ok();
    let dir = home.dir("elsewhere");
    let new = home
        .verb("run", ["web", "--restart", "-e", "COLOUR=blue", "-d", "elsewhere", "--json"])
        .args(["--", "sleep", "61"])
        .json();
    assert_eq!(new["argv"], json!(["sleep", "61"]));
    assert_eq!(new.text("workdir"), dir.to_str().unwrap());
    assert_eq!(environ_of(new.pid())["COLOUR"], "blue");
}

#[test]
fn force_replaces_a_process_and_frees_its_ports_but_not_the_clients() {
    let home = Home::new();
    let old = home.start("web", [program("listens"), "0".into()]);
    let port = home.until_out("web", "\n").trim().to_owned();
    let client = home.call(program("connects")).arg(&port).spawn();
    client.until_it_says("connected");

    let new =
        home.verb("run", ["web", "--force", "--json", "--", &program("listens"), &port]).json();
    assert_ne!(new.pid(), old.pid());
    home.until_out("web", &format!("{port}\n{port}\n"));
    assert!(client.life.is_alive(), "a client of the port is a stranger");
}

#[test]
fn if_absent_leaves_a_running_process_alone() {
    let home = Home::new();
    let first = home.verb("run", ["web", "--if-absent", "--json", "--", "sleep", "60"]).json();
    let again = home.verb("run", ["web", "--if-absent", "--json", "--", "sleep", "60"]).json();
    assert_eq!(again.pid(), first.pid());
    assert_eq!(again["run"], 1);
}

#[test]
fn the_directory_is_stored_absolute() {
    let home = Home::new();
    let dir = home.dir("srv/shop");
    let by_flag = home
        .verb("run", ["flag", "-d", "shop", "--json", "--", "sleep", "60"])
        .cwd(home.at("srv"))
        .json();
    let here = home.verb("run", ["here", "--json", "--", "sleep", "60"]).cwd(&dir).json();
    for record in [by_flag, here] {
        assert_eq!(record.text("workdir"), dir.to_str().unwrap());
        assert_eq!(fs::read_link(format!("/proc/{}/cwd", record.pid())).unwrap(), dir);
    }
}

#[test]
fn groups_are_given_by_flag_or_environment() {
    let home = Home::new();
    let run = |name| home.verb("run", [name, "--json", "--", "sleep", "60"]);
    assert_eq!(run("none").json()["group"], Value::Null);
    assert_eq!(run("env").env("BGR_GROUP", "prod").json()["group"], "prod");
    let both = home.verb("run", ["both", "--group", "shop", "--json", "--", "sleep", "60"]);
    assert_eq!(both.env("BGR_GROUP", "prod").json()["group"], "shop");
    let none = home.verb("run", ["both", "--restart", "--group", "", "--json"]);
    assert_eq!(none.json()["group"], Value::Null, "it is taken away");
}

#[test]
fn wait_returns_when_the_process_has_lived_for_a_while() {
    let home = Home::new();
    let output = home.verb("run", ["web", "--wait=300ms", "--json", "--", "sleep", "60"]).ok();
    assert!(output.elapsed >= Duration::from_millis(300), "{:?}", output.elapsed);
    assert_eq!(output.json().status(), "running");
}

#[test]
fn wait_shows_why_a_process_ended_early() {
    let home = Home::new();
    let script = "echo to stdout; echo the port is taken >&2; exit 3";
    let output = home.verb("run", ["web", "--wait", "--", "sh", "-c", script]).code(1);
    assert!(output.err().contains("the port is taken"), "{output}");
    assert!(output.elapsed < Duration::from_secs(1), "it need not wait: {:?}", output.elapsed);
    assert_eq!(home.ls("web")["exit_code"], 3);
}

#[test]
fn wait_is_not_content_with_a_good_end_before_its_time() {
    let home = Home::new();
    home.verb("run", ["web", "--wait", "--", "true"]).code(1);
    assert_eq!(home.ls("web").status(), "exited");
}

#[test]
fn ctrl_c_during_wait_ends_only_the_command() {
    let home = Home::new();
    let call = home.verb("run", ["web", "--wait=50s", "--", "sleep", "60"]);
    let mut terminal = Terminal::of(call, 80);
    eventually("it runs", || home.find("web").is_some_and(|web| web.status() == "running"));
    let process = Life::of(home.ls("web").pid());
    terminal.types("\x03");
    assert_eq!(terminal.exit_code(), 130);
    holds_for(Duration::from_millis(300), "the process lives", || process.is_alive());
}

#[test]
fn quiet_says_nothing_when_all_is_well() {
    let home = Home::new();
    let output = home.verb("run", ["web", "--quiet", "--", "sleep", "60"]).ok();
    assert_eq!(output.err(), "");
    assert!(
        home.verb("run", ["web", "--quiet", "--", "sleep", "60"]).code(5).err().contains("web")
    );
}

#[test]
fn the_same_names_in_two_homes_are_two_processes() {
    let (one, other) = (Home::new(), Home::new());
    let (first, second) = (one.start_sleep("web"), other.start_sleep("web"));
    assert_ne!(environ_of(first.pid())["BGRUN_ID"], environ_of(second.pid())["BGRUN_ID"]);
    one.kill(["web"]);
    assert_eq!(one.ls("web").status(), "stopped");
    assert_eq!(other.ls("web").pid(), second.pid());
    assert!(is_alive(second.pid()));
}

#[test]
fn the_database_is_named_by_db_name() {
    let home = Home::new();
    home.verb("run", ["web", "--", "sleep", "60"]).env("DB_NAME", "other").ok();
    assert!(home.state().join("other_v2.sqlite").is_file());
    assert!(home.all().is_empty(), "the usual database does not know it");
    let other = home.verb("ls", ["--json"]).env("DB_NAME", "other").json();
    assert_eq!(other.only().name(), "web");
    home.verb("kill", ["web"]).env("DB_NAME", "other").ok();
    home.must_be_clean();
}

#[test]
fn the_state_is_in_the_home_directory_by_default() {
    let home = Home::new();
    home.verb("run", ["web", "--", "sleep", "60"]).env_remove("BGR_HOME").ok();
    assert!(home.at(".bgr/bgr_v2.sqlite").is_file());
    assert!(home.at(".bgr/web-out.txt").is_file());
    home.verb("kill", ["web"]).env_remove("BGR_HOME").ok();
}

#[test]
fn a_failed_restart_forgets_nothing() {
    let home = Home::new();
    home.start_sleep("web");
    let output = home.verb("run", ["web", "--restart", "--", "/no/such/program"]).run();
    assert_eq!(output.code, 127, "{output}");
    let record = home.ls("web");
    assert!(["running", "failed", "stopped"].contains(&record.status()), "{record:#}");
    home.verb("run", ["web", "--restart", "--", "sleep", "60"]).ok();
}

#[test]
fn start_times_are_utc() {
    let home = Home::new();
    let record =
        home.verb("run", ["web", "--json", "--", "sleep", "60"]).env("TZ", "Asia/Tokyo").json();
    let now = std::process::Command::new("date").args(["-u", "+%Y-%m-%dT%H"]).output().unwrap();
    let now = String::from_utf8(now.stdout).unwrap();
    let started = record.text("timestamp");
    assert!(started.ends_with('Z') && started.len() >= "2025-01-02T03:04:05Z".len(), "{started}");
    // The hour may turn between the two looks; the day will not be far.
    assert_eq!(started[..8], now[..8], "{started} is not near {now}");
}

#[test]
fn values_that_are_none_are_usage_errors_and_start_nothing() {
    let home = Home::new();
    for flag in ["--stop-signal=NOPE", "--stop-timeout=soon", "--wait=later", "--stop-timeout=-1"] {
        home.verb("run", ["web", flag, "--", "sleep", "60"]).code(2);
    }
    home.verb("run", ["--command", "sleep 60", "--", "sleep", "60"]).code(2);
    home.verb("run", [""; 0]).code(2);
    assert!(home.all().is_empty());
}

#[test]
fn a_relative_home_is_made_absolute() {
    let home = Home::new();
    let call = home.verb("run", ["web", "--json", "--", "sleep", "60"]);
    let record = call.env("BGR_HOME", "relative").json();
    assert_eq!(record.text("stdout_path"), home.at("relative/web-out.txt").to_str().unwrap());
    let seen = home.verb("ls", ["--json", "web"]).cwd("/").env("BGR_HOME", home.at("relative"));
    assert_eq!(seen.json().only().status(), "running");
    home.verb("kill", ["web"]).env("BGR_HOME", home.at("relative")).ok();
}
