//! Whether a document fits the schema, by the rules of the specification's chapter on validation.
//!
//! The engine validates as well, but what it sees has been merged: definitions that do not run and selections that are
//! skipped are gone by then. So this looks at the whole document as it was sent, each definition once. Two rules live
//! elsewhere: fragments among themselves in `fragments`, conflicts between fields in `merge`.

use std::collections::{HashMap, HashSet};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{__DirectiveLocation as Location, MetaInputValue, MetaType, Registry};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;

use super::error::{MAX_ERRORS, did_you_mean, sorted};
use super::fragments::Fragments;
use super::values::{Inspector, Use};
use super::variables;
use super::{GateError, HIDDEN, root_type};

/// Checks the document. Gives the variables of `chosen` that must not be null although their type is nullable.
pub(super) fn check<'a>(
    registry: &'a Registry,
    document: &'a ExecutableDocument,
    fragments: &Fragments<'a>,
    chosen: &'a OperationDefinition,
) -> Result<Vec<&'a str>, Vec<GateError>> {
    let mut rules = Rules { registry, errors: Vec::new(), document, inspector: Inspector::new(registry) };
    let mut uses: HashMap<&str, Vec<Use>> = HashMap::new();
    for (name, fragment) in &fragments.order {
        let condition = &fragment.node.type_condition;
        rules.directives(&fragment.node.directives, Location::FRAGMENT_DEFINITION);
        if let Some(ty) = rules.condition(condition.node.on.node.as_str(), condition.pos) {
            rules.set(ty, &fragment.node.selection_set.node);
        }
        uses.insert(name, std::mem::take(&mut rules.inspector.uses));
    }
    let mut strict = Vec::new();
    for (name, operation) in document.operations.iter() {
        let definition = &operation.node;
        rules.operation(operation);
        let mut used = std::mem::take(&mut rules.inspector.uses);
        // What is unknown may use variables that are then not seen, so one fault would be reported as two.
        if rules.errors.is_empty() {
            for fragment in fragments.reachable(document, &definition.selection_set.node) {
                used.extend_from_slice(&uses[fragment]);
            }
            let nullable = variables::check_uses(name.map(Name::as_str), definition, &used, &mut rules.errors);
            if std::ptr::eq(definition, chosen) {
                strict = nullable;
            }
        }
    }
    if rules.errors.is_empty() { Ok(strict) } else { Err(sorted(rules.errors)) }
}

struct Rules<'a> {
    registry: &'a Registry,
    document: &'a ExecutableDocument,
    errors: Vec<GateError>,
    inspector: Inspector<'a>,
}

impl<'a> Rules<'a> {
    fn refuse(&mut self, pos: Pos, message: String) {
        // Far more than are shown, so that the first ones of the document are among them.
        if self.errors.len() < MAX_ERRORS * 10 {
            self.errors.push(GateError::invalid(pos, message));
        }
    }

    fn operation(&mut self, operation: &'a Positioned<OperationDefinition>) {
        let definition = &operation.node;
        variables::check_definitions(self.registry, definition, &mut self.errors);
        for variable in &definition.variable_definitions {
            self.directives(&variable.node.directives, Location::VARIABLE_DEFINITION);
        }
        let location = match definition.ty {
            OperationType::Query => Location::QUERY,
            OperationType::Mutation => Location::MUTATION,
            OperationType::Subscription => Location::SUBSCRIPTION,
        };
        self.directives(&definition.directives, location);
        match root_type(self.registry, definition.ty) {
            Some(root) => self.set(root, &definition.selection_set.node),
            None => self.refuse(operation.pos, format!("This server has no {}s.", definition.ty)),
        }
    }

