//! Who lies in whom: what is needed to keep the menus a tree.

use std::collections::HashMap;

use super::model::MenuId;

/// How many menus can lie in each other.
pub const MAX_DEPTH: usize = 16;

/// The parent of every menu.
pub struct MenuTree(HashMap<MenuId, Option<MenuId>>);

impl MenuTree {
    pub fn new(parents: Vec<(MenuId, Option<MenuId>)>) -> Self {
        Self(parents.into_iter().collect())
    }

    /// A menu and what it lies in, from the inside out.
    pub fn path(&self, id: MenuId) -> impl Iterator<Item = MenuId> {
        let mut next = self.0.contains_key(&id).then_some(id);
        std::iter::from_fn(move || {
            let current = next?;
            next = self.0.get(&current).copied().flatten();
            Some(current)
        })
        // A tree has no cycle; a damaged one shall not hang a request.
        .take(self.0.len())
    }

    /// How many levels a menu and everything below it take; one if it is not there yet.
    pub fn height(&self, id: MenuId) -> usize {
        let below = self.0.keys().filter_map(|other| self.path(*other).position(|above| above == id));
        below.max().unwrap_or_default() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_paths_and_heights_and_survives_a_cycle() {
        let [a, b, c, d] = [(); 4].map(|()| MenuId::new());
        let tree = MenuTree::new(vec![(a, None), (b, Some(a)), (c, Some(b)), (d, Some(a))]);
        assert_eq!(tree.path(c).collect::<Vec<_>>(), [c, b, a]);
        assert_eq!([a, b, c, d, MenuId::new()].map(|id| tree.height(id)), [3, 2, 1, 1, 1]);
        assert_eq!(tree.path(MenuId::new()).count(), 0);

        let damaged = MenuTree::new(vec![(a, Some(b)), (b, Some(a))]);
        assert_eq!(damaged.path(a).count(), 2);
    }
}
