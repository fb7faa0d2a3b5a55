//! `run --fetch` updates the work tree before it starts anything, or refuses.

use std::fs;
use std::path::Path;
use tests::*;

/// `bgrun run web --fetch …` in this directory.
fn fetch(home: &Home, directory: &Path, words: &[&str]) -> Call {
    let call = home.verb("run", ["web", "--fetch", "--json"]).args(words);
    call.args(["--", "sleep", "60"]).cwd(directory)
}

#[test]
fn what_was_pushed_is_there_before_the_first_start() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    remote.push(".config.toml", "version = 2\n", "a configuration");
    remote.push("b.txt", "b", "a \u{1b}[31mred\u{1b}[0m commit");
    let output = fetch(&home, &app, &[]).ok();
    assert_eq!(environ_of(output.json().pid())["VERSION"], "2", "what came is what is read");
    let output = output.says("web: 2 commits from origin/main").says(" a configuration\n");
    assert!(output.err().contains("a \\e[31mred"), "{output}");
    assert_eq!(fs::read_to_string(app.join("b.txt")).unwrap(), "b");
    assert_eq!(remote.git(&app, &["status", "--porcelain"]), "");
}

#[test]
fn a_restart_fetches_before_it_stops_and_nothing_new_is_fine() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    fs::create_dir(app.join("below")).unwrap();
    let first = fetch(&home, &app.join("below"), &[]).ok();
    assert_eq!(first.err(), "", "nothing came");
    remote.push("b.txt", "b", "the second commit");
    let again = home.verb("run", ["web", "--restart", "--fetch", "--json"]).cwd("/");
    let again = again.ok().says("1 commit from origin/main").json();
    assert_eq!(again["run"], 2);
    assert!(app.join("b.txt").exists());

    remote.push("c.txt", "c", "the third commit");
    let output = home.verb("run", ["web", "--restart", "--fetch", "--quiet"]).ok();
    assert_eq!((output.out(), output.err()), (String::new(), String::new()));
    assert!(app.join("c.txt").exists());
}

#[test]
fn what_runs_and_is_not_restarted_keeps_its_files() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    fetch(&home, &app, &[]).ok();
    remote.push("b.txt", "b", "the second commit");
    fetch(&home, &app, &[]).code(5);
    fetch(&home, &app, &["--if-absent"]).code(0);
    assert!(!app.join("b.txt").exists());
}

/// Makes the work tree of a running process one that cannot be updated, and proves
/// that nothing is touched: neither the process nor the files.
#[track_caller]
fn is_refused(spoil: impl Fn(&Remote<'_>, &Path), what: &str) {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    let before = fetch(&home, &app, &[]).json();
    remote.push("a.txt", "theirs", "the second commit");
    spoil(&remote, &app);
    let head = remote.call(&app, &["rev-parse", "HEAD"]).run().out();
    let files = remote.call(&app, &["status", "--porcelain"]).run().out();

    let output = home.verb("run", ["web", "--restart", "--fetch", "--json"]).code(1).says(what);
    assert!(
        output.err().starts_with("bgrun-run: web: cannot ") || output.err().contains("diverged"),
        "{output}"
    );
    assert_eq!(output.json()["name"], "web", "{output}");
    home.verb("run", ["new", "--fetch", "-d", "app", "--", "sleep", "60"]).code(1).says(what);

    assert_eq!(remote.call(&app, &["rev-parse", "HEAD"]).run().out(), head);
    assert_eq!(remote.call(&app, &["status", "--porcelain"]).run().out(), files);
    let now = home.ls("web");
    assert_eq!((now.pid(), now.status()), (before.pid(), "running"));
    assert!(is_alive(before.pid()));
    assert!(home.find("new").is_none());
}

#[test]
fn a_tree_that_has_diverged_is_left_alone() {
    is_refused(
        |remote, app| remote.commit(app, "mine.txt", "mine", "my own commit"),
        "'main' and origin/main have diverged: 1 and 1 commits of their own",
    );
}

#[test]
fn changes_that_would_be_lost_are_left_alone() {
    is_refused(
        |_, app| fs::write(app.join("a.txt"), "mine").unwrap(),
        "would be overwritten by merge: a.txt",
    );
}

#[test]
fn an_untracked_file_in_the_way_is_left_alone() {
    is_refused(
        |remote, app| {
            remote.push("new.txt", "theirs", "a new file");
            fs::write(app.join("new.txt"), "mine").unwrap();
        },
        "would be overwritten by merge: new.txt",
    );
}

#[test]
fn a_detached_head_is_left_alone() {
    is_refused(
        |remote, app| drop(remote.git(app, &["checkout", "-q", "--detach"])),
        "HEAD is detached",
    );
}

#[test]
fn a_branch_without_an_upstream_is_left_alone() {
    is_refused(
        |remote, app| drop(remote.git(app, &["checkout", "-q", "-b", "side"])),
        "branch 'side' has no upstream",
    );
}

#[test]
fn a_branch_that_the_remote_has_no_more_is_left_alone() {
    is_refused(
        |remote, app| drop(remote.git(app, &["config", "branch.main.merge", "refs/heads/gone"])),
        "cannot fetch origin/gone: couldn't find remote ref refs/heads/gone",
    );
}

#[test]
fn a_remote_that_is_gone_is_told() {
    is_refused(
        |remote, _| fs::rename(&remote.path, remote.path.with_extension("away")).unwrap(),
        "remote.git' does not appear to be a git repository",
    );
}

#[test]
fn a_directory_that_is_no_work_tree_is_told() {
    is_refused(
        |_, app| fs::rename(app.join(".git"), app.join("not.git")).unwrap(),
        "app: not a git repository",
    );
}

#[test]
fn changes_that_are_not_in_the_way_stay_and_own_commits_are_no_hindrance() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    remote.push("b.txt", "b", "the second commit");
    fs::write(app.join("a.txt"), "mine").unwrap();
    fs::write(app.join("notes.txt"), "mine").unwrap();
    fetch(&home, &app, &[]).ok().says("1 commit from origin/main");
    assert_eq!(fs::read_to_string(app.join("a.txt")).unwrap(), "mine");
    assert!(app.join("b.txt").exists() && app.join("notes.txt").exists());
    remote.commit(&app, "own.txt", "own", "not pushed yet");
    assert_eq!(fetch(&home, &app, &["--restart"]).ok().err(), "");
}

