//! Rewrites an operation so that the engine resolves each response key of each object once.
//!
//! The engine resolves a field as often as it is selected, which for a mutation means that it is done twice, and
//! walks a fragment wherever it is spread. So here the fields are collected as the specification has it: fragments
//! dissolve into the selection they are spread in, what `@skip` and `@include` leave out is gone, and the selections
//! of one response key become one. Inline fragments stay only inside interfaces and unions, one for each object type,
//! and no response key is then selected in such a fragment and beside it.
//!
//! An argument or input field whose variable is absent is left out as well; the engine would take it for null.

use std::collections::HashSet;

use async_graphql::indexmap::IndexMap;
use async_graphql::indexmap::map::Entry as Slot;
use async_graphql::parser::types::{
    ExecutableDocument, Field, InlineFragment, OperationDefinition, Selection, SelectionSet, TypeCondition,
};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;

use super::coerce::Values;
use super::error::sorted;
use super::{GateError, HIDDEN, overlap, root_type};

/// Gives the operation rewritten, without the variables that are then not used any more.
pub(super) fn merge<'a>(
    registry: &'a Registry,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    values: Values<'a>,
    budget: usize,
) -> Result<OperationDefinition, Vec<GateError>> {
    let mut merger =
        Merger { registry, document, values, budget, branches: false, used: HashSet::new(), errors: Vec::new() };
    let Some(root) = root_type(registry, operation.ty) else { return Ok(operation.clone()) };
    let set = merger.set(root, &[&operation.selection_set.node]);
    if merger.branches && merger.errors.is_empty() {
        overlap::check(registry, root, &set, &mut merger.errors);
    }
    if !merger.errors.is_empty() {
        return Err(sorted(merger.errors));
    }
    let used = merger.used;
    let definitions = operation.variable_definitions.iter();
    Ok(OperationDefinition {
        ty: operation.ty,
        variable_definitions: definitions
            .filter(|definition| used.contains(definition.node.name.node.as_str()))
            .cloned()
            .collect(),
        directives: operation.directives.clone(),
        selection_set: Positioned::new(set, operation.selection_set.pos),
    })
}

/// The selections of one response key.
#[derive(Clone)]
struct Entry<'a> {
    field: &'a Positioned<Field>,
    children: Vec<&'a SelectionSet>,
}

type Entries<'a> = IndexMap<&'a str, Entry<'a>>;

#[derive(Default)]
struct Collected<'a> {
    /// Selected on every object.
    always: Entries<'a>,
    /// Selected on objects of one type.
    on: IndexMap<&'a str, Entries<'a>>,
}

struct Merger<'a> {
    registry: &'a Registry,
    document: &'a ExecutableDocument,
    values: Values<'a>,
    /// How many fields may still be made: one fragment on an interface stands for one on each of its types.
    budget: usize,
    /// Whether a selection differs by object type anywhere.
    branches: bool,
    used: HashSet<&'a str>,
    errors: Vec<GateError>,
}

