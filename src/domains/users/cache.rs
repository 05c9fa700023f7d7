//! What each request needs to know of an account.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::model::{User, UserId};
use super::repository;
use crate::app::App;
use crate::cache::Key;
use crate::domains::depts::service::DeptTreeKey;
use crate::domains::roles::service::RoleSnapshotKey;
use crate::domains::{depts, roles};
use crate::error::Result;
use crate::security::{Permissions, Scope};

/// An account, and what its roles and its department make of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Without the hash of the password, which is for the database alone.
    pub user: Arc<User>,
    /// Whether neither the department nor one that it lies in is disabled.
    pub is_dept_open: bool,
    /// Of the enabled roles. A superuser holds all permissions and sees all rows without any.
    pub permissions: Permissions,
    pub scope: Scope,
}

pub struct AccountKey(pub UserId);

impl Key for AccountKey {
    /// `None`: there is no such account.
    type Value = Option<Account>;
    const LIFETIME: Duration = Duration::from_secs(300);
    const PARTS: &'static [&'static str] = &[RoleSnapshotKey::TEXT, DeptTreeKey::TEXT];

    fn is_absent(value: &Self::Value) -> bool {
        value.is_none()
    }

    fn text(&self) -> String {
        format!("orgraph:users:account:v3:{}", self.0.uuid().simple())
    }
}

pub async fn account(app: &App, id: UserId) -> Result<Arc<Option<Account>>> {
    app.cache
        .get(&AccountKey(id), || async {
            let (snapshot, tree) = (roles::service::snapshot_part(app).await?, depts::service::tree_part(app).await?);
            let mut conn = app.db.read().await?;
            let found = repository::by_ids(&mut conn, &Scope::All, &[id]).await?;
            let Some(user) = found.into_iter().next() else { return Ok(None) };
            let roles = roles::service::ids_of_user(&mut conn, id).await?;
            Ok(Some(Account {
                is_dept_open: tree.is_open_to(user.dept_id),
                permissions: snapshot.permissions(&roles),
                scope: snapshot.scope(&roles, id, user.dept_id),
                user: Arc::new(User { password_hash: None, ..user }),
            }))
        })
        .await
}
