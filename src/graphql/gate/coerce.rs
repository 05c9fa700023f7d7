//! The values of variables: whether they fit, and what they are.

use async_graphql::parser::types::{Directive, OperationDefinition, VariableDefinition};
use async_graphql::registry::Registry;
use async_graphql::{Positioned, Variables};
use async_graphql_value::{ConstValue, Value};

use super::GateError;
use super::values::Inspector;
use crate::error::{ErrorCode, FieldError};

/// Checks the values of an operation's variables, all of them before anything runs. `strict` names the variables that
/// have a nullable type, but stand where null is not allowed: a default lets them be left out, but not be null.
pub(super) fn check(
    registry: &Registry,
    operation: &OperationDefinition,
    strict: &[&str],
    given: &Variables,
) -> Result<(), GateError> {
    let definitions = operation.variable_definitions.iter();
    let typed: Vec<(&VariableDefinition, String)> =
        definitions.map(|definition| (&definition.node, definition.node.var_type.to_string())).collect();
    let mut inspector = Inspector::new(registry);
    for (definition, ty) in &typed {
        let name = definition.name.node.as_str();
        let required = !definition.var_type.node.nullable;
        inspector.within(format_args!("${name}"), |inspector| match given.get(name) {
            None if required && definition.default_value.is_none() => {
                inspector.problem("REQUIRED", format!("of type {ty} is required."));
            }
            None => {}
            Some(ConstValue::Null) if required || strict.contains(&name) => {
                inspector.problem("REQUIRED", format!("of type {ty} must not be null."));
            }
            Some(value) => inspector.inspect(ty, value, false),
        });
    }
    match inspector.problems {
        problems if problems.is_empty() => Ok(()),
        problems => Err(bad_input(problems)),
    }
}

fn bad_input(problems: Vec<FieldError>) -> GateError {
    let texts: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    let message = match &texts[..] {
        [one] => format!("The value of a variable is not valid: {one}"),
        many => format!("{} values of variables are not valid: {}", many.len(), many.join(" ")),
    };
    let mut error = GateError::new(ErrorCode::BadUserInput, message);
    error.fields = problems;
    error
}

/// The values of an operation's variables.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    given: &'a Variables,
    definitions: &'a [Positioned<VariableDefinition>],
}

impl<'a> Values<'a> {
    pub fn new(given: &'a Variables, operation: &'a OperationDefinition) -> Self {
        Self { given, definitions: &operation.variable_definitions }
    }

    /// The given value, else the default. None means that the variable is absent, which is not the same as null.
    pub fn get(&self, name: &str) -> Option<&'a ConstValue> {
        let definition = self.definitions.iter().find(|definition| definition.node.name.node == name)?;
        let default = definition.node.default_value.as_ref().map(|value| &value.node);
        self.given.get(name).or(default)
    }

    /// Whether the directives of a selection leave it in.
    pub fn included(&self, directives: &[Positioned<Directive>]) -> bool {
        directives.iter().all(|directive| {
            let wanted = match directive.node.name.node.as_str() {
                "include" => true,
                "skip" => false,
                _ => return true,
            };
            let condition = match directive.node.get_argument("if").map(|value| &value.node) {
                Some(Value::Boolean(condition)) => Some(*condition),
                Some(Value::Variable(name)) => match self.get(name) {
                    Some(ConstValue::Boolean(condition)) => Some(*condition),
                    _ => None,
                },
                _ => None,
            };
            condition.is_none_or(|condition| condition == wanted)
        })
    }

    /// A whole number, as a page size is.
    pub fn integer(&self, value: &Value) -> Option<i64> {
        match value {
            Value::Number(number) => number.as_i64(),
            Value::Variable(name) => match self.get(name)? {
                ConstValue::Number(number) => number.as_i64(),
                _ => None,
            },
            _ => None,
        }
    }

    /// How many items a list has; a single value is a list of one.
    pub fn count(&self, value: &Value) -> usize {
        match value {
            Value::List(items) => items.len(),
            Value::Variable(name) => match self.get(name) {
                Some(ConstValue::List(items)) => items.len(),
                Some(ConstValue::Null) | None => 0,
                Some(_) => 1,
            },
            Value::Null => 0,
            _ => 1,
        }
    }
}
