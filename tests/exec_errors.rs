//! A command that cannot be executed is an error of `run`, now, with its reason.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tests::*;

/// The start fails with one of `codes` and says `reason`; nothing runs, and a good start succeeds.
#[track_caller]
fn fails(home: &Home, args: &[&str], codes: &[i32], reason: &str) {
    let output = home.verb("run", ["web"]).args(args).run();
    assert!(codes.contains(&output.code), "not one of {codes:?}: {output}");
    assert!(output.err().contains(reason), "no {reason:?}: {output}");
    assert_eq!(output.out(), "", "stdout is for data");
    home.must_be_clean();
    if let Some(record) = home.find("web") {
        assert_eq!(record.status(), "failed", "{record:#}");
        assert_eq!(record["exit_reason"], "exec");
        assert_eq!(record["pid"], Value::Null);
    }
    home.verb("run", ["web", "-d", "/", "--", "sleep", "60"]).ok();
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn a_program_that_is_not_on_the_path_is_127() {
    fails(&Home::new(), &["--", "no-such-program"], &[127], "no-such-program");
}

#[test]
fn a_program_that_does_not_exist_is_127() {
    fails(&Home::new(), &["--", "/no/such/program"], &[127], "/no/such/program");
}

#[test]
fn a_file_that_is_not_executable_is_126() {
    let home = Home::new();
    fs::write(home.at("plain"), "text").unwrap();
    fails(&home, &["--", "./plain"], &[126], "Permission denied");
}

#[test]
fn a_directory_in_the_place_of_a_program_is_126() {
    let home = Home::new();
    home.dir("folder");
    fails(&home, &["--", "./folder"], &[126], "folder");
}

#[test]
fn a_file_of_no_known_format_is_126() {
    let home = Home::new();
    let file = home.at("garbage");
    fs::write(&file, b"\x00\x01\x02garbage").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    fails(&home, &["--", "./garbage"], &[126], "Exec format error");
}

#[test]
fn a_script_whose_interpreter_is_missing_says_so() {
    let home = Home::new();
    home.script("script", "#!/no/such/interpreter\n");
    fails(&home, &["--", "./script"], &[126, 127], "script");
}

#[test]
fn a_missing_directory_is_named() {
    fails(
        &Home::new(),
        &["-d", "/no/such/dir", "--", "sleep", "60"],
        &[1, 2, 125, 126, 127],
        "/no/such/dir",
    );
}

#[test]
fn a_file_in_the_place_of_the_directory_is_named() {
    let home = Home::new();
    fs::write(home.at("plain"), "text").unwrap();
    fails(&home, &["-d", "plain", "--", "sleep", "60"], &[1, 2, 125, 126, 127], "plain");
}

#[test]
fn a_deleted_working_directory_is_an_error() {
    let home = Home::new();
    let run = "mkdir gone && cd gone && rmdir ../gone && exec bgrun run web -- sleep 60";
    let output = home.sh(run).run();
    assert_ne!(output.code, 0, "{output}");
    assert!(output.err().contains("No such file or directory"), "{output}");
    home.must_be_clean();
}

#[test]
fn a_stored_directory_that_is_gone_is_named_and_the_row_stays() {
    let home = Home::new();
    let dir = home.dir("app");
    home.verb("run", ["web", "--", "sleep", "60"]).cwd(&dir).ok();
    home.kill(["web"]);
    fs::remove_dir(&dir).unwrap();
    let output = home.verb("run", ["web"]).run();
    assert_ne!(output.code, 0, "{output}");
    assert!(output.err().contains(dir.to_str().unwrap()), "{output}");
    fs::create_dir(&dir).unwrap();
    home.verb("run", ["web"]).ok();
}

#[test]
fn an_argument_too_long_for_the_system_is_an_error() {
    // The longest string that Linux takes is 131071 bytes; `run -` has no such limit.
    let home = Home::new();
    let spec = json!({"name": "web", "argv": ["echo", "x".repeat(200_000)]});
    let output = home.verb("run", ["-"]).stdin(spec.to_string()).run();
    assert_ne!(output.code, 0, "{}", output.code);
    assert!(output.err().to_lowercase().contains("too long"), "{}", output.err());
    home.must_be_clean();
}

#[test]
fn relative_programs_are_found_from_the_directory_of_the_process() {
    let home = Home::new();
    home.dir("app");
    home.script("app/start", "#!/bin/sh\necho from $(pwd)\nexec sleep 60\n");
    home.verb("run", ["web", "-d", "app", "--", "./start"]).ok();
    home.until_out("web", &format!("from {}", home.at("app").display()));
}

#[test]
fn programs_are_found_on_the_callers_path() {
    let home = Home::new();
    home.dir("mine");
    home.script("mine/my-server", "#!/bin/sh\nexec sleep 60\n");
    let path = format!("{}:/usr/bin:/bin", home.at("mine").display());
    home.verb("run", ["web", "--", "my-server"]).env("PATH", &path).ok();
    home.kill(["web"]);
    // The stored environment has the path with it.
    home.verb("run", ["web"]).env("PATH", "/usr/bin:/bin").ok();
}

#[test]
fn a_failed_start_is_tried_once() {
    let home = Home::new();
    home.verb("run", ["web", "--", "/no/such/program"]).code(127);
    holds_for(Duration::from_millis(500), "nothing is tried again", || home.living().is_empty());
}

#[test]
fn a_failed_command_of_the_shell_is_an_end_of_the_process() {
    let home = Home::new();
    home.verb("run", ["web", "--command", "no-such-program"]).ok();
    let record = home.until("web", "failed");
    assert_eq!(record["exit_code"], 127);
    assert_eq!(record["exit_reason"], "exit");
}

#[test]
fn a_path_that_is_no_utf_8_is_125_and_leaves_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new();
    let strange = home.at("").join(std::ffi::OsStr::from_bytes(b"d\xff"));
    fs::create_dir(&strange).unwrap();
    let here = home.verb("run", ["web", "--", "sleep", "60"]).cwd(&strange).code(125);
    assert!(here.err().contains("no UTF-8"), "{here}");
    let log = home.verb("run", ["web", "--stdout"]).arg(&strange);
    log.args(["--", "sleep", "60"]).code(125).says("no UTF-8");
    assert!(home.find("web").is_none());
}
