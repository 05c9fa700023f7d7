//! Arguments as they may be recorded. The schema says what is sensitive, not the name of a key.

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Name, Value};
use serde_json::{Map, Value as Json};

/// Stands where a sensitive value was.
pub const REDACTED: &str = "[redacted]";

/// The longest text that a record keeps of an argument.
const LONGEST: usize = 1000;
/// The most items that it keeps of a list. What was changed, it lists by itself.
const MOST_ITEMS: usize = 20;
/// The most that it keeps of all arguments together, in bytes. Nobody needs to be logged in to be recorded.
const MOST_BYTES: usize = 8 * 1024;

/// The arguments of a field, with every input marked `@sensitive` in the schema taken out.
pub fn redact_arguments(
    registry: &Registry,
    declared: &IndexMap<String, MetaInputValue>,
    arguments: impl IntoIterator<Item = (Name, Value)>,
) -> Json {
    let input = redact_fields(registry, declared, arguments);
    let size = input.to_string().len();
    if size <= MOST_BYTES { input } else { format!("too much to be kept: {size} bytes").into() }
}

fn redact_fields(
    registry: &Registry,
    declared: &IndexMap<String, MetaInputValue>,
    arguments: impl IntoIterator<Item = (Name, Value)>,
) -> Json {
    let fields = arguments.into_iter().map(|(name, value)| {
        let redacted = redact(registry, declared.get(name.as_str()), value);
        (name.to_string(), redacted)
    });
    Json::Object(fields.collect())
}

fn redact(registry: &Registry, declared: Option<&MetaInputValue>, value: Value) -> Json {
    // What the schema does not declare cannot be known to be harmless.
    let Some(declared) = declared else {
        return REDACTED.into();
    };
    if declared.directive_invocations.iter().any(|directive| directive.name == "sensitive") {
        return if value == Value::Null { Json::Null } else { REDACTED.into() };
    }
    let type_name = MetaTypeName::concrete_typename(&declared.ty);
    match (value, registry.types.get(type_name)) {
        (Value::List(items), _) => {
            let count = items.len();
            let kept = items.into_iter().take(MOST_ITEMS).map(|item| redact(registry, Some(declared), item));
            kept.chain((count > MOST_ITEMS).then(|| format!("… ({count} items)").into())).collect()
        }
        (Value::Object(fields), Some(MetaType::InputObject { input_fields, .. })) => {
            redact_fields(registry, input_fields, fields)
        }
        (Value::Object(fields), _) => {
            let plain = fields.into_iter().map(|(name, value)| (name.to_string(), plain(value)));
            Json::Object(plain.collect::<Map<_, _>>())
        }
        (value, _) => plain(value),
    }
}

fn plain(value: Value) -> Json {
    match value.into_json().unwrap_or_default() {
        // PostgreSQL's jsonb cannot hold it.
        Json::String(text) if text.contains('\0') => text.replace('\0', "\u{fffd}").into(),
        Json::String(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST).collect();
            format!("{start}… ({} bytes)", text.len()).into()
        }
        other => other,
    }
}
