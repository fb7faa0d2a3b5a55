//! `/api/schedule`: having cron or systemd look every minute, as `bgrun guard --install` does.

use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{self, Problem};
use crate::extract::{Asked, Sent};
use crate::verbs;

/// By what it is to be run.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scheduler {
    Cron,
    Systemd,
}

/// Which scheduler.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    by: Scheduler,
}

impl Which {
    fn word(&self) -> &'static str {
        match self.by {
            Scheduler::Cron => "cron",
            Scheduler::Systemd => "systemd",
        }
    }
}

/// What would be written.
pub(crate) async fn show(Asked(which): Asked<Which>) -> Result<Response, Problem> {
    said(&["--print", which.word()]).await
}

pub(crate) async fn install(sent: Sent) -> Result<Response, Problem> {
    let which: Which = sent.json()?;
    said(&["--install", which.word()]).await
}

pub(crate) async fn uninstall() -> Result<Response, Problem> {
    said(&["--uninstall"]).await
}

/// What the guard says.
async fn said(arguments: &[&str]) -> Result<Response, Problem> {
    let came = verbs::run("bgrun-guard", arguments, "").await?;
    let text = came.done()?;
    answer::value(&json!({"text": String::from_utf8_lossy(&text).trim_end()}))
}
