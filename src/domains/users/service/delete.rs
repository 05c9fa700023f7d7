//! Deleting users.

use super::super::cache::AccountKey;
use super::super::input::DeleteUsersInput;
use super::super::model::UserId;
use super::super::repository;
use super::rights::ensure_holds_all_of_each;
use super::{ensure_not_outranked, ensure_superuser_remains};
use crate::app::App;
use crate::db::Lock;
use crate::domains::{roles, sessions};
use crate::error::{Error, Result};
use crate::security::Viewer;
use crate::validate::Check;

pub async fn delete(app: &App, viewer: &Viewer, input: DeleteUsersInput) -> Result<Vec<UserId>> {
    let mut check = Check::default();
    let ids: Vec<UserId> = check.ids("input.ids", &input.ids);
    check.finish()?;
    if ids.iter().any(|id| viewer.is(*id)) {
        return Err(Error::NotAllowed("You cannot delete yourself: you would lock yourself out.".into()));
    }
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let found = repository::by_ids(write.conn(), viewer.scope(), &ids).await?;
    if let Some(missing) = ids.iter().find(|id| !found.iter().any(|user| user.id == **id)) {
        return Err(Error::not_found("user", missing));
    }
    for user in &found {
        ensure_not_outranked(viewer, user)?;
    }
    ensure_holds_all_of_each(&mut write, viewer, &found, "delete them").await?;
    if found.iter().any(|user| user.is_superuser && user.is_enabled()) {
        ensure_superuser_remains(&mut write, &ids).await?;
    }
    // They go with their users, so the record of these is the last that tells of them.
    let roles = roles::service::ids_of_users(write.conn(), &ids).await?;
    sessions::service::forget_all(&mut write, &ids).await?;
    repository::delete(&mut write, &found).await?;
    write.unlinked("roles", &roles);
    ids.iter().for_each(|id| write.forget(&AccountKey(*id)));
    write.commit().await?;
    Ok(ids)
}
