//! Letting a browser in: a ticket is exchanged for the cookie.

use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;

use crate::answer::{self, Problem};
use crate::gate::Gate;

/// The path, for a browser that shows this ticket.
pub(crate) fn path(ticket: &str) -> String {
    format!("{}?ticket={ticket}", crate::gate::LOGIN)
}

/// Gives the cookie for a good ticket, and leads to the page.
pub(crate) fn exchange(gate: &Gate, head: &Parts) -> Response {
    let query = head.uri.query().unwrap_or_default();
    let ticket = query.split('&').find_map(|pair| pair.strip_prefix("ticket="));
    if !ticket.is_some_and(|ticket| gate.access.redeem(ticket)) {
        let error = "this login URL was used already, or is too old";
        return refusal(&Problem::new(StatusCode::UNAUTHORIZED, error));
    }
    let cookie = format!(
        "{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000",
        gate.cookie_name(),
        gate.access.session
    );
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, HeaderValue::from_static("/"));
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

/// What a person sees who is not let in.
pub(crate) fn refusal(problem: &Problem) -> Response {
    // One of our own sentences, with nothing in it of the request.
    let why = &problem.error;
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>bgrun</title>\
         <h1>Not let in</h1><p>{why}</p><p>This prints a URL that lets a browser in, once:\
         </p><pre>bgrun dash --url</pre></html>\n"
    );
    answer::text(problem.status, "text/html; charset=utf-8", page)
}
