//! Where processes write: files of their own, appended to, private, where they were asked to be.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use tests::*;

#[test]
fn logs_are_appended_to_over_restarts_and_never_truncated() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo first; exec sleep 60"]);
    home.until_out("web", "first");
    home.verb("run", ["web", "--restart", "--", "sh", "-c", "echo second; exec sleep 60"]).ok();
    assert_eq!(home.until_out("web", "second"), "first\nsecond\n");
    home.kill(["web"]);
    home.verb("run", ["web", "--", "echo", "third"]).ok();
    assert_eq!(home.until_out("web", "third"), "first\nsecond\nthird\n");
}

#[test]
fn a_process_writes_into_its_files_itself() {
    let home = Home::new();
    let record = home.start("web", ["sh", "-c", "echo out; echo err >&2; exec sleep 60"]);
    home.until_out("web", "out");
    assert_eq!(home.out("web"), "out\n");
    eventually("stderr is written", || home.err("web") == "err\n");
    let open = open_files_of(record.pid());
    assert!(open.contains(&(1, home.out_path("web"))), "{open:?}");
    assert!(open.contains(&(2, home.err_path("web"))), "{open:?}");
    for fd in ["1", "2"] {
        let info = fs::read_to_string(format!("/proc/{}/fdinfo/{fd}", record.pid())).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
        let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
        assert_ne!(flags & 0o2000, 0, "opened with O_APPEND");
    }
}

#[test]
fn files_and_directories_for_logs_are_given_by_flags() {
    let home = Home::new();
    let script = "echo out; echo err >&2; exec sleep 60";
    let record = home
        .verb("run", ["one", "--stdout", "one.out", "--stderr", "sub/one.err", "--json"])
        .args(["--", "sh", "-c", script])
        .json();
    assert_eq!(record.text("stdout_path"), home.at("one.out").to_str().unwrap());
    assert_eq!(record.text("stderr_path"), home.at("sub/one.err").to_str().unwrap());
    let read = |name: &str| fs::read_to_string(home.at(name)).unwrap_or_default();
    eventually("both are written", || read("one.out") == "out\n" && read("sub/one.err") == "err\n");

    home.verb("run", ["two", "--logs-dir", "logs", "--", "sh", "-c", script]).ok();
    eventually("both are written", || {
        read("logs/two-out.txt") == "out\n" && read("logs/two-err.txt") == "err\n"
    });
    let logs = home.verb("logs", ["one", "--stdout"]).ok();
    assert_eq!(logs.out(), "out\n");
}

#[test]
fn a_stored_start_writes_where_the_first_did() {
    let home = Home::new();
    home.verb("run", ["web", "--stdout", "my.out", "--", "echo", "line"]).ok();
    home.until("web", "exited");
    home.verb("run", ["web"]).cwd("/").ok();
    eventually("appended", || fs::read_to_string(home.at("my.out")).unwrap() == "line\nline\n");
}

#[test]
fn two_processes_share_a_log_file_only_if_both_say_so() {
    let home = Home::new();
    let run = |name, flags: &[&str]| {
        let call = home.verb("run", [name, "--stdout", "shared.log"]).args(flags);
        call.args(["--", "sh", "-c", "echo $BGRUN_NAME; exec sleep 60"])
    };
    run("one", &[]).ok();
    let refused = run("two", &["--shared-log"]).run();
    assert_ne!(refused.code, 0, "one did not say so: {refused}");
    assert!(refused.err().contains("one"), "whose it is: {refused}");
    assert!(home.find("two").is_none_or(|two| two.status() != "running"));

    home.kill(["--nuke", "--keep-logs"]);
    run("one", &["--shared-log"]).ok();
    assert_ne!(run("two", &[]).run().code, 0, "two did not say so");
    run("three", &["--shared-log"]).ok();
    eventually("both write", || {
        let log = fs::read_to_string(home.at("shared.log")).unwrap();
        log.contains("one\n") && log.contains("three\n")
    });
}

#[test]
fn the_same_log_file_by_another_path_is_the_same() {
    let home = Home::new();
    home.dir("sub");
    let run = |name, path| home.verb("run", [name, "--stdout", path, "--", "sleep", "60"]);
    run("one", "shared.log").ok();
    assert_ne!(run("two", "sub/../shared.log").run().code, 0);
    std::os::unix::fs::symlink(home.at("shared.log"), home.at("link.log")).unwrap();
    assert_ne!(run("three", "link.log").run().code, 0);
    std::fs::hard_link(home.at("shared.log"), home.at("hard.log")).unwrap();
    assert_ne!(run("four", "hard.log").run().code, 0);
}

