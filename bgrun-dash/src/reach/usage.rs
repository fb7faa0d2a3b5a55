//! `/api/usage`: what logs and their archives take on the disk.

use axum::response::Response;

use crate::answer::{self, Problem};
use crate::extract::Name;
use crate::{processes, verbs};

const ARGUMENTS: [&str; 2] = ["--usage", "--json"];

pub(crate) async fn all() -> Result<Response, Problem> {
    let came = verbs::run("bgrun-logs", &ARGUMENTS, "").await?;
    Ok(answer::printed(came.done()?))
}

pub(crate) async fn of_one(Name(name): Name) -> Result<Response, Problem> {
    processes::record(&name, &[]).await?;
    let arguments = [&ARGUMENTS[..], &["-"]].concat();
    let came = verbs::run("bgrun-logs", &arguments, verbs::named(&name)).await?;
    Ok(answer::printed(came.done()?))
}
