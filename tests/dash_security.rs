//! Who is let in by the dashboard, and how all others are refused: P10, against the real
//! binary.

use std::os::unix::fs::PermissionsExt;
use tests::*;

/// Every way to ask the dashboard, with something in the place of each name.
fn all_routes(dashboard: &Dashboard) -> Vec<String> {
    let document = dashboard.get("/api/openapi.json");
    let paths = document["paths"].as_object().expect("paths");
    let mut routes = Vec::new();
    for (path, operations) in paths {
        let path = path.replace("{name}", "web").replace("{id}", &"0".repeat(64));
        for method in operations.as_object().expect("operations").keys() {
            routes.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    let page = dashboard.ask("GET /", &Value::Null).body;
    for part in page.split(['"', '\'']).filter(|part| part.starts_with('/') && part.len() > 1) {
        routes.push(format!("GET {part}"));
    }
    routes.extend(["GET /", "GET /nothing", "GET /login", "HEAD /", "OPTIONS /"].map(String::from));
    routes
}

fn is_look(route: &str) -> bool {
    ["GET", "HEAD", "OPTIONS"].iter().any(|method| route.starts_with(method))
}

#[test]
fn nothing_is_answered_without_the_token() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let routes = all_routes(&dashboard);
    assert!(routes.len() > 20, "{routes:?}");
    let wrong = format!("Authorization: Bearer {}", "0".repeat(64));
    let host = dashboard.host();
    for route in &routes {
        for headers in [
            vec![host.as_str()],
            vec![host.as_str(), &wrong],
            vec![host.as_str(), "Cookie: bgrun_dash=1"],
            vec![host.as_str(), "Accept: text/html"],
        ] {
            let headers = [headers, vec!["Content-Type: application/json"]].concat();
            let body = if is_look(route) { "" } else { "{}" };
            let reply = dashboard.send(route, &headers, body);
            assert_eq!(reply.status, 401, "{route} {headers:?}: {reply:?}");
            assert!(!reply.body.contains("web"), "{route}: {reply:?}");
        }
    }
    assert_eq!(home.ls("web").pid(), record.pid());
}

#[test]
fn every_answer_has_the_headers_that_protect_it() {
    let home = Home::new();
    home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let (host, authorization) = (dashboard.host(), dashboard.authorization());
    for headers in [vec![host.as_str(), &authorization], vec![host.as_str()], vec![]] {
        for route in ["GET /", "GET /api/processes", "GET /nothing", "POST /api/stop/web"] {
            let reply = dashboard.send(route, &headers, "");
            let policy = reply.header("content-security-policy").unwrap_or_default();
            for word in ["default-src 'none'", "frame-ancestors 'none'", "script-src 'self';"] {
                assert!(policy.contains(word), "{route}: {reply:?}");
            }
            assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"));
            assert!(reply.headers.iter().all(|(name, _)| !name.starts_with("access-control")));
        }
    }
}

#[test]
fn another_host_is_refused_before_anything_is_done() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let (port, authorization) = (dashboard.port, dashboard.authorization());
    let own = dashboard.host();
    let wrong: Vec<(String, Vec<String>)> = vec![
        ("/".into(), vec!["Host: evil.com".into()]),
        ("/".into(), vec![format!("Host: evil.com:{port}")]),
        ("/".into(), vec![]),
        ("/".into(), vec![format!("Host: 127.0.0.1.evil.com:{port}")]),
        ("/".into(), vec![format!("Host: localhost.:{port}")]),
        ("/".into(), vec!["Host: 127.0.0.1".into()]),
        ("/".into(), vec![own.clone(), own.clone()]),
        ("/".into(), vec![own.clone(), "Host: evil.com".into()]),
        (format!("http://127.0.0.1:{port}/"), vec![own.clone()]),
        ("http://evil.com/".into(), vec![own.clone()]),
    ];
    for (prefix, hosts) in wrong {
        for (method, path) in
            [("GET", "api/processes"), ("GET", "api/events"), ("POST", "api/stop/web"), ("GET", "")]
        {
            let mut headers: Vec<&str> = hosts.iter().map(String::as_str).collect();
            headers.extend([authorization.as_str(), "Content-Type: application/json"]);
            let reply = dashboard.send(&format!("{method} {prefix}{path}"), &headers, "");
            assert!([400, 403].contains(&reply.status), "{method} {hosts:?}: {reply:?}");
        }
    }
    assert_eq!(home.ls("web").pid(), record.pid());
}

