//! What every role grants, as requests need it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::model::{DataScope, RoleId};
use super::repository;
use crate::app::App;
use crate::audit::Write;
use crate::cache::Key;
use crate::db::Conn;
use crate::domains::Status;
use crate::error::Result;
use crate::ids::{DeptId, UserId};
use crate::security::{Permissions, Scope};

/// What a role grants, whether it is enabled or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RoleGrant {
    pub status: Status,
    pub data_scope: DataScope,
    pub permissions: Permissions,
    /// The departments of a custom scope.
    pub depts: Vec<DeptId>,
}

#[derive(Serialize, Deserialize)]
pub struct RoleSnapshot {
    roles: HashMap<RoleId, RoleGrant>,
}

impl RoleSnapshot {
    async fn read(conn: &mut Conn, menus: &[Status]) -> Result<Self> {
        let (roles, codes, depts) = repository::snapshot(conn, menus).await?;
        let mut roles: HashMap<_, _> = roles
            .into_iter()
            .map(|(id, status, data_scope)| {
                (id, RoleGrant { status, data_scope, permissions: Permissions::default(), depts: Vec::new() })
            })
            .collect();
        for (role, codes) in codes {
            if let Some(grant) = roles.get_mut(&role) {
                grant.permissions = grant.permissions.union(codes.permissions());
            }
        }
        for (role, dept) in depts {
            if let Some(grant) = roles.get_mut(&role) {
                grant.depts.push(dept);
            }
        }
        Ok(Self { roles })
    }

    pub fn get(&self, id: RoleId) -> Option<&RoleGrant> {
        self.roles.get(&id)
    }

    /// The union of what these roles grant, as far as they are enabled.
    pub fn permissions(&self, roles: &[RoleId]) -> Permissions {
        self.enabled(roles).fold(Permissions::default(), |all, grant| all.union(grant.permissions))
    }

    /// The union of the scopes of these roles for a user of this department.
    pub fn scope(&self, roles: &[RoleId], user: UserId, dept: Option<DeptId>) -> Scope {
        let (mut subtrees, mut depts) = (Vec::new(), Vec::new());
        for grant in self.enabled(roles) {
            match grant.data_scope {
                DataScope::All => return Scope::All,
                DataScope::DeptAndBelow => subtrees.extend(dept),
                DataScope::Dept => depts.extend(dept),
                DataScope::Own => {}
                DataScope::Custom => depts.extend(&grant.depts),
            }
        }
        for ids in [&mut subtrees, &mut depts] {
            ids.sort_unstable();
            ids.dedup();
        }
        let is_member = dept.is_some_and(|dept| subtrees.contains(&dept) || depts.contains(&dept));
        Scope::Limited { user: (!is_member).then_some(user), subtrees, depts }
    }

    fn enabled(&self, roles: &[RoleId]) -> impl Iterator<Item = &RoleGrant> {
        let grants = roles.iter().filter_map(|id| self.roles.get(id));
        grants.filter(|grant| grant.status == Status::Enabled)
    }
}

pub struct RoleSnapshotKey;

impl RoleSnapshotKey {
    /// For keys whose values this one goes into.
    pub const TEXT: &'static str = "orgraph:roles:snapshot:v1:all";
}

impl Key for RoleSnapshotKey {
    type Value = RoleSnapshot;
    const LIFETIME: Duration = Duration::from_secs(300);

    fn text(&self) -> String {
        Self::TEXT.into()
    }
}

/// For a value that it goes into.
pub async fn snapshot_part(app: &App) -> Result<Arc<RoleSnapshot>> {
    let read = || async { RoleSnapshot::read(&mut app.db.read().await?, &[Status::Enabled]).await };
    app.cache.part(&RoleSnapshotKey, read).await
}

/// The same, as this transaction sees it.
pub async fn enabled(write: &mut Write<'_>) -> Result<RoleSnapshot> {
    RoleSnapshot::read(write.conn(), &[Status::Enabled]).await
}

/// What every role would grant if all its menus were enabled, as this transaction sees it: what is given away is all
/// of that, because somebody may enable them later.
pub async fn potential(write: &mut Write<'_>) -> Result<RoleSnapshot> {
    RoleSnapshot::read(write.conn(), &[Status::Enabled, Status::Disabled]).await
}
