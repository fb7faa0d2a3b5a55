//! `bgrun env` and `run --print-env`: the variables of a process, shown or given to a command.

use std::fs;
use tests::*;

const HOSTILE: &str = "it's $HOME `id` \"q\" \\ a;b\nsecond, =ü";

fn with_config(text: &str) -> Home {
    let home = Home::new();
    fs::write(home.at("prod.toml"), text).expect("a file can be written");
    home
}

#[test]
fn print_env_says_what_would_be_set_and_starts_nothing() {
    let home = with_config("[server]\nport = 3000\n[greet]\ning = 'hello, big world'\n");
    let args = ["--print-env", "--config", "prod.toml", "-e", "A=1", "-e", "B= x\ny "];
    let output = home.verb("run", args).ok();
    assert_eq!(output.out(), "A=1\nB=\" x\\ny \"\nGREET_ING=hello, big world\nSERVER_PORT=3000\n");
    assert!(!home.state().exists(), "nothing is made");
    let object = home.verb("run", args).arg("--json").json();
    let expected =
        json!({"A": "1", "B": " x\ny ", "GREET_ING": "hello, big world", "SERVER_PORT": "3000"});
    assert_eq!(object, expected);
    fs::write(home.at("printed.env"), output.stdout).unwrap();
    let read = home.verb("run", ["--print-env", "--env-file", "printed.env", "--json"]).json();
    assert_eq!(read, expected, "it can be read back");
}

#[test]
fn print_env_of_a_stored_process_reads_its_files_anew() {
    let home = with_config("a = 1\n");
    let args = ["web", "--config", "prod.toml", "-e", "B=1", "--", "sleep", "60"];
    home.verb("run", args).ok();
    fs::write(home.at("prod.toml"), "a = 2\n").unwrap();
    let object = home.verb("run", ["web", "--print-env", "--json", "-e", "C=1"]).cwd("/").json();
    assert_eq!(object, json!({"A": "2", "B": "1", "C": "1"}));
    assert_eq!(environ_of(home.ls("web").pid())["A"], "1");
    assert_eq!(home.ls("web")["run"], 1);
    let object = home.verb("run", ["new", "--print-env", "--json", "--", "nothing"]).json();
    assert_eq!(object, json!({}), "of what there is not yet");
    home.verb("run", ["other", "--print-env"]).code(4).says("no process has this name");
    home.verb("run", ["web", "other", "--print-env"]).code(2);
    fs::write(home.at("prod.toml"), "a = \n").unwrap();
    home.verb("run", ["web", "--print-env"]).code(1).says("web: ").says("line 1, column");
}

#[test]
fn a_process_got_what_env_says() {
    let home = with_config("a = 1\n");
    let args = ["web", "--config", "prod.toml", "-e", "TOKEN=s3 cr3t", "--", "sleep", "60"];
    home.verb("run", args).env("OF_CALLER", "x").ok();
    fs::write(home.at("prod.toml"), "a = 2\n").unwrap();
    let output = home.verb("env", ["web"]).ok();
    assert_eq!(output.out(), "export A=1\nexport TOKEN='s3 cr3t'\n", "as of its last start");
    let all = home.verb("env", ["web", "--all", "--json"]).json();
    assert_eq!((all.text("OF_CALLER"), all.text("A")), ("x", "1"));
    assert!(!all.fields().iter().any(|name| name.starts_with("BGRUN_")));
    let would = home.verb("env", ["web", "-e", "B=1", "--json"]).json();
    assert_eq!(
        would,
        json!({"A": "2", "TOKEN": "s3 cr3t", "B": "1"}),
        "with flags, as it would be"
    );

    home.verb("env", ["wbe"])
        .code(4)
        .says("no process is called 'wbe'")
        .says("did you mean 'web'?");
    home.verb("env", ["web", "--shell", "tcsh"]).code(2);
    assert_eq!(home.ls("web")["run"], 1);
}

#[test]
fn every_shell_reads_back_what_is_printed_for_it() {
    let home = Home::new();
    fs::write(home.at("hostile.json"), json!({"value": HOSTILE, "other": "x"}).to_string())
        .unwrap();
    let env = "bgrun env --config hostile.json";
    for (shell, script) in [
        ("/bin/sh", format!("eval \"$({env})\"; printenv VALUE OTHER")),
        ("bash", format!("eval \"$({env} --shell bash)\"; printenv VALUE OTHER")),
        ("zsh", format!("eval \"$({env} --shell sh)\"; printenv VALUE OTHER")),
        ("fish", format!("{env} --shell fish | source; printenv VALUE; printenv OTHER")),
    ] {
        let output = home.call(shell).args(["-c", &script]).ok();
        assert_eq!(output.out(), format!("{HOSTILE}\nx\n"), "{shell}");
    }
    let lines = home.bgrun(["env", "--config", "hostile.json", "-s", "powershell"]).ok().out();
    assert!(lines.contains("${env:VALUE} = 'it''s $HOME `id`"), "{lines}");
    let object = home.bgrun(["env", "--config", "hostile.json", "-s", "json"]).json();
    assert_eq!(object["VALUE"], HOSTILE);
}

