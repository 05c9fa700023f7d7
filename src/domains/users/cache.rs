//! What each request needs to know of an account.

use std::sync::Arc;
use std::time::Duration;

use super::model::UserId;
use super::repository;
use crate::app::App;
use crate::cache::Key;
use crate::clock::Timestamp;
use crate::domains::roles;
use crate::error::Result;
use crate::ids::{DeptId, RoleId};
use crate::security::Scope;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Account {
    pub username: String,
    pub dept_id: Option<DeptId>,
    pub is_enabled: bool,
    pub is_superuser: bool,
    pub is_staff: bool,
    pub roles: Vec<RoleId>,
    pub must_change_password: bool,
    pub password_changed_at: Option<Timestamp>,
}

pub struct AccountKey(pub UserId);

impl Key for AccountKey {
    /// `None`: there is no such account.
    type Value = Option<Account>;
    const LIFETIME: Duration = Duration::from_secs(300);

    fn is_absent(value: &Self::Value) -> bool {
        value.is_none()
    }

    fn text(&self) -> String {
        format!("orgraph:users:account:v2:{}", self.0.uuid().simple())
    }
}

pub async fn account(app: &App, id: UserId) -> Result<Arc<Option<Account>>> {
    app.cache
        .get(&AccountKey(id), || async {
            let mut conn = app.db.read().await?;
            let found = repository::by_ids(&mut conn, &Scope::All, &[id]).await?;
            let Some(user) = found.into_iter().next() else { return Ok(None) };
            Ok(Some(Account {
                is_enabled: user.is_enabled(),
                username: user.username,
                dept_id: user.dept_id,
                is_superuser: user.is_superuser,
                is_staff: user.is_staff,
                must_change_password: user.must_change_password,
                password_changed_at: user.password_changed_at,
                roles: roles::service::ids_of_user(&mut conn, id).await?,
            }))
        })
        .await
}
