//! What counts as a change, in whatever way files are written, and what never does.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use tests::*;

/// The process `web` in the directory `app`, in which these files are.
#[track_caller]
fn web_in(home: &Home, files: &[(&str, &str)]) {
    home.dir("app");
    write_all(home, files);
    home.verb("run", ["web", "-d", "app", "--", "sleep", "60"]).ok();
}

fn write_all(home: &Home, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = home.at(&format!("app/{name}"));
        fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
        fs::write(path, text).expect("a file can be written");
    }
}

#[test]
fn every_way_to_save_a_file_counts() {
    let home = Home::new();
    web_in(&home, &[("a", "1"), ("b", "1"), ("sub/deep/c", "1")]);
    let watching = Watching::web(&home, &[]);
    let at = |name: &str| home.at("app").join(name);
    let mut restarts = 0;
    let mut expect = |what: &str, path: &str| {
        restarts += 1;
        let restart = watching.until("restart", restarts);
        assert_eq!(restart.text("path"), at(path).to_str().unwrap(), "{what}");
    };
    fs::write(at("a"), "2").unwrap();
    expect("in place", "a");
    // As vim and many others do it: the new file is renamed over the old one.
    fs::write(at(".a.swp"), "3").unwrap();
    fs::rename(at(".a.swp"), at("a")).unwrap();
    expect("renamed over", "a");
    fs::rename(at("a"), at("a~")).unwrap();
    fs::write(at("a"), "4").unwrap();
    expect("the old one is moved away first", "a");
    fs::write(at("sub/deep/c"), "2").unwrap();
    expect("far below", "sub/deep/c");
    fs::remove_file(at("b")).unwrap();
    expect("removed", "b");
    fs::create_dir(at("new")).unwrap();
    expect("a new directory", "new");
    fs::write(at("new/d"), "1").unwrap();
    expect("in the new directory", "new/d");
    home.call("touch").arg(at("a")).ok();
    expect("touched", "a");
    fs::write(at(".env.local"), "A=1").unwrap();
    expect("a hidden file", ".env.local");
    watching.must_be_quiet("one restart for each");
}

#[test]
fn directories_that_are_moved_and_made_again_go_on_to_count() {
    let home = Home::new();
    web_in(&home, &[("src/lib/a", "1"), ("other", "1")]);
    let watching = Watching::web(&home, &[]);
    let at = |name: &str| home.at("app").join(name);
    fs::rename(at("src"), at("lib2")).unwrap();
    watching.until("restart", 1);
    watching.change("app/lib2/lib/a", 2);
    fs::remove_dir_all(at("lib2")).unwrap();
    watching.until("restart", 3);
    fs::create_dir_all(at("lib2/lib")).unwrap();
    fs::write(at("lib2/lib/a"), "2").unwrap();
    watching.until("restart", 4);
    watching.change("app/lib2/lib/a", 5);
    // What is moved in is known below too.
    let elsewhere = home.dir("elsewhere/deep");
    fs::rename(elsewhere.parent().unwrap(), at("moved")).unwrap();
    watching.until("restart", 6);
    watching.change("app/moved/deep/b", 7);
    // And what was moved out is not.
    fs::rename(at("moved"), home.at("out")).unwrap();
    watching.until("restart", 8);
    fs::write(home.at("out/deep/b"), "x").unwrap();
    watching.must_be_quiet("it is elsewhere now");
}

#[test]
fn the_directory_itself_may_go_and_come_back() {
    let home = Home::new();
    web_in(&home, &[("a", "1")]);
    let watching = Watching::web(&home, &[]);
    fs::remove_dir_all(home.at("app")).unwrap();
    watching.until("failed", 1);
    assert_eq!(home.ls("web").status(), "running", "the old one runs on");
    write_all(&home, &[("a", "2")]);
    watching.until("restart", 1);
    watching.change("app/a", 2);
    fs::rename(home.at("app"), home.at("away")).unwrap();
    watching.until("failed", 2);
    fs::rename(home.at("away"), home.at("app")).unwrap();
    watching.until("restart", 3);
    watching.change("app/a", 4);
}

