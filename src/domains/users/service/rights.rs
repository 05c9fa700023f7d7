//! Roles, status and flags of users: what they may do.

use super::super::cache::AccountKey;
use super::super::input::{SetUserFlagsInput, SetUserRolesInput, SetUserStatusInput};
use super::super::model::{User, UserId};
use super::super::repository;
use super::update::changed;
use super::{ensure_superuser_remains, get_editable};
use crate::app::App;
use crate::audit::Write;
use crate::db::Lock;
use crate::domains::roles::cache::{RoleGrant, potential};
use crate::domains::{Status, depts, menus, roles, sessions};
use crate::error::{Error, Result};
use crate::ids::RoleId;
use crate::security::{Permission, Viewer};
use crate::validate::{Check, difference, parse_id};

/// What these roles grant, or would if all of it were enabled; refuses ids that are not there.
pub(super) async fn grants(write: &mut Write<'_>, path: &str, ids: &[RoleId]) -> Result<Vec<RoleGrant>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let roles = potential(write).await?;
    let grant = |id: &RoleId| {
        let missing = || Error::input(path, "NOT_FOUND", format!("There is no role {id}."));
        roles.get(*id).cloned().ok_or_else(missing)
    };
    ids.iter().map(grant).collect()
}

/// Refuses to do something to a user by which they, or whoever is behind it, could use what the viewer lacks, or which
/// takes that away from them.
pub(super) async fn ensure_holds_all_of(
    write: &mut Write<'_>,
    viewer: &Viewer,
    user: &User,
    to_do: &str,
) -> Result<()> {
    ensure_holds_all_of_each(write, viewer, std::slice::from_ref(user), to_do).await
}

pub(super) async fn ensure_holds_all_of_each(
    write: &mut Write<'_>,
    viewer: &Viewer,
    users: &[User],
    to_do: &str,
) -> Result<()> {
    // One's own account is no further out of reach than one is oneself.
    let ids: Vec<_> = users.iter().map(|user| user.id).filter(|id| !viewer.is(*id)).collect();
    let dept_of = |id| users.iter().find(|user| user.id == id).and_then(|user| user.dept_id);
    let held = roles::service::ids_of_users(write.conn(), &ids).await?;
    let held: Vec<_> = held.into_iter().map(|(id, role)| (dept_of(id), role)).collect();
    let refusal = format!("This user holds permissions or sees rows that you do not, so you cannot {to_do}.");
    roles::service::ensure_outranks(write, viewer, &held, &refusal).await
}

pub async fn set_roles(app: &App, viewer: &Viewer, input: SetUserRolesInput) -> Result<User> {
    let mut check = Check::default();
    let id: Option<UserId> = check.id("input.userId", &input.user_id);
    let wanted: Vec<RoleId> = check.ids("input.roleIds", &input.role_ids);
    check.finish()?;
    let id = id.ok_or_else(|| Error::internal("an unchecked id"))?;

    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let tree = depts::service::tree_within(&mut write).await?;
    let user = get_editable(&mut write, viewer, id).await?;
    let before = roles::service::ids_of_user(write.conn(), id).await?;
    let mut touched = difference(&before, &wanted);
    if wanted.iter().any(|role| !before.contains(role)) {
        // What one role permits, it permits on the rows that another one shows.
        touched.extend(wanted.iter().filter(|role| before.contains(role)));
    }
    for grant in grants(&mut write, "input.roleIds", &touched).await? {
        roles::service::ensure_can_grant(viewer, &tree, &grant, user.dept_id)?;
    }
    roles::service::replace_of_user(&mut write, id, &before, &wanted).await?;
    if viewer.is(id) {
        roles::service::ensure_not_locked_out(&mut write, viewer, &tree, Permission::UserRoleEdit, user.dept_id)
            .await?;
    }
    write.forget(&AccountKey(id));
    write.forget(&menus::service::SidebarKey(Some(id)));
    write.commit().await?;
    Ok(user)
}

pub async fn set_status(app: &App, viewer: &Viewer, input: SetUserStatusInput) -> Result<User> {
    let id: UserId = parse_id("input.userId", &input.user_id)?;
    if viewer.is(id) && input.status == Status::Disabled {
        return Err(Error::NotAllowed("You cannot disable yourself: you would lock yourself out.".into()));
    }
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let before = get_editable(&mut write, viewer, id).await?;
    if before.status == input.status {
        write.commit().await?;
        return Ok(before);
    }
    let to_do = if input.status == Status::Enabled { "enable them" } else { "disable them" };
    ensure_holds_all_of(&mut write, viewer, &before, to_do).await?;
    if before.is_superuser && input.status == Status::Disabled {
        ensure_superuser_remains(&mut write, &[id]).await?;
    }
    let after = User { status: input.status, ..changed(&before, &write) };
    save(&mut write, &before, &after).await?;
    if input.status == Status::Disabled {
        sessions::service::end_all(&mut write, id, None).await?;
    }
    write.commit().await?;
    Ok(after)
}

pub async fn set_flags(app: &App, viewer: &Viewer, input: SetUserFlagsInput) -> Result<User> {
    let id: UserId = parse_id("input.userId", &input.user_id)?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let before = get_editable(&mut write, viewer, id).await?;
    let mut after = before.clone();
    after.is_superuser = input.is_superuser.unwrap_or(after.is_superuser);
    after.is_staff = input.is_staff.unwrap_or(after.is_staff);
    after.is_multi_login = input.is_multi_login.unwrap_or(after.is_multi_login);
    if after == before {
        write.commit().await?;
        return Ok(before);
    }
    let rank_changes = after.is_superuser != before.is_superuser;
    if rank_changes && !viewer.is_superuser() {
        return Err(Error::NotAllowed("Only a superuser can make or unmake superusers.".into()));
    }
    if viewer.is(id) && (rank_changes || after.is_staff != before.is_staff) {
        return Err(Error::NotAllowed("You cannot change your own superuser or staff flag.".into()));
    }
    ensure_holds_all_of(&mut write, viewer, &before, "change their flags").await?;
    if before.is_superuser && !after.is_superuser {
        ensure_superuser_remains(&mut write, &[id]).await?;
        // What was opened with all rights does not live on with fewer.
        sessions::service::end_all(&mut write, id, None).await?;
    }
    if before.is_multi_login && !after.is_multi_login {
        let current = viewer.identity().ok().filter(|me| me.user_id == id).map(|me| me.session_id);
        sessions::service::end_all(&mut write, id, current).await?;
    }
    let after = User { version: before.version + 1, updated_at: write.now(), ..after };
    save(&mut write, &before, &after).await?;
    write.commit().await?;
    Ok(after)
}

pub(super) async fn save(write: &mut Write<'_>, before: &User, after: &User) -> Result<()> {
    if !repository::update(write, before, after).await? {
        return Err(Error::stale("user", before.version, before.version + 1));
    }
    write.forget(&AccountKey(after.id));
    Ok(())
}