#[test]
fn nothing_to_set_is_said_beside_what_is_printed() {
    let home = Home::new();
    let output = home.verb("env", [""; 0]).ok().says("no .config.toml");
    assert_eq!(output.out(), "");
    home.start_sleep("web");
    let output = home.verb("env", ["web"]).ok().says("web: no variable");
    assert_eq!(output.out(), "");
    assert_eq!(home.verb("env", ["web", "--json"]).json(), json!({}));
}

#[test]
fn a_name_that_a_shell_cannot_have_is_left_out_and_runs_nothing() {
    let home = Home::new();
    let config = json!({"a-b": 1, "x; touch pwned; y": 2, "fine": 3}).to_string();
    fs::write(home.at("odd.json"), config).unwrap();
    let output = home.bgrun(["env", "--config", "odd.json"]).ok().says("A-B cannot be a variable");
    assert_eq!(output.out(), "export FINE=3\n");
    home.sh("eval \"$(bgrun env --config odd.json)\"").ok();
    assert!(!home.at("pwned").exists() && !home.at("PWNED").exists());
    let output = home.bgrun(["env", "--config", "odd.json", "--", "env"]).ok();
    assert!(output.out().contains("A-B=1\n"), "a command gets them: {output}");
}

#[test]
fn the_default_configuration_of_this_directory_is_read() {
    let home = Home::new();
    let app = home.dir("app");
    fs::write(app.join(".config.toml"), "a = 1\n").unwrap();
    assert_eq!(home.bgrun(["env"]).cwd(&app).ok().out(), "export A=1\n");
    assert_eq!(home.bgrun(["env", "-d", "app"]).ok().out(), "export A=1\n");
    assert_eq!(home.bgrun(["env", "--no-config"]).cwd(&app).ok().out(), "");
    assert_eq!(home.bgrun(["env"]).ok().out(), "");
    fs::write(app.join(".config.toml"), "a = \n").unwrap();
    let output = home.bgrun(["env"]).cwd(&app).code(1).says("line 1, column");
    assert_eq!(output.err().lines().count(), 1, "said once: {output}");
    assert!(!home.state().exists());
}

#[test]
fn a_command_runs_in_the_foreground_with_them_and_ends_as_it_ends() {
    let home = with_config("a = 'config'\nb = 'config'\n");
    let script = "cat; echo $A $B $C; umask; cat <&3; exit 7";
    let line = format!(
        "umask 027; echo in | bgrun env --config prod.toml -e B=flag -- sh -c '{script}' 3<prod.toml"
    );
    let output = home.sh(&line).env("A", "shell").env("C", "shell").code(7);
    let expected = "in\nconfig flag shell\n0027\na = 'config'\nb = 'config'\n";
    assert_eq!(output.out(), expected, "stdin, umask and open files are those of the shell");
    home.bgrun(["env", "--", "sh", "-c", "kill -9 $$"]).code(128 + 9);
    home.bgrun(["env", "--", "/nowhere/x"]).code(127).says("/nowhere/x: command not found");
    home.bgrun(["env", "--", "no-such-program"]).code(127);
    home.bgrun(["env", "--", "/etc/passwd"]).code(126).says("cannot execute /etc/passwd");
    home.bgrun(["env", "--config", "no.toml", "--", "touch", "ran"]).code(1);
    assert!(!home.at("ran").exists(), "nothing runs with half a configuration");
}

#[test]
fn a_command_with_the_variables_of_a_process_is_not_of_its_tree() {
    let home = Home::new();
    let args = ["web", "-e", "A=1", "--", "sleep", "60"];
    home.verb("run", args).env("OF_CALLER", "then").ok();
    let show = |flag: &[&str]| {
        let call = home.verb("env", ["web"]).args(flag).args(["--", "env"]);
        call.env("OF_CALLER", "now").env("ONLY_NOW", "1").ok().out()
    };
    let here = show(&[]);
    assert!(here.contains("A=1\n") && here.contains("OF_CALLER=now\n"), "{here}");
    let whole = show(&["--all"]);
    assert!(whole.contains("A=1\n") && whole.contains("OF_CALLER=then\n"), "{whole}");
    assert!(!whole.contains("ONLY_NOW"), "{whole}");
    assert!(!here.contains("BGRUN_ID") && !whole.contains("BGRUN_ID"));
}
