//! Every option of the older tool, in the orders people type them.

use super::translate;
use std::ffi::OsString;

/// `typed` and `expected` are split at blanks; `_` in a word stands for a blank.
fn arguments(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(|word| word.replace('_', " ").into()).collect()
}

fn check(table: &[(&str, &str)]) {
    for (typed, expected) in table {
        let expected = (!expected.is_empty()).then(|| arguments(expected));
        assert_eq!(translate(&arguments(typed)), expected, "bgrun {typed}");
    }
}

#[test]
fn starting() {
    check(&[
        ("--name web --command node_server.js", "run --name web --command node_server.js"),
        ("--command node_server.js --name web", "run --command node_server.js --name web"),
        ("--name=web --command=node_server.js", "run --name=web --command=node_server.js"),
        ("-n web -c node_server.js -d /srv", "run -n web -c node_server.js -d /srv"),
        ("-nweb -cnode", "run -nweb -cnode"),
        ("web --command node", "run web --command node"),
        ("--name web --command node --directory .", "run --name web --command node --directory ."),
        ("web --directory /srv", "run web --directory /srv"),
        (
            "--name web --command c --config prod.toml",
            "run --name web --command c --config prod.toml",
        ),
        ("--name web --command c --force", "run --name web --command c --force"),
        ("--force --name web --command c", "run --force --name web --command c"),
        ("-f -n web -c c", "run --force -n web -c c"),
        ("-fw -n web -c c", "run --force --watch -n web -c c"),
        ("-fnweb -c c", "run --force -nweb -c c"),
        ("--name web --command c --fetch", "run --name web --command c --fetch"),
        ("--name web --command c --watch", "run --name web --command c --watch"),
        ("--name web --command c -w", "run --name web --command c --watch"),
        (
            "--name web --command c --stdout o --stderr e",
            "run --name web --command c --stdout o --stderr e",
        ),
        ("--name web --command c --logs-dir /l", "run --name web --command c --logs-dir /l"),
        ("--name web --command c --json", "run --name web --command c --json"),
        ("web --force", "run web --force"),
        ("--name web --command -x", "run --name web --command=-x"),
        ("-n web -c -x", "run -n web --command=-x"),
        // Flags of ours between the older ones stay where they are.
        ("--name web -e A=1 --command c", "run --name web -e A=1 --command c"),
        ("--name web --command c --keep-alive", "run --name web --command c --keep-alive"),
        // Without a name one is derived.
        ("--command c", "run --command c"),
        ("--directory /srv -- node a --stop", "run --directory /srv -- node a --stop"),
        ("-- node --name x --json", "run -- node --name x --json"),
        ("--name web -- node -- --stop", "run --name web -- node -- --stop"),
        ("--force --watch -- c", "run --force --watch -- c"),
        ("--keep-alive -- c", "run --keep-alive -- c"),
    ]);
}

#[test]
fn stopping_restarting_and_forgetting() {
    check(&[
        ("--stop web", "kill web"),
        ("web --stop", "kill web"),
        ("--stop --name web", "kill web"),
        ("-n web --stop", "kill web"),
        ("--stop=web", "kill web"),
        ("--stop web api", "kill web api"),
        ("--stop web --json", "kill web --json"),
        ("web --stop -j", "kill web --json"),
        ("web --stop --timeout 5s", "kill web --timeout 5s"),
        ("--timeout 5s --stop web", "kill --timeout 5s web"),
        ("--stop --timeout 5s --name web", "kill --timeout 5s web"),
        ("--stop", "kill"),
        ("--stop -- web", "kill -- web"),
        ("--restart web", "run --restart web"),
        ("web --restart", "run --restart web"),
        ("--restart --name web", "run --restart --name web"),
        ("--restart=web", "run --restart web"),
        ("web --restart --force", "run --restart web --force"),
        ("--restart web --command c", "run --restart web --command c"),
        ("--restart-all", "run --restart --all"),
        ("--delete web", "kill --delete web"),
        ("web --delete", "kill --delete web"),
        ("--delete -n web", "kill --delete web"),
        ("--clean", "kill --clean"),
        ("--nuke", "kill --nuke"),
        ("--nuke --json", "kill --nuke --json"),
        ("--stop-all", "kill --all"),
        ("--kill-port 3000", "kill --port 3000"),
        ("--kill-port=3000", "kill --port 3000"),
        ("--kill-port 3000 --force", "kill --port 3000 --force"),
        ("--force --kill-port 3000", "kill --force --port 3000"),
        ("--kill-port", "kill --port"),
        // What is named like a flag is refused by the verb and does not become one.
        ("--stop --name=--nuke", "kill --name=--nuke"),
    ]);
}

