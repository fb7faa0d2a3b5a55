//! What a request says, taken apart: a name in its path, its query, its body. Each error
//! is JSON, as all others are.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use bgrun_store::name;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::Body;
use serde::de::DeserializeOwned;
use std::time::Duration;

use crate::answer::Problem;

/// The largest body that is read.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;
/// Who has not sent its body in this time sends none.
const BODY_TAKES: Duration = Duration::from_secs(10);

/// The name of a process, from the path.
#[derive(Debug)]
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(name) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::bad("the path is not UTF-8"))?;
        match name::check(&name) {
            Ok(()) => Ok(Self(name)),
            // What cannot be a name is nobody's.
            Err(rule) => Err(Problem::unknown(&name).hint(rule.to_string())),
        }
    }
}

/// The query.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(error) => {
                let text = error.body_text();
                let what = text.strip_prefix("Failed to deserialize query string: ");
                Err(Problem::bad(format!("the query: {}", what.unwrap_or(&text))))
            }
        }
    }
}

/// All values of one word of a query.
///
/// # Errors
/// One is not UTF-8, or there is another word.
pub(crate) fn all(query: &str, word: &str) -> Result<Vec<String>, Problem> {
    let mut values = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key != word {
            return Err(Problem::bad(format!("the query has only '{word}'")));
        }
        let value = value.replace('+', " ");
        match percent_encoding::percent_decode_str(&value).decode_utf8() {
            Ok(value) => values.push(value.into_owned()),
            Err(_) => return Err(Problem::bad("the query is not UTF-8")),
        }
    }
    Ok(values)
}

/// The bytes of the body, not more than [`LARGEST_BODY`].
#[derive(Debug)]
pub(crate) struct Sent(pub(crate) Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let too_large = || {
            let error = format!("the body is larger than {LARGEST_BODY} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error)
        };
        // Who says beforehand how much will come is not waited for.
        if request.body().size_hint().lower() > LARGEST_BODY as u64 {
            return Err(too_large());
        }
        let body = Limited::new(request.into_body(), LARGEST_BODY);
        match tokio::time::timeout(BODY_TAKES, body.collect()).await {
            Ok(Ok(collected)) => Ok(Self(collected.to_bytes().into())),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Problem::bad("the body is cut off")),
            Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body takes too long")),
        }
    }
}

impl Sent {
    /// The body as JSON of this form; an empty one as an empty object.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let bytes = if self.0.trim_ascii().is_empty() { b"{}" } else { self.0.as_slice() };
        // An array is not taken for the fields of an object in their order.
        let object = serde_json::from_slice::<serde_json::Map<_, _>>(bytes);
        object.and_then(|object| serde_json::from_value(object.into())).map_err(|error| {
            let status = if error.is_data() {
                StatusCode::UNPROCESSABLE_ENTITY
            } else {
                StatusCode::BAD_REQUEST
            };
            Problem::new(status, format!("the body: {error}"))
        })
    }
}

/// A body in which nothing has to be said: an object of JSON, or none.
#[derive(Debug)]
pub(crate) struct Nothing;

impl<S: Send + Sync> FromRequest<S> for Nothing {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let sent = Sent::from_request(request, state).await?;
        sent.json::<serde_json::Map<String, serde_json::Value>>().map(|_| Self)
    }
}
