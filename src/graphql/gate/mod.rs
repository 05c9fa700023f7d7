//! The gate: every document passes it, from whatever transport, before the engine sees it.
//!
//! [`check`] bounds the text, parses it once, chooses the operation, validates the document and the values of its
//! variables, measures what it asks for, and merges it. What comes out is one operation without fragments in which
//! nothing is selected twice, so that the engine's own walks, which are exponential in fragments and run repeated
//! selections repeatedly, are harmless. [`Shape::apply`] then puts the response in the shape of the specification.
//!
//! [`Gate`] does the same for one schema, and does not parse a text again that it knows.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Limits`], and the order of the steps |
//! | `scan.rs`, `escapes.rs` | the text before it is parsed |
//! | `fragments.rs`, `measure.rs` | how much it asks for, once its fragments are expanded |
//! | `rules.rs`, `overlap.rs`, `variables.rs`, `values.rs` | whether it fits the schema |
//! | `coerce.rs` | the values of variables |
//! | `merge.rs` | each response key once |
//! | `shape.rs` | the response in the shape of the specification |
//! | `cache.rs`, `schema.rs`, `error.rs` | texts that are known; the registry; what is answered |
//!
//! The order matters: each step is linear in what the steps before have bounded.

mod cache;
mod coerce;
mod error;
mod escapes;
mod fragments;
mod measure;
mod merge;
mod overlap;
mod rules;
mod scan;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod values;
mod variables;

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::parser::{Error as ParseError, parse_query};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{Name, Positioned, Variables};

pub use self::cache::Gate;
pub use self::error::GateError;
pub use self::schema::schema_env;
pub use self::shape::Shape;
use crate::error::ErrorCode;

/// Fields that must not be tried several times in one operation, because each try tells something; and the whole schema,
/// because its text is long.
pub const ONCE_PER_OPERATION: [&str; 4] = ["login", "refreshSession", "changePassword", "__schema"];

/// The response key of what the gate adds to selections. No document can use it.
const HIDDEN: &str = "__gate";

/// How much a document may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The length of the text.
    pub bytes: usize,
    /// Names, punctuation and values.
    pub tokens: usize,
    /// Brackets inside brackets.
    pub brackets: usize,
    /// Operations in the document, of which one is run.
    pub operations: usize,
    /// Variables of the operation.
    pub variables: usize,
    /// Fields and fragments of the operation, a fragment counting wherever it is spread.
    pub selections: usize,
    /// Fields inside fields.
    pub depth: usize,
    /// Selection sets inside selection sets, those of fragments included.
    pub nesting: usize,
    /// Fields of the root, after merging.
    pub root_fields: usize,
    pub aliases: usize,
    pub directives: usize,
    /// Fields that may have to be resolved: one for each field, times the length of the lists around it.
    pub cost: u64,
    /// Fields below `__schema` and `__type`; they count neither for `selections` nor for `depth` nor for `cost`.
    pub introspection: usize,
    pub introspection_depth: usize,
    /// Lists of types or fields inside each other: they multiply, and tools nest only one.
    pub introspection_lists: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 * 1024,
            tokens: 5_000,
            brackets: 64,
            operations: 50,
            variables: 100,
            selections: 2_000,
            depth: 15,
            nesting: 40,
            root_fields: 30,
            aliases: 50,
            directives: 50,
            cost: 50_000,
            introspection: 1_000,
            introspection_depth: 20,
            introspection_lists: 2,
        }
    }
}

/// A document that may run.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Only the chosen operation, merged, without fragments.
    pub document: ExecutableDocument,
    pub operation_type: OperationType,
    /// The name of the operation; it is what `Request::operation_name` must be.
    pub operation_name: Option<String>,
    /// The names of the root fields, in order, each response key once.
    pub root_fields: Vec<Name>,
    /// Whether the schema is asked for (`__schema`, `__type`).
    pub introspects: bool,
    pub cost: u64,
    /// Fields and fragments before merging.
    pub selections: usize,
    pub depth: usize,
    /// What to do with the response.
    pub shape: Shape,
}

/// Lets a document pass, or says why not.
pub fn check(
    registry: &Registry,
    limits: &Limits,
    query: &str,
    operation_name: Option<&str>,
    variables: &Variables,
) -> Result<Checked, Vec<GateError>> {
    check_parsed(registry, limits, &parse(limits, query)?, operation_name, variables)
}

fn parse(limits: &Limits, query: &str) -> Result<ExecutableDocument, Vec<GateError>> {
    scan::check(limits, query).map_err(one)?;
    parse_query(escapes::known_to_parser(query)).map_err(|error| one(parse_failed(&error)))
}