#[test]
fn listing_and_details() {
    check(&[
        ("--json", "ls --json"),
        ("-j", "ls --json"),
        ("--filter prod", "ls --filter prod"),
        ("--filter=prod", "ls --filter=prod"),
        ("--filter prod --json", "ls --filter prod --json"),
        ("--json --filter prod", "ls --json --filter prod"),
        ("--json --status running", "ls --json --status running"),
        ("web --json", "ls --details web --json"),
        ("--json web", "ls --json --details web"),
        ("web -j", "ls --details web --json"),
        ("web --json --env", "ls --details web --json --env"),
        ("--name web", "ls --details web"),
        ("-n web --json", "ls --details web --json"),
    ]);
}

#[test]
fn reading_logs() {
    check(&[
        ("web --logs", "logs web"),
        ("--logs web", "logs web"),
        ("--logs=web", "logs web"),
        ("-l web", "logs web"),
        ("web -l", "logs web"),
        ("--name web --logs", "logs web"),
        ("-n web -l", "logs web"),
        ("web --logs --log-stdout", "logs web --stdout"),
        ("web --log-stderr --logs", "logs web --stderr"),
        ("web --log-stdout", "logs web --stdout"),
        ("web --logs --lines 5", "logs web --lines 5"),
        ("web --lines=5 --logs", "logs web --lines=5"),
        ("--lines 5 web", "logs --lines 5 web"),
        ("web --logs --log-stderr --lines 5 --json", "logs web --stderr --lines 5 --json"),
        // Habits of today's spelling in yesterday's sentence.
        ("web --logs -n 5 -f", "logs web -n 5 -f"),
        ("web --logs --follow", "logs web --follow"),
    ]);
}

#[test]
fn watching_guarding_and_the_dashboard() {
    check(&[
        ("web --watch", "watch web"),
        ("--watch web", "watch web"),
        ("-w -n web", "watch web"),
        ("web --watch --logs", "watch web --logs"),
        ("web --watch --force", "run web --watch --force"),
        ("web --guard", "guard --on web"),
        ("--guard web", "guard --on web"),
        ("--guard=web", "guard --on web"),
        ("--guard --name web", "guard --on web"),
        ("--json --guard web", "guard --json --on web"),
        ("web --guard-off", "guard --off web"),
        ("--guard-off web", "guard --off web"),
        ("--guard", "guard --loop"),
        ("--guard-off", "guard --off"),
        ("--dashboard", "dash --background"),
        ("--dashboard --port 4000", "dash --background --port 4000"),
        ("--port 4000 --dashboard", "dash --background --port 4000"),
        ("--dashboard --port=4000 --force", "dash --background --port=4000 --force"),
    ]);
}

#[test]
fn help_and_version_go_before_everything() {
    check(&[
        ("--stop web --help", "--help web"),
        ("--nuke -h", "--help"),
        ("web --version", "--version web"),
        ("web -v", "--version web"),
    ]);
}

#[test]
fn what_it_does_not_explain() {
    check(&[
        ("web", ""),
        ("lgos web", ""),
        ("lgos -f web", ""),
        ("lgos -n 5", ""),
        ("rnu --force web", ""),
        ("rnu -- node", ""),
        ("web --env", ""),
        ("--stpo web", ""),
        ("--name web --cmmand x", ""),
        ("--clean=web", ""),
        ("-x", ""),
        ("-jx", ""),
        ("--port 3000", ""),
        ("--logs -- web", ""),
    ]);
}

#[test]
fn a_forgotten_value_is_not_taken_from_the_next_flag() {
    check(&[
        ("--name --stop", "kill --name"),
        ("--command c --name --force", "run --command c --name --force"),
        ("--name web --command", "run --name web --command"),
        ("--name", "run --name"),
        ("-n", "run -n"),
        ("--logs", "logs"),
        ("-l", "logs"),
        ("--lines 3", "logs --lines 3"),
    ]);
}

#[test]
fn bytes_stay_as_they_are() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(b"w\xffb \n'".to_vec());
    let typed = ["--stop".into(), odd.clone()];
    assert_eq!(translate(&typed), Some(vec!["kill".into(), odd.clone()]));
    let mut joined = OsString::from("--command=");
    joined.push(&odd);
    assert_eq!(translate(&[joined.clone()]), Some(vec!["run".into(), joined]));
}
