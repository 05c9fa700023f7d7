//! Which definition spreads which fragment.

use std::collections::{HashMap, HashSet};

use async_graphql::Positioned;
use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};

use super::GateError;

pub(super) type Fragment = Positioned<FragmentDefinition>;

/// The fragments of a document, known to be complete and free of cycles.
pub(super) struct Fragments<'a> {
    /// Every fragment stands behind those that it spreads, so one pass in this order can build on them.
    pub order: Vec<(&'a str, &'a Fragment)>,
    spreads: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Fragments<'a> {
    /// Refuses spreads of unknown fragments, fragments that spread themselves, and fragments that nothing spreads.
    pub fn new(document: &'a ExecutableDocument) -> Result<Self, Vec<GateError>> {
        let mut errors = Vec::new();
        let mut used = HashSet::new();
        for (_, operation) in document.operations.iter() {
            let direct = direct_spreads(document, &operation.node.selection_set.node, &mut errors);
            used.extend(direct);
        }
        let mut spreads = HashMap::with_capacity(document.fragments.len());
        for (name, fragment) in &document.fragments {
            let set = &fragment.node.selection_set.node;
            spreads.insert(name.as_str(), direct_spreads(document, set, &mut errors));
        }
        let order = order(document, &spreads, &mut errors);
        let mut open: Vec<&str> = used.iter().copied().collect();
        while let Some(name) = open.pop() {
            open.extend(spreads[name].iter().copied().filter(|name| used.insert(name)));
        }
        for (name, fragment) in &document.fragments {
            if !used.contains(name.as_str()) {
                errors.push(GateError::invalid(
                    fragment.pos,
                    format!("No operation uses the fragment \"{name}\". Remove it, or spread it."),
                ));
            }
        }
        if errors.is_empty() { Ok(Self { order, spreads }) } else { Err(errors) }
    }

    /// Every fragment that `set` leads to.
    pub fn reachable(&self, document: &'a ExecutableDocument, set: &'a SelectionSet) -> HashSet<&'a str> {
        let mut open = direct_spreads(document, set, &mut Vec::new());
        let mut reached: HashSet<&str> = open.iter().copied().collect();
        while let Some(name) = open.pop() {
            open.extend(self.spreads[name].iter().copied().filter(|name| reached.insert(name)));
        }
        reached
    }
}

/// The known fragments that `set` spreads itself, each once; an unknown one is an error.
fn direct_spreads<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    errors: &mut Vec<GateError>,
) -> Vec<&'a str> {
    let mut found = Vec::new();
    if document.fragments.is_empty() && !has_spread(set) {
        return found;
    }
    let mut seen = HashSet::new();
    let mut open = vec![set];
    while let Some(set) = open.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => open.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => open.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    if !seen.insert(name) {
                        continue;
                    }
                    if document.fragments.contains_key(name) {
                        found.push(name);
                    } else {
                        errors.push(GateError::invalid(
                            spread.pos,
                            format!("There is no fragment \"{name}\" in the document."),
                        ));
                    }
                }
            }
        }
    }
    found
}

fn has_spread(set: &SelectionSet) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => has_spread(&field.node.selection_set.node),
        Selection::InlineFragment(inline) => has_spread(&inline.node.selection_set.node),
        Selection::FragmentSpread(_) => true,
    })
}

/// Takes away fragments that spread only fragments already taken; what is left in the end is in or before a cycle.
fn order<'a>(
    document: &'a ExecutableDocument,
    spreads: &HashMap<&'a str, Vec<&'a str>>,
    errors: &mut Vec<GateError>,
) -> Vec<(&'a str, &'a Fragment)> {
    let mut waiting: HashMap<&str, usize> = HashMap::new();
    let mut spread_by: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut ready = Vec::new();
    for (name, direct) in spreads {
        waiting.insert(name, direct.len());
        if direct.is_empty() {
            ready.push(*name);
        }
        for inner in direct {
            spread_by.entry(inner).or_default().push(name);
        }
    }
    let mut order = Vec::with_capacity(spreads.len());
    while let Some(name) = ready.pop() {
        waiting.remove(name);
        order.push((name, &document.fragments[name]));
        for outer in spread_by.get(name).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(outer) {
                *left -= 1;
                if *left == 0 {
                    ready.push(outer);
                }
            }
        }
    }
    if let Some(name) = on_cycle(&waiting, spreads) {
        errors.push(GateError::invalid(
            document.fragments[name].pos,
            format!("The fragment \"{name}\" spreads itself, directly or through others. Break the cycle."),
        ));
    }
    order
}

/// Every fragment that is left spreads another one that is left, so following them ends on a cycle.
fn on_cycle<'a>(left: &HashMap<&'a str, usize>, spreads: &HashMap<&'a str, Vec<&'a str>>) -> Option<&'a str> {
    let mut name = left.keys().copied().min()?;
    let mut visited = HashSet::new();
    while visited.insert(name) {
        name = spreads[name].iter().find(|inner| left.contains_key(*inner))?;
    }
    Some(name)
}
