//! The questions that edges to roles ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use super::model::{Role, RoleId};
use super::repository;
use crate::error::{Error, Result};
use crate::graphql::Batch;
use crate::ids::{DeptId, MenuId, UserId};

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoleById(pub RoleId);

impl Loader<RoleById> for Batch {
    type Value = Arc<Role>;
    type Error = Error;

    async fn load(&self, keys: &[RoleById]) -> Result<HashMap<RoleById, Arc<Role>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::by_ids(&mut self.app.db.read().await?, &ids).await?;
        Ok(rows.into_iter().map(|role| (RoleById(role.id), Arc::new(role))).collect())
    }
}

/// The roles of a user, by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RolesOfUser(pub UserId);

impl Loader<RolesOfUser> for Batch {
    type Value = Vec<Arc<Role>>;
    type Error = Error;

    async fn load(&self, keys: &[RolesOfUser]) -> Result<HashMap<RolesOfUser, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::of_users(&mut self.app.db.read().await?, &ids).await?;
        Ok(grouped(rows, RolesOfUser))
    }
}

/// The roles that grant a menu, by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RolesOfMenu(pub MenuId);

impl Loader<RolesOfMenu> for Batch {
    type Value = Vec<Arc<Role>>;
    type Error = Error;

    async fn load(&self, keys: &[RolesOfMenu]) -> Result<HashMap<RolesOfMenu, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::of_menus(&mut self.app.db.read().await?, &ids).await?;
        Ok(grouped(rows, RolesOfMenu))
    }
}

/// One object for each role, however many hold it.
fn grouped<I, K: Hash + Eq>(rows: Vec<(I, Role)>, key: impl Fn(I) -> K) -> HashMap<K, Vec<Arc<Role>>> {
    let mut shared: HashMap<RoleId, Arc<Role>> = HashMap::new();
    let mut groups: HashMap<K, Vec<Arc<Role>>> = HashMap::new();
    for (of, role) in rows {
        let role = shared.entry(role.id).or_insert_with(|| Arc::new(role));
        groups.entry(key(of)).or_default().push(role.clone());
    }
    groups
}

/// The departments of a role's custom scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeptIdsOfRole(pub RoleId);

impl Loader<DeptIdsOfRole> for Batch {
    type Value = Vec<DeptId>;
    type Error = Error;

    async fn load(&self, keys: &[DeptIdsOfRole]) -> Result<HashMap<DeptIdsOfRole, Vec<DeptId>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let mut groups: HashMap<_, Vec<DeptId>> = HashMap::new();
        for (role, dept) in repository::depts_of(&mut self.app.db.read().await?, &ids).await? {
            groups.entry(DeptIdsOfRole(role)).or_default().push(dept);
        }
        Ok(groups)
    }
}
