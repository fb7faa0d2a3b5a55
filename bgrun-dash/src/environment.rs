//! `GET /api/processes/{name}/env`: secrets, shown only when a page asks for them itself.

use axum::response::Response;
use hyper::{HeaderMap, StatusCode};
use serde_json::json;

use crate::answer::{self, Problem};
use crate::extract::Name;
use crate::processes;

/// # Errors
/// A browser wants to show it as a page of its own, or there is no such process.
pub(crate) async fn reveal(Name(name): Name, headers: HeaderMap) -> Result<Response, Problem> {
    let destination = headers.get("sec-fetch-dest");
    if destination.is_some_and(|destination| destination != "empty") {
        let error = "secrets are for the dashboard's own page only";
        return Err(Problem::new(StatusCode::FORBIDDEN, error));
    }
    let record = processes::record(&name, &["--env"]).await?;
    answer::value(&json!({
        "name": record["name"],
        "env": record["env"],
        "env_keys": record["env_keys"],
    }))
}
