//! What every request gets, whatever it asks for: a trace id, a line in the log, an answer even after a panic.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use crate::error::ErrorCode;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Identifies a request in logs, errors and records.
#[derive(Clone, Debug)]
pub struct TraceId(pub String);

impl TraceId {
    /// The caller's, if it is one that a log line can bear; a new one otherwise.
    fn of(request: &Request) -> Self {
        let sent = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        let sane = |id: &&str| {
            (1..=128).contains(&id.len())
                && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        Self(sent.filter(sane).map_or_else(|| uuid::Uuid::now_v7().simple().to_string(), str::to_owned))
    }
}

pub async fn trace(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace = TraceId::of(&request);
    let span = tracing::info_span!("request", trace_id = %trace.0);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(trace.clone());
    async {
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let mut response = answer.unwrap_or_else(|panic| after_panic(&*panic, &trace));
        if let Ok(id) = HeaderValue::from_str(&trace.0) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        let status = response.status().as_u16();
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(%method, path, status, micros, "answered");
        response
    }
    .instrument(span)
    .await
}

pub async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "There is nothing here. The API is at /graphql.\n")
}

/// The last net: resolvers catch their own panics.
fn after_panic(panic: &(dyn Any + Send), trace: &TraceId) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let cause = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
    tracing::error!(cause, "a request panicked");
    let extensions = serde_json::json!({ "code": ErrorCode::InternalServerError.as_str(), "traceId": trace.0 });
    let error = serde_json::json!({ "message": "Something went wrong on the server.", "extensions": extensions });
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    let body = serde_json::json!({ "errors": [error] }).to_string();
    (StatusCode::INTERNAL_SERVER_ERROR, kind, Body::from(body)).into_response()
}
