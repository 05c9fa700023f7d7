//! The response in the shape that the specification gives it.
//!
//! The engine puts fields in the order in which they are done, leaves out the keys of fields that fail, and lets an
//! object without any key be null. A [`Shape`] is taken from the merged operation before it runs, and puts a response
//! right in place: keys in the order of the selection, null for what failed, and where null is not allowed, null for
//! the nearest object or list around it that may be.

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{OperationDefinition, Selection, SelectionSet};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{Name, Response, Value};

use super::{HIDDEN, root_type};

/// What the response to one operation looks like.
#[derive(Clone, Debug)]
pub struct Shape(Object);

#[derive(Clone, Debug, Default)]
struct Object {
    fields: Vec<Field>,
    /// Further fields of objects of one type.
    on: Vec<(Name, Vec<Field>)>,
}

#[derive(Clone, Debug)]
struct Field {
    key: Name,
    /// How many lists are around the value.
    lists: u8,
    /// One bit for each list from the outside, and one for what is in them all: whether it must not be null.
    non_null: u32,
    /// What is selected in the value.
    object: Option<Object>,
}

impl Shape {
    /// The shape of a merged operation.
    pub(super) fn new(registry: &Registry, operation: &OperationDefinition) -> Self {
        let root = root_type(registry, operation.ty);
        Self(Object::new(registry, root, &operation.selection_set.node))
    }

    /// Puts a response right. One whose operation has not run at all stays as it is.
    pub fn apply(&self, response: &mut Response) {
        let has_run = || response.errors.iter().any(|error| !error.path.is_empty());
        if response.data == Value::Null && has_run() {
            response.data = Value::Object(IndexMap::new());
        }
        if let Value::Object(map) = &mut response.data
            && !self.0.arrange(map)
        {
            response.data = Value::Null;
        }
    }
}

impl Object {
    fn new(registry: &Registry, parent: Option<&MetaType>, set: &SelectionSet) -> Self {
        let mut object = Self::default();
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) if field.node.response_key().node == HIDDEN => {}
                Selection::Field(field) => {
                    let field = &field.node;
                    let meta = parent.and_then(|parent| parent.field_by_name(&field.name.node));
                    let set = &field.selection_set.node;
                    let object_of = |meta: &async_graphql::registry::MetaField| {
                        Self::new(registry, registry.concrete_type_by_name(&meta.ty), set)
                    };
                    // Switched off, introspection answers null without an error, and should not take the rest along.
                    let ty = meta.map_or("", |meta| if meta.name == "__schema" { "" } else { &meta.ty });
                    let (lists, non_null) = wrapping(ty);
                    object.fields.push(Field {
                        key: field.response_key().node.clone(),
                        lists,
                        non_null,
                        object: meta.filter(|_| !set.items.is_empty()).map(object_of),
                    });
                }
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    if let Some(name) = condition.map(|condition| &condition.node.on.node) {
                        let ty = registry.types.get(name.as_str());
                        let branch = Self::new(registry, ty, &inline.node.selection_set.node);
                        object.on.push((name.clone(), branch.fields));
                    }
                }
                Selection::FragmentSpread(_) => {}
            }
        }
        object
    }

    /// False if the object is null because something in it that must not be null is.
    fn arrange(&self, map: &mut IndexMap<Name, Value>) -> bool {
        let mut branch: &[Field] = &[];
        if !self.on.is_empty()
            && let Some(Value::String(name)) = map.get(HIDDEN).or_else(|| map.get("__typename"))
            && let Some((_, fields)) = self.on.iter().find(|(on, _)| on == name)
        {
            branch = fields;
        }
        for (index, field) in self.fields.iter().chain(branch).enumerate() {
            if map.get_index(index).is_none_or(|(key, _)| *key != field.key) {
                let found = map.get_index_of(&field.key);
                let from = found.unwrap_or_else(|| map.insert_full(field.key.clone(), Value::Null).0);
                map.swap_indices(index, from);
            }
            if let Some((_, value)) = map.get_index_mut(index)
                && !field.complete(value, 0)
            {
                return false;
            }
        }
        // What is left is what was added to the selection.
        map.truncate(self.fields.len() + branch.len());
        true
    }
}

impl Field {
    /// Completes what is inside `level` lists. False if it is null and must not be.
    fn complete(&self, value: &mut Value, level: u8) -> bool {
        let inside = match value {
            Value::List(items) if level < self.lists => items.iter_mut().all(|item| self.complete(item, level + 1)),
            Value::Object(map) => self.object.as_ref().is_none_or(|object| object.arrange(map)),
            Value::Null => false,
            _ => true,
        };
        if inside {
            return true;
        }
        *value = Value::Null;
        self.non_null >> level & 1 == 0
    }
}

/// How many lists a type has, and which of its levels must not be null.
fn wrapping(ty: &str) -> (u8, u32) {
    let (mut ty, mut lists, mut non_null) = (ty, 0_u8, 0_u32);
    loop {
        if let Some(inner) = ty.strip_suffix('!') {
            non_null |= 1 << lists;
            ty = inner;
        }
        match ty.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) if lists < 30 => (ty, lists) = (inner, lists + 1),
            _ => return (lists, non_null),
        }
    }
}
