//! `bgrun ls`: the record, complete; which processes are shown, and in which order.

use tests::*;

/// Section 5 of the design, field by field.
const FIELDS: [&str; 34] = [
    "id",
    "name",
    "group",
    "status",
    "wanted",
    "supervised",
    "pid",
    "supervisor_pid",
    "command",
    "argv",
    "workdir",
    "configPath",
    "stdout_path",
    "stderr_path",
    "timestamp",
    "uptime_ms",
    "run",
    "restarts",
    "ports",
    "memory_bytes",
    "cpu_percent",
    "processes",
    "exit_code",
    "exit_signal",
    "exit_reason",
    "ended_at",
    "next_restart_at",
    "keep_alive",
    "memory_limit_bytes",
    "restart_interval_minutes",
    "started_by",
    "container",
    "env",
    "env_keys",
];

#[track_caller]
fn names(records: &Value) -> Vec<&str> {
    records.as_array().expect("ls prints an array").iter().map(Record::name).collect()
}

/// The names that `ls --json` with these arguments shows.
#[track_caller]
fn shown(home: &Home, args: &[&str]) -> Vec<String> {
    let records = home.verb("ls", ["--json"]).args(args).json();
    names(&records).into_iter().map(String::from).collect()
}

#[test]
fn nothing_is_an_empty_array() {
    let home = Home::new();
    assert_eq!(home.verb("ls", ["--json"]).json(), json!([]));
    home.verb("ls", [""; 0]).ok();
}

#[test]
fn every_record_has_every_field_whatever_its_status() {
    let home = Home::new();
    home.start_sleep("running");
    home.start_sleep("stopped");
    home.kill(["stopped"]);
    home.start("failed", ["false"]);
    home.until("failed", "failed");
    for record in home.all() {
        for field in FIELDS {
            assert!(record.fields().contains(&field), "no {field} in {record:#}");
        }
        assert_eq!(record.status(), record.name());
    }
}

#[test]
fn the_fields_of_a_running_process_have_the_types_of_the_contract() {
    let home = Home::new();
    home.start_sleep("web");
    let record = home.ls("web");
    assert_eq!(record["group"], Value::Null);
    assert_eq!(record["wanted"], "up");
    assert_eq!(record["command"], "sleep 60");
    assert_eq!(record["configPath"], Value::Null);
    assert_eq!(record.text("stdout_path"), home.out_path("web").to_str().unwrap());
    assert_eq!(record.text("stderr_path"), home.err_path("web").to_str().unwrap());
    assert!(record.number("uptime_ms") >= 0);
    assert_eq!(record["restarts"], 0);
    assert_eq!(record["ports"], json!([]));
    assert!(record.number("memory_bytes") > 0);
    assert!(record["cpu_percent"].is_number());
    assert_eq!(record["processes"], 1);
    for field in ["exit_code", "exit_signal", "exit_reason", "ended_at", "next_restart_at"] {
        assert_eq!(record[field], Value::Null, "{field}");
    }
    assert_eq!(record["keep_alive"], "never");
    assert_eq!(record["started_by"], Value::Null);
    assert_eq!(record["container"], Value::Null);
    assert!(is_alive(record.pid()) && is_alive(record.supervisor()));
}

#[test]
fn a_stopped_process_uses_nothing() {
    let home = Home::new();
    home.start_sleep("web");
    home.kill(["web"]);
    let record = home.ls("web");
    for field in ["pid", "supervisor_pid", "uptime_ms", "memory_bytes", "cpu_percent", "processes"]
    {
        assert_eq!(record[field], Value::Null, "{field}");
    }
    assert_eq!(record["ports"], json!([]));
    assert_eq!(record["supervised"], false);
}

#[test]
fn uptime_is_that_of_this_run() {
    let home = Home::new();
    home.start_sleep("web");
    eventually("it grows", || home.ls("web").number("uptime_ms") > 300);
    let before = std::time::Instant::now();
    let again = home.verb("run", ["web", "--restart", "--json"]).json();
    let since = i64::try_from(before.elapsed().as_millis()).expect("it is not long");
    assert!(again.number("uptime_ms") <= since, "{again:#}");
}

#[test]
fn ports_are_those_the_whole_tree_listens_on_in_ascending_order() {
    let home = Home::new();
    home.start("web", [&program("listens"), "0", "child"]);
    home.start("six", [&program("listens"), "0", "v6"]);
    eventually("both listen", || {
        home.out("web").lines().count() == 2 && !home.out("six").is_empty()
    });
    let mut ports: Vec<u16> = home.out("web").lines().map(|port| port.parse().unwrap()).collect();
    ports.sort_unstable();
    home.start("client", [program("connects"), ports[0].to_string()]);
    home.until_out("client", "connected");
    assert_eq!(home.ls("web")["ports"], json!(ports));
    assert_eq!(home.ls("six")["ports"], json!([home.out("six").trim().parse::<u16>().unwrap()]));
    assert_eq!(home.ls("client")["ports"], json!([]), "a connection is not a listening port");
}

