//! The department tree as rights need it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::model::DeptId;
use super::repository;
use crate::app::App;
use crate::cache::Key;
use crate::domains::Status;
use crate::error::Result;

/// All departments: parent and status.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct DeptTree {
    nodes: HashMap<DeptId, (Option<DeptId>, Status)>,
}

impl DeptTree {
    pub fn is_enabled(&self, id: DeptId) -> bool {
        self.nodes.get(&id).is_some_and(|(_, status)| *status == Status::Enabled)
    }

    /// A department and what it lies in, from the inside out.
    pub fn path(&self, id: DeptId) -> impl Iterator<Item = DeptId> {
        let mut next = self.nodes.contains_key(&id).then_some(id);
        std::iter::from_fn(move || {
            let current = next?;
            next = self.nodes.get(&current).and_then(|(parent, _)| *parent);
            Some(current)
        })
        // A tree has no cycle; a damaged one shall not hang a request.
        .take(self.nodes.len())
    }
}

pub struct DeptTreeKey;

impl Key for DeptTreeKey {
    type Value = DeptTree;
    const LIFETIME: Duration = Duration::from_secs(300);

    fn text(&self) -> String {
        "orgraph:depts:tree:v1:all".into()
    }
}

pub async fn tree(app: &App) -> Result<Arc<DeptTree>> {
    app.cache
        .get(&DeptTreeKey, || async {
            let rows = repository::tree(&mut app.db.read().await?).await?;
            let nodes = rows.into_iter().map(|(id, parent, status)| (id, (parent, status))).collect();
            Ok(DeptTree { nodes })
        })
        .await
}
