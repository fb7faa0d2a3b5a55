//! What was mistyped or makes no sense: one line that says what and why, a way out where there
//! is one, exit code 2, and nothing is touched.

use tests::*;

/// A command line, its exit code, and what is said of it.
type Case<'a> = (&'a [&'a str], i32, &'a str);

#[track_caller]
fn refused(home: &Home, cases: &[Case<'_>]) {
    for (words, code, said) in cases {
        let output = home.bgrun(*words).code(*code);
        let err = output.err();
        assert!(err.contains(said), "{said:?} is not said: {output}");
        let hints = err.lines().filter(|line| line.starts_with("hint: ")).count();
        assert_eq!(err.lines().count(), 1 + hints, "one line, and its hint: {output}");
        assert!(hints <= 1 && output.out().is_empty(), "{output}");
    }
}

#[test]
fn a_value_that_stands_apart_from_its_flag_is_told_how_it_is_joined() {
    let home = Home::new();
    refused(
        &home,
        &[
            (
                &["run", "web", "--keep-alive", "always", "--", "sleep", "60"],
                2,
                "hint: a value of --keep-alive is joined by =: --keep-alive=always",
            ),
            (&["run", "web", "--wait", "5s", "--", "sleep", "60"], 2, "--wait=5s"),
            (&["run", "web", "--keep-alive", "never"], 4, "--keep-alive=never"),
        ],
    );
    assert!(home.all().is_empty());
}

#[test]
fn what_other_tools_take_is_told_as_it_is_said_here() {
    let home = Home::new();
    refused(
        &home,
        &[
            (&["kill", "-9", "web"], 2, "hint: '--timeout 0' stops it by SIGKILL at once"),
            (&["kill", "web", "-HUP"], 2, "hint: '--signal HUP' sends it"),
            (&["start", "sleep", "--", "60"], 127, "bgrun run -- sleep 60"),
            (&["start", "sleep", "--name", "web", "--", "60"], 2, "bgrun run web -- sleep 60"),
            (&["start", "sleep 60", "--name", "web"], 4, "bgrun run web -c 'sleep 60'"),
            (&["run", "PORT=3000", "sleep", "60"], 4, "bgrun run -e PORT=3000 -- sleep 60"),
            (&["--status", "failed"], 2, "did you mean 'bgrun ls --status failed'?"),
        ],
    );
    assert!(home.all().is_empty());
    home.bgrun(["run", "web", "--cwd", "/tmp", "--", "sleep", "60"]).ok();
    assert_eq!(home.ls("web")["workdir"], "/tmp");
}

#[test]
fn what_is_missing_is_named() {
    let home = Home::new();
    refused(
        &home,
        &[
            (&["restart"], 2, "hint: bgrun restart web, or --all for everything"),
            (&["rm"], 2, "hint: bgrun rm web, or --all for everything"),
            (&["watch"], 2, "nothing to watch: no name and no command"),
            (&["kill", "web", "--tree"], 2, "this is missing: --signal <SIGNAL>"),
            (&["logs", "web", "--timeout", "5s"], 2, "this is missing: --expect <RE>"),
        ],
    );
}

#[test]
fn a_time_or_an_expression_of_logs_is_shown_with_what_is_wrong() {
    let home = Home::new();
    home.start("web", ["echo", "once"]);
    refused(
        &home,
        &[
            (&["logs", "web", "--grep", "a", "--grep", "("], 2, "'(' is not a regular expression"),
            (&["logs", "web", "--expect", "["], 2, "'[' is not a regular expression"),
            (
                &["logs", "web", "--since", "5m", "--until", "10m"],
                2,
                "--until 10m is before --since 5m\nhint: 5m is five minutes ago",
            ),
            (&["logs", "web", "--run", "7"], 1, "no run 7 is on record\nhint: 'bgrun web' lists"),
        ],
    );
    // Until a time of day may be tomorrow's.
    home.bgrun(["logs", "web", "--since", "23:59", "--until", "00:01"]).ok();
}

#[test]
fn a_record_that_makes_no_sense_is_told_in_the_words_of_json() {
    let home = Home::new();
    for (input, said) in [
        (r#"[{"name":"q","argv":"sleep"}]"#, r#"argv: must be an array, not string "sleep""#),
        (
            r#"[{"name":"q","argv":["true"],"memory_limit_bytes":"x"}]"#,
            "memory_limit_bytes: must be a whole number from 0 on, not string",
        ),
        ("[1]", "stdin, item 1: neither a name nor an object with a \"name\""),
    ] {
        home.verb("run", ["-"]).stdin(input).code(2).says(said);
    }
    assert!(home.all().is_empty());
}

#[test]
fn a_database_name_that_is_none_is_not_taken_for_the_usual_one() {
    let home = Home::new();
    home.start_sleep("web");
    for words in [&["ls"][..], &["kill", "--all"], &["logs", "web"], &["run", "x", "--", "true"]] {
        let output = home.bgrun(words).env("DB_NAME", "../shop\n").run();
        assert!(output.code > 0 && output.out().is_empty(), "{output}");
        let said = "DB_NAME='../shop\\n' names no database of bgrun: a name cannot contain '/'";
        assert!(output.err().contains(said) && output.err().lines().count() == 1, "{output}");
    }
    assert_eq!(home.ls("web").status(), "running");
    assert_eq!(home.all().len(), 1);
}

#[test]
fn a_duration_that_no_clock_can_hold_is_refused_before_anything_is_done() {
    let home = Home::new();
    home.start_sleep("web");
    let endless = "9999999999999999999";
    let wait = format!("--wait={endless}");
    refused(
        &home,
        &[
            (&["kill", "web", "--timeout", endless], 2, "longer than a hundred years"),
            (&["run", "x", &wait, "--", "true"], 2, "longer than a hundred years"),
            (&["logs", "web", "--expect", "x", "--timeout", endless], 2, "than a hundred years"),
        ],
    );
    let record = json!({"name": "x", "argv": ["false"], "backoff_min_ms": 9_000_000_000_000_000_u64,
        "backoff_max_ms": 9_000_000_000_000_000_u64});
    home.verb("run", ["-"]).stdin(record.to_string()).code(2).says("backoff_min_ms: is longer");
    assert_eq!((home.all().len(), home.ls("web").status()), (1, "running"));
}

#[test]
fn a_start_that_is_refused_leaves_nothing() {
    let home = Home::new();
    home.start_sleep("web");
    // Somebody holds the lock that the next process would have.
    let lock = home.state().join("run/2.lock");
    let holder = home.call("flock").arg(&lock).args(["sh", "-c", "echo held; sleep 60"]).spawn();
    holder.until_it_says("held");
    home.verb("run", ["other", "--", "sleep", "60"]).code(5);
    assert_eq!(home.all().len(), 1);
    drop(holder);
    home.start_sleep("other");
}
