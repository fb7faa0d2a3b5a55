//! What is shown of a process that ended too early: its last run, and no other.

use tests::*;

/// Runs `web` twice; only the first run says something to stderr.
fn ended_twice() -> (Home, Output) {
    let home = Home::new();
    let run = |script: &str| home.verb("run", ["web", "--wait", "-c", script]).code(1);
    run("echo first >&2; exit 3").says("first");
    let second = run("echo to stdout; exit 4");
    (home, second)
}

#[test]
fn a_wait_shows_the_stderr_of_its_own_run() {
    let (_home, second) = ended_twice();
    assert!(!second.err().contains("first"), "{}", second.err());
    second.says("exit code 4");
}

#[test]
fn details_show_the_stderr_of_the_run_that_ended_last() {
    let (home, _) = ended_twice();
    let details = home.verb("ls", ["--details", "web"]).ok();
    assert!(!details.out().contains("last lines of stderr"), "{}", details.out());

    let script = "[ $BGRUN_RUN = 3 ] && { echo third >&2; exit 5; }; echo fourth >&2; sleep 60";
    home.verb("run", ["web", "--keep-alive", "-c", script]).ok();
    home.until_run("web", 4);
    eventually("the fourth run has written", || home.err("web").contains("fourth"));
    let details = home.verb("ls", ["--details", "web"]).ok();
    assert!(details.out().contains("third"), "why it was restarted: {}", details.out());
    assert!(!details.out().contains("    fourth"), "{}", details.out());
    home.kill(["web"]);
}
