//! Changing users' own data.

use super::super::cache::AccountKey;
use super::super::input::{UpdateProfileInput, UpdateUserInput};
use super::super::model::{User, UserId};
use super::super::repository;
use super::{get_editable, hold, named_taken};
use crate::app::App;
use crate::audit::Write;
use crate::db::Lock;
use crate::domains::{depts, roles};
use crate::error::{Error, Result};
use crate::ids::DeptKind;
use crate::security::{Permission, Viewer};
use crate::validate::{Check, apply, map};

pub async fn update(app: &App, viewer: &Viewer, input: UpdateUserInput) -> Result<User> {
    let UpdateUserInput { id, version, username, nickname, email, phone, avatar, dept_id } = input;
    let mut check = Check::default();
    let id: Option<UserId> = check.id("input.id", &id);
    let username = username.as_ref().map(|name| check.username("input.username", name));
    let nickname = nickname.as_ref().map(|name| check.line("input.nickname", name, 64));
    let email = map(&email, |text| check.optional_email("input.email", Some(text)));
    let phone = map(&phone, |text| check.optional_phone("input.phone", Some(text)));
    let avatar = map(&avatar, |text| check.optional_url("input.avatar", Some(text), 1024));
    let dept = map(&dept_id, |id| check.id::<DeptKind>("input.deptId", id));
    check.finish()?;
    let id = id.ok_or_else(|| Error::internal("an unchecked id"))?;

    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let tree = depts::service::tree_within(&mut write).await?;
    let before = get_editable(&mut write, viewer, id).await?;
    if before.version != version {
        return Err(Error::stale("user", version, before.version));
    }
    let mut after = before.clone();
    after.username = username.unwrap_or(after.username);
    after.nickname = nickname.unwrap_or(after.nickname);
    apply(&mut after.email, email);
    apply(&mut after.phone, phone);
    apply(&mut after.avatar, avatar);
    apply(&mut after.dept_id, dept);
    if after.username != before.username {
        // Under a name that is free again, somebody else could come.
        super::rights::ensure_holds_all_of(&mut write, viewer, &before, "give them another user name").await?;
    }
    if after.dept_id != before.dept_id {
        super::create::ensure_dept_allowed(&mut write, viewer, after.dept_id).await?;
        // Roles may show a whole department: in another one, they show other rows.
        let role_ids = roles::service::ids_of_user(write.conn(), id).await?;
        for grant in super::rights::grants(&mut write, "input.deptId", &role_ids).await? {
            // Nor does a move take away the view of rows that the viewer lacks: it would bring the user within reach.
            for dept in [before.dept_id, after.dept_id] {
                roles::service::ensure_can_grant(viewer, &tree, &grant, dept)?;
            }
        }
        if viewer.is(id) {
            if after.dept_id.is_some_and(|dept| !tree.is_open(dept)) {
                return Err(Error::NotAllowed(
                    "You cannot move yourself to a disabled department: you would lock yourself out.".into(),
                ));
            }
            roles::service::ensure_not_locked_out(&mut write, viewer, &tree, Permission::UserEdit, after.dept_id)
                .await?;
        }
    }
    save(write, before, after).await
}

pub async fn update_profile(app: &App, viewer: &Viewer, input: UpdateProfileInput) -> Result<User> {
    let UpdateProfileInput { version, nickname, avatar, email, phone } = input;
    let id = viewer.identity()?.user_id;
    let mut check = Check::default();
    let nickname = nickname.as_ref().map(|name| check.line("input.nickname", name, 64));
    let avatar = map(&avatar, |text| check.optional_url("input.avatar", Some(text), 1024));
    let email = map(&email, |text| check.optional_email("input.email", Some(text)));
    let phone = map(&phone, |text| check.optional_phone("input.phone", Some(text)));
    check.finish()?;

    let mut write = app.write(viewer).await?;
    let before = hold(&mut write, id).await?.ok_or_else(|| Error::not_found("user", id))?;
    if let Some(version) = version.filter(|version| *version != before.version) {
        return Err(Error::stale("account", version, before.version));
    }
    let mut after = before.clone();
    after.nickname = nickname.unwrap_or(after.nickname);
    apply(&mut after.avatar, avatar);
    apply(&mut after.email, email);
    apply(&mut after.phone, phone);
    save(write, before, after).await
}

async fn save(mut write: Write<'_>, before: User, mut after: User) -> Result<User> {
    if after != before {
        after.version += 1;
        after.updated_at = write.now();
        if !repository::update(&mut write, &before, &after).await.map_err(named_taken)? {
            return Err(Error::stale("user", before.version, before.version + 1));
        }
        write.forget(&AccountKey(after.id));
    }
    write.commit().await?;
    Ok(after)
}

/// For updates of one thing: `before` with a new version.
pub(super) fn changed(before: &User, write: &Write<'_>) -> User {
    User { version: before.version + 1, updated_at: write.now(), ..before.clone() }
}