#[test]
fn another_site_is_refused_even_with_the_cookie() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let (host, cookie, port) = (dashboard.host(), dashboard.login(), dashboard.port);
    let json = "Content-Type: application/json";
    for foreign in [
        "Origin: http://evil.com".to_owned(),
        "Origin: null".to_owned(),
        format!("Origin: http://127.0.0.1:{}", port ^ 1),
        format!("Origin: https://127.0.0.1:{port}"),
        "Origin: http://1.2.3.4".to_owned(),
        "Sec-Fetch-Site: cross-site".to_owned(),
        "Sec-Fetch-Site: same-site".to_owned(),
    ] {
        for route in ["POST /api/stop/web", "GET /api/events", "GET /api/processes", "GET /"] {
            let reply = dashboard.send(route, &[&host, &cookie, json, &foreign], "");
            assert_eq!(reply.status, 403, "{route} {foreign}: {reply:?}");
        }
    }
    let own = format!("Origin: http://127.0.0.1:{port}");
    let headers = [host.as_str(), &cookie, json, &own, "Sec-Fetch-Site: same-origin"];
    assert_eq!(home.ls("web").pid(), record.pid());
    assert_eq!(dashboard.send("POST /api/stop/web", &headers, "{}").status, 200);
}

#[test]
fn a_form_of_another_site_changes_nothing() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let dashboard = Dashboard::start(&home);
    let (host, cookie) = (dashboard.host(), dashboard.login());
    let authorization = dashboard.authorization();
    let spec = r#"{"name":"evil","argv":["sleep","60"]}"#;
    let routes = all_routes(&dashboard);
    let mutations: Vec<_> = routes.iter().filter(|route| !is_look(route)).collect();
    assert!(mutations.len() >= 7, "{mutations:?}");
    for kind in [
        "Content-Type: text/plain",
        "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Type: text/plain; application/json",
        "X-Content-Type: application/json",
    ] {
        for by in [&cookie, &authorization] {
            for route in &mutations {
                let reply = dashboard.send(route, &[&host, by, kind], spec);
                assert_eq!(reply.status, 415, "{route} {kind}: {reply:?}");
            }
        }
    }
    assert_eq!(home.ls("web").pid(), record.pid());
    assert!(home.find("evil").is_none());
}

#[test]
fn a_login_url_lets_one_browser_in_once() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let path = dashboard.url[dashboard.url.find("/login").unwrap()..].to_owned();
    let host = dashboard.host();
    let none = dashboard.send("GET /login?ticket=", &[&host], "");
    assert_eq!(none.status, 401);
    let reply = dashboard.send(&format!("GET {path}"), &[&host], "");
    assert_eq!(reply.status, 303);
    let cookie = reply.header("set-cookie").unwrap();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/", &format!("_{}=", dashboard.port)] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains(&dashboard.token));
    let again = dashboard.send(&format!("GET {path}"), &[&host, "Accept: text/html"], "");
    assert_eq!((again.status, again.header("set-cookie")), (401, None));
    assert!(again.body.contains("bgrun dash --url"), "{again:?}");
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    assert_eq!(dashboard.send("GET /api/version", &[&host, &cookie], "").status, 200);

    let fresh = home.bgrun(["dash", "--url"]).ok();
    let fresh = fresh.out().lines().next().unwrap().to_owned();
    assert!(fresh.starts_with(&format!("http://127.0.0.1:{}/login?", dashboard.port)), "{fresh}");
    let path = &fresh[fresh.find("/login").unwrap()..];
    assert_eq!(dashboard.send(&format!("GET {path}"), &[&host], "").status, 303);
}

