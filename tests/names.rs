//! Names: one rule, the same for every verb; what keeps it round-trips, what breaks it is refused.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use tests::*;

#[test]
fn names_that_keep_the_rule_round_trip_through_every_verb() {
    let long = "x".repeat(128);
    let names = [
        "web",
        "späße",
        "🦎-emoji",
        "名前",
        "שלום",
        "a b",
        "%s%n",
        "'; rm -rf '",
        "$HOME",
        "`id`",
        "a..b",
        "web.v2",
        "a-",
        "back\\slash",
        "\"quoted\"",
        "a&&b",
        "a,b=c",
        "con",
        &long,
    ];
    let home = Home::new();
    for name in names {
        let record = home.verb("run", [name, "--json", "--", "sleep", "60"]).json();
        assert_eq!(record["name"], name);
        assert_eq!(environ_of(record.pid())["BGRUN_NAME"], name);
        assert!(home.out_path(name).is_file(), "{name}");
        home.verb("logs", [name]).ok();
        assert!(home.verb("ls", ["--details", name]).ok().out().contains("running"), "{name}");
    }
    let mut listed: Vec<String> = home.all().iter().map(|record| record.name().into()).collect();
    listed.sort();
    let mut expected = names.map(String::from);
    expected.sort();
    assert_eq!(listed, expected);
    let quiet = home.verb("ls", ["--quiet"]).ok();
    let answer = home.verb("kill", ["--delete", "--json", "-"]).stdin(quiet.stdout).json();
    assert_eq!(answer.as_array().unwrap().len(), names.len());
    assert!(home.all().is_empty());
    home.must_be_clean();
}

#[test]
fn a_name_with_the_signs_of_a_glob_is_that_name_first() {
    let home = Home::new();
    for name in ["a*", "ab", "[x]", "x"] {
        home.start_sleep(name);
    }
    home.kill(["[x]"]);
    assert_eq!(home.ls("[x]").status(), "stopped");
    assert_eq!(home.find("x").unwrap().status(), "running");
    home.kill(["a*"]);
    assert_eq!(home.find("a*").unwrap().status(), "stopped");
    assert_eq!(home.find("ab").unwrap().status(), "running");
}

/// Names that break the rule, as bytes.
fn broken() -> Vec<Vec<u8>> {
    let long = "x".repeat(129);
    let huge = "x".repeat(10_000);
    let wide = "ä".repeat(65);
    let texts = [
        "",
        " ",
        "web ",
        " web",
        "\tweb",
        ".",
        "..",
        ".hidden",
        "-rf",
        "--",
        "--all",
        "a/b",
        "/etc/x",
        "../x",
        "../../x",
        "a\nb",
        "a\tb",
        "a\rb",
        "a\u{7f}",
        "\u{1b}[31mred",
        "a\u{85}b",
        "a\u{9b}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{200f}b",
        "a\u{061c}b",
        &long,
        &huge,
        &wide,
    ];
    let mut names: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    names.push(b"not \xff UTF-8".to_vec());
    names
}

#[test]
fn a_name_that_breaks_the_rule_is_refused_and_nothing_is_made() {
    let home = Home::new();
    for name in broken() {
        let flag = [b"--name=".as_slice(), &name].concat();
        let call = home.verb("run", [OsStr::from_bytes(&flag)]).args(["--", "sleep", "60"]);
        let output = call.code(2);
        assert_eq!(output.out(), "");
        let said = output.err();
        assert!(!said.trim().is_empty(), "the rule is said");
        let is_raw =
            |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!said.contains(is_raw), "no raw control characters: {said:?}");
    }
    assert!(home.all().is_empty());
    let outside: Vec<_> = std::fs::read_dir(home.path()).unwrap().flatten().collect();
    assert!(outside.len() <= 1, "only the state directory: {outside:?}");
    assert!(!home.path().parent().unwrap().join("x-out.txt").try_exists().unwrap());
    home.must_be_clean();
}

