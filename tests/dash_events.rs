//! What the dashboard tells while things happen: changes of processes, and lines of logs.

use rustix::fs::inotify;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};
use tests::*;

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(Record::name).collect()
}

fn has(event: &Event, name: &str, status: &str) -> bool {
    let records = event.data.as_array().cloned().unwrap_or_default();
    event.kind == "change"
        && records.iter().any(|one| one["name"] == name && one.status() == status)
}

#[test]
fn the_list_comes_first_then_what_changes_and_what_is_gone() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    // Nobody looks: load and memory are no news.
    let mut events = dashboard.events("?looking=false", &[]);
    let list = events.following();
    assert_eq!((list.kind.as_str(), names(&list.data)), ("list", vec!["web"]));
    assert!(!list.id.is_empty());

    home.start_sleep("api");
    let change = events.until(|event| has(event, "api", "running"));
    assert_eq!(names(&change.data), ["api"], "only what changed");
    home.kill(["web"]);
    events.until(|event| has(event, "web", "stopped"));
    home.kill(["web", "--delete"]);
    let gone = events.until(|event| event.kind == "gone");
    assert_eq!(gone.data, json!(["web"]));
}

#[test]
fn a_death_is_told_at_once() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    // Nobody looks: nothing is sampled that could notice it.
    let mut events = dashboard.events("?looking=false", &[]);
    assert_eq!(events.following().kind, "list");
    let begun = Instant::now();
    home.sh(&format!("kill -9 {}", record.pid())).ok();
    events.until(|event| has(event, "web", "failed"));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_page_that_comes_again_misses_nothing() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let mut events = dashboard.events("?looking=false", &[]);
    let seen = events.following().id;
    home.start_sleep("api");
    let told = events.until(|event| has(event, "api", "running")).id;
    drop(events);
    home.kill(["api"]);
    let mut again = dashboard.events("?looking=false", &[&format!("Last-Event-ID: {told}")]);
    let first = again.following();
    assert_eq!(first.kind, "change", "no second list: {first:?}");
    let until = |event: &Event| has(event, "api", "stopped");
    assert!(until(&first) || until(&again.until(until)));
    // The same by the query, for a page that makes a new EventSource.
    let mut other = dashboard.events(&format!("?looking=false&last_event_id={seen}"), &[]);
    assert_eq!(other.following().kind, "change");
    // Another dashboard's events are not ours.
    let mut stranger = dashboard.events("", &["Last-Event-ID: 0123456789abcdef-1"]);
    assert_eq!(stranger.following().kind, "list");
}

#[test]
fn load_is_that_of_the_last_moments() {
    let home = Home::new();
    home.start("busy", ["sh", "-c", "while :; do :; done"]);
    let dashboard = Dashboard::start(&home);
    let mut events = dashboard.events("", &[]);
    let cpu =
        |event: &Event| event.data.as_array().and_then(|all| all.first()?["cpu_percent"].as_f64());
    events.until(|event| event.kind == "change" && cpu(event).is_some_and(|cpu| cpu > 20.0));
    let pid = home.ls("busy").pid();
    home.sh(&format!("kill -STOP {pid}")).ok();
    events.until(|event| event.kind == "change" && cpu(event) == Some(0.0));
    assert!(home.ls("busy")["cpu_percent"].as_f64() > Some(0.0), "over its whole life it is not");
    let history =
        eventually_some("a sample is taken", || dashboard.get("/api/history").get("busy").cloned());
    assert_eq!(
        history["cpu"].as_array().unwrap().len(),
        history["memory"].as_array().unwrap().len()
    );
}

#[test]
fn what_is_written_is_told_within_moments() {
    let home = Home::new();
    let script = "while read -r line; do echo \"$line\"; echo \"not $line\" >&2; done <fifo";
    home.sh("mkfifo fifo").ok();
    home.start("talks", ["sh", "-c", script]);
    home.start_sleep("quiet");
    let dashboard = Dashboard::start(&home);
    let mut events = dashboard.stream("/api/follow?name=talks&name=quiet", &[]);
    assert_eq!(events.status, 200);
    let mut offsets = (0, 0);
    let mut fifo = std::fs::File::options().write(true).open(home.at("fifo")).unwrap();
    for line in ["one", "ünï", "<b>three</b>"] {
        let begun = Instant::now();
        std::io::Write::write_all(&mut fifo, format!("{line}\n").as_bytes()).unwrap();
        let (mut out, mut err) = (String::new(), String::new());
        while out != format!("{line}\n") || err != format!("not {line}\n") {
            let event = events.following();
            assert_eq!((event.kind.as_str(), event.data.name()), ("log", "talks"));
            let (text, offset) = match event.data.text("tab") {
                "stdout" => (&mut out, &mut offsets.0),
                _ => (&mut err, &mut offsets.1),
            };
            assert_eq!(event.data.number("offset"), *offset, "nothing is left out");
            *offset = event.data.number("next_offset");
            text.push_str(event.data.text("text"));
        }
        // 200 ms is what a person is promised; a loaded machine is given more.
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    assert_eq!(dashboard.stream("/api/follow?name=nobody", &[]).status, 404);
    assert_eq!(dashboard.stream("/api/follow", &[]).status, 400);
}

#[test]
fn the_dashboard_is_killed_and_nothing_else_is() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let port = free_port().to_string();
    let begin = || Dashboard::of(&home, home.verb("dash", ["--port", &port]).spawn());
    let first = begin();
    let login = first.login();
    assert_eq!(first.send("GET /api/version", &[&first.host(), &login], "").status, 200);
    first.running.life.signal(Signal::KILL);
    eventually("it is dead", || !first.running.life.is_alive());
    assert_eq!(home.ls("web").pid(), record.pid());
    let second = begin();
    assert_eq!(second.port, first.port);
    let again = second.send("GET /api/version", &[&second.host(), &login], "");
    assert_eq!(again.status, 200, "who was let in need not log in again");
}