#[test]
fn what_git_would_ignore_does_not_count() {
    let home = Home::new();
    let files = [
        (".gitignore", "*.log\n/dist/\n!kept.log\n"),
        ("sub/.gitignore", "*.tmp\n"),
        (".ignore", "notes\n"),
        ("node_modules/pack/index.js", ""),
        ("dist/a", ""),
        (".git/HEAD", ""),
        (".git/info/exclude", "private\n"),
        ("sub/x", ""),
    ];
    web_in(&home, &files);
    fs::create_dir_all(home.at(".config/git")).unwrap();
    fs::write(home.at(".config/git/ignore"), "*.bak\n").unwrap();
    let watching = Watching::web(&home, &["--ignore", "*.o", "--ignore", "/gen/"]);
    let ignored = [
        ("a.log", "x"),
        ("dist/a", "x"),
        ("dist/new/b", "x"),
        ("node_modules/pack/index.js", "x"),
        ("sub/node_modules/other/y", "x"),
        (".git/HEAD", "x"),
        ("sub/a.tmp", "x"),
        ("notes", "x"),
        ("private", "x"),
        ("a.bak", "x"),
        ("a.o", "x"),
        ("gen/made", "x"),
        (".a.swp", "x"),
        ("a~", "x"),
    ];
    write_all(&home, &ignored);
    fs::remove_file(home.at("app/a.log")).unwrap();
    fs::remove_dir_all(home.at("app/dist")).unwrap();
    watching.must_be_quiet("none of it counts");
    watching.change("app/kept.log", 1);
    watching.change("app/a.tmp", 2);
    // New rules hold from then on.
    fs::write(home.at("app/.gitignore"), "kept.log\n").unwrap();
    watching.until("restart", 3);
    fs::write(home.at("app/kept.log"), "y").unwrap();
    watching.must_be_quiet("the new rules hold");
    watching.change("app/a.log", 4);
    write_all(&home, &[("dist/a", "z")]);
    watching.until("restart", 5);
    watching.change("app/dist/a", 6);
}

#[test]
fn logs_and_state_never_count() {
    let home = Home::new();
    // All of it in the directory that is watched: state, logs, and what the watcher writes.
    let app = home.path();
    let noisy = "while :; do echo tick; sleep 0.05; done";
    home.verb("run", ["web", "--logs-dir", "logs", "--", "sh", "-c", noisy]).cwd(app).ok();
    home.verb("run", ["other", "--logs-dir", "logs", "--", "sh", "-c", noisy]).cwd(app).ok();
    let words = ["--name", "watcher", "--logs-dir", "logs", "--", "bgrun", "watch", "web"];
    home.verb("run", words).args(["--debounce", DEBOUNCE]).cwd(app).ok();
    let said = || fs::read_to_string(home.at("logs/watcher-out.txt")).unwrap_or_default();
    eventually("it watches", || said().contains("watching"));
    fs::write(home.at("a"), "1").unwrap();
    home.until_run("web", 2);
    home.verb("run", ["more", "--logs-dir", "logs", "--", "sh", "-c", noisy]).cwd(app).ok();
    eventually("it is told", || said().contains("restarted"));
    settled("it says no more", said);
    assert_eq!(home.ls("web").number("run"), 2, "{}", said());
    // Nor does a file that the watcher itself is redirected to.
    home.kill(["watcher"]);
    let _watcher = home.sh("exec bgrun watch web --debounce 200ms > mine.txt 2>&1").spawn();
    let said = || fs::read_to_string(home.at("mine.txt")).unwrap_or_default();
    eventually("it watches", || said().contains("watching"));
    fs::write(home.at("a"), "2").unwrap();
    home.until_run("web", 3);
    settled("it says no more", said);
    assert_eq!(home.ls("web").number("run"), 3, "{}", said());
}

