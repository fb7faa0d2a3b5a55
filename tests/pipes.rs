//! Tools joined by pipes: records, names and specs from stdin, with the real `jq` in between.

use tests::*;

const STARTED: &str =
    "bgrun run one -- sleep 60; bgrun run two -- sleep 60; bgrun run three -- sleep 60";

#[track_caller]
fn three(home: &Home) {
    home.sh(STARTED).ok();
}

#[track_caller]
fn running(home: &Home) -> Vec<String> {
    let mut names: Vec<String> = home
        .all()
        .iter()
        .filter(|record| record.status() == "running")
        .map(|record| record.name().into())
        .collect();
    names.sort();
    names
}

#[test]
fn a_filtered_list_is_stopped() {
    let home = Home::new();
    three(&home);
    home.sh("bgrun ls --json | jq 'map(select(.name != \"two\"))' | bgrun kill -").ok();
    assert_eq!(running(&home), ["two"]);
}

#[test]
fn processes_are_selected_by_what_they_use() {
    let home = Home::new();
    three(&home);
    let hold = "x=$(head -c 60000000 /dev/zero | tr '\\0' x); echo ready; sleep 60";
    home.start("fat", ["sh", "-c", hold]);
    home.until_out("fat", "ready");
    home.sh("bgrun ls --json | jq 'map(select(.memory_bytes > 5e7))' | bgrun kill -").ok();
    assert_eq!(running(&home), ["one", "three", "two"]);
}

#[test]
fn arrays_lines_single_objects_and_plain_names_are_all_understood() {
    let home = Home::new();
    for select in [
        "bgrun ls --json",
        "bgrun ls --json | jq -c '.[]'",
        "bgrun ls --json | jq '.[]'",
        "bgrun ls --json | jq -r '.[].name'",
        "bgrun ls --quiet",
        "printf 'one\\r\\n\\n  \\ntwo\\nthree'",
        "printf '[\"one\", \"two\", \"three\"]'",
    ] {
        home.sh(&STARTED.replace(" --", " --if-absent --")).ok();
        home.sh(&format!("{select} | bgrun kill -")).ok();
        assert!(running(&home).is_empty(), "{select}");
    }
    home.verb("run", ["one"]).ok();
    home.sh("bgrun ls --json one | jq '.[0]' | bgrun kill -").ok();
    assert!(running(&home).is_empty());
}

#[test]
fn a_saved_stack_is_started_again() {
    let home = Home::new();
    home.dir("app");
    home.verb("run", ["web", "-d", "app", "-e", "A=1,2=3", "--group", "shop"])
        .args(["--stop-timeout", "2s", "--", "sleep", "60", "a b", "$HOME"])
        .run();
    home.verb("run", ["web", "-d", "app", "-e", "A=1,2=3", "--group", "shop", "--restart"])
        .args(["--", "sh", "-c", "echo $A; exec sleep 60"])
        .ok();
    home.verb("run", ["shell", "--command", "echo $0 | cat; sleep 60"]).ok();
    let before = home.verb("ls", ["--json", "--env", "--sort", "name"]).json();
    let script =
        "bgrun ls --json --env > stack.json && bgrun kill --nuke && bgrun run - < stack.json";
    home.sh(script).ok();
    let after = home.verb("ls", ["--json", "--env", "--sort", "name"]).json();
    assert_eq!(after.as_array().unwrap().len(), 2);
    for (old, new) in before.as_array().unwrap().iter().zip(after.as_array().unwrap()) {
        assert_eq!(new.status(), "running");
        for field in
            ["name", "group", "command", "argv", "workdir", "env", "env_keys", "stdout_path"]
        {
            assert_eq!(new[field], old[field], "{field}");
        }
    }
    assert_eq!(home.until_out("web", "\n"), "1,2=3\n");
}

#[test]
fn what_was_stopped_by_one_tool_is_started_by_another() {
    let home = Home::new();
    three(&home);
    home.sh("bgrun kill --all --json | bgrun run -").ok();
    assert_eq!(running(&home), ["one", "three", "two"]);
}

