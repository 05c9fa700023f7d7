//! Scalars that the schema shares.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

use crate::clock::Timestamp;

/// A point in time: RFC 3339, in UTC when the server writes it, with any offset when it reads it.
#[Scalar(name = "DateTime", specified_by_url = "https://scalars.graphql.org/andimarek/date-time")]
impl ScalarType for Timestamp {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => Self::parse(text)
                .ok_or_else(|| InputValueError::custom("not a time; write it as in 2026-11-22T09:30:00Z")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(text) if Self::parse(text).is_some())
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}
