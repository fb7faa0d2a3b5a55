//! Configuration files become environment variables, at every start anew.

use std::fs;
use tests::*;

/// Starts `web` with these further words, and answers its record and environment.
fn start(home: &Home, words: &[&str]) -> (Value, std::collections::BTreeMap<String, String>) {
    let call = home.verb("run", ["web", "--json"]).args(words);
    let record = call.args(["--", "sleep", "60"]).json();
    let environ = environ_of(record.pid());
    (record, environ.into_iter().collect())
}

fn restart(home: &Home) -> std::collections::BTreeMap<String, String> {
    let record = home.verb("run", ["web", "--restart", "--json"]).json();
    environ_of(record.pid()).into_iter().collect()
}

#[test]
fn the_default_file_of_the_directory_is_read_and_flattened() {
    let home = Home::new();
    let text = r#"
title = "a, b=c"
big = 9007199254740993
born = 1979-05-27T07:32:00Z
day = 1979-05-27
debug = false
ratio = 0.5
tags = ["x", "y"]
empty = []
"dotted.key" = 1
[server]
port = 3000
[server.tls]
on = true
[[hosts]]
name = "one"
[[hosts]]
name = "two"
ports = [1, 2]
"#;
    fs::write(home.at(".config.toml"), text).unwrap();
    let (record, environ) = start(&home, &[]);
    for (name, value) in [
        ("TITLE", "a, b=c"),
        ("BIG", "9007199254740993"),
        ("BORN", "1979-05-27T07:32:00Z"),
        ("DAY", "1979-05-27"),
        ("DEBUG", "false"),
        ("RATIO", "0.5"),
        ("TAGS_0", "x"),
        ("TAGS_1", "y"),
        ("DOTTED_KEY", "1"),
        ("SERVER_PORT", "3000"),
        ("SERVER_TLS_ON", "true"),
        ("HOSTS_0_NAME", "one"),
        ("HOSTS_1_NAME", "two"),
        ("HOSTS_1_PORTS_1", "2"),
    ] {
        assert_eq!(environ.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!environ.contains_key("EMPTY"));
    let path = home.path().canonicalize().unwrap().join(".config.toml");
    assert_eq!(record["configPath"], path.to_str().unwrap());
    let keys = record["env_keys"].as_array().unwrap();
    assert!(keys.contains(&json!("SERVER_PORT")), "{record:#}");
    assert!(record["env"]["SERVER_PORT"].is_null(), "values are shown with --env only");
}

#[test]
fn without_a_configuration_nothing_is_said_and_it_starts() {
    let home = Home::new();
    let output = home.verb("run", ["web", "--json", "--", "sleep", "60"]).ok();
    assert_eq!(output.err(), "");
    assert!(output.json()["configPath"].is_null());
    home.verb("run", ["api", "-d", ".", "--", "sleep", "60"]).ok();
}

#[test]
fn a_named_file_is_relative_to_the_directory_of_the_process_or_absolute() {
    let home = Home::new();
    let app = home.dir("app").canonicalize().unwrap();
    fs::write(app.join("prod.toml"), "mode = 'prod'\n").unwrap();
    fs::write(app.join(".config.toml"), "mode = 'default'\n").unwrap();
    let (record, environ) = start(&home, &["-d", "app", "--config", "prod.toml"]);
    assert_eq!(environ["MODE"], "prod");
    assert_eq!(record["configPath"], app.join("prod.toml").to_str().unwrap());

    let absolute = home.at("other.toml");
    fs::write(&absolute, "mode = 'other'\n").unwrap();
    let absolute = absolute.to_str().unwrap();
    let record = home.verb("run", ["web", "--restart", "--json", "--config", absolute]).json();
    assert_eq!(environ_of(record.pid())["MODE"], "other");
    assert_eq!(restart(&home)["MODE"], "other", "what was named is stored");
    let args = ["web", "--restart", "--json", "--config", "../app/./prod.toml"];
    let record = home.verb("run", args).json();
    assert_eq!(record["configPath"], app.join("prod.toml").to_str().unwrap());
}

#[test]
fn json_and_yaml_are_read_as_toml_is() {
    let home = Home::new();
    let json = r#"{"server": {"port": 3000}, "big": 123456789012345678901234567890,
        "list": [{"name": "a,b=c"}], "none": null, "on": true}"#;
    let yaml = "server:\n  port: 3000\nbig: 123456789012345678901234567890\n\
        list:\n- name: a,b=c\nnone: ~\non: true\n";
    fs::write(home.at("a.json"), json).unwrap();
    fs::write(home.at("a.yaml"), yaml).unwrap();
    fs::write(home.at("a.yml"), format!("\u{feff}{yaml}")).unwrap();
    for file in ["a.json", "a.yaml", "a.yml"] {
        let (_, environ) = start(&home, &["--config", file, "--restart"]);
        assert_eq!(environ["SERVER_PORT"], "3000", "{file}");
        assert_eq!(environ["BIG"], "123456789012345678901234567890", "{file}");
        assert_eq!(environ["LIST_0_NAME"], "a,b=c", "{file}");
        assert_eq!(environ["ON"], "true", "{file}");
        assert!(!environ.contains_key("NONE"), "{file}");
    }
}

