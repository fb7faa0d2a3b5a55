//! What a project file may say, and how it is told what it may not.

use super::*;
use serde_json::json;

fn parsed(text: &str) -> Result<Vec<Declared>, String> {
    parse(text, Path::new("/srv/shop/bgrun.toml")).map_err(|wrong| {
        let (line, column) = wrong.at.map_or((0, 0), |at| place(text, at.start));
        let hint = wrong.hint.map_or_else(String::new, |hint| format!(" ({hint})"));
        format!("{line}:{column}: {}{hint}", wrong.what)
    })
}

#[test]
fn a_file_becomes_records_in_its_order() {
    let text = r#"
        group = "shop"
        [defaults]
        keep_alive = "on-failure"
        env = { TZ = "UTC", PORT = 1 }

        [process.web]
        command = ["node", "server.js"]
        directory = "web"
        after = ["db", "migrate:exited"]
        ready = "port:3000"
        env = { PORT = 3000, RATIO = 1.50, ON = true, DAY = 2026-01-02, BIG = 9_007_199_254_740_993 }
        env_files = ".env"
        memory_limit = "500m"
        backoff = "100ms..10s"
        max_restarts = "5/10m"
        stop_exit_codes = 42
        stop_timeout = 3
        logs_dir = "logs"

        [process.db]
        command = "postgres -D data | tee log"
        keep_alive = true
        config = false
        group = "data"
        stdout = "/var/log/db.txt"
        stop_signal = "int"
    "#;
    let processes = parsed(text).expect("a project");
    let [web, db] = processes.as_slice() else { panic!("{processes:?}") };
    let expected = json!({
        "name": "web", "group": "shop", "keep_alive": "on-failure",
        "env": {"TZ": "UTC", "PORT": "3000", "RATIO": "1.50", "ON": "true", "DAY": "2026-01-02",
            "BIG": "9007199254740993"},
        "argv": ["node", "server.js"], "workdir": "/srv/shop/web",
        "after": ["db", "migrate:exited"], "ready": "port:3000",
        "env_files": ["/srv/shop/.env"], "memory_limit_bytes": 524_288_000,
        "backoff_min_ms": 100, "backoff_max_ms": 10_000,
        "max_restarts": 5, "restart_window_ms": 600_000, "stop_exit_codes": [42],
        "stop_timeout_ms": 3000,
        "stdout_path": "/srv/shop/logs/web-out.txt", "stderr_path": "/srv/shop/logs/web-err.txt",
        "project": "/srv/shop/bgrun.toml",
    });
    assert_eq!(Value::Object(web.record.clone()), expected);
    assert_eq!(web.after.len(), 2);
    let expected = json!({
        "name": "db", "group": "data", "keep_alive": "always",
        "env": {"TZ": "UTC", "PORT": "1"}, "command": "postgres -D data | tee log",
        "no_config": true, "stdout_path": "/var/log/db.txt", "stop_signal": "SIGINT",
        "workdir": "/srv/shop", "project": "/srv/shop/bgrun.toml",
    });
    assert_eq!(Value::Object(db.record.clone()), expected);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_nearest_key() {
    let table = [
        ("[process.web]\ncomand = 'x'", "2:1: unknown key 'comand' (did you mean 'command'?)"),
        ("[process.web]\ncwd = 'x'", "2:1: unknown key 'cwd' (it is called 'directory' here)"),
        ("[proces.web]\ncommand = 'x'", "1:2: unknown key 'proces' (did you mean 'process'?)"),
        ("[services.web]\ncommand = 'x'", "1:2: unknown key 'services' (a file has [process.NAME]"),
        ("[process.web]\ncommand = 7", "2:11: must be a string in quotes, not an integer"),
        ("[process.web]\ncommand = []", "2:11: the command is empty"),
        ("[process.web]\ndirectory = 'x'", "1:10: 'web' has no command"),
        ("[process.'../x']\ncommand = 'x'", "1:10: '../x': a name cannot contain '/'"),
        ("[process.web]\ncommand = 'x'\nready = 'soon'", "3:9: 'soon' is not a way to tell"),
        ("[process.web]\ncommand = 'x'\nafter = ['../x']", "3:9: '../x': a name cannot contain"),
        ("[process.web]\ncommand = 'x'\nmemory_limit = 'big'", "3:16: 'big' is not a size"),
        ("[process.web]\ncommand = 'x'\nkeep_alive = 'so'", "3:14: keep-alive is always"),
        ("[process.web]\ncommand = 'x'\nenv = { A = [1] }", "3:13: must be a string, a number"),
        ("[process.web]\ncommand = 'x'\nenv = 'A=1'", "3:7: must be a table"),
        ("[process.web]\ncommand = 'x'\nmax_restarts = -1", "3:16: must be a whole number"),
        ("[defaults]\ncommand = 'x'", "2:1: every process has a command of its own"),
        ("process = 3", "1:11: must be a table"),
        ("[process.a]\ncommand='x'\nafter='b'\n[process.b]\ncommand='x'\nafter='a'", "a → b → a"),
        ("[process.web]\ncommand = 'x", "2:"),
        ("[process.web]\n[process.web]", "2:"),
    ];
    for (text, told) in table {
        let error = parsed(text).expect_err(text);
        assert!(error.contains(told), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn a_file_may_say_nothing() {
    assert_eq!(parsed(""), Ok(Vec::new()));
    assert_eq!(parsed("group = 'x'\n[process]"), Ok(Vec::new()));
}

#[test]
fn the_nearest_file_is_found_from_below() {
    let directory = tempfile::tempdir().expect("directory");
    let deep = directory.path().join("a/b");
    std::fs::create_dir_all(&deep).expect("directories");
    std::fs::write(directory.path().join("a").join(FILE), "").expect("write");
    assert_eq!(nearest(&deep).expect("found"), directory.path().join("a").join(FILE));
    assert_eq!(nearest(Path::new("/proc/self")).expect_err("none").exit(), Exit::Unknown);
}