    /// The type that a fragment is on.
    fn condition(&mut self, name: &str, pos: Pos) -> Option<&'a MetaType> {
        match self.registry.types.get(name) {
            Some(ty) if ty.is_composite() => return Some(ty),
            Some(_) => self.refuse(pos, format!("A fragment cannot be on \"{name}\", which has no fields.")),
            None => {
                let hint = self.hint(name, self.registry.types.keys());
                self.refuse(pos, format!("There is no type \"{name}\".{hint}"));
            }
        }
        None
    }

    fn hint<'n>(&self, unknown: &str, known: impl Iterator<Item = &'n String>) -> String {
        // Comparing names is the one thing here that is not cheap, and nobody reads that many hints.
        if self.registry.enable_suggestions && self.errors.len() < MAX_ERRORS {
            did_you_mean(unknown, known)
        } else {
            String::new()
        }
    }

    fn set(&mut self, parent: &'a MetaType, set: &'a SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => self.field(parent, field),
                Selection::InlineFragment(inline) => {
                    self.directives(&inline.node.directives, Location::INLINE_FRAGMENT);
                    let ty = match &inline.node.type_condition {
                        Some(condition) => self.condition(condition.node.on.node.as_str(), condition.pos),
                        None => Some(parent),
                    };
                    if let Some(ty) = ty {
                        self.overlap(parent, ty, inline.pos);
                        self.set(ty, &inline.node.selection_set.node);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.node.directives, Location::FRAGMENT_SPREAD);
                    // Everything else about the fragment is said at its definition.
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    let on = fragment.map(|fragment| fragment.node.type_condition.node.on.node.as_str());
                    if let Some(ty) = on.and_then(|on| self.registry.types.get(on)) {
                        self.overlap(parent, ty, spread.pos);
                    }
                }
            }
        }
    }

    fn overlap(&mut self, parent: &MetaType, ty: &MetaType, pos: Pos) {
        if ty.is_composite() && !parent.type_overlap(ty) {
            let (parent, ty) = (parent.name(), ty.name());
            self.refuse(pos, format!("A fragment on \"{ty}\" can never apply here: \"{parent}\" is never one."));
        }
    }

    fn field(&mut self, parent: &'a MetaType, field: &'a Positioned<Field>) {
        let (pos, field) = (field.pos, &field.node);
        let name = field.name.node.as_str();
        if field.alias.as_ref().is_some_and(|alias| alias.node == HIDDEN) {
            self.refuse(pos, format!("The alias \"{HIDDEN}\" is taken by the server; choose another."));
        }
        self.directives(&field.directives, Location::FIELD);
        if name == "__typename" {
            if matches!(parent, MetaType::Object { is_subscription: true, .. }) {
                self.refuse(pos, "A subscription cannot select \"__typename\".".into());
            }
            if !field.arguments.is_empty() || !field.selection_set.node.items.is_empty() {
                self.refuse(pos, "\"__typename\" has neither arguments nor fields.".into());
            }
            return;
        }
        let Some(meta) = parent.field_by_name(name) else {
            let hint = match parent.fields() {
                Some(fields) => self.hint(name, fields.keys()),
                None => " Select it in a fragment on one of its types.".into(),
            };
            return self.refuse(pos, format!("There is no field \"{name}\" on \"{}\".{hint}", parent.name()));
        };
        self.arguments(&format_args!("\"{name}\""), pos, &meta.args, &field.arguments);
        let set = &field.selection_set.node;
        let Some(ty) = self.registry.concrete_type_by_name(&meta.ty) else { return };
        match (ty.is_leaf(), set.items.is_empty()) {
            (true, true) => {}
            (true, false) => {
                self.refuse(pos, format!("\"{name}\" is of type {}: nothing can be selected in it.", meta.ty));
            }
            (false, true) => {
                let ty = &meta.ty;
                self.refuse(pos, format!("\"{name}\" is of type {ty}: select fields of it, as in {name} {{ … }}."));
            }
            (false, false) => self.set(ty, set),
        }
    }

    fn arguments(
        &mut self,
        owner: &dyn std::fmt::Display,
        pos: Pos,
        known: &'a IndexMap<String, MetaInputValue>,
        given: &'a [(Positioned<Name>, Positioned<Value>)],
    ) {
        let mut seen = HashSet::new();
        for (name, value) in given {
            if given.len() > 1 && !seen.insert(name.node.as_str()) {
                self.refuse(name.pos, format!("The argument \"{}\" is given twice.", name.node));
            }
            self.inspector.pos = value.pos;
            let Some(meta) = known.get(name.node.as_str()) else {
                let hint = self.hint(&name.node, known.keys());
                self.refuse(name.pos, format!("{owner} has no argument \"{}\".{hint}", name.node));
                self.inspector.collect_variables(&value.node);
                continue;
            };
            let has_default = meta.default_value.is_some();
            self.inspector.within(&meta.name, |inspector| {
                inspector.inspect(&meta.ty, &value.node, has_default);
            });
            for problem in std::mem::take(&mut self.inspector.problems) {
                self.refuse(value.pos, format!("The argument of {owner} is not valid: {}", problem.message));
            }
        }
        for meta in known.values() {
            let required = meta.ty.ends_with('!') && meta.default_value.is_none();
            if required && !given.iter().any(|(name, _)| name.node == meta.name) {
                self.refuse(pos, format!("{owner} needs the argument \"{}\" of type {}.", meta.name, meta.ty));
            }
        }
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>], location: Location) {
        let mut seen = HashSet::new();
        for directive in directives {
            let name = directive.node.name.node.as_str();
            let Some(meta) = self.registry.directives.get(name) else {
                let message = format!("There is no directive \"@{name}\". Only @skip and @include can be used.");
                self.refuse(directive.pos, message);
                continue;
            };
            if !meta.locations.contains(&location) {
                self.refuse(directive.pos, format!("The directive \"@{name}\" cannot be used at this place."));
            }
            if !seen.insert(name) && !meta.is_repeatable {
                self.refuse(directive.pos, format!("The directive \"@{name}\" is used twice at this place."));
            }
            let arguments = &directive.node.arguments;
            self.arguments(&format_args!("\"@{name}\""), directive.pos, &meta.args, arguments);
        }
    }
}
