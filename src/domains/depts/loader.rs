//! The questions that edges to departments ask.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use super::model::{Dept, DeptId};
use super::repository;
use crate::error::{Error, Result};
use crate::graphql::Batch;
use crate::security::Scope;

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

/// A department that the viewer is a member of, which a narrow scope does not hide from them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnDept(pub DeptId);

impl Loader<OwnDept> for Batch {
    type Value = Arc<Dept>;
    type Error = Error;

    async fn load(&self, keys: &[OwnDept]) -> Result<HashMap<OwnDept, Arc<Dept>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let rows = repository::by_ids(&mut self.app.db.read().await?, &Scope::All, &ids).await?;
        Ok(rows.into_iter().map(|dept| (OwnDept(dept.id), Arc::new(dept))).collect())
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