impl<'a> Merger<'a> {
    fn set(&mut self, parent: &'a MetaType, sources: &[&'a SelectionSet]) -> SelectionSet {
        let mut collected = Collected::default();
        for source in sources {
            self.collect(parent, None, source, &mut collected);
        }
        let mut items = Vec::with_capacity(collected.always.len() + 1);
        if !collected.on.is_empty() {
            self.branches = true;
            self.separate(parent, &mut collected);
            // `shape` has to know which type an object is of.
            if collected.always.get("__typename").is_none_or(|entry| entry.field.node.alias.is_some()) {
                items.push(hidden());
            }
        }
        self.build(parent, collected.always, &mut items);
        for (name, entries) in collected.on {
            let mut branch = Vec::with_capacity(entries.len());
            if let Some(ty) = self.registry.types.get(name) {
                self.build(ty, entries, &mut branch);
            }
            if !branch.is_empty() {
                let on = TypeCondition { on: unplaced(Name::new(name)) };
                items.push(unplaced(Selection::InlineFragment(unplaced(InlineFragment {
                    type_condition: Some(unplaced(on)),
                    directives: Vec::new(),
                    selection_set: unplaced(SelectionSet { items: branch }),
                }))));
            }
        }
        if items.is_empty() {
            // All of it is skipped: the answer is an empty object, for which the engine needs something to resolve.
            items.push(hidden());
        }
        SelectionSet { items }
    }

    /// Collects the fields that objects of the type `only`, or all objects of the type `parent`, have.
    fn collect(
        &mut self,
        parent: &'a MetaType,
        only: Option<&'a str>,
        set: &'a SelectionSet,
        collected: &mut Collected<'a>,
    ) {
        for selection in &set.items {
            if !self.values.included(selection.node.directives()) {
                continue;
            }
            let (condition, inner) = match &selection.node {
                Selection::Field(field) => {
                    let entries = match only {
                        Some(ty) => collected.on.entry(ty).or_default(),
                        None => &mut collected.always,
                    };
                    self.add(entries, field);
                    continue;
                }
                Selection::InlineFragment(inline) => {
                    (inline.node.type_condition.as_ref(), &inline.node.selection_set.node)
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else {
                        continue;
                    };
                    (Some(&fragment.node.type_condition), &fragment.node.selection_set.node)
                }
            };
            let on = condition.map_or(parent.name(), |condition| condition.node.on.node.as_str());
            match (only, parent.possible_types()) {
                (None, _) if on == parent.name() => self.collect(parent, None, inner, collected),
                (None, Some(possible)) => {
                    for ty in possible {
                        if self.applies(on, ty) {
                            self.collect(parent, Some(ty), inner, collected);
                        }
                    }
                }
                _ => {
                    let object = only.unwrap_or(parent.name());
                    if condition.is_none() || self.applies(on, object) {
                        self.collect(parent, only, inner, collected);
                    }
                }
            }
        }
    }

    fn applies(&self, condition: &str, object: &str) -> bool {
        condition == object || self.registry.types.get(condition).is_some_and(|ty| ty.is_possible_type(object))
    }

    fn add(&mut self, entries: &mut Entries<'a>, field: &'a Positioned<Field>) {
        let children = &field.node.selection_set.node;
        let children = (!children.items.is_empty()).then_some(children);
        match entries.entry(&field.node.response_key().node) {
            Slot::Vacant(slot) => {
                slot.insert(Entry { field, children: children.into_iter().collect() });
            }
            Slot::Occupied(mut slot) => {
                let entry = slot.get_mut();
                self.check_same(entry.field, field);
                entry.children.extend(children);
            }
        }
    }

    fn check_same(&mut self, first: &Positioned<Field>, second: &Positioned<Field>) {
        let (a, b) = (&first.node, &second.node);
        let what = if a.name.node != b.name.node {
            format!("it stands for \"{}\" and for \"{}\"", a.name.node, b.name.node)
        } else if !same_arguments(a, b) {
            format!("\"{}\" is selected with different arguments", a.name.node)
        } else {
            return;
        };
        self.errors.push(conflict(a.response_key().node.as_str(), &what, first.pos, second.pos));
    }

    /// Makes the selections on all objects and those on objects of one type have no response key in common.
    fn separate(&mut self, parent: &'a MetaType, collected: &mut Collected<'a>) {
        let Collected { always, on } = collected;
        let shared: Vec<&str> =
            always.keys().copied().filter(|key| on.values().any(|entries| entries.contains_key(key))).collect();
        for key in shared {
            let first = always[key].clone();
            for entries in on.values() {
                if let Some(second) = entries.get(key) {
                    self.check_same(first.field, second.field);
                }
            }
            if first.children.is_empty() {
                for entries in on.values_mut() {
                    entries.shift_remove(key);
                }
                continue;
            }
            // What is selected inside differs by type, so the whole field does.
            always.shift_remove(key);
            for ty in parent.possible_types().into_iter().flatten() {
                let entries = on.entry(ty.as_str()).or_default();
                let mut entry = first.clone();
                if let Some(second) = entries.shift_remove(key) {
                    entry.children.extend(second.children);
                }
                entries.shift_insert(0, key, entry);
            }
        }
    }

    fn build(&mut self, parent: &'a MetaType, entries: Entries<'a>, items: &mut Vec<Positioned<Selection>>) {
        for entry in entries.into_values() {
            let (pos, field) = (entry.field.pos, &entry.field.node);
            if self.budget == 0 {
                if self.errors.is_empty() {
                    let message = "The operation selects too much on interfaces, which counts once for each of \
                                   their types. Select less, or split it.";
                    self.errors.push(GateError::limit(message).at(pos));
                }
                return;
            }
            self.budget -= 1;
            let meta = parent.field_by_name(&field.name.node);
            let ty = meta.and_then(|meta| self.registry.concrete_type_by_name(&meta.ty));
            let set = match ty {
                Some(ty) if !entry.children.is_empty() => self.set(ty, &entry.children),
                _ => SelectionSet::default(),
            };
            let directives = field.directives.iter();
            let merged = Field {
                alias: field.alias.clone(),
                name: field.name.clone(),
                arguments: self.arguments(field),
                directives: directives
                    .filter(|directive| !matches!(directive.node.name.node.as_str(), "skip" | "include"))
                    .cloned()
                    .collect(),
                selection_set: Positioned::new(set, field.selection_set.pos),
            };
            items.push(Positioned::new(Selection::Field(Positioned::new(merged, pos)), pos));
        }
    }

    fn arguments(&mut self, field: &'a Field) -> Vec<(Positioned<Name>, Positioned<Value>)> {
        let given = field
            .arguments
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.position_node(self.present(&value.node)?))));
        given.collect()
    }

    /// The value without what absent variables stand for; none of it, if that is all.
    fn present(&mut self, value: &'a Value) -> Option<Value> {
        Some(match value {
            Value::Variable(name) => {
                self.values.get(name)?;
                self.used.insert(name);
                value.clone()
            }
            Value::List(items) => {
                let items = items.iter().map(|item| self.present(item).unwrap_or(Value::Null));
                Value::List(items.collect())
            }
            Value::Object(fields) => {
                let fields = fields.iter().filter_map(|(name, value)| Some((name.clone(), self.present(value)?)));
                Value::Object(fields.collect())
            }
            _ => value.clone(),
        })
    }
}

pub(super) fn conflict(key: &str, what: &str, first: Pos, second: Pos) -> GateError {
    let message = format!("The response key \"{key}\" is ambiguous: {what}. Give one of them an alias.");
    GateError::invalid(first, message).at(second)
}

fn same_arguments(a: &Field, b: &Field) -> bool {
    let equal =
        |name: &str, value: &Positioned<Value>| b.get_argument(name).is_some_and(|other| other.node == value.node);
    a.arguments.len() == b.arguments.len() && a.arguments.iter().all(|(name, value)| equal(&name.node, value))
}

/// `__typename`, under a key that `shape` takes out of the response again.
fn hidden() -> Positioned<Selection> {
    unplaced(Selection::Field(unplaced(Field {
        alias: Some(unplaced(Name::new(HIDDEN))),
        name: unplaced(Name::new("__typename")),
        arguments: Vec::new(),
        directives: Vec::new(),
        selection_set: Positioned::default(),
    })))
}

/// A part of the document that stands nowhere in its text.
fn unplaced<T>(node: T) -> Positioned<T> {
    Positioned::new(node, Pos::default())
}
