//! The way of a request through the gate and the engine, whatever transport it came by.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{PathSegment, Request, Response, ServerError, Value, Variables};

use super::batch::{Batch, Queue};
use super::gate::Checked;
use super::{RequestState, Schema};
use crate::app::App;
use crate::error::ErrorCode;
use crate::security::Viewer;

/// A request that has passed the gate.
pub struct Operation {
    checked: Checked,
    variables: Variables,
}

impl Operation {
    /// Reads, measures and merges a document; nothing of it has run when this fails.
    pub fn prepare(
        schema: &Schema,
        query: &str,
        operation_name: Option<&str>,
        variables: Variables,
    ) -> Result<Self, Vec<ServerError>> {
        let checked = schema.gate.check(query, operation_name, &variables);
        let checked = checked.map_err(|errors| errors.into_iter().map(Into::into).collect::<Vec<_>>())?;
        Ok(Self { checked, variables })
    }

    pub fn is_mutation(&self) -> bool {
        self.checked.operation_type == OperationType::Mutation
    }

    pub fn name(&self) -> Option<&str> {
        self.checked.operation_name.as_deref()
    }
}

/// Carries out an operation on behalf of `viewer`.
pub async fn execute(schema: &Schema, app: Arc<App>, viewer: Viewer, operation: Operation) -> Response {
    let viewer = Arc::new(viewer);
    let queue = Queue::default();
    let loaders = queue.loaders(Batch { app: app.clone(), viewer: viewer.clone() });
    let Checked { document, operation_name, shape, .. } = operation.checked;
    let mut request = Request::new(String::new()).variables(operation.variables);
    request.operation_name = operation_name;
    request.set_parsed_query(document);
    let request = request.data(RequestState { app, viewer, loaders });
    let mut response = queue.drive(Box::pin(schema.engine.execute(request))).await;
    shape.apply(&mut response);
    response
}

/// Whether nothing was executed. (`data` can be null after an execution too: a null that had to move up that far.)
pub fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty())
}

/// The most errors that an answer lists of a document that was refused.
const MOST_REFUSALS: usize = 50;
/// The most that it lists of fields: ten for each object of the largest page.
const MOST_ERRORS: usize = 1_000;
/// The longest message of the engine that is passed on.
const LONGEST_MESSAGE: usize = 500;

/// Gives every error its code and the trace id, and bounds what the engine wrote.
pub fn finish(response: &mut Response, trace_id: &str) {
    let request_failed = is_request_error(response);
    response.errors.truncate(if request_failed { MOST_REFUSALS } else { MOST_ERRORS });
    for error in &mut response.errors {
        if error.message.len() > LONGEST_MESSAGE {
            error.message = crate::telemetry::clip(&error.message, LONGEST_MESSAGE) + "…";
        }
        let code = if request_failed { ErrorCode::GraphqlValidationFailed } else { ErrorCode::BadUserInput };
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", code.as_str());
        }
        extensions.set("traceId", trace_id);
    }
    // Siblings fail in the order in which they happen to finish.
    response.errors.sort_by_cached_key(|error| path_text(&error.path));
}

fn path_text(path: &[PathSegment]) -> String {
    path.iter()
        .map(|segment| match segment {
            PathSegment::Field(name) => format!("/{name}"),
            PathSegment::Index(at) => format!("/{at:06}"),
        })
        .collect()
}
