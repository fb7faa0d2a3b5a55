//! The gate against everything that may come, judged by head alone.

use super::*;
use axum::http::Request;

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn gate() -> Gate {
    let access = Access::new(TOKEN.into(), "session".into());
    let allowed_hosts = vec!["dash.example.com".to_owned()];
    Gate { port: 3000, allowed_hosts, read_only: false, access }
}

fn judged(gate: &Gate, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Pass, u16> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).expect("a request").into_parts();
    gate.judge(&head).map_err(|problem| problem.status.as_u16())
}

const HOST: (&str, &str) = ("host", "127.0.0.1:3000");

fn bearer() -> (&'static str, String) {
    ("authorization", format!("Bearer {TOKEN}"))
}

#[test]
fn only_our_own_names_are_answered() {
    let (name, value) = bearer();
    for (host, expected) in [
        ("127.0.0.1:3000", Ok(Pass::In)),
        ("localhost:3000", Ok(Pass::In)),
        ("LOCALHOST:3000", Ok(Pass::In)),
        ("[::1]:3000", Ok(Pass::In)),
        ("dash.example.com", Ok(Pass::In)),
        ("dash.example.com:3000", Ok(Pass::In)),
        ("evil.com", Err(403)),
        ("evil.com:3000", Err(403)),
        ("127.0.0.1", Err(403)),
        ("127.0.0.1:3001", Err(403)),
        ("127.0.0.1.evil.com:3000", Err(403)),
        ("localhost.:3000", Err(403)),
        ("127.1:3000", Err(403)),
        ("0.0.0.0:3000", Err(403)),
        ("[::ffff:127.0.0.1]:3000", Err(403)),
        ("dash.example.com.evil.com", Err(403)),
        ("", Err(403)),
    ] {
        let got = judged(&gate(), "GET", "/", &[("host", host), (name, &value)]);
        assert_eq!(got, expected, "{host}");
    }
}

#[test]
fn what_is_no_plain_request_is_refused() {
    let (name, value) = bearer();
    let known = (name, value.as_str());
    assert_eq!(judged(&gate(), "GET", "/", &[known]), Err(400), "no host");
    assert_eq!(judged(&gate(), "GET", "/", &[HOST, HOST, known]), Err(400), "two hosts");
    assert_eq!(judged(&gate(), "GET", "http://127.0.0.1:3000/", &[HOST, known]), Err(400));
    let (origin, evil) = (("origin", "http://127.0.0.1:3000"), ("origin", "http://evil.com"));
    assert_eq!(judged(&gate(), "GET", "/", &[HOST, known, origin, evil]), Err(400));
    assert_eq!(judged(&gate(), "GET", "/", &[HOST, known, known]), Err(401), "two tokens");
}

#[test]
fn a_request_of_another_site_is_refused() {
    let (name, value) = bearer();
    let known = (name, value.as_str());
    for (key, origin, expected) in [
        ("origin", "http://127.0.0.1:3000", Ok(Pass::In)),
        ("origin", "http://localhost:3000", Err(403)),
        ("origin", "https://127.0.0.1:3000", Err(403)),
        ("origin", "http://127.0.0.1:3001", Err(403)),
        ("origin", "http://127.0.0.1", Err(403)),
        ("origin", "http://1.2.3.4", Err(403)),
        ("origin", "null", Err(403)),
        ("origin", "", Err(403)),
        ("sec-fetch-site", "same-origin", Ok(Pass::In)),
        ("sec-fetch-site", "none", Ok(Pass::In)),
        ("sec-fetch-site", "same-site", Err(403)),
        ("sec-fetch-site", "cross-site", Err(403)),
        ("sec-fetch-site", "anything", Err(403)),
    ] {
        let got = judged(&gate(), "GET", "/api/events", &[HOST, known, (key, origin)]);
        assert_eq!(got, expected, "{key}: {origin}");
    }
    let proxied = [("host", "dash.example.com"), known, ("origin", "https://dash.example.com")];
    assert_eq!(judged(&gate(), "GET", "/", &proxied), Ok(Pass::In));
    // The name of a proxy that another of our names begins with makes no proxy of that one.
    let gate = Gate { allowed_hosts: vec!["local".into()], ..gate() };
    let headers = [("host", "localhost:3000"), known, ("origin", "https://localhost:3000")];
    assert_eq!(judged(&gate, "GET", "/", &headers), Err(403));
}

