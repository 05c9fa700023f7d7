//! How much a document asks for, once its fragments are expanded.
//!
//! Nothing is expanded for it: a fragment is measured once, and what it adds up to is reused wherever it is spread. All
//! sums saturate. So a document whose fragments multiply to billions of fields is measured as fast as any other.

use std::collections::HashMap;

use async_graphql::parser::types::{Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::registry::{MetaField, MetaType, MetaTypeName, Registry};
use async_graphql::{Pos, Positioned};

use super::coerce::Values;
use super::fragments::Fragments;
use super::{GateError, Limits, root_type};

/// The page that a list gives when none is asked for, and the most that one can have; asking for more is an error that
/// the list itself reports, so it is not priced further.
const DEFAULT_PAGE: u64 = 20;
const MAX_PAGE: u64 = 101;

/// What a list without pages is taken for.
const LIST_LENGTH: u64 = 5;

/// The lists of the introspection types that lead from type to type; nested, they multiply.
const TYPE_LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];

/// What a set of selections adds up to. Introspection is counted apart from the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    /// Fields and fragments.
    pub selections: usize,
    /// Fields inside fields.
    pub depth: usize,
    /// Selection sets inside selection sets, fragments included: how deep whatever walks the document recurses.
    pub nesting: usize,
    pub aliases: usize,
    pub directives: usize,
    pub cost: u64,
    pub introspection: Introspection,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Introspection {
    pub selections: usize,
    pub depth: usize,
    /// Lists of fields or types inside each other.
    pub lists: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.selections = self.selections.saturating_add(other.selections);
        self.depth = self.depth.max(other.depth);
        self.nesting = self.nesting.max(other.nesting);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
        self.cost = self.cost.saturating_add(other.cost);
        let (own, other) = (&mut self.introspection, other.introspection);
        own.selections = own.selections.saturating_add(other.selections);
        own.depth = own.depth.max(other.depth);
        own.lists = own.lists.max(other.lists);
    }

    /// Refuses what is over a limit; one error for each limit.
    pub fn check(&self, limits: &Limits, pos: Pos) -> Result<(), Vec<GateError>> {
        let own = &self.introspection;
        let amounts = [
            (self.selections, limits.selections, "selections", "Select less, or split it"),
            (self.depth, limits.depth, "levels of fields inside fields", "Nest it less"),
            (self.nesting, limits.nesting, "levels of selection sets", "Nest it less"),
            (self.aliases, limits.aliases, "aliases", "Split it"),
            (self.directives, limits.directives, "directives", "Split it"),
            (own.selections, limits.introspection, "introspection fields", "Split it"),
            (own.depth, limits.introspection_depth, "levels of introspection fields", "Nest it less"),
            (own.lists, limits.introspection_lists, "nested lists of types or fields", "Nest it less"),
        ];
        let mut errors = Vec::new();
        for (amount, limit, what, advice) in amounts {
            if amount > limit {
                let amount = shown(amount as u64);
                errors.push(format!(
                    "The operation has {amount} {what}, fragments expanded; {limit} are allowed. {advice}."
                ));
            }
        }
        if self.cost > limits.cost {
            errors.push(format!(
                "The operation may have to resolve {} fields; {} are allowed. Ask for smaller pages or fewer fields.",
                shown(self.cost),
                limits.cost
            ));
        }
        if errors.is_empty() {
            return Ok(());
        }
        Err(errors.into_iter().map(|message| GateError::limit(message).at(pos)).collect())
    }
}

fn shown(amount: u64) -> String {
    if amount > 1_000_000 { "over a million".into() } else { amount.to_string() }
}