#[test]
fn configuration_counts_although_it_is_hidden_ignored_or_elsewhere() {
    let home = Home::new();
    home.dir("etc");
    fs::write(home.at("etc/web.env"), "A=1\n").unwrap();
    home.dir("app");
    write_all(&home, &[(".gitignore", ".*\n"), (".config.toml", "b = 1\n")]);
    let run = home.verb("run", ["web", "-d", "app", "--env-file"]).arg(home.at("etc/web.env"));
    run.args(["--", "sleep", "60"]).ok();
    let watching = Watching::web(&home, &[]);
    fs::write(home.at("app/.other"), "x").unwrap();
    fs::write(home.at("etc/other"), "x").unwrap();
    watching.must_be_quiet("other hidden files and other files there do not count");
    fs::write(home.at("etc/web.env"), "A=2\n").unwrap();
    assert!(watching.until("restart", 1).text("path").ends_with("etc/web.env"));
    fs::write(home.at("app/.config.new"), "b = 2\n").unwrap();
    fs::rename(home.at("app/.config.new"), home.at("app/.config.toml")).unwrap();
    watching.until("restart", 2);
    watching.must_be_quiet("once each");
}

#[test]
fn links_are_followed_but_not_in_circles_nor_out_to_everything() {
    let home = Home::new();
    let shared = home.dir("shared/deep");
    fs::write(home.at("one.conf"), "1").unwrap();
    web_in(&home, &[("a", "1")]);
    let at = |name: &str| home.at("app").join(name);
    symlink(shared.parent().unwrap(), at("lib")).unwrap();
    symlink(home.at("one.conf"), at("conf")).unwrap();
    symlink(".", at("circle")).unwrap();
    symlink("/", at("everything")).unwrap();
    symlink("nowhere", at("broken")).unwrap();
    let watching = Watching::web(&home, &[]);
    assert_eq!(watching.until("watching", 1).number("directories"), 3);
    fs::write(shared.join("x"), "1").unwrap();
    assert!(watching.until("restart", 1).text("path").ends_with("app/lib/deep/x"));
    watching.change("one.conf", 2);
    // A link that is set anew, as a deployment does it.
    let release = home.dir("release/deep");
    symlink(release.parent().unwrap(), at("lib.new")).unwrap();
    fs::rename(at("lib.new"), at("lib")).unwrap();
    watching.until("restart", 3);
    fs::write(release.join("y"), "1").unwrap();
    assert!(watching.until("restart", 4).text("path").ends_with("app/lib/deep/y"));
    // The directory to watch may be a link itself.
    symlink(at(""), home.at("link")).unwrap();
    drop(watching);
    let path = home.at("link").into_os_string().into_string().unwrap();
    let watching = Watching::web(&home, &["--path", &path]);
    fs::write(at("a"), "2").unwrap();
    assert!(watching.until("restart", 1).text("path").ends_with("link/a"));
}

#[test]
fn only_the_paths_that_are_asked_for_count() {
    let home = Home::new();
    web_in(&home, &[("src/a", "1"), ("other/b", "1"), ("one", "1"), ("two", "1")]);
    let paths = ["--path", "app/src", "--path", "one"];
    let watching = Watching::web(&home, &paths);
    write_all(&home, &[("other/b", "2"), ("two", "2"), ("new", "")]);
    watching.must_be_quiet("they were not asked for");
    watching.change("app/src/a", 1);
    watching.change("app/one", 2);
    fs::write(home.at("app/one.new"), "3").unwrap();
    fs::rename(home.at("app/one.new"), home.at("app/one")).unwrap();
    watching.until("restart", 3);
    watching.must_be_quiet("once each");
}

#[test]
fn polling_sees_the_same() {
    let home = Home::new();
    web_in(&home, &[("a", "1"), ("sub/b", "1"), (".gitignore", "*.log\n"), ("node_modules/x", "")]);
    let watching = Watching::web(&home, &["--poll=50ms"]);
    assert_eq!(watching.until("watching", 1)["directories"], Value::Null);
    watching.change("app/a", 1);
    fs::write(home.at("app/sub/.b.swp"), "2").unwrap();
    fs::rename(home.at("app/sub/.b.swp"), home.at("app/sub/b")).unwrap();
    watching.until("restart", 2);
    fs::remove_file(home.at("app/a")).unwrap();
    watching.until("restart", 3);
    write_all(&home, &[("new/c", "1")]);
    watching.until("restart", 4);
    write_all(&home, &[("a.log", "1"), ("node_modules/x", "1")]);
    watching.must_be_quiet("the same rules hold");
    home.kill(["web"]);
    watching.until("stopped", 1);
    assert!(Path::new("/proc").join(watching.running.pid().to_string()).exists());
}
