//! What a write has changed: the fields of a row, before and after.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::REDACTED;

/// A row whose changes are recorded. Its serialised form names fields as the GraphQL schema does.
pub trait Audited: Serialize {
    /// Fields whose values no record may hold; that they changed is recorded.
    const SECRETS: &'static [&'static str] = &[];

    /// The object's id as clients know it.
    fn target(&self) -> String;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, async_graphql::Enum)]
#[serde(rename_all = "snake_case")]
/// What happened to an object.
pub enum ChangeKind {
    /// It was made.
    Created,
    /// Some of its fields changed.
    Updated,
    /// It was removed.
    Deleted,
}

/// One object that a write has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub target: String,
    pub kind: ChangeKind,
    pub fields: Vec<FieldChange>,
}

/// One field of it; null stands for "was not" and "is no more".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    pub name: String,
    pub before: Value,
    pub after: Value,
}

/// Says nothing that the record itself does not say better.
const BOOKKEEPING: &[&str] = &["id", "version", "createdAt", "updatedAt"];

impl Change {
    pub(super) fn between<T: Audited>(before: Option<&T>, after: Option<&T>) -> Option<Self> {
        let kind = match (before, after) {
            (None, Some(_)) => ChangeKind::Created,
            (Some(_), Some(_)) => ChangeKind::Updated,
            (Some(_), None) => ChangeKind::Deleted,
            (None, None) => return None,
        };
        let target = after.or(before)?.target();
        let mut before = before.map(fields).unwrap_or_default();
        let after = after.map(fields).unwrap_or_default();
        let mut changes: Vec<FieldChange> = Vec::new();
        for (name, after) in after {
            let before = before.remove(&name).unwrap_or_default();
            changes.push(FieldChange { name, before, after });
        }
        changes.extend(before.into_iter().map(|(name, before)| FieldChange { name, before, after: Value::Null }));
        changes.retain(|change| change.before != change.after && !BOOKKEEPING.contains(&change.name.as_str()));
        for change in &mut changes {
            if T::SECRETS.contains(&change.name.as_str()) {
                for value in [&mut change.before, &mut change.after] {
                    if !value.is_null() {
                        *value = REDACTED.into();
                    }
                }
            }
        }
        Some(Self { target, kind, fields: changes })
    }

    /// One field of an object, or a list of its links, that was replaced.
    pub(super) fn one(target: String, name: &str, before: Value, after: Value) -> Self {
        Self { target, kind: ChangeKind::Updated, fields: vec![FieldChange { name: name.into(), before, after }] }
    }
}

fn fields<T: Audited>(row: &T) -> Map<String, Value> {
    match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
