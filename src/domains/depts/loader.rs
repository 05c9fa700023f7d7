//! The questions that edges to departments ask.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use super::model::{Dept, DeptId};
use super::repository;
use crate::error::{Error, Result};
use crate::graphql::Batch;

/// A department within the viewer's scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeptById(pub DeptId);

impl Loader<DeptById> for Batch {
    type Value = Arc<Dept>;
    type Error = Error;

    async fn load(&self, keys: &[DeptById]) -> Result<HashMap<DeptById, Arc<Dept>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::by_ids(&mut self.app.db.read().await?, self.viewer.scope(), &ids).await?;
        Ok(rows.into_iter().map(|dept| (DeptById(dept.id), Arc::new(dept))).collect())
    }
}

/// The department of a user: within the viewer's scope, or whatever the scope where the user is the viewer, whom a
/// narrow scope does not hide from. One question, so that a page with the viewer on it takes no further statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeptOfUser {
    pub id: DeptId,
    pub own: bool,
}

impl Loader<DeptOfUser> for Batch {
    type Value = Arc<Dept>;
    type Error = Error;

    async fn load(&self, keys: &[DeptOfUser]) -> Result<HashMap<DeptOfUser, Arc<Dept>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
        let own: Vec<_> = keys.iter().filter(|key| key.own).map(|key| key.id).collect();
        let mut conn = self.app.db.read().await?;
        let rows = repository::of_users(&mut conn, self.viewer.scope(), &own, &ids).await?;
        let rows: HashMap<_, _> = rows.into_iter().map(|dept| (dept.id, Arc::new(dept))).collect();
        Ok(keys.iter().filter_map(|key| Some((*key, rows.get(&key.id)?.clone()))).collect())
    }
}

/// The direct children of a department within the viewer's scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChildrenOfDept(pub DeptId);

impl Loader<ChildrenOfDept> for Batch {
    type Value = Vec<Arc<Dept>>;
    type Error = Error;

    async fn load(&self, keys: &[ChildrenOfDept]) -> Result<HashMap<ChildrenOfDept, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::children_of(&mut self.app.db.read().await?, self.viewer.scope(), &ids).await?;
        let mut children: HashMap<_, Self::Value> = HashMap::new();
        for dept in rows {
            if let Some(parent) = dept.parent_id {
                children.entry(ChildrenOfDept(parent)).or_default().push(Arc::new(dept));
            }
        }
        Ok(children)
    }
}

/// What a department lies in, from the top: names only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AncestorsOfDept(pub DeptId);

impl Loader<AncestorsOfDept> for Batch {
    type Value = Vec<(DeptId, String)>;
    type Error = Error;

    async fn load(&self, keys: &[AncestorsOfDept]) -> Result<HashMap<AncestorsOfDept, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::ancestor_names(&mut self.app.db.read().await?, &ids).await?;
        let mut ancestors: HashMap<_, Self::Value> = HashMap::new();
        for (of, id, name) in rows {
            ancestors.entry(AncestorsOfDept(of)).or_default().insert(0, (id, name));
        }
        Ok(ancestors)
    }
}
