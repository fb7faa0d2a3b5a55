//! The table of all routes, in three parts. The router, the document of the API and the test of all
//! routes are made of it, so that they cannot differ.

mod acts;
mod looks;
mod reach;

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::MethodRouter;
use hyper::{StatusCode, Uri};

use crate::answer::Problem;
use crate::assets;
use crate::state::Dashboard;

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Delete,
}

/// What a route answers with when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// JSON of this schema (`#/components/schemas/…`).
    Json(&'static str),
    /// An array of these.
    List(&'static str),
    /// `text/event-stream`.
    Events,
    /// Bytes of a log.
    Text,
    /// A page of HTML.
    Page,
}

/// A word of the query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) name: &'static str,
    /// Its JSON schema.
    pub(crate) schema: &'static str,
    pub(crate) about: &'static str,
}

/// One way to ask the dashboard.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// The name of the operation.
    pub(crate) operation: &'static str,
    pub(crate) about: &'static str,
    pub(crate) query: &'static [Word],
    /// The schema of the body, if one is sent.
    pub(crate) body: Option<&'static str>,
    pub(crate) gives: Gives,
    /// The statuses with which it may refuse, beside those that all have.
    pub(crate) refuses: &'static [u16],
    pub(crate) handler: fn() -> MethodRouter<Arc<Dashboard>>,
}

const fn word(name: &'static str, schema: &'static str, about: &'static str) -> Word {
    Word { name, schema, about }
}

const FLAG: &str = r#"{"type": "boolean"}"#;
const COUNT: &str = r#"{"type": "integer", "minimum": 0, "maximum": 9007199254740991}"#;
const TAB: &str = r#"{"type": "string", "enum": ["stdout", "stderr"]}"#;
const SCHEDULER: &str = r#"{"type": "string", "enum": ["cron", "systemd"]}"#;
const NAMES: &str = r#"{"type": "array", "items": {"type": "string"}, "minItems": 1}"#;
const TEXT: &str = r#"{"type": "string"}"#;
const EXPRESSION: &str = r#"{"type": "string", "minLength": 1, "maxLength": 1000}"#;

/// All routes, in the order of the document.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    [acts::ACTS, reach::REACH, looks::LOOKS].into_iter().flatten()
}

/// The router of all routes and of the page.
pub(crate) fn router(dashboard: Arc<Dashboard>) -> Router {
    let table =
        all().fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    table.fallback(other).method_not_allowed_fallback(wrong_method).with_state(dashboard)
}

/// What is no route: a file of the page, or nothing.
async fn other(method: axum::http::Method, uri: Uri) -> Result<Response, Problem> {
    let Some(file) = assets::find(uri.path()) else {
        let error = format!("there is nothing at {}", uri.path());
        return Err(Problem::new(StatusCode::NOT_FOUND, error));
    };
    if !matches!(method, axum::http::Method::GET | axum::http::Method::HEAD) {
        return Err(wrong_method().await);
    }
    Ok(file.response())
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "that cannot be done here")
}
