//! Answers as snapshots. What changes from run to run is checked for its form, and then masked.

use chrono::{DateTime, SecondsFormat};
use serde_json::Value;

/// The value with ids, times, tokens and trace ids replaced by what they are: `[user id]`, `[time]`, …
/// Panics if one of them is not well-formed.
///
/// `insta::assert_json_snapshot!(masked(&answer.body))`
pub fn masked(value: &Value) -> Value {
    mask("", value)
}

fn mask(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), mask(key, value))).collect(),
        Value::Array(items) => items.iter().map(|item| mask(key, item)).collect(),
        Value::String(text) => mask_text(key, text).map_or_else(|| value.clone(), Value::from),
        other => other.clone(),
    }
}

fn mask_text(key: &str, text: &str) -> Option<String> {
    match key {
        "traceId" => {
            assert!(text.len() == 32 && text.chars().all(|c| c.is_ascii_hexdigit()), "not a trace id: {text}");
            return Some("[trace id]".into());
        }
        "accessToken" => {
            assert_eq!(text.split('.').filter(|part| !part.is_empty()).count(), 3, "not a JWT: {text}");
            return Some("[access token]".into());
        }
        "refreshToken" => {
            assert!(text.len() >= 32, "too short for a secret: {text}");
            return Some("[refresh token]".into());
        }
        "cursor" | "startCursor" | "endCursor" => {
            assert!(!text.is_empty(), "an empty cursor");
            return Some("[cursor]".into());
        }
        _ => {}
    }
    if key.ends_with("At") {
        let time = DateTime::parse_from_rfc3339(text).unwrap_or_else(|_| panic!("{key} is not a time: {text}"));
        assert_eq!(time.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true), text, "{key} is not in UTC");
        return Some("[time]".into());
    }
    let (kind, suffix) = text.rsplit_once('_')?;
    if is_id(key) && !is_type_id(suffix) {
        panic!("{key} is not an id: {text}");
    }
    is_type_id(suffix).then(|| format!("[{kind} id]"))
}

fn is_id(key: &str) -> bool {
    matches!(key, "id" | "ids") || key.ends_with("Id") || key.ends_with("Ids")
}

/// Crockford's base 32 of a UUID of version 7, as in the specification of TypeIDs 0.3.
fn is_type_id(suffix: &str) -> bool {
    suffix.len() == 26
        && suffix.starts_with(|c| matches!(c, '0'..='7'))
        && suffix.chars().all(|c| "0123456789abcdefghjkmnpqrstvwxyz".contains(c))
}