#[test]
fn the_configuration_is_over_env_files_and_the_shell_and_below_flags() {
    let home = Home::new();
    fs::write(home.at(".config.toml"), "a = 'config'\nb = 'config'\nc = 'config'\n").unwrap();
    fs::write(home.at("my.env"), "B=file\nD=file\nA=file\n").unwrap();
    let args = ["web", "--json", "--env-file", "my.env", "-e", "A=flag", "--", "sleep", "60"];
    let call = home.verb("run", args);
    let call = ["A", "B", "C", "D", "E"].iter().fold(call, |call, name| call.env(name, "shell"));
    let environ = environ_of(call.json().pid());
    let values = ["A", "B", "C", "D", "E"].map(|name| environ[name].as_str());
    assert_eq!(values, ["flag", "config", "config", "file", "shell"]);
}

#[test]
fn a_key_that_is_removed_from_the_file_is_gone_at_the_next_start() {
    let home = Home::new();
    let config = home.at(".config.toml");
    fs::write(&config, "stays = 1\ngoes = 1\nBGR_GROUP = 'shop'\n").unwrap();
    let (record, environ) = start(&home, &[]);
    assert_eq!((environ["GOES"].as_str(), record.text("group")), ("1", "shop"));
    fs::write(&config, "stays = 2\n").unwrap();
    let environ = restart(&home);
    assert_eq!(environ["STAYS"], "2");
    assert!(!environ.contains_key("GOES") && !environ.contains_key("BGR_GROUP"), "{environ:?}");
    assert!(home.ls("web")["group"].is_null(), "what it declared is gone with it");

    home.kill(["web"]);
    fs::write(&config, "stays = 3\n").unwrap();
    let record = home.verb("run", ["web", "--json"]).json();
    assert_eq!(environ_of(record.pid())["STAYS"], "3", "a start reads it as a restart does");
}

#[test]
fn a_default_file_that_comes_or_goes_later_is_noticed() {
    let home = Home::new();
    let config = home.at(".config.toml");
    start(&home, &[]);
    fs::write(&config, "a = 1\n").unwrap();
    assert_eq!(restart(&home)["A"], "1");
    assert!(home.ls("web")["configPath"].is_string());
    fs::remove_file(&config).unwrap();
    let output = home.verb("run", ["web", "--restart", "--json"]).ok().says("is gone");
    assert!(!environ_of(output.json().pid()).contains_key("A"));
    assert!(output.json()["configPath"].is_null());
}

#[test]
fn a_named_file_that_is_gone_is_an_error_and_what_runs_goes_on() {
    let home = Home::new();
    fs::write(home.at("prod.toml"), "a = 1\n").unwrap();
    let (before, _) = start(&home, &["--config", "prod.toml"]);
    fs::remove_file(home.at("prod.toml")).unwrap();
    home.verb("run", ["web", "--restart"]).code(1).says("prod.toml: No such file");
    assert_eq!(home.ls("web").pid(), before.pid());
    assert!(is_alive(before.pid()));
    home.verb("run", ["new", "--config", "nowhere.json", "--", "sleep", "60"]).code(1);
    assert!(home.find("new").is_none());
}

