//! The questions that edges to menus ask.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use super::model::{Menu, MenuId};
use super::repository;
use crate::error::{Error, Result};
use crate::graphql::Batch;
use crate::ids::RoleId;
use crate::security::Permission;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MenuById(pub MenuId);

impl Loader<MenuById> for Batch {
    type Value = Arc<Menu>;
    type Error = Error;

    async fn load(&self, keys: &[MenuById]) -> Result<HashMap<MenuById, Arc<Menu>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::by_ids(&mut self.app.db.read().await?, &ids).await?;
        Ok(rows.into_iter().map(|menu| (MenuById(menu.id), Arc::new(menu))).collect())
    }
}

/// The direct children of a menu, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChildrenOfMenu(pub MenuId);

impl Loader<ChildrenOfMenu> for Batch {
    type Value = Vec<Arc<Menu>>;
    type Error = Error;

    async fn load(&self, keys: &[ChildrenOfMenu]) -> Result<HashMap<ChildrenOfMenu, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::children_of(&mut self.app.db.read().await?, &ids).await?;
        let mut children: HashMap<_, Self::Value> = HashMap::new();
        for menu in rows {
            if let Some(parent) = menu.parent_id {
                children.entry(ChildrenOfMenu(parent)).or_default().push(Arc::new(menu));
            }
        }
        Ok(children)
    }
}

/// The menus of a role, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MenusOfRole(pub RoleId);

impl Loader<MenusOfRole> for Batch {
    type Value = Vec<Arc<Menu>>;
    type Error = Error;

    async fn load(&self, keys: &[MenusOfRole]) -> Result<HashMap<MenusOfRole, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::of_roles(&mut self.app.db.read().await?, &ids).await?;
        // One object for each menu, however many roles have it.
        let mut shared: HashMap<MenuId, Arc<Menu>> = HashMap::new();
        let mut groups: HashMap<_, Self::Value> = HashMap::new();
        for (role, menu) in rows {
            let menu = shared.entry(menu.id).or_insert_with(|| Arc::new(menu));
            groups.entry(MenusOfRole(role)).or_default().push(menu.clone());
        }
        Ok(groups)
    }
}

/// The menus that carry a permission, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MenusWith(pub Permission);

impl Loader<MenusWith> for Batch {
    type Value = Vec<Arc<Menu>>;
    type Error = Error;

    async fn load(&self, _: &[MenusWith]) -> Result<HashMap<MenusWith, Self::Value>> {
        // The codes lie in one column, so all menus that have any are read, whichever are asked for.
        let rows = repository::with_codes(&mut self.app.db.read().await?).await?;
        let mut groups: HashMap<_, Self::Value> = HashMap::new();
        for menu in rows.into_iter().map(Arc::new) {
            for permission in menu.permissions.permissions().iter() {
                groups.entry(MenusWith(permission)).or_default().push(menu.clone());
            }
        }
        Ok(groups)
    }
}
