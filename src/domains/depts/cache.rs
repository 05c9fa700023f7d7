//! The department tree as rights need it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::model::DeptId;
use super::repository;
use crate::app::App;
use crate::audit::Write;
use crate::cache::Key;
use crate::db::Conn;
use crate::domains::Status;
use crate::error::Result;
use crate::security::Scope;

/// All departments: parent and status.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct DeptTree {
    nodes: HashMap<DeptId, (Option<DeptId>, Status)>,
}

impl DeptTree {
    async fn read(conn: &mut Conn) -> Result<Self> {
        let rows = repository::tree(conn).await?;
        Ok(Self { nodes: rows.into_iter().map(|(id, parent, status)| (id, (parent, status))).collect() })
    }

    /// Whether a department and all that it lies in are enabled.
    pub fn is_open(&self, id: DeptId) -> bool {
        self.path(id).all(|id| self.is_enabled(id))
    }

    /// The same for somebody in a department, or in none.
    pub fn is_open_to(&self, member_of: Option<DeptId>) -> bool {
        member_of.is_none_or(|dept| self.is_open(dept))
    }

    /// Whether a scope takes in a department, and, if asked, everything below it.
    pub fn is_covered(&self, id: DeptId, scope: &Scope, below: bool) -> bool {
        match scope {
            Scope::All => true,
            Scope::Nothing => false,
            Scope::Limited { subtrees, depts, .. } => {
                self.path(id).any(|above| subtrees.contains(&above)) || (!below && depts.contains(&id))
            }
        }
    }

    /// Whether a scope takes in a department and each that is below it now, in whatever way.
    pub fn is_wholly_covered(&self, id: DeptId, scope: &Scope) -> bool {
        let mut within = self.nodes.keys().filter(|below| self.path(**below).any(|above| above == id));
        within.all(|below| self.is_covered(*below, scope, false))
    }

    /// Whether one scope takes in all departments that another one does.
    pub fn covers(&self, scope: &Scope, other: &Scope) -> bool {
        match other {
            Scope::All => scope.is_all(),
            Scope::Nothing => true,
            Scope::Limited { subtrees, depts, .. } => {
                subtrees.iter().all(|id| self.is_covered(*id, scope, true))
                    && depts.iter().all(|id| self.is_covered(*id, scope, false))
            }
        }
    }

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

impl DeptTreeKey {
    /// For keys whose values this one goes into.
    pub const TEXT: &'static str = "orgraph:depts:tree:v1:all";
}

impl Key for DeptTreeKey {
    type Value = DeptTree;
    const LIFETIME: Duration = Duration::from_secs(300);

    fn text(&self) -> String {
        Self::TEXT.into()
    }
}

pub async fn tree(app: &App) -> Result<Arc<DeptTree>> {
    app.cache.get(&DeptTreeKey, || read(app)).await
}

/// The same for a value that it goes into.
pub async fn tree_part(app: &App) -> Result<Arc<DeptTree>> {
    app.cache.part(&DeptTreeKey, || read(app)).await
}

async fn read(app: &App) -> Result<DeptTree> {
    DeptTree::read(&mut app.db.read().await?).await
}

/// The tree as this transaction sees it. (One that holds a connection must not wait for another.)
pub async fn tree_within(write: &mut Write<'_>) -> Result<DeptTree> {
    DeptTree::read(write.conn()).await
}
