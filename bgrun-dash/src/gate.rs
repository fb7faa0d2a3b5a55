//! The outermost layer: every request comes here first, and without a reason to let it in
//! it is refused. Nothing else of the dashboard has to think of it.
//!
//! A page of another site can make a browser send requests to this machine, also under a
//! name of its own that leads here (DNS rebinding). So the request must name us as its
//! host, must not come from elsewhere, and must know a secret.

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};

use crate::access::{Access, is_same};
use crate::answer::Problem;

/// The way in for a browser that has a ticket instead of the cookie.
pub(crate) const LOGIN: &str = "/login";

/// What the gate goes by.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) port: u16,
    /// Names by which a reverse proxy calls us.
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) read_only: bool,
    pub(crate) access: Access,
}

/// Whom it let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// It knows the token, or has the cookie.
    In,
    /// It wants to show a ticket, and may do nothing else.
    Login,
}

impl Gate {
    /// The name of the cookie. Browsers send a cookie to all ports of a host: by the port
    /// in the name two dashboards do not overwrite each other's.
    pub(crate) fn cookie_name(&self) -> String {
        format!("bgrun_dash_{}", self.port)
    }

    /// Whether a request may go on, judged by nothing but its head.
    ///
    /// # Errors
    /// It may not, and why.
    pub(crate) fn judge(&self, head: &Parts) -> Result<Pass, Problem> {
        let host = self.own_host(head)?;
        check_origin(&head.headers, host)?;
        // Also who is known: a second login URL in the same browser is no reason to complain.
        if head.uri.path() == LOGIN && head.method == Method::GET {
            return Ok(Pass::Login);
        }
        let known = self.known(&head.headers).ok_or_else(not_logged_in)?;
        if !is_look(&head.method) {
            // Letting somebody in who only looks changes nothing.
            if self.read_only && head.uri.path() != crate::login_url::PATH {
                let error = "this dashboard only shows (--read-only)";
                return Err(Problem::new(StatusCode::FORBIDDEN, error));
            }
            check_kind(head, known)?;
        }
        Ok(Pass::In)
    }

    /// The host that is asked for, which is ours.
    fn own_host<'a>(&self, head: &'a Parts) -> Result<Host<'a>, Problem> {
        // `GET http://…` is for proxies (RFC 9112, 3.2.2), and we are none.
        if head.uri.scheme().is_some() || head.uri.authority().is_some() {
            return Err(Problem::bad("the request line names a path, not a whole address"));
        }
        if head.version < Version::HTTP_11 {
            return Err(Problem::bad("HTTP/1.1 is spoken here"));
        }
        let host =
            only(&head.headers, &header::HOST)?.ok_or_else(|| Problem::bad("there is no Host"))?;
        let has = |name: &str| host.eq_ignore_ascii_case(&format!("{name}:{}", self.port));
        let is_local = ["127.0.0.1", "localhost", "[::1]"].into_iter().any(has);
        let is_proxied =
            self.allowed_hosts.iter().any(|name| host.eq_ignore_ascii_case(name) || has(name));
        if !is_local && !is_proxied {
            let error = "this is not the host that you ask for";
            return Err(Problem::new(StatusCode::FORBIDDEN, error));
        }
        Ok(Host { name: host, is_proxied })
    }

    /// How a request is known, if it is.
    fn known(&self, headers: &HeaderMap) -> Option<Known> {
        let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
        if let Some(authorization) = authorizations.next() {
            let token = authorization.to_str().ok().and_then(|text| {
                let (scheme, token) = text.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
            });
            let is_only = authorizations.next().is_none();
            let is_good = token.is_some_and(|token| is_same(token, &self.access.token));
            // Who shows a wrong token is not let in by a cookie.
            return (is_only && is_good).then_some(Known::Token);
        }
        let name = self.cookie_name();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|one| one.to_str().ok());
        let has_session = cookies.flat_map(|all| all.split(';')).any(|cookie| {
            let pair = cookie.trim().split_once('=');
            pair.is_some_and(|(key, value)| key == name && is_same(value, &self.access.session))
        });
        has_session.then_some(Known::Cookie)
    }
}

/// A host of a request, which is ours.
#[derive(Debug, Clone, Copy)]
struct Host<'a> {
    name: &'a str,
    /// It is the name by which a reverse proxy calls us.
    is_proxied: bool,
}

/// How a request is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Token,
    Cookie,
}

/// Refuses what a browser sends on behalf of another site. A browser tells by these
/// headers, and no page can change them; who sends none is no browser.
fn check_origin(headers: &HeaderMap, host: Host<'_>) -> Result<(), Problem> {
    let foreign = || Problem::new(StatusCode::FORBIDDEN, "a request of another site");
    if let Some(origin) = only(headers, &header::ORIGIN)? {
        // A proxy speaks TLS; we never do.
        let by_tls = || origin.strip_prefix("https://").filter(|_| host.is_proxied);
        let is_ours = origin.strip_prefix("http://").or_else(by_tls);
        if !is_ours.is_some_and(|ours| ours.eq_ignore_ascii_case(host.name)) {
            return Err(foreign());
        }
    }
    match only(headers, &HeaderName::from_static("sec-fetch-site"))? {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(foreign()),
    }
}

fn not_logged_in() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "the token is missing, or it is not the right one")
        .hint("'bgrun dash --url' prints a URL that lets a browser in")
}

/// Whether nothing can come of it: what is none of these methods has no route.
fn is_look(method: &Method) -> bool {
    !matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE)
}

/// A form of another site can send text, but not JSON. A program that has the token is no
/// form: it may leave the kind of a body that it does not send unsaid.
fn check_kind(head: &Parts, known: Known) -> Result<(), Problem> {
    let kind = only(&head.headers, &header::CONTENT_TYPE)?;
    let is_json = kind.is_some_and(|kind| {
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    });
    let has_no_body = !head.headers.contains_key(header::TRANSFER_ENCODING)
        && head.headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
    let is_bare_delete =
        head.method == Method::DELETE && kind.is_none() && has_no_body && known == Known::Token;
    if is_json || is_bare_delete {
        return Ok(());
    }
    let error = "what changes something is sent as JSON (Content-Type: application/json)";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error))
}

/// The one value of a header; two are refused, for others may believe the other one.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(Problem::bad(format!("there is more than one {name}")));
    }
    value
        .map(|value| value.to_str().map_err(|_| Problem::bad(format!("{name} is no plain text"))))
        .transpose()
}

#[cfg(test)]
mod tests;