#[test]
fn plain_names_on_stdin_start_what_is_stored() {
    let home = Home::new();
    three(&home);
    home.kill(["--all"]);
    home.verb("run", ["-"]).stdin("one\ntwo\n").ok();
    assert_eq!(running(&home), ["one", "two"]);
}

#[test]
fn specs_need_only_a_name_and_a_command() {
    let home = Home::new();
    let specs = json!([
        {"name": "argv", "argv": ["sleep", "60"]},
        {"name": "shell", "command": "sleep 60 | cat"},
    ]);
    let started = home.verb("run", ["-", "--json"]).stdin(specs.to_string()).json();
    assert_eq!(started.as_array().unwrap().len(), 2, "one pass of run - is an array");
    assert_eq!(running(&home), ["argv", "shell"]);
}

#[test]
fn numbers_and_truths_are_variables_and_what_is_wrong_is_named() {
    let home = Home::new();
    let spec = json!({"name": "web", "command": "echo $PORT $FLAG $RATIO; sleep 60",
        "env": {"PORT": 3456, "FLAG": true, "RATIO": 0.5}});
    home.verb("run", ["-"]).stdin(spec.to_string()).ok();
    home.until_out("web", "3456 true 0.5\n");
    let spec = json!([{"name": "other", "command": "sleep 60", "env": {"LIST": [1]}}]);
    home.verb("run", ["-"]).stdin(spec.to_string()).code(2).says("item 1: env.LIST: ");
    let spec = json!([{"name": "other", "command": 5}]);
    home.verb("run", ["-"]).stdin(spec.to_string()).code(2).says("item 1: command: ");
    assert_eq!(home.all().len(), 1);
}

#[test]
fn one_bad_start_of_many_is_1_and_the_others_run() {
    let home = Home::new();
    let specs = "{\"name\": \"good\", \"argv\": [\"sleep\", \"60\"]}\n\
                 {\"name\": \"bad\", \"argv\": [\"/no/such/program\"]}\n\
                 {\"name\": \"fine\", \"argv\": [\"sleep\", \"60\"]}\n";
    let output = home.verb("run", ["-", "--json"]).stdin(specs).code(1).says("bad");
    let answers = output.json();
    assert_eq!(answers.as_array().unwrap().len(), 3);
    assert!(answers.as_array().unwrap().iter().any(|answer| answer["error"].is_string()));
    assert_eq!(running(&home), ["fine", "good"]);
}

#[test]
fn a_hundred_are_started_at_once() {
    let home = Home::new();
    let spec = |n: usize| format!("{{\"name\": \"p{n}\", \"argv\": [\"sleep\", \"60\"]}}\n");
    let specs: String = (0..100).map(spec).collect();
    let started = home.verb("run", ["-", "--json"]).stdin(specs).json();
    assert_eq!(started.as_array().unwrap().len(), 100);
    let all = home.all();
    assert_eq!(all.iter().filter(|record| record.status() == "running").count(), 100);
    home.kill(["--nuke"]);
    home.must_be_clean();
}

#[test]
fn bad_json_is_a_usage_error_with_its_place_and_nothing_is_touched() {
    let home = Home::new();
    three(&home);
    let first = home.all()[0].to_string();
    let inputs = [
        "[{\"name\": \"one\"}, {\"name\": \"two\"".to_owned(),
        format!("{first}\n{{\"name\": }}\n"),
        "{\"name\": 5}".to_owned(),
        "[1, 2]".to_owned(),
        "{\"nam\": \"one\"}".to_owned(),
    ];
    for input in inputs {
        for verb in ["kill", "run"] {
            let output = home.verb(verb, ["-"]).stdin(input.clone()).code(2);
            assert_eq!(output.out(), "", "{output}");
        }
    }
    let broken = format!("{first}\n{{\"name\": }}\n");
    let said = home.verb("kill", ["-"]).stdin(broken).code(2).err();
    assert!(said.contains("line 2") && said.contains("column"), "{said}");
    assert_eq!(running(&home).len(), 3);
}