#[test]
fn a_cookie_is_good_for_the_next_dashboard_until_the_token_is_another() {
    let home = Home::new();
    let port = free_port().to_string();
    let start = || Dashboard::of(&home, home.verb("dash", ["--port", &port]).spawn());
    let first = start();
    let cookie = first.login();
    let status = |dashboard: &Dashboard| {
        dashboard.send("GET /api/version", &[&dashboard.host(), &cookie], "").status
    };
    assert_eq!(status(&first), 200);
    let old = first.token.clone();
    drop(first);
    let second = start();
    assert_eq!((status(&second), &second.token), (200, &old), "pages go on");
    drop(second);
    std::fs::remove_file(home.state().join("dash.token")).unwrap();
    let third = start();
    assert_ne!(third.token, old);
    assert_eq!(status(&third), 401);
    let cookie = third.login();
    assert_eq!(third.send("GET /api/version", &[&third.host(), &cookie], "").status, 200);
}

#[test]
fn the_token_is_its_owners() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    for file in ["dash.token", "run/dash.json", "run/dash.lock"] {
        let mode = home.state().join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(dashboard.token.len(), 64, "256 bits");
    let cmdline = std::fs::read(format!("/proc/{}/cmdline", dashboard.running.pid())).unwrap();
    assert!(!String::from_utf8_lossy(&cmdline).contains(&dashboard.token));
}

#[test]
fn it_listens_on_this_machine_only() {
    let home = Home::new();
    let dashboard = Dashboard::start(&home);
    let listening = home.sh("cat /proc/net/tcp /proc/net/tcp6 | grep ' 0A '").ok().out();
    let port = format!(":{:04X}", dashboard.port);
    let ours: Vec<_> =
        listening.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let ours: Vec<_> = ours.iter().filter_map(|local| local.strip_suffix(&port)).collect();
    assert!(!ours.is_empty());
    for address in ours {
        let is_loopback = ["0100007F", "00000000000000000000000001000000"].contains(&address);
        assert!(is_loopback, "it listens on {address}");
    }
}

#[test]
fn one_that_only_shows_changes_nothing() {
    let home = Home::new();
    let record = home.start_sleep("web");
    let dashboard = Dashboard::start_with(&home, &["--read-only"]);
    assert_eq!(dashboard.get("/api/version")["read_only"], true);
    let routes = all_routes(&dashboard);
    for route in routes.iter().filter(|route| !is_look(route) && !route.contains("login-url")) {
        let error = dashboard.refused(route, &json!({}), 403);
        assert!(error.contains("--read-only"), "{route}: {error}");
    }
    assert_eq!(home.ls("web").pid(), record.pid());
    home.bgrun(["dash", "--url"]).ok();
}

#[test]
fn a_proxy_needs_a_name_and_the_token() {
    let home = Home::new();
    home.verb("dash", ["--listen", "127.0.0.1"]).code(2);
    let flags = ["--listen", "127.0.0.1", "--allow-host", "dash.example.com"];
    let dashboard = Dashboard::start_with(&home, &flags);
    let proxied = "Host: dash.example.com";
    assert_eq!(dashboard.send("GET /api/processes", &[proxied], "").status, 401);
    let authorization = dashboard.authorization();
    let origin = "Origin: https://dash.example.com";
    let reply = dashboard.send("GET /api/processes", &[proxied, &authorization, origin], "");
    assert_eq!(reply.status, 200);
    let other = dashboard.send("GET /api/processes", &["Host: example.com", &authorization], "");
    assert_eq!(other.status, 403);
}

#[test]
fn hostile_names_and_logs_come_as_json_and_nothing_else() {
    let home = Home::new();
    let name = "<img src=x onerror=alert(1)>";
    home.start(
        name,
        ["sh", "-c", "printf '</script><script>alert(1)</script>\\033]8;;javascript:x\\007'"],
    );
    home.until(name, "exited");
    let dashboard = Dashboard::start(&home);
    for path in ["/api/processes", "/api/logs/%3Cimg%20src=x%20onerror=alert(1)%3E"] {
        let reply = dashboard.ask(&format!("GET {path}"), &Value::Null);
        assert_eq!(reply.header("content-type"), Some("application/json"));
        reply.json();
    }
    let download = "GET /api/logs/%3Cimg%20src=x%20onerror=alert(1)%3E/download";
    let reply = dashboard.ask(download, &Value::Null);
    assert!(reply.header("content-type").unwrap().starts_with("text/plain"));
    let disposition = reply.header("content-disposition").unwrap();
    assert!(!disposition.contains('<') && !disposition.contains('"'), "{disposition}");
}
