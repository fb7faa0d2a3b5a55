//! Where the dashboard begins and ends: ports, a second one, the background, signals.

use std::net::TcpListener;
use std::time::Duration;
use tests::*;

#[test]
fn a_taken_port_stays_with_its_holder() {
    let home = Home::new();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let refused = home.verb("dash", ["--port", &port]).code(1);
    assert!(refused.err().contains(&port) && refused.err().contains("in use"), "{}", refused.err());
    let by_variable = home.verb("dash", [""; 0]).env("BUN_PORT", &port).code(1);
    assert!(by_variable.err().contains(&port), "{}", by_variable.err());
    home.verb("dash", [""; 0]).env("BUN_PORT", "many").code(2);
    std::net::TcpStream::connect(("127.0.0.1", port.parse().unwrap())).expect("it is still there");
}

#[test]
fn without_a_port_the_next_free_one_is_taken() {
    let home = Home::new();
    // Somebody may have it anyway: that is as good.
    let _holder = TcpListener::bind("127.0.0.1:3000");
    let dashboard = Dashboard::of(&home, home.verb("dash", [""; 0]).spawn());
    assert!((3001..4000).contains(&dashboard.port), "{}", dashboard.port);
    dashboard.get("/api/version");
}

#[test]
fn a_second_one_says_where_the_first_is() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let second = home.bgrun(["dash"]).ok().out();
    let mut lines = second.lines();
    assert_eq!(port_of(lines.next().unwrap()), dashboard.port);
    let told = lines.next().unwrap();
    assert!(told.contains(&format!("http://127.0.0.1:{}/", dashboard.port)), "{told}");
    assert!(told.contains(&format!("pid {}", dashboard.running.pid())), "{told}");
    let elsewhere = free_port().to_string();
    home.bgrun(["dash", "--port", &elsewhere]).code(5);
    home.bgrun(["dash"]).env("BUN_PORT", &elsewhere).code(5);
    home.bgrun(["dash"]).env("BUN_PORT", dashboard.port.to_string()).ok();
    home.bgrun(["dash", "--url"]).env("BUN_PORT", &elsewhere).ok();
    // Another home has its own.
    let other = Home::new();
    other.bgrun(["dash", "--url"]).code(3);
    assert_ne!(Dashboard::start(&other).token, dashboard.token);
}

#[test]
fn signals_end_it_at_once_and_change_nothing() {
    let home = Home::new();
    let record = home.start_sleep("web");
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 0)] {
        let dashboard = Dashboard::start(&home);
        let _events = dashboard.events("", &[]);
        dashboard.running.life.signal(signal);
        let output = dashboard.running.finish(Duration::from_secs(20));
        assert_eq!(output.code, code);
    }
    assert_eq!(home.ls("web").pid(), record.pid());
}

#[test]
fn in_the_background_it_is_a_process_like_any_other() {
    let home = Home::new();
    let port = free_port().to_string();
    let begun = home.bgrun(["dashboard", "--port", &port]).ok().out();
    let url = begun.lines().next().unwrap().to_owned();
    assert_eq!(port_of(&url).to_string(), port);
    let record = home.ls("bgr-dashboard");
    assert_eq!(
        (record.status(), &record["ports"]),
        ("running", &json!([port.parse::<u16>().unwrap()]))
    );
    let again = home.bgrun(["dash", "--background"]).ok().out();
    assert!(again.contains("running already"), "{again}");

    let token = std::fs::read_to_string(home.state().join("dash.token")).unwrap();
    let ask = |request: &str| {
        let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        let text = format!(
            "{request} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}",
            token.trim()
        );
        std::io::Write::write_all(&mut stream, text.as_bytes()).unwrap();
        Reply::read(&mut stream)
    };
    home.start_sleep("web");
    assert_eq!(ask("POST /api/restart/web").status, 200);
    let web = home.ls("web");
    // Its own end, asked for from inside.
    ask("POST /api/stop/bgr-dashboard");
    home.until("bgr-dashboard", "stopped");
    assert_eq!(home.ls("web").pid(), web.pid(), "what it started is not part of it");
    home.bgrun(["dash", "--url"]).code(3);
    home.bgrun(["dash", "--background", "--port", &port]).ok();
    assert_eq!(home.ls("bgr-dashboard").status(), "running");
}

#[test]
fn a_background_that_cannot_be_says_why() {
    let home = Home::new();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let refused = home.bgrun(["dash", "--background", "--port", &port]).code(1);
    assert!(refused.err().contains(&port), "{}", refused.err());
    assert!(refused.err().contains("in use"), "{}", refused.err());
}

#[test]
fn a_snapshot_is_one_page_of_text() {
    let home = Home::new();
    home.start("<b>web", ["sh", "-c", "echo '<script>alert(1)</script>' >&2; exit 3"]);
    home.until("<b>web", "failed");
    let page = home.bgrun(["dash", "--snapshot"]).ok().out();
    assert!(page.starts_with("<!doctype html>"), "{page}");
    assert!(page.contains("&lt;b&gt;web") && page.contains("exit code 3"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
    assert!(!page.contains("http://") && !page.contains("https://"), "nothing foreign: {page}");
    assert!(!home.state().join("dash.token").exists(), "no dashboard was needed");
}

#[test]
fn the_url_is_opened_in_the_browser_that_is_named_or_known() {
    let home = Home::new();
    let opened = |how: &str| {
        eventually_some(&format!("{how} is called"), || {
            let text = std::fs::read_to_string(home.at(how)).ok()?;
            text.ends_with('\n').then(|| text.trim().to_owned())
        })
    };
    // A stand-in that writes down what it is given, and stays as a browser does.
    let stand_in = |path: &str, how: &str| {
        let text =
            format!("#!/bin/sh\necho \"$*\" > '{}'\nexec sleep 60\n", home.at(how).display());
        home.script(path, &text)
    };
    let named = stand_in("my browser", "named");
    let port = free_port().to_string();
    let call = home.verb("dash", ["--port", &port, "--open"]).env("BROWSER", &named);
    let dashboard = Dashboard::of(&home, call.spawn());
    assert_eq!(opened("named"), dashboard.url);
    assert_eq!(dashboard.login().len(), format!("Cookie: bgrun_dash_{port}=").len() + 64);

    // One that runs is opened with a fresh URL, by what opens URLs here.
    home.dir("desktop");
    stand_in("desktop/xdg-open", "known");
    let path = format!("{}:/usr/bin:/bin", home.at("desktop").display());
    let begun = std::time::Instant::now();
    let again = home.verb("dash", ["--open"]).env("PATH", &path).ok().out();
    assert!(begun.elapsed() < Duration::from_secs(20), "it waits for the browser");
    assert_eq!(opened("known"), again.lines().next().unwrap());
    assert_ne!(again.lines().next().unwrap(), dashboard.url);
    std::fs::remove_file(home.at("known")).unwrap();
    let url = home.verb("dash", ["--url", "--open"]).env("PATH", &path).ok().out();
    assert_eq!(opened("known"), url.trim());

    let none = home.dir("empty");
    let said = home.verb("dash", ["--url", "--open"]).env("PATH", none.as_os_str()).ok();
    assert!(said.err().contains("open the URL yourself"), "{}", said.err());
}
