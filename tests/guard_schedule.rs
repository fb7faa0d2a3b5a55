//! `bgrun guard --install`: what the real cron and the real systemd make of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use tests::*;

/// A machine of its own: mounts, pids and `/proc`.
const OWN_MACHINE: [&str; 5] = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

#[track_caller]
fn must(command: &mut Command) {
    let status = command.status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
}

/// Puts a cron without any job in the place of the machine's; only in a mount namespace.
#[track_caller]
fn own_cron(home: &Home) {
    for place in ["/run", "/var/spool/cron", "/etc/cron.d"] {
        mount_tmpfs(Path::new(place), "4m");
    }
    let empty = home.at("empty");
    fs::write(&empty, "").expect("write");
    must(Command::new("mount").arg("--bind").arg(empty).arg("/etc/crontab"));
    let tables = "/var/spool/cron/crontabs";
    fs::create_dir(tables).expect("create");
    fs::set_permissions(tables, fs::Permissions::from_mode(0o1730)).expect("chmod");
    fs::set_permissions("/var/spool/cron", fs::Permissions::from_mode(0o755)).expect("chmod");
    must(Command::new("chgrp").args(["crontab", tables]));
}

#[track_caller]
fn table(home: &Home) -> String {
    home.call("/usr/bin/crontab").arg("-l").run().out()
}

#[test]
fn lines_are_added_to_the_crontab_once_and_taken_out_again() {
    in_new_namespaces(&OWN_MACHINE, || {
        let home = Home::new();
        own_cron(&home);
        let install = || home.verb("guard", ["--install", "cron"]).ok();
        let uninstall = || home.verb("guard", ["--uninstall"]).ok();
        assert_eq!(uninstall().out(), "nothing was installed\n");
        install();
        let lines = home.verb("guard", ["--print", "cron"]).ok().out();
        assert_eq!(table(&home), lines);
        uninstall();
        assert_eq!(table(&home), "");

        let others = "# mine\nMAILTO=me\n0 5 * * * /bin/true\n";
        home.call("/usr/bin/crontab").arg("-").stdin(others).ok();
        install();
        assert!(install().out().contains("already"));
        assert_eq!(table(&home), format!("{others}{lines}"));
        // Another home has lines of its own.
        let other = home.verb("guard", ["--install", "cron"]).env("DB_NAME", "shop");
        other.ok();
        assert_eq!(table(&home).lines().count(), 7);
        uninstall();
        assert_eq!(table(&home).lines().count(), 5);
        home.verb("guard", ["--uninstall"]).env("DB_NAME", "shop").ok();
        assert_eq!(table(&home), others);
        uninstall();
    });
}

#[test]
fn the_real_cron_brings_back_what_a_reboot_took() {
    in_new_namespaces(&OWN_MACHINE, || {
        let home = Home::new();
        own_cron(&home);
        let call = home.verb("run", ["web", "--keep-alive", "--json", "--", "sleep", "60"]);
        let web = call.json();
        home.verb("guard", ["--install", "cron"]).ok();
        for pid in [web.supervisor(), web.pid()] {
            Life::of(pid).kill();
        }
        fs::write(home.at("boot_id"), "01234567-89ab-cdef-0123-456789abcdef\n").expect("write");
        let boot_id = "/proc/sys/kernel/random/boot_id";
        must(Command::new("mount").arg("--bind").arg(home.at("boot_id")).arg(boot_id));
        assert_eq!(home.ls("web").status(), "lost");

        // Its first act after a boot are the lines that say @reboot; then each minute.
        let cron = Call::new("/usr/sbin/cron").arg("-f").spawn();
        let record = eventually_some("web is started again", || {
            let record = home.ls("web");
            let counts = (record.number("run"), record.number("restarts"));
            (record.status() == "running" && counts == (2, 1)).then_some(record)
        });
        let environ = environ_of(record.pid());
        assert_eq!(environ.get("LANG").map(String::as_str), Some("C.UTF-8"), "its own, not cron's");
        // It goes on when cron ends.
        cron.life.kill();
        assert!(is_alive(record.pid()));
    });
}

#[test]
fn systemd_accepts_the_units() {
    let home = Home::new();
    let uninstall = || home.verb("guard", ["--uninstall"]).ok().out();
    let install = |directory: &str| {
        let call = home.verb("guard", ["--install", "systemd"]).env("BGR_HOME", directory);
        call.env("XDG_RUNTIME_DIR", home.dir("run")).ok()
    };
    // A home whose path has all that systemd could take for its own.
    let odd = home.dir("100% $odd \"home\"");
    let units = home.at(".config/systemd/user");
    install(odd.to_str().expect("UTF-8"));
    let again = install(odd.to_str().expect("UTF-8")).out();
    assert!(again.contains("is there already"), "{again}");
    install(home.state().to_str().expect("UTF-8"));
    let mut files: Vec<_> = fs::read_dir(&units)
        .expect("they are there")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    assert_eq!(files.len(), 4, "{files:?}");
    let verify = home.call("/usr/bin/systemd-analyze").env("XDG_RUNTIME_DIR", home.dir("run"));
    // The manual is not installed here.
    let output = verify.args(["--user", "--man=no", "verify"]).args(&files).ok();
    assert_eq!(output.err(), "", "{output}");
    let removed = uninstall();
    assert_eq!(removed.lines().filter(|line| line.starts_with("removed ")).count(), 2, "{removed}");
    assert_eq!(uninstall(), "nothing was installed\n");
    home.verb("guard", ["--uninstall"]).env("BGR_HOME", &odd).ok();
    assert!(files.iter().all(|file| !file.exists()));
}

#[test]
fn without_a_scheduler_it_is_said_what_to_do() {
    let home = Home::new();
    let output = home.verb("guard", ["--install", "cron"]).env("PATH", "/nonexistent").code(1);
    assert!(output.err().contains("cannot run crontab"), "{output}");
    assert!(output.err().contains("hint: "), "{output}");
}

#[test]
fn the_line_for_cron_names_a_home_that_cron_would_not_find() {
    let home = Home::new();
    // A HOME that is not what the password database says, as in a container or a test.
    let call = |verb: &str, words: &[&str]| home.verb(verb, words).env_remove("BGR_HOME");
    call("run", &["web", "--keep-alive", "--", "sleep", "60"]).ok();
    let all: Value = call("ls", &["--json"]).json();
    for pid in [all.only().supervisor(), all.only().pid()] {
        Life::of(pid).kill();
    }
    let lines = call("guard", &["--print", "cron"]).ok().out();
    let line = lines.lines().find_map(|line| line.strip_prefix("* * * * * ")).expect("a line");
    let cron = Call::new("/usr/bin/env").args(["-i", "HOME=/", "PATH=/usr/bin:/bin", "sh", "-c"]);
    cron.arg(line).ok();
    let web = call("ls", &["--json"]).json();
    assert_eq!((web.only().status(), web.only().number("run")), ("running", 2));
    call("kill", &["web"]).ok();

    // One home, however it is spelled.
    let spelled = |spelling: &str| {
        let directory = home.at(spelling);
        home.verb("guard", ["--print", "cron"]).env("BGR_HOME", directory).ok().out()
    };
    home.dir("bgr/run");
    assert_eq!(spelled("bgr/"), spelled("bgr/../bgr"));
}