#[test]
fn a_log_that_was_moved_away_is_read_and_followed_where_its_process_writes() {
    let home = Home::new();
    let script = "echo before; while [ ! -e go ]; do sleep 0.05; done; echo after; exec sleep 60";
    home.start("web", ["sh", "-c", script]);
    home.until_out("web", "before");
    let log = home.out_path("web");
    std::fs::rename(&log, log.with_extension("moved")).unwrap();
    std::fs::write(&log, "a stranger's\n").unwrap();
    let dashboard = Dashboard::start(&home);
    assert_eq!(dashboard.get("/api/logs/web").text("text"), "before\n");
    let mut events = dashboard.stream("/api/follow?name=web", &[]);
    assert_eq!(events.status, 200);
    std::fs::write(home.at("go"), "").unwrap();
    let told = events.until(|event| event.kind == "log");
    assert_eq!(told.data.text("text"), "after\n");
    assert_eq!(dashboard.get("/api/logs/web").text("text"), "before\nafter\n");
}

#[test]
fn a_log_that_was_moved_away_is_followed_without_the_registry_until_its_process_ends() {
    let home = Home::new();
    let script = "n=0; while [ $n -lt 30 ]; do n=$((n+1)); echo line $n; \
                  until [ -e go$n ]; do sleep 0.02; done; done";
    home.start("web", ["sh", "-c", script]);
    home.until_out("web", "line 1\n");
    let log = home.out_path("web");
    std::fs::rename(&log, log.with_extension("moved")).unwrap();
    std::fs::write(&log, "").unwrap();
    let dashboard = Dashboard::start(&home);
    let mut events = dashboard.stream("/api/follow?name=web", &[]);
    let opened = Opened::of(&home.state().join("bgr_v2.sqlite"));
    for number in 1..30 {
        std::fs::write(home.at(&format!("go{number}")), "").unwrap();
        let told = events.until(|event| event.kind == "log");
        assert_eq!(told.data.text("text"), format!("line {}\n", number + 1));
    }
    let times = opened.times();
    assert!(times < 10, "the registry was opened {times} times");
    std::fs::write(home.at("go30"), "").unwrap();
    home.until("web", "exited");
    home.verb("run", ["web"]).ok();
    let told = events.until(|event| event.kind == "log");
    assert_eq!(told.data.text("text").lines().next(), Some("line 1"), "the file of the name");
}

/// How often a file is opened, from now on.
struct Opened(OwnedFd);

impl Opened {
    #[track_caller]
    fn of(path: &std::path::Path) -> Self {
        let inotify = inotify::init(inotify::CreateFlags::NONBLOCK).expect("an instance is left");
        inotify::add_watch(&inotify, path, inotify::WatchFlags::OPEN | inotify::WatchFlags::CLOSE)
            .expect("it can be watched");
        Self(inotify)
    }

    #[track_caller]
    fn times(&self) -> usize {
        let mut buffer = [const { MaybeUninit::uninit() }; 4096];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        let mut times = 0;
        while let Ok(event) = reader.next() {
            // Equal events that follow each other are one; so what closes it is heard of, too.
            times += usize::from(event.events().contains(inotify::ReadFlags::OPEN));
        }
        times
    }
}

/// A dashboard whose looks take so many seconds, in which nothing is done.
fn slow(home: &Home, seconds: &str) -> Dashboard {
    let tools = home.copy_tools("slow");
    std::fs::rename(tools.join("bgrun-ls"), tools.join("quick-ls")).expect("moved");
    let script = format!("#!/bin/sh\nsleep {seconds}\nexec \"${{0%/*}}/quick-ls\" \"$@\"\n");
    home.script("slow/bgrun-ls", &script);
    let port = free_port().to_string();
    let dash = home.call(tools.join("bgrun-dash")).args(["--port", &port]);
    Dashboard::of(home, dash.spawn())
}

#[test]
fn a_look_that_only_waits_is_followed_by_the_next() {
    let home = Home::new();
    let dashboard = slow(&home, "1");
    let mut events = dashboard.events("?looking=false", &[]);
    assert_eq!(events.following().kind, "list");
    let begun = std::time::Instant::now();
    for name in ["one", "two", "three"] {
        home.start_sleep(name);
        events.until(|event| has(event, name, "running"));
    }
    // By the time that a look takes, and not by the work in it, each rest would be 19 s.
    assert!(begun.elapsed() < Duration::from_secs(45), "{:?}", begun.elapsed());
}

#[test]
fn a_page_hears_that_the_dashboard_lives_while_it_looks() {
    let home = Home::new();
    let dashboard = slow(&home, "50");
    let mut stream = dashboard.connect();
    let (host, authorization) = (dashboard.host(), dashboard.authorization());
    let head = format!("GET /api/events HTTP/1.1\r\n{host}\r\n{authorization}\r\n\r\n");
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"event: ping\ndata: {}\n\n\r\n") {
        let mut bytes = [0; 1024];
        let length = std::io::Read::read(&mut stream, &mut bytes).expect("it says something");
        assert!(length > 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&bytes[..length]);
    }
}
