//! The environment of a managed process: stored at the first start, overridden, shown only when asked.

use std::fs;
use tests::*;

#[test]
fn a_process_knows_its_name_its_id_and_its_run() {
    let home = Home::new();
    let first = environ_of(home.start_sleep("web").pid());
    let other = environ_of(home.start_sleep("other").pid());
    assert_eq!(first["BGRUN_NAME"], "web");
    assert_eq!(first["BGRUN_RUN"], "1");
    assert!(first["BGRUN_ID"].len() >= 22, "128 bits: {}", first["BGRUN_ID"]);
    assert_ne!(first["BGRUN_ID"], other["BGRUN_ID"]);

    let again = environ_of(home.verb("run", ["web", "--restart", "--json"]).json().pid());
    assert_eq!(again["BGRUN_ID"], first["BGRUN_ID"], "the id is of the process, not of the run");
    assert_eq!(again["BGRUN_RUN"], "2");
}

#[test]
fn the_environment_of_the_first_start_is_kept() {
    let home = Home::new();
    home.verb("run", ["web", "--", "sleep", "60"]).env("COLOUR", "red").ok();
    let restart = |flag: &[&str]| {
        let call = home.verb("run", ["web", "--restart", "--json"]).args(flag);
        environ_of(call.env("COLOUR", "blue").env("NEW", "1").json().pid())
    };
    let again = restart(&[]);
    assert_eq!(again["COLOUR"], "red");
    assert!(!again.contains_key("NEW"));
    let fresh = restart(&["--fresh-env"]);
    assert_eq!(fresh["COLOUR"], "blue");
    assert_eq!(fresh["NEW"], "1");
}

#[test]
fn values_may_hold_commas_equals_signs_newlines_and_nothing() {
    let home = Home::new();
    let values = [("A", "1,B=2"), ("C", "x=y=z"), ("D", "two\nlines"), ("E", ""), ("F", " ü ")];
    let mut call = home.verb("run", ["web", "--json"]);
    for (name, value) in values {
        call = call.arg("-e").arg(format!("{name}={value}"));
    }
    let first = call.args(["--", "sleep", "60"]).json();
    let again = home.verb("run", ["web", "--restart", "--json"]).json();
    assert_ne!(first.pid(), again.pid());
    let environ = environ_of(again.pid());
    for (name, value) in values {
        assert_eq!(environ[name], value, "{name}");
    }
}

#[test]
fn a_later_source_wins() {
    let home = Home::new();
    fs::write(home.at("one.env"), "# a comment\nA=file\nB=file\nC=\"quoted value\"\n").unwrap();
    fs::write(home.at("two.env"), "B=second\n").unwrap();
    let args = ["web", "--env-file", "one.env", "--env-file", "two.env", "-e", "A=flag", "--json"];
    let call = home.verb("run", args).args(["--", "sleep", "60"]);
    let environ =
        environ_of(call.env("A", "caller").env("B", "caller").env("D", "caller").json().pid());
    assert_eq!(environ["A"], "flag");
    assert_eq!(environ["B"], "second");
    assert_eq!(environ["C"], "quoted value");
    assert_eq!(environ["D"], "caller");
}

#[test]
fn an_unquoted_value_of_an_env_file_may_hold_blanks() {
    // As docker and systemd read them.
    let home = Home::new();
    fs::write(home.at("my.env"), "GREETING=hello big world\n").unwrap();
    let args = ["web", "--env-file", "my.env", "--json", "--", "sleep", "60"];
    let record = home.verb("run", args).json();
    assert_eq!(environ_of(record.pid())["GREETING"], "hello big world");
}

#[test]
fn values_of_the_caller_that_are_not_utf_8_are_kept_byte_for_byte() {
    let home = Home::new();
    home.sh("BYTES=$'\\xff\\xfe' bgrun run web -- sh -c 'printf \"$BYTES\"; exec sleep 60'").ok();
    eventually("they arrive", || {
        fs::read(home.out_path("web")).is_ok_and(|out| out == b"\xff\xfe")
    });
    home.verb("ls", ["--json", "--env"]).json();
    home.verb("run", ["web", "--restart"]).ok();
    let twice = b"\xff\xfe\xff\xfe";
    eventually("they are stored", || fs::read(home.out_path("web")).is_ok_and(|out| out == twice));
}

