//! What the gate answers when it lets a document not pass.

use async_graphql::{ErrorExtensionValues, Pos, ServerError, Value};

use crate::error::{ErrorCode, FieldError};

/// A document can be wrong in thousands of places; its author needs the first few.
pub(super) const MAX_ERRORS: usize = 20;

/// Names and values of the document are part of messages, and they can be as long as the document.
const MAX_MESSAGE: usize = 400;

/// One reason why a document is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct GateError {
    pub code: ErrorCode,
    /// What is wrong and what to do about it, never longer than a few lines.
    pub message: String,
    pub locations: Vec<Pos>,
    /// The variable values that are not valid, if that is the reason.
    pub fields: Vec<FieldError>,
}

impl GateError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: bounded(message.into()), locations: Vec::new(), fields: Vec::new() }
    }

    /// The document does not fit the schema.
    pub(super) fn invalid(pos: Pos, message: impl Into<String>) -> Self {
        Self::new(ErrorCode::GraphqlValidationFailed, message).at(pos)
    }

    /// The text is not GraphQL; `what` follows the place.
    pub(super) fn syntax(pos: Pos, what: &str) -> Self {
        let message = format!("Syntax error at line {}, column {}: {what}.", pos.line, pos.column);
        Self::new(ErrorCode::GraphqlParseFailed, message).at(pos)
    }

    /// The document asks for too much.
    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::LimitExceeded, message)
    }

    pub(super) fn at(mut self, pos: Pos) -> Self {
        self.locations.push(pos);
        self
    }
}

impl From<GateError> for ServerError {
    fn from(error: GateError) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", error.code.as_str());
        if !error.fields.is_empty() {
            let fields = error.fields.into_iter().map(|field| {
                async_graphql::value!({
                    "path": field.path, "code": field.code, "message": field.message,
                })
            });
            extensions.set("fields", Value::List(fields.collect()));
        }
        let mut server = Self::new(error.message, None);
        server.locations = error.locations;
        server.extensions = Some(extensions);
        server
    }
}

/// Puts errors in the order of the document, and keeps only the first.
pub(super) fn sorted(mut errors: Vec<GateError>) -> Vec<GateError> {
    errors.sort_by_key(|error| error.locations.first().copied());
    errors.truncate(MAX_ERRORS);
    errors
}

/// Cuts a text that has grown out of proportion.
pub(super) fn bounded(mut text: String) -> String {
    if text.len() > MAX_MESSAGE {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE));
        text.push('…');
    }
    text
}

/// ` Did you mean "x"?`, when a known name is nearly the unknown one.
pub(super) fn did_you_mean<'a>(unknown: &str, known: impl Iterator<Item = &'a String>) -> String {
    let allowed = (unknown.len() * 2 / 5 + 1).min(4);
    if unknown.len() > 60 {
        return String::new();
    }
    known
        .map(|name| (distance(unknown, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| format!(" Did you mean \"{name}\"?"))
        .unwrap_or_default()
}

/// How many letters have to be changed, added or removed (Levenshtein), upper and lower case being the same.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(!left.eq_ignore_ascii_case(&right));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
