//! The side bar of each user, which front ends ask for with every page that they load.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::repository;
use super::sidebar::{self, SidebarItem};
use crate::app::App;
use crate::cache::Key;
use crate::domains::roles::service::RoleSnapshotKey;
use crate::error::Result;
use crate::ids::UserId;

/// Of a user by their roles; without one, of a superuser, who is shown every menu.
pub struct SidebarKey(pub Option<UserId>);

impl Key for SidebarKey {
    type Value = Vec<SidebarItem>;
    const LIFETIME: Duration = Duration::from_secs(300);
    // Forgotten with every change of a role or a menu.
    const PARTS: &'static [&'static str] = &[RoleSnapshotKey::TEXT];

    fn text(&self) -> String {
        let whose = self.0.map_or_else(|| "all".to_owned(), |user| user.uuid().simple().to_string());
        format!("orgraph:menus:sidebar:v1:{whose}")
    }
}

pub async fn sidebar(app: &App, user: Option<UserId>) -> Result<Arc<Vec<SidebarItem>>> {
    app.cache
        .get(&SidebarKey(user), || async {
            let mut conn = app.db.read().await?;
            let menus = repository::all(&mut conn).await?;
            let Some(user) = user else { return Ok(sidebar::tree(&menus, |_| true)) };
            let granted: HashSet<_> = repository::granted_to(&mut conn, user).await?.into_iter().collect();
            Ok(sidebar::tree(&menus, |id| granted.contains(&id)))
        })
        .await
}
