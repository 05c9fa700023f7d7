//! Making users.

use super::super::input::CreateUserInput;
use super::super::model::User;
use super::super::repository;
use super::{named_taken, password};
use crate::app::App;
use crate::db::Lock;
use crate::domains::{Status, depts, roles};
use crate::error::{Error, Result};
use crate::ids::{DeptId, RoleId};
use crate::security::{Permission, Viewer};
use crate::validate::Check;

pub async fn create(app: &App, viewer: &Viewer, input: CreateUserInput) -> Result<User> {
    let CreateUserInput {
        username,
        password,
        nickname,
        email,
        phone,
        avatar,
        dept_id,
        role_ids,
        status,
        is_staff,
        is_multi_login,
        must_change_password,
    } = input;
    let mut check = Check::default();
    let username = check.username("input.username", &username);
    let nickname = check.optional_line("input.nickname", nickname.as_deref(), 64);
    let mut user = User {
        nickname: nickname.unwrap_or_else(|| username.clone()),
        email: check.optional_email("input.email", email.as_deref()),
        phone: check.optional_phone("input.phone", phone.as_deref()),
        avatar: check.optional_url("input.avatar", avatar.as_deref(), 1024),
        status: status.unwrap_or(Status::Enabled),
        is_staff,
        is_multi_login,
        must_change_password,
        dept_id: dept_id.as_ref().and_then(|id| check.id("input.deptId", id)),
        ..User::new(username, app.clock.now())
    };
    let role_ids: Vec<RoleId> = check.ids("input.roleIds", role_ids.as_deref().unwrap_or_default());
    check.extend(app.policy.password.check("input.password", &password, &[&user.username, &user.nickname]));
    check.finish()?;
    if !role_ids.is_empty() {
        viewer.ensure(Permission::UserRoleEdit)?;
    }

    let hash = app.passwords.hash(password.into()).await?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let tree = depts::service::tree_within(&mut write).await?;
    ensure_dept_allowed(&mut write, viewer, user.dept_id).await?;
    let granted = super::rights::grants(&mut write, "input.roleIds", &role_ids).await?;
    for grant in &granted {
        roles::service::ensure_can_grant(viewer, &tree, grant, user.dept_id)?;
    }
    password::set(&mut write, &mut user, &hash);
    repository::insert(&mut write, &user).await.map_err(named_taken)?;
    repository::remember_password(&mut write, user.id, &hash).await?;
    roles::service::replace_of_user(&mut write, user.id, &[], &role_ids).await?;
    write.commit().await?;
    Ok(user)
}

/// A user must end up where the viewer can see them.
pub(super) async fn ensure_dept_allowed(
    write: &mut crate::audit::Write<'_>,
    viewer: &Viewer,
    dept: Option<DeptId>,
) -> Result<()> {
    match dept {
        Some(dept) => drop(depts::service::ensure_visible(write, viewer.scope(), "input.deptId", &[dept]).await?),
        None if viewer.scope().is_all() => {}
        None => {
            return Err(Error::input(
                "input.deptId",
                "REQUIRED",
                "Your row scope is limited, so the user must belong to a department that you can see.",
            ));
        }
    }
    Ok(())
}