#[test]
fn usage_is_that_of_the_whole_tree() {
    let home = Home::new();
    // The children hold 30 MB each; the shell itself very little.
    let hold = "x=$(head -c 30000000 /dev/zero | tr '\\0' x); echo ready; sleep 60";
    let script =
        format!("(sh -c \"{hold}\") & (sh -c \"{hold}\") & wait", hold = hold.replace('$', "\\$"));
    home.start("web", ["sh", "-c", &script]);
    eventually("both hold it", || home.out("web").lines().count() == 2);
    // A shell says that it is ready a moment before its sleep is there.
    eventually("shell, two shells, two sleeps", || home.ls("web").number("processes") >= 5);
    let record = home.ls("web");
    assert!(record.number("memory_bytes") > 60_000_000, "{record:#}");

    home.start("busy", ["timeout", "50", "sh", "-c", "while :; do :; done"]);
    eventually("its child is seen working", || home.ls("busy")["cpu_percent"].as_f64() > Some(5.0));
}

#[test]
fn names_globs_and_groups_select() {
    let home = Home::new();
    for (name, group) in [("api-1", "shop"), ("api-2", "blog"), ("web", "shop")] {
        home.verb("run", [name, "--group", group, "--", "sleep", "60"]).ok();
    }
    assert_eq!(shown(&home, &["web"]), ["web"]);
    assert_eq!(shown(&home, &["api-*"]).len(), 2);
    assert_eq!(shown(&home, &["web", "api-2"]).len(), 2);
    assert_eq!(shown(&home, &["web", "web", "w*"]), ["web"], "each once");
    for shop in [["@shop"].as_slice(), &["--group", "shop"], &["--filter", "shop"]] {
        let mut found = shown(&home, shop);
        found.sort();
        assert_eq!(found, ["api-1", "web"], "{shop:?}");
    }
}

#[test]
fn an_unknown_name_is_4_and_the_others_are_still_shown() {
    let home = Home::new();
    home.start_sleep("web");
    let output = home.verb("ls", ["--json", "wbe", "web"]).code(4).says("wbe").says("web");
    assert!(names(&output.json()).contains(&"web"));
}

#[test]
fn a_glob_or_group_without_match_is_0_with_a_note() {
    let home = Home::new();
    home.start_sleep("web");
    for args in [["api-*"].as_slice(), &["@shop"], &["--group", "shop"]] {
        let output = home.verb("ls", ["--json"]).args(args).ok();
        assert_eq!(output.json(), json!([]), "{args:?}");
        assert_ne!(output.err(), "", "a note about {args:?}");
    }
}

#[test]
fn a_status_selects() {
    let home = Home::new();
    home.start_sleep("up");
    home.start_sleep("down");
    home.kill(["down"]);
    assert_eq!(shown(&home, &["--status", "running"]), ["up"]);
    assert_eq!(shown(&home, &["--status", "stopped"]), ["down"]);
    assert!(shown(&home, &["--status", "failed"]).is_empty());
    let usage = home.verb("ls", ["--status", "runing"]).code(2);
    assert!(usage.err().contains("running"), "{usage}");
}

#[test]
fn ls_is_0_whatever_the_states_it_shows() {
    let home = Home::new();
    home.start("web", ["false"]);
    home.until("web", "failed");
    home.verb("ls", [""; 0]).ok();
    home.verb("ls", ["web"]).ok();
}

#[test]
fn a_key_sorts() {
    let home = Home::new();
    for name in ["b", "c", "a"] {
        home.start_sleep(name);
    }
    assert_eq!(shown(&home, &["--sort", "name"]), ["a", "b", "c"]);
    home.verb("ls", ["--sort", "nmae"]).code(2).says("name");
    for key in ["status", "pid"] {
        assert_eq!(shown(&home, &["--sort", key]).len(), 3, "{key}");
    }
}

#[test]
fn quiet_prints_names_only() {
    let home = Home::new();
    home.start_sleep("web");
    home.start_sleep("a name");
    let output = home.verb("ls", ["--quiet", "--sort", "name"]).ok();
    assert_eq!(output.out(), "a name\nweb\n");
}

#[test]
fn names_are_read_from_stdin() {
    let home = Home::new();
    home.start_sleep("web");
    home.start_sleep("api");
    let output = home.verb("ls", ["--json", "-"]).stdin("web\n").json();
    assert_eq!(names(&output), ["web"]);
    home.verb("ls", ["--json", "-"]).stdin("[{\"name\": \"web\"").code(2).says("line 1");
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let home = Home::new();
    home.verb("run", ["web", "-e"])
        .arg(format!("BGR_LONG={}", "x".repeat(100_000)))
        .args(["--", "sleep", "60"])
        .ok();
    for args in ["--json --env", "--details web --env", ""] {
        let output = home.sh(&format!("bgrun ls {args} | head -c 1 >/dev/null")).run();
        assert_eq!(output.err(), "", "{args}");
        assert!([0, 141].contains(&output.code), "{output}");
    }
}

#[test]
fn status_is_observed_and_not_remembered() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let supervisor = Life::of(record.supervisor());
    let process = Life::of(record.pid());
    supervisor.kill();
    let orphan = home.ls("web");
    assert_eq!(orphan.status(), "running");
    assert_eq!(orphan["supervised"], false);
    assert_eq!(orphan["supervisor_pid"], Value::Null);
    assert_eq!(orphan.pid(), record.pid());
    process.kill();
    let gone = home.ls("web");
    assert!(["lost", "failed"].contains(&gone.status()), "{gone:#}");
    assert_eq!(gone["exit_code"], Value::Null, "nobody saw its end, so nobody guesses");
    assert_eq!(gone["pid"], Value::Null);
}
