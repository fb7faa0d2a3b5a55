//! What the dashboard puts up with: slow clients, many clients, large requests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tests::*;

fn resident_kib(dashboard: &Dashboard) -> u64 {
    let field = status_field(dashboard.running.pid(), "VmRSS").expect("a resident size");
    field.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number")
}

fn open_files(dashboard: &Dashboard) -> usize {
    open_files_of(dashboard.running.pid()).len()
}

/// A new client is served within a second (a loaded machine is given two).
#[track_caller]
fn serves(dashboard: &Dashboard) {
    let begun = Instant::now();
    dashboard.get("/api/version");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[test]
fn five_hundred_slow_clients_keep_nobody_away() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let mut slow: Vec<TcpStream> = Vec::new();
    for _ in 0..500 {
        let mut stream = dashboard.connect();
        stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
        let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: ");
        slow.push(stream);
    }
    serves(&dashboard);
    for byte in *b"x: " {
        for stream in &mut slow {
            let _ = stream.write_all(&[byte]);
        }
        serves(&dashboard);
    }
    assert!(resident_kib(&dashboard) < 64 * 1024);
    assert!(open_files(&dashboard) < 150, "the slow ones were let go");
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let mut stream = dashboard.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: 127").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_body_that_never_ends_is_given_up() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let mut stream = dashboard.connect();
    let (host, authorization) = (dashboard.host(), dashboard.authorization());
    let head = format!(
        "POST /api/start HTTP/1.1\r\n{host}\r\n{authorization}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 408");
    assert!(home.all().is_empty());
}

#[test]
fn a_body_that_is_announced_too_large_is_refused_before_it_comes() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let (host, authorization) = (dashboard.host(), dashboard.authorization());
    for length in ["65537", "1000000000000"] {
        let mut stream = dashboard.connect();
        let head = format!(
            "POST /api/start HTTP/1.1\r\n{host}\r\n{authorization}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{"
        );
        let begun = Instant::now();
        stream.write_all(head.as_bytes()).unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 413", "{length}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{length} {:?}", begun.elapsed());
    }
    assert!(home.all().is_empty());
}

#[test]
fn what_is_too_large_is_refused() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let argv = "x".repeat(70 * 1024);
    dashboard.refused("POST /api/start", &json!({"name": "web", "argv": [argv]}), 413);
    let (host, authorization) = (dashboard.host(), dashboard.authorization());
    let large = format!("X: {}", "x".repeat(9 * 1024));
    let reply = dashboard.send("GET /api/version", &[&host, &authorization, &large], "");
    assert_eq!(reply.status, 431, "{reply:?}");
    let many = vec!["X: x"; 100];
    let headers = [vec![host.as_str(), &authorization], many].concat();
    assert_eq!(dashboard.send("GET /api/version", &headers, "").status, 431);
    serves(&dashboard);
}

#[test]
fn a_thousand_pages_are_too_many_and_leave_nothing_behind() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    serves(&dashboard);
    let before = open_files(&dashboard);
    let mut pages = Vec::new();
    let mut refused = 0;
    for _ in 0..1000 {
        let page = dashboard.events("", &[]);
        match page.status {
            200 => pages.push(page),
            503 => refused += 1,
            other => panic!("status {other}"),
        }
    }
    assert_eq!((pages.len(), refused), (32, 968));
    serves(&dashboard);
    home.start_sleep("api");
    for page in &mut pages {
        page.until(|event| event.kind == "change" && event.data.to_string().contains("\"api\""));
    }
    assert!(resident_kib(&dashboard) < 64 * 1024);
    drop(pages);
    eventually("what they held is free again", || open_files(&dashboard) <= before + 4);
    assert_eq!(dashboard.events("", &[]).status, 200);
}

#[test]
fn a_page_that_does_not_read_is_dropped() {
    let home = Home::new();
    home.start(
        "talks",
        ["sh", "-c", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"],
    );
    let dashboard = Dashboard::start(&home);
    let before = open_files(&dashboard);
    let deaf = dashboard.stream("/api/follow?name=talks", &[]);
    let deaf_too = dashboard.connect();
    let (host, authorization) = (dashboard.host(), dashboard.authorization());
    let download =
        format!("GET /api/logs/talks/download HTTP/1.1\r\n{host}\r\n{authorization}\r\n\r\n");
    (&deaf_too).write_all(download.as_bytes()).unwrap();
    eventually("they are dropped", || open_files(&dashboard) <= before + 3);
    assert!(resident_kib(&dashboard) < 64 * 1024);
    serves(&dashboard);
    drop((deaf, deaf_too));
}

#[test]
fn a_line_without_an_end_costs_no_memory() {
    let home = Home::new();
    home.start("long", ["sh", "-c", "head -c 100000000 /dev/zero | tr '\\0' x; exec sleep 60"]);
    eventually("it is written", || {
        home.out_path("long").metadata().is_ok_and(|data| data.len() == 100_000_000)
    });
    let dashboard = Dashboard::start(&home);
    let end = dashboard.get("/api/logs/long");
    assert_eq!(end.text("text").len(), 1024 * 1024);
    let from = dashboard.get("/api/logs/long?offset=1000");
    assert_eq!(from.text("text").len(), 1024 * 1024);
    assert!(resident_kib(&dashboard) < 64 * 1024);
}
