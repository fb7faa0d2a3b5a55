//! Configuration that is code: evaluated by bun, deno or node, and only when it is named.

use std::fs;
use tests::*;

fn run(home: &Home, config: &str) -> Call {
    home.verb("run", ["web", "--json", "--config", config, "--", "sleep", "60"])
}

/// Whether the node of this machine reads types.
fn node_reads_types(home: &Home) -> bool {
    let asks = "process.exit(process.features.typescript || \
        process.allowedNodeEnvironmentFlags.has('--experimental-strip-types') ? 0 : 1)";
    home.call("node").args(["-e", asks]).run().code == 0
}

#[test]
fn the_default_export_becomes_variables() {
    let home = Home::new();
    let text = "console.log('noise');\nsetInterval(() => {}, 1000);\n\
        export default (async () => ({\n\
          server: { port: 3000 }, big: 9007199254740993n, born: new Date(0), none: null,\n\
          tags: ['a,b=c'], mode: process.env.MODE, here: process.cwd(), absent: undefined,\n\
        }))();\n";
    fs::write(home.at("app.mjs"), text).unwrap();
    let output = run(&home, "app.mjs").env("MODE", "test").ok();
    assert_eq!(output.err(), "");
    let environ = environ_of(output.json().pid());
    for (name, value) in [
        ("SERVER_PORT", "3000"),
        ("BIG", "9007199254740993"),
        ("BORN", "1970-01-01T00:00:00.000Z"),
        ("TAGS_0", "a,b=c"),
        ("MODE", "test"),
        ("HERE", home.path().canonicalize().unwrap().to_str().unwrap()),
    ] {
        assert_eq!(environ.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!environ.contains_key("NONE") && !environ.contains_key("ABSENT"));
    assert!(!environ.keys().any(|name| name.starts_with("BGRUN_CONFIG")));
}

#[test]
fn it_is_evaluated_at_every_start_also_from_another_shell() {
    let home = Home::new();
    fs::write(home.at("app.js"), "module.exports = { a: 1 };\n").unwrap();
    run(&home, "app.js").ok();
    fs::write(home.at("app.js"), "module.exports = { b: 2 };\n").unwrap();
    // As cron: the interpreter is looked for on the PATH of the process.
    let call = home.verb("run", ["web", "--restart", "--json"]).env("PATH", "/nowhere");
    let environ = environ_of(call.cwd("/").json().pid());
    assert_eq!(environ["B"], "2");
    assert!(!environ.contains_key("A"));
}

#[test]
fn typescript_is_read_where_the_interpreter_reads_it() {
    let home = Home::new();
    fs::write(home.at("plain.ts"), "export default { server: { port: 3000 } };\n").unwrap();
    assert_eq!(environ_of(run(&home, "plain.ts").json().pid())["SERVER_PORT"], "3000");
    let typed = "const port: number = 3000;\nexport default { server: { port } };\n";
    fs::write(home.at("typed.mts"), typed).unwrap();
    let call = home.verb("run", ["typed", "--json", "--config", "typed.mts", "--", "sleep", "60"]);
    if node_reads_types(&home) {
        assert_eq!(environ_of(call.json().pid())["SERVER_PORT"], "3000");
    } else {
        call.code(1).says("typed.mts, line 1, column 7: SyntaxError").says("22.6 or newer");
    }
}

#[test]
fn what_is_wrong_with_it_is_told_with_its_place_and_nothing_starts() {
    let home = Home::new();
    for (file, text, what) in [
        (
            "throws.mjs",
            "\nthrow new Error('boom\\nand more');\n",
            "throws.mjs, line 2, column 7: boom",
        ),
        (
            "syntax.mjs",
            "export default {\n  a: ,\n};\n",
            "syntax.mjs, line 2, column 6: SyntaxError",
        ),
        ("type.mjs", "let x;\nx.y.z();\n", "type.mjs, line 2, column 3: TypeError"),
        ("none.mjs", "export const a = 1;\n", "none.mjs: TypeError: there is no default export"),
        ("function.mjs", "export default { a: () => 1 };\n", "'a' is a function"),
        ("whole.mjs", "export default () => 1;\n", "the default export is a function"),
        ("circle.mjs", "const a = {}; a.a = a; export default a;\n", "circular"),
        ("exit.mjs", "process.exit(3);\n", "exit.mjs: node gave nothing: exit status: 3"),
        ("text.mjs", "export default 'text';\n", "text.mjs: holds no keys"),
        ("import.mjs", "import './nowhere.mjs';\nexport default {};\n", "nowhere.mjs"),
        ("twice.mjs", "export default { a_b: 1, a: { b: 2 } };\n", "'a_b' and 'a.b'"),
        ("absent.mjs", "", "there is no default export"),
    ] {
        fs::write(home.at(file), text).unwrap();
        let output = run(&home, file).code(1).says(what);
        assert!(output.err().starts_with("bgrun-run: web: "), "{output}");
        assert_eq!(output.err().lines().count(), 1, "{output}");
        assert_eq!(output.json()["name"], "web", "{output}");
    }
    run(&home, "missing.mjs").code(1).says("cannot read");
    assert!(home.all().is_empty());
    home.must_be_clean();
}

#[test]
fn what_does_not_end_is_ended_after_ten_seconds() {
    let home = Home::new();
    fs::write(home.at("hangs.mjs"), "for (;;) {}\n").unwrap();
    fs::write(home.at("waits.mjs"), "await new Promise(() => setInterval(() => {}, 1000));\n")
        .unwrap();
    let hangs = run(&home, "hangs.mjs").spawn();
    let waits = run(&home, "waits.mjs").spawn();
    for running in [hangs, waits] {
        let output = running.done().expect_code(1).says("node was not done within 10s");
        assert!(output.elapsed.as_secs() >= 10, "{output}");
    }
    home.must_be_clean();
}

#[test]
fn without_an_interpreter_it_is_said_what_is_missing() {
    let home = Home::new();
    fs::write(home.at("app.ts"), "export default { a: 1 };\n").unwrap();
    let path = home.path_with(&["sleep"]);
    let output = run(&home, "app.ts").env("PATH", path).code(1);
    output.says("app.ts: nothing on PATH can evaluate it").says("hint: bun, deno or node");
}

#[test]
fn bun_goes_before_deno_and_deno_before_node() {
    let home = Home::new();
    fs::write(home.at("app.mjs"), "export default { a: 1 };\n").unwrap();
    let path = home.path_with(&["sleep", "node"]);
    // Not the real ones: they show which was found, and what it is given, and have node do it.
    let stand_in = |name: &str, text_is_argument: u32| {
        let text = format!(
            "#!/bin/sh\necho \"$1\" > found-{name}\n\
             exec node --input-type=module --eval \"${text_is_argument}\"\n"
        );
        home.script(&format!("bin/{name}"), &text);
    };
    stand_in("deno", 3);
    let start = || run(&home, "app.mjs").env("PATH", &path);
    assert_eq!(environ_of(start().json().pid())["A"], "1");
    assert_eq!(fs::read_to_string(home.at("found-deno")).unwrap(), "eval\n");
    stand_in("bun", 2);
    home.kill(["web", "--delete"]);
    assert_eq!(environ_of(start().json().pid())["A"], "1");
    assert_eq!(fs::read_to_string(home.at("found-bun")).unwrap(), "--eval\n");
}

#[test]
fn code_is_never_run_unless_it_is_named() {
    let home = Home::new();
    let text = "import { writeFileSync } from 'node:fs';\n\
        writeFileSync('ran', '');\nexport default {};\n";
    for name in [".config.ts", ".config.js", ".config.mjs", "config.ts", "config.js"] {
        fs::write(home.at(name), text).unwrap();
    }
    home.verb("run", ["web", "--", "sleep", "60"]).ok();
    assert!(!home.at("ran").exists());
    home.verb("run", ["web", "--restart", "--config", ".config.mjs"]).ok();
    assert!(home.at("ran").exists());
}

#[test]
fn what_it_makes_has_the_umask_of_the_caller() {
    let home = Home::new();
    let text = "import { writeFileSync } from 'node:fs';\n\
        writeFileSync('made', '');\nexport default {};\n";
    fs::write(home.at("app.mjs"), text).unwrap();
    home.sh("umask 022; bgrun run web --config app.mjs -- sleep 60; stat -c %a made").ok();
    let mode = home.sh("stat -c %a made bgr").ok().out();
    assert_eq!(mode, "644\n700\n", "and ours stays closed");
}
