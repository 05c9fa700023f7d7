//! `/graphql`: GraphQL over HTTP, and the query editor for browsers.

use std::net::SocketAddr;
use std::sync::Arc;

use async_graphql::{Response as Answer, ServerError, Value, Variables};
use axum::Extension;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Deserialize;
use tracing::Instrument as _;

use super::negotiate::{self, Form};
use super::request::TraceId;
use super::serve::ARRIVAL;
use super::{Server, address, cookie, graphiql};
use crate::domains::auth;
use crate::error::{Error, ErrorCode};
use crate::graphql::{Operation, execute, finish, is_request_error};
use crate::security::RequestInfo;
use crate::telemetry::clip;

/// What a caller asks for, once it is read. `null` is as good as absent; unknown members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with `query`, and perhaps `variables` and `operationName`")]
struct Asked {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Parameters of a `GET`; an empty one is as good as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
}

/// A request that is refused before any operation is looked at.
struct Refusal {
    status: StatusCode,
    code: ErrorCode,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message)
    }
}

pub async fn endpoint(
    State(server): State<Server>,
    Extension(trace): Extension<TraceId>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (Parts { method, uri, headers, .. }, body) = request.into_parts();
    let Some(form) = negotiate::form(&headers) else {
        if reads(&method) && negotiate::wants_html(&headers) && server.options.graphiql {
            return graphiql::page();
        }
        let message = "The answer can be application/graphql-response+json or application/json.";
        let refusal = Refusal::new(StatusCode::NOT_ACCEPTABLE, ErrorCode::BadUserInput, message);
        return refuse(refusal, Form::Json, &trace);
    };
    // A browser's `Accept` also has `*/*`.
    let is_bare = uri.query().is_none_or(|query| !query.contains("query="));
    if reads(&method) && is_bare && negotiate::wants_html(&headers) && server.options.graphiql {
        return graphiql::page();
    }
    let asked = match method {
        Method::POST => read_body(&server, &headers, body).await,
        Method::GET | Method::HEAD => read_parameters(&uri),
        _ => Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::BadUserInput,
            "Send queries and mutations by POST.",
        )),
    };
    let answer = match asked {
        Ok(asked) => run(&server, &trace, peer, &headers, &method, asked).await,
        Err(refusal) => Err(refusal),
    };
    match answer {
        Ok(answer) => reply(answer, form, &trace),
        Err(refusal) => refuse(refusal, form, &trace),
    }
}

/// `HEAD` is `GET` without the body, which the server leaves out of the answer by itself.
fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// When a request must have arrived, because the server stops.
async fn stops(server: &Server) {
    server.stopping.cancelled().await;
    tokio::time::sleep(ARRIVAL).await;
}

async fn read_body(server: &Server, headers: &HeaderMap, body: Body) -> Result<Asked, Refusal> {
    if !negotiate::is_json(headers) {
        // Other types can be sent across sites by a plain form, without asking first.
        let message = "The body must be JSON in UTF-8, with `content-type: application/json`.";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::BadUserInput, message));
    }
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|encoding| *encoding != "identity") {
        let message = format!("The body cannot be encoded as {encoding:?}: send it plain.");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ErrorCode::BadUserInput, message));
    }
    let limit = server.options.body_limit;
    let too_large = || {
        let message = format!("The body can have {limit} bytes at the most.");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::LimitExceeded, message)
    };
    // A caller who asks first is told. One who sends at once would lose the answer to a connection that closes on them.
    if headers.contains_key(header::EXPECT) && body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let reading = Limited::new(body, limit).collect();
    let too_late = async {
        match tokio::time::timeout(server.options.request_timeout, stops(server)).await {
            Ok(()) => {
                let message = "The server is stopping, and the body has not arrived. Send it again.";
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, message)
            }
            Err(_) => {
                let message = "The body did not arrive in time.";
                Refusal::new(StatusCode::REQUEST_TIMEOUT, ErrorCode::LimitExceeded, message)
            }
        }
    };
    let body: Bytes = tokio::select! {
        read = reading => match read {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
            Err(_) => return Err(Refusal::bad_request("The body could not be read to its end.")),
        },
        refusal = too_late => return Err(refusal),
    };
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(Refusal::bad_request("Send one request at a time: a JSON object, not an array."));
    }
    serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad_request(format!("The body is not a GraphQL request: {error}")))
}