#[test]
fn stdout_and_stderr_of_one_process_may_be_one_file() {
    let home = Home::new();
    let flags = ["web", "--stdout", "both.log", "--stderr", "both.log"];
    home.verb("run", flags).args(["--", "sh", "-c", "echo out; echo err >&2"]).ok();
    eventually("in order", || {
        fs::read_to_string(home.at("both.log")).unwrap_or_default() == "out\nerr\n"
    });
}

#[test]
fn a_log_path_that_cannot_be_a_log_is_named_and_nothing_starts() {
    let home = Home::new();
    home.dir("folder");
    fs::write(home.at("plain"), "").unwrap();
    std::process::Command::new("mkfifo").arg(home.at("fifo")).status().unwrap();
    for path in ["folder", "plain/below.log", "fifo"] {
        let output = home.verb("run", ["web", "--stdout", path, "--", "sleep", "60"]).run();
        assert_ne!(output.code, 0, "{output}");
        assert!(output.err().contains(path), "{output}");
        home.must_be_clean();
    }
}

#[test]
fn everything_in_the_state_directory_is_private() {
    for umask in ["000", "022"] {
        let home = Home::new();
        home.sh(&format!("umask {umask}; bgrun run web -- sh -c 'echo x; sleep 60'")).ok();
        home.sh(&format!("umask {umask}; bgrun ls; bgrun kill web; bgrun run web")).ok();
        let mut folders = vec![home.state()];
        while let Some(folder) = folders.pop() {
            let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode, 0o700, "{}", folder.display());
            for entry in fs::read_dir(&folder).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                let mode = entry.metadata().unwrap().permissions().mode() & 0o7777;
                assert_eq!(mode, 0o600, "{}", entry.path().display());
            }
        }
    }
}

#[test]
fn a_removed_state_directory_for_logs_is_made_again() {
    let home = Home::new();
    home.verb("run", ["web", "--logs-dir", "logs", "--", "sleep", "60"]).ok();
    fs::remove_dir_all(home.at("logs")).unwrap();
    home.verb("run", ["web", "--restart", "--", "sh", "-c", "echo again; exec sleep 60"]).ok();
    eventually("it writes", || {
        fs::read_to_string(home.at("logs/web-out.txt")).is_ok_and(|text| text == "again\n")
    });
    let mode = fs::metadata(home.at("logs")).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode, 0o700);
}

#[test]
fn a_busy_writer_loses_no_line_when_its_supervisor_dies() {
    let home = Home::new();
    let record = home.start("web", [program("sequence"), "60000".into(), "60000".into()]);
    home.until_out("web", "line");
    let process = Life::of(record.pid());
    Life::of(record.supervisor()).kill();
    process.must_end();
    let expected: String = (1..=60000).map(|n| format!("line {n:010}\n")).collect();
    assert_eq!(home.out("web"), expected);
}

#[test]
fn a_log_that_was_deleted_is_read_through_its_process_and_made_anew_by_the_next_start() {
    let home = Home::new();
    let script = "echo before; while [ ! -e go ]; do sleep 0.05; done; echo after; exec sleep 60";
    home.verb("run", ["web", "-c", script]).ok();
    home.until_out("web", "before");
    let path = home.out_path("web");
    fs::remove_file(&path).unwrap();
    fs::write(home.path().join("go"), "").unwrap();
    let read = || home.verb("logs", ["web", "--stdout"]).ok().says("deleted");
    eventually("what it wrote since is shown", || read().out() == "before\nafter\n");

    fs::write(&path, "of somebody else\n").unwrap();
    assert_eq!(read().out(), "before\nafter\n", "another file in its place is not its log");
    fs::remove_file(&path).unwrap();
    fs::remove_file(home.path().join("go")).unwrap();
    home.verb("run", ["web", "--restart", "--quiet"]).ok();
    home.until_out("web", "before");
    let said = home.verb("logs", ["web", "--stdout"]).ok();
    assert_eq!((said.out().as_str(), said.err().as_str()), ("before\n", ""));
}