#[test]
fn a_broken_file_is_named_with_line_and_column_and_nothing_starts() {
    let home = Home::new();
    for (file, text, place) in [
        (".config.toml", "a = 1\nb = \n", ".config.toml, line 2, column "),
        ("a.toml", "[x\n", "a.toml, line 1, column "),
        ("a.json", "{\n  \"a\": }\n", "a.json, line 2, column 8: "),
        ("a.yaml", "a: 1\nb: [1\nc: 2\n", "a.yaml, line "),
        ("a.yml", "a: 1\na: 2\n", "a.yml, line 2, column 1: "),
        ("b.json", "[1]", "b.json: holds no keys"),
        ("c.json", "{\"a.b\": 1, \"a\": {\"b\": 2}}", "'a.b' appears twice"),
        (
            "d.json",
            "{\"A_B\": 1, \"a\": {\"b\": 2}}",
            "'A_B' and 'a.b' would both set the variable A_B",
        ),
        ("e.json", "{\"a=\": 1}", "e.json: key 'a='"),
    ] {
        fs::write(home.at(file), text).unwrap();
        let output =
            home.verb("run", ["web", "--config", file, "--", "sleep", "60"]).code(1).says(place);
        assert!(output.err().starts_with("bgrun-run: web: "), "{output}");
        assert_eq!(output.err().lines().count(), 1, "{output}");
        assert_eq!(output.out(), "");
    }
    home.verb("run", ["web", "--", "sleep", "60"]).code(1).says(".config.toml, line 2");
    assert!(home.all().is_empty());
    home.must_be_clean();
}

#[test]
fn what_is_no_configuration_is_refused() {
    let home = Home::new();
    fs::write(home.at("a.ini"), "a=1\n").unwrap();
    fs::write(home.at("my.env"), "a=1\n").unwrap();
    fs::write(home.at("latin.toml"), b"a = 'x'\nb = '\xe4'\n").unwrap();
    fs::write(home.at("large.json"), format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20))).unwrap();
    fs::write(home.at("deep.yaml"), format!("a: {}{}", "[".repeat(99), "]".repeat(99))).unwrap();
    home.dir("dir.toml");
    home.sh("mkfifo pipe.toml").ok();
    for (file, code, what) in [
        ("a.ini", 2, "unknown configuration format"),
        ("my.env", 2, "--env-file"),
        ("latin.toml", 1, "line 2, column 6: not UTF-8"),
        ("large.json", 1, "larger than 1 MiB"),
        ("deep.yaml", 1, "too deep"),
        ("dir.toml", 1, "Is a directory"),
        ("pipe.toml", 1, "no regular file"),
    ] {
        home.verb("run", ["web", "--config", file, "--", "sleep", "60"]).code(code).says(what);
    }
    assert!(home.all().is_empty());
}

#[test]
fn a_file_that_breaks_later_stops_nothing() {
    let home = Home::new();
    let config = home.at(".config.toml");
    fs::write(&config, "a = 1\n").unwrap();
    let (before, _) = start(&home, &[]);
    fs::write(&config, "a = \n").unwrap();
    for flag in ["--restart", "--force"] {
        home.verb("run", ["web", flag]).code(1).says("line 1, column");
    }
    let now = home.ls("web");
    assert_eq!((now.pid(), now.status()), (before.pid(), "running"));
}

#[test]
fn no_config_is_kept_until_one_is_named() {
    let home = Home::new();
    fs::write(home.at(".config.toml"), "a = 1\n").unwrap();
    let (record, environ) = start(&home, &["--no-config"]);
    assert!(record["configPath"].is_null() && record["no_config"] == true);
    assert!(!environ.contains_key("A") && !restart(&home).contains_key("A"));
    let record =
        home.verb("run", ["web", "--restart", "--config", ".config.toml", "--json"]).json();
    assert_eq!(environ_of(record.pid())["A"], "1");
    assert_eq!(record["no_config"], false);
    home.verb("run", ["web", "--config", "x", "--no-config"]).code(2);
}