fn check_parsed(
    registry: &Registry,
    limits: &Limits,
    document: &ExecutableDocument,
    operation_name: Option<&str>,
    variables: &Variables,
) -> Result<Checked, Vec<GateError>> {
    let count = document.operations.iter().len();
    if count > limits.operations {
        return Err(one(GateError::limit(format!(
            "The document has {count} operations; {} are allowed. Send only what belongs together.",
            limits.operations
        ))));
    }
    let (name, operation) = choose(document, operation_name).map_err(one)?;
    let count = operation.node.variable_definitions.len();
    if count > limits.variables {
        let limit = limits.variables;
        let message = format!("The operation has {count} variables; {limit} are allowed. Use an input object.");
        return Err(one(GateError::limit(message).at(operation.pos)));
    }
    let fragments = fragments::Fragments::new(document).map_err(error::sorted)?;
    let values = coerce::Values::new(variables, &operation.node);
    let size = measure::measure(registry, &fragments, &operation.node, values);
    size.check(limits, operation.pos)?;
    let strict = rules::check(registry, document, &fragments, &operation.node)?;
    coerce::check(registry, &operation.node, &strict, variables).map_err(one)?;
    // Selections on interfaces are multiplied by merging; nobody needs it more than a few times.
    let budget = limits.selections.saturating_mul(2).saturating_add(limits.introspection);
    let merged = merge::merge(registry, document, &operation.node, values, budget)?;
    let root_fields = root_fields(&merged);
    check_root(limits, operation, &root_fields).map_err(one)?;

    let shape = Shape::new(registry, &merged);
    let merged = Positioned::new(merged, operation.pos);
    Ok(Checked {
        operation_type: merged.node.ty,
        operation_name: name.map(ToString::to_string),
        introspects: root_fields.iter().any(|field| field == "__schema" || field == "__type"),
        root_fields,
        cost: size.cost,
        selections: size.selections,
        depth: size.depth,
        shape,
        document: ExecutableDocument {
            operations: match name {
                Some(name) => DocumentOperations::Multiple([(name.clone(), merged)].into()),
                None => DocumentOperations::Single(merged),
            },
            fragments: HashMap::new(),
        },
    })
}

fn one(error: GateError) -> Vec<GateError> {
    vec![error]
}

/// The parser's message quotes the line that it stumbled over; what was expected there is enough.
fn parse_failed(error: &ParseError) -> GateError {
    let pos = error.positions().next();
    let text = error.to_string();
    let what = text.lines().next_back().unwrap_or_default().trim();
    let what = what.strip_prefix("= ").unwrap_or(what);
    // The parser names rules of its grammar.
    let what = what.replace("executable_definition", "query, mutation or fragment").replace('_', " ");
    match pos {
        Some(pos) => GateError::syntax(pos, &what),
        None => {
            let message = format!("Syntax error: {}.", what.trim_end_matches('.'));
            GateError::new(ErrorCode::GraphqlParseFailed, message)
        }
    }
}

type Operation = Positioned<OperationDefinition>;

/// The operation to run. An empty name is no name.
fn choose<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<(Option<&'a Name>, &'a Operation), GateError> {
    let mut operations = document.operations.iter();
    match name.filter(|name| !name.is_empty()) {
        Some(wanted) => operations.find(|(name, _)| name.is_some_and(|name| name == wanted)).ok_or_else(|| {
            let message = format!("There is no operation \"{wanted}\" in the document; check `operationName`.");
            GateError::new(ErrorCode::GraphqlValidationFailed, message)
        }),
        None if operations.len() > 1 => {
            let message = "The document has several operations; name the one to run in `operationName`.";
            Err(GateError::new(ErrorCode::GraphqlValidationFailed, message))
        }
        None => operations.next().ok_or_else(|| parse_failed(&ParseError::MissingOperation)),
    }
}

fn root_type(registry: &Registry, ty: OperationType) -> Option<&MetaType> {
    let name = match ty {
        OperationType::Query => Some(&registry.query_type),
        OperationType::Mutation => registry.mutation_type.as_ref(),
        OperationType::Subscription => registry.subscription_type.as_ref(),
    };
    registry.types.get(name?)
}

/// The fields of the root of a merged operation.
fn root_fields(operation: &OperationDefinition) -> Vec<Name> {
    let items = operation.selection_set.node.items.iter();
    let fields = items.filter_map(|selection| match &selection.node {
        Selection::Field(field) if field.node.response_key().node != HIDDEN => Some(field.node.name.node.clone()),
        _ => None,
    });
    fields.collect()
}

/// The rules for root fields, each of which is a piece of work of its own.
fn check_root(limits: &Limits, operation: &Operation, fields: &[Name]) -> Result<(), GateError> {
    let count = fields.len();
    if operation.node.ty == OperationType::Subscription && count != 1 {
        let message = format!("A subscription has exactly one root field, not {count}. Subscribe to each by itself.");
        return Err(GateError::invalid(operation.pos, message));
    }
    if count > limits.root_fields {
        let limit = limits.root_fields;
        let message = format!("The operation has {count} root fields; {limit} are allowed. Split it.");
        return Err(GateError::limit(message).at(operation.pos));
    }
    for once in ONCE_PER_OPERATION {
        if fields.iter().filter(|field| *field == once).count() > 1 {
            let message = format!("\"{once}\" can be used once in an operation. Send one operation for each.");
            return Err(GateError::limit(message).at(operation.pos));
        }
    }
    Ok(())
}
