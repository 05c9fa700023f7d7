//! Whether one response key has one kind of value, whatever type the object is of.
//!
//! Selections on different object types never meet in one object, so they may mean different fields. But those who read
//! the response must be able to give a key one type: all its values are objects, or all are of one leaf type, equally
//! wrapped in lists and equally nullable.

use async_graphql::Positioned;
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use async_graphql::registry::{MetaType, Registry};

use super::GateError;
use super::merge::conflict;

type Place<'a> = (&'a MetaType, &'a Positioned<Field>);

/// Checks a merged selection.
pub(super) fn check(registry: &Registry, root: &MetaType, set: &SelectionSet, errors: &mut Vec<GateError>) {
    check_sets(registry, &[(root, set)], errors);
}

/// Checks selections that end in one object of the response, or in objects at the same place of it.
fn check_sets(registry: &Registry, sets: &[(&MetaType, &SelectionSet)], errors: &mut Vec<GateError>) {
    let mut places: IndexMap<&str, Vec<Place>> = IndexMap::new();
    for (parent, set) in sets {
        collect(registry, parent, set, &mut places);
    }
    for (key, places) in places {
        let mut inner = Vec::new();
        let mut first: Option<(&str, Option<&MetaType>)> = None;
        for (parent, field) in &places {
            let meta = parent.field_by_name(&field.node.name.node);
            let ty = meta.map_or("String!", |meta| meta.ty.as_str());
            let concrete = registry.concrete_type_by_name(ty);
            match first {
                None => first = Some((ty, concrete)),
                Some((first, concrete_first)) if !same_shape(first, concrete_first, ty, concrete) => {
                    let what = format!("it is a {first} on some objects and a {ty} on others");
                    errors.push(conflict(key, &what, places[0].1.pos, field.pos));
                }
                Some(_) => {}
            }
            if let Some(concrete) = concrete
                && !field.node.selection_set.node.items.is_empty()
            {
                inner.push((concrete, &field.node.selection_set.node));
            }
        }
        if !inner.is_empty() {
            check_sets(registry, &inner, errors);
        }
    }
}

fn collect<'a>(
    registry: &'a Registry,
    parent: &'a MetaType,
    set: &'a SelectionSet,
    places: &mut IndexMap<&'a str, Vec<Place<'a>>>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                places.entry(&field.node.response_key().node).or_default().push((parent, field));
            }
            Selection::InlineFragment(inline) => {
                let condition = inline.node.type_condition.as_ref();
                let on = condition.and_then(|condition| registry.types.get(condition.node.on.node.as_str()));
                collect(registry, on.unwrap_or(parent), &inline.node.selection_set.node, places);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn same_shape(a: &str, a_concrete: Option<&MetaType>, b: &str, b_concrete: Option<&MetaType>) -> bool {
    let wrapping = |ty: &str| -> Vec<u8> { ty.bytes().filter(|byte| matches!(byte, b'[' | b'!')).collect() };
    let (Some(a_concrete), Some(b_concrete)) = (a_concrete, b_concrete) else { return true };
    let leaf = a_concrete.is_leaf() || b_concrete.is_leaf();
    wrapping(a) == wrapping(b) && (!leaf || a_concrete.name() == b_concrete.name())
}