#[test]
fn a_record_with_a_broken_name_is_refused_before_anything_is_touched() {
    let home = Home::new();
    for name in ["../x", "", ".", "-rf", "a/b", "a\nb", "a\u{0}b", "\u{202e}x"] {
        let input = json!([
            {"name": "good", "argv": ["sleep", "60"]},
            {"name": name, "argv": ["sleep", "60"]},
        ]);
        home.verb("run", ["-", "--json"]).stdin(input.to_string()).code(2);
        assert!(home.all().is_empty(), "{name:?}");
    }
    home.must_be_clean();
}

#[test]
fn broken_names_as_selectors_touch_nothing() {
    let home = Home::new();
    let precious = home.at("precious-out.txt");
    std::fs::write(&precious, "data").unwrap();
    home.start_sleep("web");
    for verb in ["ls", "logs", "kill"] {
        for name in ["../precious", "", "a/b", "/", ".."] {
            let output = home.verb(verb, ["--", name]).run();
            assert!([2, 4].contains(&output.code), "{output}");
        }
    }
    home.verb("kill", ["--delete", "--", "../precious"]).run();
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "data");
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn a_group_of_any_name_is_safe_for_a_terminal() {
    let home = Home::new();
    for (n, group) in ["a\nb", "\u{1b}[31mred", "\u{202e}x", "../x"].into_iter().enumerate() {
        let run = [&format!("web{n}"), "--group", group, "--", "sleep", "60"];
        let output = home.verb("run", run).run();
        assert!([0, 2].contains(&output.code), "{output}");
    }
    for args in [[].as_slice(), &["--details", "web*"]] {
        let shown = Terminal::of(home.verb("ls", args), 200).shown();
        for raw in ["a\nb", "\u{1b}[31mred", "\u{202e}"] {
            assert!(!shown.contains(raw), "{raw:?} in {shown:?}");
        }
    }
}

#[test]
fn a_derived_name_obeys_the_rule() {
    let home = Home::new();
    let commands = [
        "../../bin/x; sleep 60",
        "  sleep 60",
        "-x; sleep 60",
        ".hidden; sleep 60",
        "'\u{1b}[31m'; sleep 60",
    ];
    for command in commands {
        let output = home.verb("run", ["--json", &format!("--command={command}")]).run();
        // Deriving a good name or refusing are both fine; a bad name is not.
        assert!([0, 2].contains(&output.code), "{output}");
    }
    for record in home.all() {
        let name = record.name();
        assert!(
            !name.is_empty() && !name.contains('/') && !name.starts_with(['.', '-']),
            "{name:?}"
        );
        assert!(!name.contains(char::is_control), "{name:?}");
    }
}

#[test]
fn a_database_name_leads_nowhere_else() {
    let home = Home::new();
    for name in ["../evil", "/tmp/evil", "a/b", ".."] {
        home.verb("run", ["web", "--", "sleep", "60"]).env("DB_NAME", name).run();
        home.verb("ls", ["--json"]).env("DB_NAME", name).run();
    }
    assert!(!home.at("evil_v2.sqlite").try_exists().unwrap());
    assert!(!std::path::Path::new("/tmp/evil_v2.sqlite").try_exists().unwrap());
}

#[test]
fn a_name_that_looks_like_a_group_is_a_name_for_every_tool_that_acts_on_it() {
    let home = Home::new();
    home.verb("run", ["other", "--group", "shop", "--", "sleep", "60"]).ok();
    let other = home.ls("other").pid();
    let file = "[process.\"@shop\"]\ncommand = [\"sleep\", \"60\"]\nkeep_alive = true\n";
    std::fs::write(home.at("bgrun.toml"), file).expect("a file can be written");
    home.bgrun(["up"]).ok();
    assert_eq!(home.bgrun(["up"]).ok().out(), "@shop: unchanged\n");

    let watching = home.verb("watch", ["@shop", "--json", "--poll"]).spawn();
    watching.until_it_says("\"@shop\"");
    drop(watching);

    let supervised = home.ls("[@]shop");
    Life::of(supervised.supervisor()).kill();
    home.verb("guard", [""; 0]).ok();
    let adopted = home.ls("[@]shop");
    assert_eq!((adopted.pid(), &adopted["supervised"]), (supervised.pid(), &json!(true)));

    home.bgrun(["down", "--delete"]).ok();
    assert_eq!(home.all().len(), 1);
    assert_eq!(home.ls("other").pid(), other);
}
