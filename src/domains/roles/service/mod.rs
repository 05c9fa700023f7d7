//! The rules of roles: nobody can grant what they lack, and nobody locks themselves out.

mod ceiling;

use self::ceiling::{Needs, ensure_may_change, ensure_scope_allowed};
use super::input::{CreateRoleInput, DeleteRolesInput, SetRoleDataScopeInput, SetRoleMenusInput, UpdateRoleInput};
use super::model::{self, DataScope, Role, RoleFilter, RoleId, RoleSort};
use super::repository;
use crate::app::App;
use crate::audit::Write;
use crate::db::Lock;
use crate::db::page::{Direction, Order, Page, Slice};
use crate::db::schema::roles;
use crate::domains::{Status, depts, menus};
use crate::error::{Error, Result};
use crate::ids::MenuId;
use crate::security::{Permission, Viewer};
use crate::validate::{Check, apply, difference, map};

pub use self::ceiling::{
    ensure_can_grant, ensure_not_locked_out, ensure_outranks, ensure_reaches_members, ensure_reaches_roles_of,
};
pub use super::cache::{RoleSnapshot, RoleSnapshotKey, snapshot_part};
pub use super::repository::{ids_of_user, ids_of_users, replace_of_user};

pub struct Listed {
    pub slice: Slice<Role>,
    pub order: Order<roles::table, Role>,
}

pub async fn list(app: &App, filter: &RoleFilter, by: &[(RoleSort, Direction)], page: &Page) -> Result<Listed> {
    let order = model::order(by);
    let rows = repository::list(&mut app.db.read().await?, filter, &order, page).await?;
    Ok(Listed { slice: page.slice(rows), order })
}

pub async fn count(app: &App, filter: &RoleFilter) -> Result<i64> {
    repository::count(&mut app.db.read().await?, filter).await
}

async fn get(write: &mut Write<'_>, id: RoleId) -> Result<Role> {
    let found = repository::by_ids(write.conn(), &[id]).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found("role", id))
}

fn name_taken(error: Error) -> Error {
    error.on_unique("roles_name_key", "input.name", "Another role has this name.")
}