#[test]
fn nothing_on_stdin_is_nothing_to_do() {
    let home = Home::new();
    three(&home);
    for nothing in ["[]", "\n", "\n\n  \n"] {
        home.verb("kill", ["-"]).stdin(nothing).ok();
        home.verb("run", ["-"]).stdin(nothing).ok();
    }
    home.verb("kill", ["-"]).ok();
    assert_eq!(running(&home).len(), 3);
}

#[test]
fn a_record_read_before_a_restart_is_stale() {
    let home = Home::new();
    three(&home);
    let script =
        "bgrun ls --json > before.json; bgrun run one --restart; bgrun kill - < before.json";
    let output = home.sh(script).code(6);
    assert!(output.err().contains("one"), "{output}");
    assert_eq!(running(&home), ["one"]);
}

#[test]
fn a_record_of_a_process_that_stands_still_is_not_stale() {
    let home = Home::new();
    home.start_sleep("web");
    home.sh("bgrun kill web --json | bgrun kill -").ok();
    home.sh("bgrun kill web --json | bgrun run - --json | bgrun kill --delete -").ok();
    assert!(home.all().is_empty());
}

#[test]
fn unknown_names_on_stdin_are_4_and_the_others_are_done() {
    let home = Home::new();
    three(&home);
    let answer = home.verb("kill", ["--json", "-"]).stdin("none\none\n").code(4).json();
    assert_eq!(answer.as_array().unwrap().len(), 2);
    assert_eq!(running(&home), ["three", "two"]);
}

#[test]
fn a_question_is_never_asked_on_a_pipe() {
    let home = Home::new();
    three(&home);
    home.verb("kill", ["--nuke"]).ok();
    assert!(home.all().is_empty());
}

#[test]
fn records_select_logs_and_lists_too() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo hello; exec sleep 60"]);
    home.until_out("web", "hello");
    let logs = home.sh("bgrun ls --json | bgrun logs -").ok();
    assert!(logs.out().contains("hello"), "{logs}");
    let again = home.sh("bgrun ls --json | bgrun ls --json - | jq -r '.[].name'").ok();
    assert_eq!(again.out(), "web\n");
}

#[test]
fn what_runs_is_restarted_through_a_pipe() {
    let home = Home::new();
    three(&home);
    let before: Vec<i32> = home.all().iter().map(Record::pid).collect();
    home.sh("bgrun ls --quiet | bgrun run - --restart").ok();
    let after = home.all();
    assert!(after.iter().all(|record| !before.contains(&record.pid()) && record["run"] == 2));
}

#[test]
fn what_no_program_can_be_given_is_refused_before_anything_is_started() {
    let home = Home::new();
    let fine = json!({"name": "fine", "argv": ["sleep", "60"]});
    for (field, wrong) in [
        ("env", json!({"name": "bad", "argv": ["sleep", "60"], "env": {"A=B": "1"}})),
        ("argv", json!({"name": "bad", "argv": ["sleep", "60\0"]})),
    ] {
        let records = json!([fine, wrong]).to_string();
        home.verb("run", ["-"]).stdin(records).code(2).says(field);
        assert!(home.all().is_empty(), "{field}");
    }
}

#[test]
fn one_record_has_its_own_exit_code() {
    let home = Home::new();
    home.start_sleep("web");
    for (record, code) in [
        (json!({"name": "web"}), 5),
        (json!({"name": "nobody"}), 4),
        (json!({"name": "bad", "argv": ["no-such-program"]}), 127),
    ] {
        home.verb("run", ["-"]).stdin(record.to_string()).code(code);
    }
}

#[test]
fn a_group_in_a_record_is_a_name_or_none() {
    let home = Home::new();
    for (group, stored) in [(json!("shop"), json!("shop")), (json!(""), Value::Null)] {
        let record = json!({"name": "web", "group": group, "argv": ["sleep", "60"]});
        home.verb("run", ["-", "--force"]).stdin(record.to_string()).ok();
        assert_eq!(home.ls("web")["group"], stored);
    }
}
