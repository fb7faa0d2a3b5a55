//! `bgrun`: names to executables, and nothing else.

use std::fs;
use tests::*;

#[test]
fn alone_it_lists() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    assert_eq!(home.bgrun([""; 0]).ok().out(), home.verb("ls", [""; 0]).ok().out());
    assert_eq!(home.bgrun(["--json"]).ok().json()[0]["name"], "web");
}

#[test]
fn a_name_is_its_details() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    assert_eq!(home.bgrun(["web"]).ok().out(), home.verb("ls", ["--details", "web"]).ok().out());
    home.bgrun(["web", "--details"]).ok();
    let json = home.bgrun(["web", "--json"]).json();
    assert_eq!(json.only()["name"], "web");
}

#[test]
fn aliases_are_verbs() {
    let home = Home::new();
    let table: [(&[&str], &str); 6] = [
        (&["start", "web", "--", "sleep", "60"], "running"),
        (&["stop", "web"], "stopped"),
        (&["restart", "web"], "running"),
        (&["kill", "web"], "stopped"),
        (&["start", "web"], "running"),
        (&["stop", "--all"], "stopped"),
    ];
    for (args, status) in table {
        home.bgrun(args).ok();
        assert_eq!(home.ls("web").status(), status, "{args:?}");
    }
    for list in ["list", "ps", "status", "ls"] {
        assert_eq!(home.bgrun([list, "--json"]).json().only()["name"], "web", "{list}");
    }
    for show in ["show", "details"] {
        assert!(home.bgrun([show, "web"]).ok().out().contains("sleep 60"), "{show}");
    }
    home.bgrun(["rm", "web"]).ok();
    assert!(home.all().is_empty());
    for (forget, args) in [("delete", ["two"].as_slice()), ("clean", &[]), ("nuke", &[])] {
        home.start_sleep("two");
        home.kill(["two"]);
        home.bgrun([forget]).args(args).ok();
        assert!(home.all().is_empty(), "{forget}");
    }
}

#[test]
fn an_unknown_verb_is_refused_with_the_nearest() {
    let home = Home::new();
    home.bgrun(["rnu", "web", "--", "sleep", "60"]).code(2).says("run");
    home.bgrun(["kil", "--all"]).code(2).says("kill");
    let single = home.bgrun(["lgos"]).run();
    assert!([2, 4].contains(&single.code), "a verb or a process: {single}");
    assert!(single.err().contains("logs"), "{single}");
    assert!(home.all().is_empty());
}

#[test]
fn a_name_before_its_verb_is_turned_round() {
    let home = Home::new();
    home.start_sleep("web");
    home.bgrun(["web", "stop"]).code(2).says("bgrun stop web");
    home.bgrun(["web", "logs", "-f"]).code(2).says("bgrun logs web");
    assert_eq!(home.ls("web").status(), "running");
}

#[test]
fn a_command_without_its_dashes_is_told_where_they_go() {
    let home = Home::new();
    std::fs::write(home.at("app.js"), "").expect("a file can be written");
    for (words, hint) in [
        (&["run", "web", "sleep", "60"][..], "bgrun run web -- sleep 60"),
        (&["run", "sleep", "60"], "bgrun run -- sleep 60"),
        (&["run", "--name", "web", "sleep", "60"], "bgrun run web -- sleep 60"),
        (&["start", "app.js"], "bgrun run -- node app.js"),
        (&["start", "app.js", "--name", "web"], "bgrun run web -- node app.js"),
        (&["run", "sleep 60"], "bgrun run -c 'sleep 60'"),
        (&["start", "all"], "bgrun run --all"),
        (&["restart", "all"], "bgrun run --restart --all"),
    ] {
        let refused = home.bgrun(words).code(4).says(hint);
        assert_eq!(refused.err().lines().count(), 2, "one line and its hint: {refused}");
    }
    home.start_sleep("web");
    home.kill(["web"]);
    home.bgrun(["run", "web", "sleep", "60"]).code(4).says("bgrun run web -- sleep 60");
}

#[test]
fn words_of_other_tools_lead_to_the_verb() {
    let home = Home::new();
    home.start_sleep("web");
    home.bgrun(["reload", "web"]).code(2).says("'bgrun restart web'");
    home.bgrun(["monit"]).code(2).says("'bgrun top'");
    home.bgrun(["describe", "web"]).code(2).says("'bgrun show web'");
    home.bgrun(["save"]).code(2).says("'bgrun ls --json --env > FILE' makes a copy");
    home.bgrun(["help", "monit"]).code(2).says("'bgrun top'");
    for (typed, script) in [
        ("pause web", "bgrun kill web --signal STOP"),
        ("is-active web", "bgrun wait web --for running --timeout 0"),
        ("signal CONT web", "bgrun kill web --signal CONT"),
        ("inspect web", "bgrun show --json web"),
        ("exec web true", "bgrun env web -- true"),
        ("cat web", "bgrun ls --json --env web"),
        ("is-failed web", "bgrun ls --status failed web"),
        ("disable web", "bgrun guard --off web"),
    ] {
        home.bgrun(typed.split(' ')).code(2).says(&format!("did you mean '{script}'?"));
        home.sh(script).ok();
    }
    for verb in ["stop", "wait", "logs"] {
        home.bgrun([verb, "all"]).code(4).says("--all");
    }
    home.start_sleep("monit");
    home.bgrun(["monit"]).ok();
}