fn read_parameters(uri: &Uri) -> Result<Asked, Refusal> {
    let Query(parameters) = Query::<Parameters>::try_from_uri(uri).map_err(|_| {
        Refusal::bad_request("The parameters can be `query`, `operationName` and `variables`, each once.")
    })?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let variables = given(parameters.variables).map(|text| serde_json::from_str(&text)).transpose();
    Ok(Asked {
        query: given(parameters.query),
        operation_name: given(parameters.operation_name),
        variables: variables
            .map_err(|error| Refusal::bad_request(format!("`variables` is not a JSON object: {error}")))?
            .flatten(),
    })
}

async fn run(
    server: &Server,
    trace: &TraceId,
    peer: SocketAddr,
    headers: &HeaderMap,
    method: &Method,
    asked: Asked,
) -> Result<Answer, Refusal> {
    let query = asked.query.filter(|query| !query.trim().is_empty());
    let query = query.ok_or_else(|| Refusal::bad_request("The request has no `query`."))?;
    let variables = asked.variables.map_or_else(Variables::default, |map| Variables::from_json(map.into()));
    let prepared = Operation::prepare(&server.schema, &query, asked.operation_name.as_deref(), variables);
    let operation = match prepared {
        Ok(operation) => operation,
        Err(errors) => return Ok(Answer::from_errors(errors)),
    };
    if operation.is_mutation() && reads(method) {
        let message = "A mutation must be sent by POST; nothing has been changed.";
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadUserInput, message));
    }
    let info = RequestInfo {
        trace_id: trace.0.clone(),
        ip: address::client(peer.ip(), headers, &server.options.trusted_proxies).to_string(),
        user_agent: headers.get(header::USER_AGENT).map(|agent| clip(&String::from_utf8_lossy(agent.as_bytes()), 512)),
        operation: operation.name().map(str::to_owned),
        cookie: cookie::refresh_cookie(headers),
    };
    let viewer = match auth::service::viewer(&server.app, bearer(headers), info).await {
        Ok(viewer) => viewer,
        Err(error) => return Ok(failed(error)),
    };
    let timeout = server.options.request_timeout;
    let late = |_| failed(Error::Unavailable("the request took too long".into()));
    if operation.is_mutation() {
        // On a task of its own: a caller who hangs up, or whose time is up, leaves no change half announced.
        let (schema, app) = (server.schema.clone(), Arc::clone(&server.app));
        let work = async move { execute(&schema, app, viewer, operation).await };
        let task = server.tasks.spawn(work.in_current_span());
        let answer = tokio::time::timeout(timeout, task).await;
        return Ok(answer.map_or_else(late, |done| done.unwrap_or_else(|panic| failed(Error::internal(panic)))));
    }
    let work = execute(&server.schema, Arc::clone(&server.app), viewer, operation);
    Ok(tokio::time::timeout(timeout, work).await.unwrap_or_else(late))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// An answer without data.
fn failed(error: Error) -> Answer {
    let error: async_graphql::Error = error.into();
    let mut failure = ServerError::new(error.message, None);
    failure.extensions = error.extensions;
    Answer::from_errors(vec![failure])
}

fn reply(mut answer: Answer, form: Form, trace: &TraceId) -> Response {
    finish(&mut answer, &trace.0);
    let status = match code_of(&answer) {
        _ if !is_request_error(&answer) => StatusCode::OK,
        Some("UNAVAILABLE") => StatusCode::SERVICE_UNAVAILABLE,
        Some("INTERNAL_SERVER_ERROR") => StatusCode::INTERNAL_SERVER_ERROR,
        _ if form == Form::GraphqlResponse => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let mut response = render(status, form, &answer);
    response.headers_mut().extend(std::mem::take(&mut answer.http_headers));
    response
}

fn code_of(answer: &Answer) -> Option<&str> {
    match answer.errors.first()?.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

fn refuse(refusal: Refusal, form: Form, trace: &TraceId) -> Response {
    let mut error = ServerError::new(refusal.message, None);
    error.extensions.get_or_insert_default().set("code", refusal.code.as_str());
    let mut answer = Answer::from_errors(vec![error]);
    finish(&mut answer, &trace.0);
    let mut response = render(refusal.status, form, &answer);
    if refusal.status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    response
}

/// Writes the answer: errors first, and no `data` where nothing was executed.
fn render(status: StatusCode, form: Form, answer: &Answer) -> Response {
    #[derive(serde::Serialize)]
    struct Written<'a> {
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        errors: &'a [ServerError],
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a Value>,
    }
    let written = Written { errors: &answer.errors, data: (!is_request_error(answer)).then_some(&answer.data) };
    let headers = [
        (header::CONTENT_TYPE, form.content_type()),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match serde_json::to_vec(&written) {
        Ok(body) => (status, headers, Body::from(body)).into_response(),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