#[test]
fn policies_in_a_configuration_count() {
    let home = Home::new();
    let text = "BGR_GROUP = 'shop'\nBGR_KEEP_ALIVE = true\nBGR_MEMORY_LIMIT = '500m'\n[bgr]\nrestart_interval = 90\n";
    fs::write(home.at(".config.toml"), text).unwrap();
    let call = home.verb("run", ["web", "--json", "--", "sleep", "60"]);
    let record = call.env("BGR_GROUP", "shell").json();
    assert_eq!(record["group"], "shop", "the configuration is over the shell");
    assert_eq!(record["keep_alive"], "always");
    assert_eq!(record["memory_limit_bytes"], 500 << 20);
    assert_eq!(record["restart_interval_minutes"], 90);
    assert_eq!(record["env"]["BGR_GROUP"], "shop");
    let args = ["api", "--group", "flag", "--json", "--", "sleep", "60"];
    assert_eq!(home.verb("run", args).json()["group"], "flag", "a flag is over all of it");
    fs::write(home.at("bad.toml"), "BGR_MEMORY_LIMIT = 'much'\n").unwrap();
    let args = ["bad", "--config", "bad.toml", "--", "sleep", "60"];
    home.verb("run", args).code(2).says("BGR_MEMORY_LIMIT");
}

#[test]
fn a_record_brings_its_configuration_along() {
    let home = Home::new();
    fs::write(home.at("prod.toml"), "a = 1\nb = 1\n").unwrap();
    start(&home, &["--config", "prod.toml", "-e", "C=flag"]);
    let stack = home.verb("ls", ["--json", "--env"]).ok().out();
    home.kill(["web", "--delete"]);
    fs::write(home.at("prod.toml"), "a = 2\n").unwrap();
    let record = home.verb("run", ["-", "--json"]).stdin(stack).cwd("/").json().only().clone();
    let environ = environ_of(record.pid());
    assert_eq!((environ["A"].as_str(), environ["C"].as_str()), ("2", "flag"));
    assert!(!environ.contains_key("B"), "what was from the file comes from the file");
    assert!(record.text("configPath").ends_with("/prod.toml"));

    let by_hand = json!([
        {"name": "one", "argv": ["sleep", "60"], "workdir": home.path(), "configPath": "prod.toml"},
        {"name": "two", "argv": ["sleep", "60"], "workdir": home.path(), "no_config": true},
        {"name": "three", "argv": ["sleep", "60"], "workdir": home.path(), "configPath": "no.toml"},
    ]);
    fs::write(home.at(".config.toml"), "default = 1\n").unwrap();
    let output = home.verb("run", ["-", "--json"]).stdin(by_hand.to_string()).code(1);
    let records = output.says("three: cannot read").json();
    assert_eq!(environ_of(records[0].pid())["A"], "2");
    assert!(!environ_of(records[1].pid()).contains_key("DEFAULT"));
    assert!(home.find("three").is_none());
}

#[test]
fn a_crash_starts_it_again_with_what_the_start_had_read() {
    let home = Home::new();
    fs::write(home.at(".config.toml"), "a = 1\n").unwrap();
    let args = ["web", "--keep-alive", "--json", "--", "sleep", "60"];
    let record = home.verb("run", args).json();
    fs::write(home.at(".config.toml"), "a = 2\n").unwrap();
    Life::of(record.pid()).kill();
    let again = eventually_some("it runs again", || {
        Some(home.ls("web")).filter(|now| now["run"] == 2 && now.status() == "running")
    });
    assert_eq!(environ_of(again.pid())["A"], "1");
}

#[test]
fn the_older_spelling_names_a_configuration_too() {
    let home = Home::new();
    let app = home.dir("app");
    fs::write(app.join("prod.toml"), "[server]\nport = 3000\n").unwrap();
    let directory = app.to_str().unwrap();
    let args = ["--name", "web", "--command", "exec sleep 60", "--directory", directory];
    home.bgrun(args).args(["--config", "prod.toml"]).ok();
    assert_eq!(environ_of(home.ls("web").pid())["SERVER_PORT"], "3000");
}