#[test]
fn without_git_it_is_told_and_without_fetch_it_is_not_needed() {
    let home = Home::new();
    let path = home.path_with(&["sleep"]);
    let output = fetch(&home, home.path(), &[]).env("PATH", &path).code(1);
    output.says("web: --fetch needs git: git: command not found");
    assert!(home.all().is_empty());
    home.verb("run", ["web", "--", "sleep", "60"]).env("PATH", &path).ok();
}

#[test]
fn a_work_tree_is_fetched_once_and_another_one_that_fails_keeps_nobody() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    for name in ["one", "two"] {
        home.verb("run", [name, "-d", "app", "--", "sleep", "60"]).ok();
    }
    home.dir("elsewhere");
    home.verb("run", ["three", "-d", "elsewhere", "--", "sleep", "60"]).ok();
    remote.push("b.txt", "b", "the second commit");
    let args = ["one", "two", "three", "--restart", "--fetch", "--json"];
    let output = home.verb("run", args).code(1).says("three: cannot fetch");
    assert_eq!(output.err().matches("1 commit from").count(), 1, "{output}");
    let runs: Vec<_> = ["one", "two", "three"].map(|name| home.ls(name)["run"].clone()).into();
    assert_eq!(runs, [json!(2), json!(2), json!(1)]);
    assert!(app.join("b.txt").exists());
}

#[test]
fn from_a_hook_of_git_it_works_on_its_own_tree() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    // As a server deploys: its hook starts the process in a clone.
    let hook = "#!/bin/sh\ncd \"$DEPLOY\" && exec bgrun run web --fetch --restart -- sleep 60\n";
    let path = home.script("remote.git/hooks/post-receive", hook);
    assert!(Path::new(&path).exists());
    let author = home.at("author");
    remote.commit(&author, "b.txt", "b", "deployed by a push");
    let push = remote.call(&author, &["push", "-q", "origin", "main"]);
    push.env("DEPLOY", &app).ok();
    assert!(app.join("b.txt").exists());
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn what_git_writes_has_the_umask_of_the_caller() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    remote.push("b.txt", "b", "the second commit");
    home.sh("umask 022; cd app; bgrun run web --fetch -- sleep 60").ok();
    let mode = home.call("stat").args(["-c", "%a"]).arg(app.join("b.txt")).ok().out();
    assert_eq!(mode.trim(), "644");
}

#[test]
fn a_process_that_restarts_itself_fetches_before_it_is_stopped() {
    let home = Home::new();
    let remote = Remote::new(&home);
    let app = remote.clone_to("app");
    let script = "echo run $BGRUN_RUN; \
        [ $BGRUN_RUN = 1 ] && bgrun run web --restart --fetch; echo left with $?; exec sleep 60";
    remote.push("b.txt", "b", "the second commit");
    home.verb("run", ["web", "-c", script]).cwd(&app).ok();
    home.until_out("web", "run 2");
    assert!(app.join("b.txt").exists());
    fs::rename(&remote.path, home.at("away.git")).unwrap();
    let script = "bgrun run self --restart --fetch; echo left with $?; exec sleep 60";
    home.verb("run", ["self", "-c", script]).cwd(&app).ok();
    home.until_out("self", "left with 1");
    assert_eq!(home.ls("self")["run"], 1, "it was not stopped");
}