pub async fn create(app: &App, viewer: &Viewer, input: CreateRoleInput) -> Result<Role> {
    let CreateRoleInput { name, status, remark } = input;
    let mut check = Check::default();
    let now = app.clock.now();
    let role = Role {
        id: RoleId::new(),
        name: check.line("input.name", &name, 32),
        status: status.unwrap_or(Status::Enabled),
        data_scope: DataScope::Own,
        remark: check.optional_text("input.remark", remark.as_deref(), 1000),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check.finish()?;
    let mut write = app.write(viewer).await?;
    repository::insert(&mut write, &role).await.map_err(name_taken)?;
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    Ok(role)
}

pub async fn update(app: &App, viewer: &Viewer, input: UpdateRoleInput) -> Result<Role> {
    let UpdateRoleInput { id, version, name, status, remark } = input;
    let mut check = Check::default();
    let id: Option<RoleId> = check.id("input.id", &id);
    let name = name.as_ref().map(|name| check.line("input.name", name, 32));
    let remark = map(&remark, |text| check.optional_text("input.remark", Some(text), 1000));
    check.finish()?;
    let id = id.ok_or_else(|| Error::internal("an unchecked id"))?;

    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let tree = depts::service::tree_within(&mut write).await?;
    let before = get(&mut write, id).await?;
    if before.version != version {
        return Err(Error::stale("role", version, before.version));
    }
    let mut after = before.clone();
    after.name = name.unwrap_or(after.name);
    after.status = status.unwrap_or(after.status);
    apply(&mut after.remark, remark);
    if after == before {
        write.commit().await?;
        return Ok(before);
    }
    if after.status != before.status {
        // Switching a role on grants all of it, and switching it off takes all of it away.
        ensure_may_change(&mut write, viewer, &tree, &[id], Needs::Both).await?;
    }
    after.version += 1;
    after.updated_at = write.now();
    if !repository::update(&mut write, &before, &after).await.map_err(name_taken)? {
        return Err(Error::stale("role", version, before.version + 1));
    }
    ensure_not_locked_out(&mut write, viewer, &tree, Permission::RoleEdit, viewer.identity()?.dept_id).await?;
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    Ok(after)
}

pub async fn delete(app: &App, viewer: &Viewer, input: DeleteRolesInput) -> Result<Vec<RoleId>> {
    let mut check = Check::default();
    let ids: Vec<RoleId> = check.ids("input.ids", &input.ids);
    check.finish()?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let found = repository::by_ids(write.conn(), &ids).await?;
    if let Some(missing) = ids.iter().find(|id| !found.iter().any(|role| role.id == **id)) {
        return Err(Error::not_found("role", missing));
    }
    let holders = repository::holders(write.conn(), &ids).await?;
    if let Some((id, count)) = holders.first() {
        let name = found.iter().find(|role| role.id == *id).map_or("", |role| &role.name);
        let users = if *count == 1 { "user" } else { "users" };
        return Err(Error::conflict(format!("The role “{name}” is still held by {count} {users}.")));
    }
    // They go with their roles, so the record of these is the last that tells of them.
    let (menus, depts) =
        (repository::menus_of(write.conn(), &ids).await?, repository::depts_of(write.conn(), &ids).await?);
    repository::delete(&mut write, &found).await?;
    write.unlinked("menus", &menus);
    write.unlinked("customDepts", &depts);
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    Ok(ids)
}

pub async fn set_menus(app: &App, viewer: &Viewer, input: SetRoleMenusInput) -> Result<Role> {
    let mut check = Check::default();
    let id: Option<RoleId> = check.id("input.roleId", &input.role_id);
    let wanted = check.ids("input.menuIds", &input.menu_ids);
    check.finish()?;
    let id = id.ok_or_else(|| Error::internal("an unchecked id"))?;

    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let role = get(&mut write, id).await?;
    menus::service::ensure_exist(&mut write, "input.menuIds", &wanted).await?;
    let before = repository::menu_ids(write.conn(), id).await?;
    let changed = difference(&before, &wanted);
    let codes = menus::service::codes_of(write.conn(), &changed).await?;
    viewer.ensure_holds(codes)?;
    if !codes.is_empty() {
        // What is permitted is permitted on the rows that the role shows.
        let tree = depts::service::tree_within(&mut write).await?;
        ensure_may_change(&mut write, viewer, &tree, &[id], Needs::Rows).await?;
    }
    repository::replace_menus(&mut write, id, &before, &wanted).await?;
    menus::service::ensure_still_allowed(&mut write, viewer, Permission::RoleMenuEdit).await?;
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    Ok(role)
}

pub async fn set_data_scope(app: &App, viewer: &Viewer, input: SetRoleDataScopeInput) -> Result<Role> {
    let mut check = Check::default();
    let id: Option<RoleId> = check.id("input.roleId", &input.role_id);
    let wanted = check.ids("input.deptIds", input.dept_ids.as_deref().unwrap_or_default());
    match input.data_scope {
        DataScope::Custom if wanted.is_empty() && input.dept_ids.as_ref().is_none_or(Vec::is_empty) => {
            check.fail("input.deptIds", "REQUIRED", "The scope CUSTOM needs at least one department.");
        }
        DataScope::Custom => {}
        _ if !wanted.is_empty() => {
            check.fail("input.deptIds", "NOT_COMBINABLE", "Departments go with the scope CUSTOM only.");
        }
        _ => {}
    }
    check.finish()?;
    let id = id.ok_or_else(|| Error::internal("an unchecked id"))?;

    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let tree = depts::service::tree_within(&mut write).await?;
    let before = get(&mut write, id).await?;
    let depts_before: Vec<_> =
        repository::depts_of(write.conn(), &[id]).await?.into_iter().map(|(_, dept)| dept).collect();
    depts::service::ensure_visible(&mut write, viewer.scope(), "input.deptIds", &wanted).await?;
    if before.data_scope != input.data_scope || !difference(&depts_before, &wanted).is_empty() {
        ensure_scope_allowed(viewer, &tree, before.data_scope, &depts_before)?;
        // On other rows, its permissions are other rights.
        ensure_may_change(&mut write, viewer, &tree, &[id], Needs::Permissions).await?;
    }
    ensure_scope_allowed(viewer, &tree, input.data_scope, &wanted)?;
    let mut after = before.clone();
    after.data_scope = input.data_scope;
    if after != before {
        after.version += 1;
        after.updated_at = write.now();
        if !repository::update(&mut write, &before, &after).await? {
            return Err(Error::stale("role", before.version, before.version + 1));
        }
    }
    repository::replace_depts(&mut write, id, &depts_before, &wanted).await?;
    ensure_not_locked_out(&mut write, viewer, &tree, Permission::RoleScopeEdit, viewer.identity()?.dept_id).await?;
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    Ok(after)
}

/// First data: a role that sees every row and holds these menus.
pub async fn insert_first(write: &mut Write<'_>, name: &str, menus: &[MenuId]) -> Result<()> {
    let now = write.now();
    let role = Role {
        id: RoleId::new(),
        name: name.into(),
        status: Status::Enabled,
        data_scope: DataScope::All,
        remark: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    repository::insert(write, &role).await?;
    repository::replace_menus(write, role.id, &[], menus).await
}
