//! `POST /api/login-url`: a ticket for a browser, asked for by who holds the token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use crate::answer::{self, Problem};
use crate::extract::Nothing;
use crate::login;
use crate::state::Dashboard;

/// Where it is asked for.
pub(crate) const PATH: &str = "/api/login-url";

pub(crate) async fn issue(
    State(dashboard): State<Arc<Dashboard>>,
    _: Nothing,
) -> Result<Response, Problem> {
    let path = login::path(&dashboard.gate.access.issue()?);
    answer::value(&json!({"path": path}))
}
