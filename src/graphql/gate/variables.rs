//! Whether the variables that an operation declares and those that it uses are the same, and of types that fit.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use async_graphql::registry::{MetaTypeName, Registry};
use async_graphql_value::ConstValue;

use super::GateError;
use super::error::MAX_ERRORS;
use super::values::{Inspector, Use};

/// Checks the declarations: known input types, defaults that fit, every name once.
pub(super) fn check_definitions(registry: &Registry, operation: &OperationDefinition, errors: &mut Vec<GateError>) {
    let mut seen = HashSet::new();
    for definition in &operation.variable_definitions {
        let name = definition.node.name.node.as_str();
        let mut refuse = |message| errors.push(GateError::invalid(definition.pos, message));
        if !seen.insert(name) {
            refuse(format!("The variable \"${name}\" is declared twice."));
        }
        let ty = &definition.node.var_type.node;
        match registry.types.get(concrete(ty)) {
            Some(known) if known.is_input() => {}
            Some(_) => {
                refuse(format!("The variable \"${name}\" cannot be of type {ty}, which is not for input."));
                continue;
            }
            None => {
                refuse(format!("The variable \"${name}\" has the unknown type {ty}."));
                continue;
            }
        }
        if let Some(default) = &definition.node.default_value {
            let (ty, default) = (ty.to_string(), default.node.clone().into_value());
            let mut inspector = Inspector::new(registry);
            inspector.within(format_args!("${name}"), |inspector| inspector.inspect(&ty, &default, false));
            for problem in inspector.problems {
                refuse(format!("A default does not fit: {}", problem.message));
            }
        }
    }
}

fn concrete(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => concrete(inner),
    }
}

/// Checks the uses. Gives the variables that may be left out, but not be null.
pub(super) fn check_uses<'a>(
    name: Option<&str>,
    operation: &'a OperationDefinition,
    uses: &[Use<'_>],
    errors: &mut Vec<GateError>,
) -> Vec<&'a str> {
    let of = name.map(|name| format!(" of \"{name}\"")).unwrap_or_default();
    let definitions = operation.variable_definitions.iter().map(|definition| &definition.node);
    let declared: HashMap<&str, _> =
        definitions.map(|it| (it.name.node.as_str(), (it, it.var_type.to_string()))).collect();
    let mut unused: HashSet<&str> = declared.keys().copied().collect();
    let mut strict = Vec::new();
    let mut undefined = HashSet::new();
    for place in uses {
        if errors.len() > MAX_ERRORS * 10 {
            return strict;
        }
        let Some((definition, ty)) = declared.get(place.name) else {
            if undefined.insert(place.name) {
                let message = format!("The variable \"${}\"{of} is used, but not declared.", place.name);
                errors.push(GateError::invalid(place.pos, message));
            }
            continue;
        };
        unused.remove(place.name);
        let Some(expected) = place.ty.as_deref() else { continue };
        let default = definition.default_value.as_ref().map(|value| &value.node);
        let has_default = place.has_default || default.is_some_and(|value| *value != ConstValue::Null);
        let fits = match expected.strip_suffix('!') {
            Some(inner) if has_default && !ty.ends_with('!') => {
                strict.push(definition.name.node.as_str());
                is_subtype(inner, ty)
            }
            _ => is_subtype(expected, ty),
        };
        if !fits {
            let message = format!(
                "The variable \"${}\" is declared as {ty}, but {expected} is needed here. Change its declaration.",
                place.name
            );
            errors.push(GateError::invalid(place.pos, message));
        }
    }
    for definition in &operation.variable_definitions {
        let name = definition.node.name.node.as_str();
        if unused.contains(name) {
            let message = format!("The variable \"${name}\"{of} is never used. Remove it.");
            errors.push(GateError::invalid(definition.pos, message));
        }
    }
    strict
}

/// Whether each value of the type `given` is one of the type `expected`.
fn is_subtype(expected: &str, given: &str) -> bool {
    match (MetaTypeName::create(expected), MetaTypeName::create(given)) {
        (MetaTypeName::NonNull(expected), MetaTypeName::NonNull(given)) => is_subtype(expected, given),
        (MetaTypeName::NonNull(_), _) => false,
        (_, MetaTypeName::NonNull(given)) => is_subtype(expected, given),
        (MetaTypeName::List(expected), MetaTypeName::List(given)) => is_subtype(expected, given),
        (expected, given) => expected == given,
    }
}