#[test]
fn flags_of_other_tools_that_ask_for_what_is_done_anyway_are_taken() {
    let home = Home::new();
    home.start_sleep("web");
    assert!(home.bgrun(["ps", "-a"]).ok().out().contains("web"));
    home.bgrun(["restart", "web", "--update-env"]).ok();
    home.bgrun(["kill", "-f", "web"]).code(2).says("--force goes with --port");
    home.bgrun(["rm", "-f", "web"]).ok();
    assert!(home.find("web").is_none());
    std::fs::write(home.at("bgrun.toml"), "[process.job]\ncommand = 'sleep 60'\n").unwrap();
    home.bgrun(["up", "-d"]).ok();
    assert_eq!(home.ls("job").status(), "running");
    home.bgrun(["ls", "-x"]).code(2).says("hint: 'bgrun ls --help' shows what it takes");
}

#[test]
fn a_usage_error_says_where_help_is_as_people_type_it() {
    let home = Home::new();
    home.bgrun(["run", "-n"]).code(2).says("'bgrun run --help'");
    home.bgrun(["kill", "--timeout", "x", "web"]).code(2).says("'bgrun kill --help'");
    home.bgrun(["--kill-port", "abc"]).code(2).says("'abc' is not a port");
}

#[test]
fn an_unknown_process_is_4_with_the_nearest() {
    let home = Home::new();
    home.start_sleep("frontend");
    home.bgrun(["frontedn"]).code(4).says("frontend");
    home.bgrun(["kill", "frontedn"]).code(4).says("frontend");
    home.bgrun(["logs", "frontedn"]).code(4).says("frontend");
}

#[test]
fn unknown_flags_are_refused_with_the_nearest() {
    let home = Home::new();
    for (args, nearest) in [
        (["--jsn", "x"].as_slice(), "--json"),
        (&["ls", "--jsn"], "--json"),
        (&["kill", "--al"], "--all"),
        (&["logs", "--folow", "web"], "--follow"),
        (&["run", "--grop", "x", "--", "sleep", "60"], "--group"),
    ] {
        let output = home.bgrun(args).code(2).says(nearest);
        assert_eq!(output.out(), "", "{output}");
    }
    assert!(home.all().is_empty());
}

#[test]
fn flags_after_the_dashes_belong_to_the_command() {
    let home = Home::new();
    let flags = ["--json", "--help", "-h", "--version", "--stop", "--name", "x", "--", "--restart"];
    home.bgrun(["run", "echo", "--", &program("echo-argv")]).args(flags).ok();
    let hex = |arg: &str| arg.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(home.until_json("echo"), json!(flags.map(hex)));
    assert_eq!(home.all().len(), 1);
}

#[test]
fn any_executable_beside_it_or_on_the_path_is_a_verb() {
    let home = Home::new();
    let say = |dir: &str, name: &str| {
        home.dir(dir);
        home.script(&format!("{dir}/{name}"), &format!("#!/bin/sh\necho {dir} \"$@\"; exit 7\n"));
    };
    let tools = home.copy_tools("tools");
    say("tools", "bgrun-beside");
    say("path", "bgrun-beside");
    say("path", "bgrun-far");
    let path = format!("{}:/usr/bin:/bin", home.at("path").display());
    let bgrun = |args: &[&str]| home.call(tools.join("bgrun")).args(args).env("PATH", &path);

    assert_eq!(bgrun(&["beside", "a b", "--json"]).code(7).out(), "tools a b --json\n");
    assert_eq!(bgrun(&["far", "-x"]).code(7).out(), "path -x\n");
    let verbs = bgrun(&["--list-verbs"]).ok().out();
    for verb in ["beside", "far", "run", "ls", "logs", "kill"] {
        assert!(verbs.lines().any(|line| line == verb), "no {verb} in\n{verbs}");
    }
    assert!(!verbs.contains("supervise"), "plumbing is not for people:\n{verbs}");

    fs::write(home.at("path/bgrun-plain"), "not executable").unwrap();
    assert!(!bgrun(&["--list-verbs"]).ok().out().contains("plain"));
}

#[test]
fn it_becomes_the_verb() {
    let home = Home::new();
    let tools = home.copy_tools("tools");
    home.script("tools/bgrun-pid", "#!/bin/sh\necho $$\n");
    let call = home.call(tools.join("bgrun")).arg("pid").spawn();
    let pid = call.pid();
    assert_eq!(call.done().out(), format!("{pid}\n"), "exec, not fork");
}

#[test]
fn a_link_to_it_finds_the_verbs_beside_the_file() {
    let home = Home::new();
    home.dir("elsewhere");
    let link = home.at("elsewhere/bgrun");
    std::os::unix::fs::symlink(home.tools().join("bgrun"), &link).unwrap();
    let call = home.call(link).args(["ls", "--json"]).env("PATH", "/usr/bin:/bin");
    assert_eq!(call.json(), json!([]));
}

#[test]
fn it_opens_nothing() {
    let home = Home::new();
    for args in [["--version"], ["--help"], ["--list-verbs"]] {
        home.bgrun(args).ok();
        assert!(!home.state().try_exists().unwrap(), "{args:?} made a state directory");
    }
}

#[test]
fn version_and_help_are_on_stdout() {
    let home = Home::new();
    for flag in ["--version", "-v"] {
        let output = home.bgrun([flag]).ok();
        assert!(
            output.out().starts_with("bgrun ") && output.out().lines().count() == 1,
            "{output}"
        );
    }
    for args in [["-h"].as_slice(), &["--help"], &["help"]] {
        let output = home.bgrun(args).ok();
        for verb in ["run", "ls", "logs", "kill"] {
            assert!(output.out().contains(verb), "{output}");
        }
    }
    assert_eq!(home.bgrun(["help", "run"]).ok().out(), home.verb("run", ["--help"]).ok().out());
}