#[test]
fn only_the_token_and_the_cookie_let_in() {
    let wrong = TOKEN.replace('0', "1");
    for (key, value, expected) in [
        ("authorization", format!("Bearer {TOKEN}"), Ok(Pass::In)),
        ("authorization", format!("bearer {TOKEN}"), Ok(Pass::In)),
        ("authorization", format!("Bearer {wrong}"), Err(401)),
        ("authorization", format!("Basic {TOKEN}"), Err(401)),
        ("authorization", "Bearer ".to_owned(), Err(401)),
        ("authorization", TOKEN.to_owned(), Err(401)),
        ("cookie", "bgrun_dash_3000=session".to_owned(), Ok(Pass::In)),
        ("cookie", "a=b; bgrun_dash_3000=session; c=d".to_owned(), Ok(Pass::In)),
        ("cookie", "bgrun_dash_3001=session".to_owned(), Err(401)),
        ("cookie", "bgrun_dash_3000=".to_owned(), Err(401)),
        ("cookie", format!("bgrun_dash_3000={TOKEN}"), Err(401)),
        ("x-token", TOKEN.to_owned(), Err(401)),
    ] {
        let got = judged(&gate(), "GET", "/api/processes", &[HOST, (key, &value)]);
        assert_eq!(got, expected, "{key}: {value}");
    }
    assert_eq!(judged(&gate(), "GET", &format!("/?token={TOKEN}"), &[HOST]), Err(401));
    assert_eq!(judged(&gate(), "GET", "/login?ticket=x", &[HOST]), Ok(Pass::Login));
    assert_eq!(judged(&gate(), "POST", "/login?ticket=x", &[HOST]), Err(401));
    assert_eq!(judged(&gate(), "GET", "/login/", &[HOST]), Err(401));
}

#[test]
fn what_changes_something_is_json() {
    let (name, value) = bearer();
    let known = (name, value.as_str());
    let cookie = ("cookie", "bgrun_dash_3000=session");
    for method in ["POST", "DELETE", "PUT", "PATCH"] {
        for (kind, expected) in [
            ("application/json", Ok(Pass::In)),
            ("application/json; charset=utf-8", Ok(Pass::In)),
            ("text/plain", Err(415)),
            ("text/plain; application/json", Err(415)),
            ("application/x-www-form-urlencoded", Err(415)),
            ("multipart/form-data; boundary=x", Err(415)),
            ("", Err(415)),
        ] {
            for by in [known, cookie] {
                let headers = [HOST, by, ("content-type", kind)];
                let got = judged(&gate(), method, "/api/processes/web", &headers);
                assert_eq!(got, expected, "{method} {kind}");
            }
        }
    }
    let bare = |method: &str, headers: &[(&str, &str)]| judged(&gate(), method, "/x", headers);
    assert_eq!(bare("DELETE", &[HOST, known]), Ok(Pass::In));
    assert_eq!(bare("DELETE", &[HOST, cookie]), Err(415));
    assert_eq!(bare("DELETE", &[HOST, known, ("content-length", "5")]), Err(415));
    assert_eq!(bare("POST", &[HOST, known]), Err(415));
}

#[test]
fn a_dashboard_that_only_shows_changes_nothing() {
    let gate = Gate { read_only: true, ..gate() };
    let (name, value) = bearer();
    let headers = [HOST, (name, value.as_str()), ("content-type", "application/json")];
    for method in ["POST", "DELETE", "PUT"] {
        assert_eq!(judged(&gate, method, "/api/stop/web", &headers), Err(403));
    }
    assert_eq!(judged(&gate, "GET", "/api/processes", &headers), Ok(Pass::In));
}
