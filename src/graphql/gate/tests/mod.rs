//! The gate against a small schema, and what comes out of it against the engine.

mod introspection;
mod limits;
mod merging;
mod responses;
mod rules;
mod schema;
mod variables;

use std::fmt::Write as _;
use std::sync::LazyLock;

use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Request, Response, SchemaEnv, Variables, value};

use self::schema::{Counter, builder};

use super::{Checked, GateError, Limits, check, schema_env};
use crate::error::ErrorCode;

static ENV: LazyLock<SchemaEnv> = LazyLock::new(|| schema_env(builder()));

fn checked(
    query: &str,
    operation_name: Option<&str>,
    variables: async_graphql::Value,
) -> Result<Checked, Vec<GateError>> {
    let variables = Variables::from_value(variables);
    check(&ENV.registry, &Limits::default(), query, operation_name, &variables)
}

#[track_caller]
fn passes(query: &str) -> Checked {
    passes_with(query, value!({}))
}

#[track_caller]
fn passes_with(query: &str, variables: async_graphql::Value) -> Checked {
    checked(query, None, variables).unwrap_or_else(|errors| panic!("{query} is refused: {errors:?}"))
}

#[track_caller]
fn refused(query: &str) -> Vec<GateError> {
    refused_with(query, value!({}))
}

#[track_caller]
fn refused_with(query: &str, variables: async_graphql::Value) -> Vec<GateError> {
    checked(query, None, variables).expect_err("it passes")
}

/// That a query is refused for one reason, whose message contains `text`.
#[track_caller]
fn refused_once(query: &str, code: ErrorCode, text: &str) {
    let errors = refused(query);
    assert!(
        errors.len() == 1 && errors[0].code == code && errors[0].message.contains(text),
        "{query}\nshould be refused as {code:?} because of {text}\nbut: {errors:#?}"
    );
}

/// What the merged document looks like, without the outer braces.
fn text(document: &ExecutableDocument) -> String {
    fn set_of(set: &SelectionSet, text: &mut String) {
        for selection in &set.items {
            let inner = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    if let Some(alias) = &field.alias {
                        let _ = write!(text, "{alias}: ");
                    }
                    let _ = write!(text, "{}", field.name);
                    let arguments = field.arguments.iter().map(|(name, value)| format!("{name}: {value}"));
                    if !field.arguments.is_empty() {
                        let _ = write!(text, "({})", arguments.collect::<Vec<_>>().join(", "));
                    }
                    &field.selection_set.node
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map(|on| &on.node.on.node);
                    let _ = write!(text, "... on {}", on.map_or("", |on| on));
                    &inline.node.selection_set.node
                }
                Selection::FragmentSpread(_) => panic!("a fragment is left"),
            };
            assert!(selection.node.directives().is_empty());
            text.push(' ');
            if !inner.items.is_empty() {
                text.push_str("{ ");
                set_of(inner, text);
                text.push_str("} ");
            }
        }
    }
    assert!(document.fragments.is_empty());
    let mut text = String::new();
    let (_, operation) = document.operations.iter().next().expect("an operation");
    set_of(&operation.node.selection_set.node, &mut text);
    text.trim_end().to_owned()
}

/// The shaped response to a query that has passed.
async fn respond(query: &str, variables: async_graphql::Value) -> Response {
    let checked = passes_with(query, variables.clone());
    let mut request = Request::new("").variables(Variables::from_value(variables));
    request.operation_name = checked.operation_name;
    request.set_parsed_query(checked.document);
    let mut response = builder().data(Counter::default()).finish().execute(request).await;
    checked.shape.apply(&mut response);
    response
}

/// The data of a response without errors, as text, since the order of keys matters.
async fn data(query: &str) -> String {
    data_with(query, value!({})).await
}

async fn data_with(query: &str, variables: async_graphql::Value) -> String {
    let response = respond(query, variables).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    serde_json::to_string(&response.data).expect("JSON")
}