/// Measures an operation of a document that fits the schema.
pub(super) fn measure<'a>(
    registry: &'a Registry,
    fragments: &Fragments<'a>,
    operation: &'a OperationDefinition,
    values: Values<'a>,
) -> Size {
    let mut measure = Measure { registry, values, fragments: HashMap::new() };
    for (name, fragment) in &fragments.order {
        let ty = registry.types.get(fragment.node.type_condition.node.on.node.as_str());
        let size = measure.set(ty, &fragment.node.selection_set.node);
        measure.fragments.insert(name, size);
    }
    measure.set(root_type(registry, operation.ty), &operation.selection_set.node)
}

struct Measure<'a> {
    registry: &'a Registry,
    values: Values<'a>,
    fragments: HashMap<&'a str, Size>,
}

impl<'a> Measure<'a> {
    fn set(&self, parent: Option<&'a MetaType>, set: &'a SelectionSet) -> Size {
        let introspects = parent.is_some_and(|parent| parent.name().starts_with("__"));
        let mut size = Size::default();
        for selection in &set.items {
            let directives = selection.node.directives();
            let mut own = if self.values.included(directives) {
                match &selection.node {
                    Selection::Field(field) => self.field(parent, introspects, field),
                    Selection::InlineFragment(inline) => {
                        let condition = inline.node.type_condition.as_ref();
                        let on = condition.map(|condition| condition.node.on.node.as_str());
                        let ty = on.map_or(parent, |on| self.registry.types.get(on));
                        self.set(ty, &inline.node.selection_set.node)
                    }
                    Selection::FragmentSpread(spread) => {
                        let name = spread.node.fragment_name.node.as_str();
                        self.fragments.get(name).copied().unwrap_or_default()
                    }
                }
            } else {
                Size::default()
            };
            own.directives = own.directives.saturating_add(directives.len());
            let count = if introspects { &mut own.introspection.selections } else { &mut own.selections };
            *count = count.saturating_add(1);
            size.add(own);
        }
        size.nesting = size.nesting.saturating_add(1);
        size
    }

    fn field(&self, parent: Option<&'a MetaType>, introspects: bool, field: &'a Positioned<Field>) -> Size {
        let field = &field.node;
        let name = field.name.node.as_str();
        let meta = parent.and_then(|parent| parent.field_by_name(name));
        let mut size = if field.selection_set.node.items.is_empty() {
            Size::default()
        } else {
            let ty = meta.and_then(|meta| self.registry.concrete_type_by_name(&meta.ty));
            self.set(ty, &field.selection_set.node)
        };
        let renamed = field.alias.as_ref().is_some_and(|alias| alias.node != field.name.node);
        size.aliases = size.aliases.saturating_add(usize::from(renamed));
        if introspects || name == "__schema" || name == "__type" {
            size.introspection.depth += 1;
            size.introspection.lists += usize::from(TYPE_LISTS.contains(&name));
        } else {
            size.depth += 1;
            let times = meta.map_or(1, |meta| self.multiplier(parent, meta, field));
            size.cost = size.cost.saturating_mul(times).saturating_add(1);
        }
        size
    }

    /// How many objects a field gives at the most.
    fn multiplier(&self, parent: Option<&MetaType>, meta: &MetaField, field: &Field) -> u64 {
        let argument = |name: &str| field.get_argument(name).map(|value| &value.node);
        if let Some(ids) = argument("ids") {
            return self.values.count(ids) as u64;
        }
        let connection = |name: &str| name.ends_with("Connection");
        if connection(MetaTypeName::concrete_typename(&meta.ty)) || meta.args.contains_key("first") {
            let asked = ["first", "last"].into_iter().filter_map(|name| self.values.integer(argument(name)?)).max();
            let default = || meta.args.get("first")?.default_value.as_ref()?.parse().ok();
            let page = asked.map(|page| u64::try_from(page).unwrap_or(0));
            return page.or_else(default).unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
        }
        // The lists of a connection are the page that it has been priced by.
        let is_page = parent.is_some_and(|parent| connection(parent.name()));
        if MetaTypeName::create(&meta.ty).is_list() && !is_page { LIST_LENGTH } else { 1 }
    }
}
