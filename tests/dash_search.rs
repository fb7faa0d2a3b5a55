//! Searching logs through the dashboard: all of a log, its archives too, in bounded pieces.

use std::io::Write;
use std::time::{Duration, Instant};
use tests::*;

/// A process that has written so many numbered lines, most of which are in an archive by now.
fn writer(home: &Home, lines: usize) {
    let script = format!("seq -f 'line %.0f of many' 1 {lines}; exec sleep 60");
    home.start("web", ["sh", "-c", &script]);
    home.until_out("web", &format!("line {lines} of many"));
    home.verb("logs", ["web", "--rotate"]).ok();
}

fn texts(found: &Value) -> Vec<&str> {
    found["hits"].as_array().expect("hits").iter().map(|hit| hit.text("text")).collect()
}

#[test]
fn a_whole_log_is_searched_and_each_hit_leads_to_its_place() {
    let home = Home::new();
    writer(&home, 50_000);
    let dashboard = Dashboard::start(&home);
    let path = "/api/logs/web/search?grep=line%20%5Cd%2B0000%20";
    let found = dashboard.get(path);
    let expected: Vec<String> = (1..=5).map(|n| format!("line {n}0000 of many")).collect();
    assert_eq!(texts(&found), expected);
    assert_eq!((&found["more"], &found["tab"]), (&json!(false), &json!("stdout")));
    for hit in found["hits"].as_array().unwrap() {
        let place = format!("/api/logs/web?lines=1&offset={}", hit["offset"]);
        assert_eq!(dashboard.get(&place).text("text"), format!("{}\n", hit.text("text")));
        assert_eq!((hit.number("run"), &hit["is_cut"]), (1, &json!(false)));
        assert!(hit["time"].is_string(), "{hit}");
    }

    // The last come first, and those before them when they are asked for.
    let last = dashboard.get(&format!("{path}&lines=2"));
    assert_eq!((texts(&last), &last["more"]), (vec![&*expected[3], &*expected[4]], &json!(true)));
    let before = last["hits"][0]["offset"].clone();
    let earlier = dashboard.get(&format!("{path}&lines=2&before={before}"));
    assert_eq!(texts(&earlier), expected[1..3]);
    let before = earlier["hits"][0]["offset"].clone();
    let first = dashboard.get(&format!("{path}&lines=2&before={before}"));
    assert_eq!((texts(&first), &first["more"]), (vec![&*expected[0]], &json!(false)));
}

#[test]
fn capitals_count_unless_it_is_said_and_a_stream_is_searched_alone() {
    let home = Home::new();
    home.start("web", ["sh", "-c", "echo Hello; echo HELLO >&2; echo last; exec sleep 60"]);
    home.until_out("web", "last");
    let dashboard = Dashboard::start(&home);
    let hits = |query: &str| texts(&dashboard.get(&format!("/api/logs/web/search?{query}"))).len();
    assert_eq!(hits("grep=hello"), 0);
    assert_eq!(hits("grep=hello&ignore_case=true"), 1);
    let error = dashboard.get("/api/logs/web/search?grep=L%2BO%24&tab=stderr");
    assert_eq!(texts(&error), ["HELLO"]);
    // What looks like a flag is searched for.
    assert_eq!(hits("grep=--all"), 0);
    assert_eq!(hits("grep=-v"), 0);
}

#[test]
fn what_cannot_be_searched_for_is_refused_at_once() {
    let home = Home::new();
    writer(&home, 10);
    home.start("w*b", ["true"]);
    let dashboard = Dashboard::start(&home);
    let begun = Instant::now();
    for (query, status) in [
        ("", 400),
        ("grep=", 400),
        (&*format!("grep={}", "x".repeat(1001)), 400),
        ("grep=x&lines=-1", 400),
        ("grep=x&tab=both", 400),
        ("grep=%28", 422),
        ("grep=%5Cn", 422),
        // Gigabytes and minutes to an engine that takes it.
        ("grep=%28%5CpL%7B1000%7D%29%7B1000%7D", 422),
        ("grep=%28%28%28a%7B99%7D%29%7B99%7D%29%7B99%7D%29", 422),
    ] {
        dashboard.refused(&format!("GET /api/logs/web/search?{query}"), &Value::Null, status);
    }
    for nobody in ["nobody", "%2A", "w%3Fb", "..%2Fx"] {
        let request = format!("GET /api/logs/{nobody}/search?grep=x");
        dashboard.refused(&request, &Value::Null, 404);
    }
    assert_eq!(texts(&dashboard.get("/api/logs/w%2Ab/search?grep=x")), [""; 0]);
    // One that is slow elsewhere is not slow here.
    dashboard.get("/api/logs/web/search?grep=%28a%2B%2B%29%2B%24");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn an_answer_is_small_whatever_matches() {
    let home = Home::new();
    let script = "seq 1 5000; head -c 20000000 /dev/zero | tr '\\0' x; echo; exec sleep 60";
    home.start("web", ["sh", "-c", script]);
    eventually("it is written", || {
        home.out_path("web").metadata().is_ok_and(|data| data.len() > 20_000_000)
    });
    let dashboard = Dashboard::start(&home);
    let found = dashboard.get("/api/logs/web/search?grep=.&lines=999999");
    let hits = found["hits"].as_array().unwrap();
    assert_eq!((hits.len(), &found["more"]), (1000, &json!(true)));
    let long = hits.last().unwrap();
    assert_eq!((long.text("text").len(), &long["is_cut"]), (1000, &json!(true)));
    let pid = dashboard.running.pid();
    let resident = status_field(pid, "VmRSS").expect("a resident size");
    let kib: u64 = resident.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kib < 64 * 1024, "{kib} KiB");
}

#[test]
fn a_search_ends_when_nobody_waits_for_it() {
    let home = Home::new();
    home.start_sleep("web");
    // A search that would last, in the place of the tool.
    let tools = home.dir("tools");
    for tool in ["bgrun-dash", "bgrun-ls"] {
        std::fs::copy(home.tools().join(tool), tools.join(tool)).unwrap();
    }
    home.script("tools/bgrun-logs", "#!/bin/sh\necho $$ >> searching\nexec sleep 60\n");
    let port = free_port().to_string();
    let running = home.call(tools.join("bgrun-dash")).args(["--port", &port]).spawn();
    let dashboard = Dashboard::of(&home, running);
    let mut asking = dashboard.connect();
    let head = format!(
        "GET /api/logs/web/search?grep=x HTTP/1.1\r\n{}\r\n{}\r\n\r\n",
        dashboard.host(),
        dashboard.authorization()
    );
    asking.write_all(head.as_bytes()).unwrap();
    let life = eventually_some("the search has begun", || {
        let pid = std::fs::read_to_string(home.at("searching")).ok()?.trim().parse().ok()?;
        Some(Life::of(pid))
    });
    assert!(life.is_alive());
    drop(asking);
    life.must_end();
}