#[test]
fn a_large_environment_is_kept() {
    let home = Home::new();
    let call = home.verb("run", ["web", "--json", "--", "sleep", "60"]);
    let call = (0..100).fold(call, |call, n| call.env(&format!("LARGE_{n}"), "x".repeat(10_000)));
    let environ = environ_of(call.json().pid());
    assert_eq!(environ.values().filter(|value| value.len() == 10_000).count(), 100);
    let again = home.verb("run", ["web", "--restart", "--json"]).json();
    assert_eq!(environ_of(again.pid())["LARGE_99"].len(), 10_000);
}

#[test]
fn a_missing_env_file_is_named_and_nothing_starts() {
    let home = Home::new();
    let output = home.verb("run", ["web", "--env-file", "no.env", "--", "sleep", "60"]).run();
    assert_ne!(output.code, 0);
    assert!(output.err().contains("no.env"), "{output}");
    home.must_be_clean();
    assert!(home.all().is_empty());
}

#[test]
fn an_override_without_a_name_is_a_usage_error() {
    let home = Home::new();
    home.verb("run", ["web", "-e", "=x", "--", "sleep", "60"]).code(2);
    assert!(home.all().is_empty());
}

#[test]
fn bgr_variables_are_recorded_with_the_process() {
    let home = Home::new();
    let record = home
        .verb("run", ["web", "--json", "--", "sleep", "60"])
        .env("BGR_GROUP", "prod")
        .env("BGR_KEEP_ALIVE", "true")
        .env("BGR_MEMORY_LIMIT", "500m")
        .env("BGR_RESTART_INTERVAL", "90")
        .json();
    assert_eq!(record["group"], "prod");
    assert_eq!(record["keep_alive"], "always");
    assert_eq!(record["memory_limit_bytes"], 500 * 1024 * 1024);
    assert_eq!(record["restart_interval_minutes"], 90);
    assert_eq!(record["env"]["BGR_GROUP"], "prod");
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let home = Home::new();
    let run = ["web", "-e", "TOKEN=s3cr3t-flag", "--json", "--", "sleep", "60"];
    let started = home.verb("run", run).env("CALLER_TOKEN", "s3cr3t-caller").ok();
    let quiet = [
        started,
        home.verb("ls", ["--json"]).ok(),
        home.verb("ls", [""; 0]).ok(),
        home.verb("ls", ["--details", "web"]).ok(),
        home.verb("kill", ["--json", "--dry-run", "web"]).ok(),
    ];
    for output in quiet {
        let said = output.out() + &output.err();
        assert!(!said.contains("s3cr3t"), "{output}");
    }
    let record = home.ls("web");
    assert_eq!(record["env_keys"], json!(["TOKEN"]), "the overrides, by name");
    assert!(record["env"].as_object().unwrap().keys().all(|key| key.starts_with("BGR_")));

    let full = home.verb("ls", ["--json", "--env"]).json();
    assert_eq!(full[0]["env"]["TOKEN"], "s3cr3t-flag");
    assert_eq!(full[0]["env"]["CALLER_TOKEN"], "s3cr3t-caller");
}

#[test]
fn no_secret_is_on_a_command_line_that_others_can_read() {
    let home = Home::new();
    let record = home
        .verb("run", ["web", "-e", "TOKEN=s3cr3t-flag", "--json", "--", "sleep", "60"])
        .env("CALLER_TOKEN", "s3cr3t-caller")
        .json();
    for pid in [record.pid(), record.supervisor()] {
        let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(!String::from_utf8_lossy(&cmdline).contains("s3cr3t"));
    }
}

#[test]
fn the_fault_variable_never_reaches_a_process() {
    let home = Home::new();
    let call = home.verb("run", ["web", "--json", "--", "sleep", "60"]);
    let record = call.env("BGRUN_FAULT", "nothing:none").json();
    assert!(!environ_of(record.pid()).contains_key("BGRUN_FAULT"));
}

#[test]
fn without_home_the_state_is_in_the_home_of_the_user() {
    in_new_namespaces(&["--mount"], || {
        let home = Home::new();
        let passwd = format!("root:x:0:0:root:{}:/bin/sh\n", home.path().display());
        fs::write(home.at("passwd"), passwd).unwrap();
        let mount = "mount --bind passwd /etc/passwd && cd / && unset HOME BGR_HOME TERM LANG";
        home.sh(&format!("{mount} && bgrun run web -- sleep 60 && bgrun ls && bgrun kill web"))
            .ok();
        assert!(home.at(".bgr/bgr_v2.sqlite").is_file());
    });
}
