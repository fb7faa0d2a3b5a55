//! What was written when, and which variables are set, through the API of the dashboard.

use std::fs;

use tests::*;

/// A process that wrote its lines at different times, and ended; answers its lines.
fn wrote_in_turn(home: &Home) -> Vec<Value> {
    let script = "for i in 1 2 3; do echo out $i; sleep 0.25; done; echo err >&2";
    home.bgrun(["run", "web", "-c", script]).ok();
    home.until("web", "exited");
    home.verb("logs", ["web", "--json", "--stdout"]).ok().json_lines()
}

/// The text between the ends of a span.
fn text(dashboard: &Dashboard, span: &Value) -> String {
    let whole = dashboard.get("/api/logs/web?offset=0").text("text").to_owned();
    let place = |offset: &Value| offset.as_u64().and_then(|offset| usize::try_from(offset).ok());
    let from = place(&span["from"]).expect("a span begins");
    whole[from..place(&span["to"]).unwrap_or(whole.len())].to_owned()
}

#[test]
fn the_bytes_that_were_written_between_two_times_are_found() {
    let home = Home::new();
    let lines = wrote_in_turn(&home);
    let dashboard = Dashboard::start(&home);
    let at = |line: usize| lines[line].text("time").replace('+', "%2B");
    let span = |query: &str| dashboard.get(&format!("/api/logs/web/span?{query}"));

    let from_second = span(&format!("since={}", at(1)));
    assert_eq!(from_second["to"], Value::Null, "what comes belongs to it");
    assert_eq!(text(&dashboard, &from_second), "out 2\nout 3\n");
    let second = span(&format!("since={}&until={}", at(1), at(1)));
    assert_eq!(text(&dashboard, &second), "out 2\n");
    let until_second = span(&format!("until={}", at(1)));
    assert_eq!((until_second.number("from"), until_second.text("tab")), (0, "stdout"));
    assert_eq!(text(&dashboard, &until_second), "out 1\nout 2\n");
    let end = span("since=2999-01-01");
    assert_eq!((end.number("from"), &end["to"]), (18, &Value::Null));
    let none = span("since=2h&until=1h");
    assert_eq!(text(&dashboard, &none), "");
    assert_eq!(span("since=1h&tab=stderr").number("from"), 0);
    // A field that was left empty says nothing.
    assert_eq!(span("since=1h&until=%20")["to"], Value::Null);
}

#[test]
fn a_time_that_is_none_is_refused_and_so_is_one_that_nobody_knows() {
    let home = Home::new();
    wrote_in_turn(&home);
    let dashboard = Dashboard::start(&home);
    let refused = |query: &str, status: u16| {
        dashboard.refused(&format!("GET /api/logs/{query}"), &Value::Null, status)
    };
    refused("web/span", 400);
    refused("web/span?since=%20&until=", 400);
    assert!(refused("web/span?since=soon", 422).contains("is no time"));
    assert!(refused("web/span?since=1h&until=2h", 422).contains("is before"));
    refused("nobody/span?since=1h", 404);
    refused("w%2Ab/span?since=1h", 404);
    fs::remove_file(home.state().join("web.idx")).expect("there is an index");
    assert!(refused("web/span?since=1h", 409).contains("not known"));
}

#[test]
fn the_variables_of_a_spec_and_of_a_change_are_told_and_nothing_is_started() {
    let home = Home::new();
    let file = home.at("prod.env");
    fs::write(&file, "A=from file\nB=2\n").expect("a file can be written");
    let dashboard = Dashboard::start(&home);
    let spec = json!({"command": "true", "env_files": [file], "env": {"B": "mine"}});
    let told = dashboard.ok("POST /api/variables", &spec);
    assert_eq!(told, json!({"env": {"A": "from file", "B": "mine"}}));
    assert!(home.all().is_empty(), "it was only looked");

    home.verb("run", ["web", "-e", "SECRET=1", "--env-file"]).arg(&file).args(["--", "true"]).ok();
    home.until("web", "exited");
    let change =
        |patch: Value| dashboard.ok("POST /api/variables?change=web", &patch)["env"].take();
    assert_eq!(change(json!({})), json!({"A": "from file", "B": "2", "SECRET": "1"}));
    let patched = change(json!({"env": {"SECRET": null, "C": "3"}}));
    assert_eq!(patched, json!({"A": "from file", "B": "2", "C": "3"}));
    assert_eq!(home.ls("web").number("run"), 1);

    fs::remove_file(&file).expect("it is there");
    dashboard.refused("POST /api/variables", &spec, 500);
    dashboard.refused("POST /api/variables?change=nobody", &json!({}), 404);
    dashboard.refused("POST /api/variables", &json!([]), 422);
}
