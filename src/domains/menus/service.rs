//! The rules of menus: they stay a tree, and nobody grants through them what they lack.

use std::collections::HashSet;

use async_graphql::MaybeUndefined;

use super::cache;
use super::input::{CreateMenuInput, DeleteMenuInput, UpdateMenuInput};
use super::model::{self, Codes, Menu, MenuFilter, MenuId, MenuKind, MenuSort};
use super::repository;
use super::sidebar::SidebarItem;
use super::tree::{MAX_DEPTH, MenuTree};
use crate::app::App;
use crate::audit::Write;
use crate::db::page::{Direction, Order, Page, Slice};
use crate::db::schema::menus;
use crate::db::{Conn, Lock};
use crate::domains::roles::service::RoleSnapshotKey;
use crate::domains::{Ceiling, Status};
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::security::{Permission, Permissions, Viewer};
use crate::telemetry::clip;
use crate::validate::{Check, apply, parse_id};

pub use super::cache::SidebarKey;

pub struct Listed {
    pub slice: Slice<Menu>,
    pub order: Order<menus::table, Menu>,
}

pub async fn list(app: &App, filter: &MenuFilter, by: &[(MenuSort, Direction)], page: &Page) -> Result<Listed> {
    let order = model::order(by);
    let rows = repository::list(&mut app.db.read().await?, filter, &order, page).await?;
    Ok(Listed { slice: page.slice(rows), order })
}

pub async fn count(app: &App, filter: &MenuFilter) -> Result<i64> {
    repository::count(&mut app.db.read().await?, filter).await
}

/// What a front end shows to the viewer: the menus of their enabled roles, of a superuser all.
pub async fn enabled_sidebar(app: &App, viewer: &Viewer) -> Result<Vec<SidebarItem>> {
    let me = viewer.identity()?;
    Ok(cache::sidebar(app, (!me.is_superuser).then_some(me.user_id)).await?.as_ref().clone())
}

/// The union of the codes of these menus, whatever their status.
pub async fn codes_of(conn: &mut Conn, ids: &[MenuId]) -> Result<Permissions> {
    if ids.is_empty() {
        return Ok(Permissions::default());
    }
    let codes = repository::codes_of(conn, ids).await?;
    Ok(codes.iter().fold(Permissions::default(), |all, codes| all.union(codes.permissions())))
}

/// What a user holds in this transaction.
pub async fn permissions_of(write: &mut Write<'_>, user: UserId) -> Result<Permissions> {
    let codes = repository::codes_of_user(write.conn(), user).await?;
    Ok(codes.iter().fold(Permissions::default(), |all, codes| all.union(codes.permissions())))
}

/// Fails if this transaction has taken from the viewer what they need to take it back.
pub async fn ensure_still_allowed(write: &mut Write<'_>, viewer: &Viewer, permission: Permission) -> Result<()> {
    let me = viewer.identity()?;
    if me.is_superuser || permissions_of(write, me.user_id).await?.contains(permission) {
        return Ok(());
    }
    Err(Error::NotAllowed(format!(
        "This would take the permission `{}` from yourself: you would lock yourself out.",
        permission.code()
    )))
}

/// Refuses ids that are not there; returns the menus.
pub async fn ensure_exist(write: &mut Write<'_>, path: &str, ids: &[MenuId]) -> Result<Vec<Menu>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = repository::by_ids(write.conn(), ids).await?;
    let there: HashSet<_> = found.iter().map(|menu| menu.id).collect();
    match ids.iter().find(|id| !there.contains(id)) {
        Some(missing) => Err(Error::input(path, "NOT_FOUND", format!("There is no menu {missing}."))),
        None => Ok(found),
    }
}

async fn get(write: &mut Write<'_>, id: MenuId) -> Result<Menu> {
    let found = repository::by_ids(write.conn(), &[id]).await?;
    found.into_iter().next().ok_or_else(|| Error::not_found("menu", id))
}

fn title_taken(error: Error) -> Error {
    error.on_unique("menus_title_key", "input.title", "Another menu has this title.")
}

/// Reads permission codes: each must be in the catalogue.
fn check_codes(check: &mut Check, codes: &[String]) -> Permissions {
    let path = "input.permissions";
    if codes.len() > Permission::ALL.len() {
        check.fail(path, "TOO_MANY", "These are more codes than there are permissions.");
        return Permissions::default();
    }
    let mut known = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        match Permission::from_code(code.trim()) {
            Some(permission) => known.push(permission),
            None => check.fail(
                &format!("{path}.{at}"),
                "UNKNOWN",
                format!("There is no permission `{}`; `permissions` lists those that there are.", clip(code, 64)),
            ),
        }
    }
    let permissions: Permissions = known.into_iter().collect();
    if Codes::from(permissions).as_str().len() > 512 {
        check.fail(path, "TOO_LONG", "One menu cannot carry so many permissions; divide them among several.");
    }
    permissions
}

/// What a menu of its kind cannot be without.
fn check_kind(check: &mut Check, menu: &Menu) {
    if matches!(menu.kind, MenuKind::Embedded | MenuKind::Link) && menu.link.is_none() {
        check.fail("input.link", "REQUIRED", "An embedded page or a link needs the address that it shows.");
    }
}

pub async fn create(app: &App, viewer: &Viewer, input: CreateMenuInput) -> Result<Menu> {
    let CreateMenuInput {
        title,
        name,
        kind,
        parent_id,
        path,
        component,
        icon,
        link,
        permissions,
        sort,
        status,
        hidden,
        keep_alive,
        remark,
    } = input;
    let mut check = Check::default();
    let now = app.clock.now();
    let permissions = check_codes(&mut check, permissions.as_deref().unwrap_or_default());
    let menu = Menu {
        id: MenuId::new(),
        title: check.line("input.title", &title, 64),
        name: check.line("input.name", &name, 64),
        kind,
        path: check.optional_target("input.path", path.as_deref(), 200),
        component: check.optional_target("input.component", component.as_deref(), 256),
        icon: check.optional_target("input.icon", icon.as_deref(), 128),
        link: check.optional_url("input.link", link.as_deref(), 1024),
        permissions: permissions.into(),
        sort,
        status: status.unwrap_or(Status::Enabled),
        hidden,
        keep_alive,
        remark: check.optional_text("input.remark", remark.as_deref(), 1000),
        parent_id: parent_id.as_ref().and_then(|id| check.id("input.parentId", id)),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check_kind(&mut check, &menu);
    check.finish()?;
    viewer.ensure_holds(permissions)?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    ensure_fits(&mut write, &menu).await?;
    repository::insert(&mut write, &menu).await.map_err(title_taken)?;
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    Ok(menu)
}

pub async fn update(
    app: &App,
    viewer: &Viewer,
    input: UpdateMenuInput,
    ensure_reaches_roles: Ceiling<MenuId>,
) -> Result<Menu> {
    let UpdateMenuInput {
        id,
        version,
        title,
        name,
        kind,
        parent_id,
        path,
        component,
        icon,
        link,
        permissions,
        sort,
        status,
        hidden,
        keep_alive,
        remark,
    } = input;
    let mut check = Check::default();
    let id: Option<MenuId> = check.id("input.id", &id);
    let title = title.as_ref().map(|text| check.line("input.title", text, 64));
    let name = name.as_ref().map(|text| check.line("input.name", text, 64));
    let parent = parent_id.map_value(|id| check.id::<crate::ids::MenuKind>("input.parentId", &id));
    let path = path.map_value(|text| check.optional_target("input.path", Some(&text), 200));
    let component = component.map_value(|text| check.optional_target("input.component", Some(&text), 256));
    let icon = icon.map_value(|text| check.optional_target("input.icon", Some(&text), 128));
    let link = link.map_value(|text| check.optional_url("input.link", Some(&text), 1024));
    let remark = remark.map_value(|text| check.optional_text("input.remark", Some(&text), 1000));
    let permissions = match &permissions {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(Permissions::default()),
        MaybeUndefined::Value(codes) => Some(check_codes(&mut check, codes)),
    };
    check.finish()?;
    let id = id.ok_or_else(|| Error::internal("an unchecked id"))?;

    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let before = get(&mut write, id).await?;
    if before.version != version {
        return Err(Error::stale("menu", version, before.version));
    }
    let mut after = before.clone();
    after.title = title.unwrap_or(after.title);
    after.name = name.unwrap_or(after.name);
    after.kind = kind.unwrap_or(after.kind);
    after.sort = sort.unwrap_or(after.sort);
    after.status = status.unwrap_or(after.status);
    after.hidden = hidden.unwrap_or(after.hidden);
    after.keep_alive = keep_alive.unwrap_or(after.keep_alive);
    apply(&mut after.path, path);
    apply(&mut after.component, component);
    apply(&mut after.icon, icon);
    apply(&mut after.link, link);
    apply(&mut after.remark, remark);
    apply(&mut after.parent_id, parent);
    // Codes that this program does not know stay, unless the known ones change.
    if let Some(permissions) = permissions.filter(|wanted| *wanted != before.permissions.permissions()) {
        after.permissions = permissions.into();
    }
    if after == before {
        write.commit().await?;
        return Ok(before);
    }
    let mut check = Check::default();
    check_kind(&mut check, &after);
    check.finish()?;
    let rights = changed_rights(&mut write, &before, &after).await?;
    viewer.ensure_holds(rights)?;
    if !rights.is_empty() {
        ensure_reaches_roles(&mut write, viewer, id).await?;
    }
    ensure_can_change(&mut write, &before, &after).await?;
    after.version += 1;
    after.updated_at = write.now();
    if !repository::update(&mut write, &before, &after).await.map_err(title_taken)? {
        return Err(Error::stale("menu", version, before.version + 1));
    }
    ensure_not_locked_out(&mut write, viewer).await?;
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    Ok(after)
}

async fn ensure_can_change(write: &mut Write<'_>, before: &Menu, after: &Menu) -> Result<()> {
    if after.parent_id != before.parent_id {
        ensure_fits(write, after).await?;
    }
    if after.kind != before.kind && after.kind == MenuKind::Button {
        let children = repository::child_count(write.conn(), after.id).await?;
        if children > 0 {
            return Err(Error::conflict(format!(
                "The menu still has {}, so it cannot become a button.",
                child_menus(children)
            )));
        }
    }
    Ok(())
}

/// What a change may give to somebody or take away: codes that are new or gone, and all codes of a menu that is switched
/// on or off for the roles that have it.
async fn changed_rights(write: &mut Write<'_>, before: &Menu, after: &Menu) -> Result<Permissions> {
    let (had, has) = (before.permissions.permissions(), after.permissions.permissions());
    if before.status != after.status && !repository::roles_of(write.conn(), before.id).await?.is_empty() {
        return Ok(has.union(had));
    }
    Ok(has.without(had).union(had.without(has)))
}

/// Refuses a parent that is not there, is a button, lies in the menu itself, or lies too deep.
async fn ensure_fits(write: &mut Write<'_>, menu: &Menu) -> Result<()> {
    let path = "input.parentId";
    let Some(parent) = menu.parent_id else { return Ok(()) };
    let found = ensure_exist(write, path, &[parent]).await?;
    if found.iter().any(|parent| parent.kind == MenuKind::Button) {
        return Err(Error::input(path, "BAD_PARENT", "Nothing can lie in a button."));
    }
    let tree = MenuTree::new(repository::parents(write.conn()).await?);
    if tree.path(parent).any(|above| above == menu.id) {
        return Err(Error::input(path, "CYCLE", "A menu cannot be moved into itself or below itself."));
    }
    if tree.path(parent).count() + tree.height(menu.id) > MAX_DEPTH {
        return Err(Error::input(path, "TOO_DEEP", format!("Menus can lie in each other {MAX_DEPTH} levels deep.")));
    }
    Ok(())
}

/// Fails if the viewer has just lost a right to change menus that they came with.
async fn ensure_not_locked_out(write: &mut Write<'_>, viewer: &Viewer) -> Result<()> {
    for permission in [Permission::MenuEdit, Permission::MenuDelete] {
        if viewer.can(permission) {
            ensure_still_allowed(write, viewer, permission).await?;
        }
    }
    Ok(())
}

fn child_menus(count: i64) -> String {
    format!("{count} child menu{}", if count == 1 { "" } else { "s" })
}

pub async fn delete(
    app: &App,
    viewer: &Viewer,
    input: DeleteMenuInput,
    ensure_reaches_roles: Ceiling<MenuId>,
) -> Result<MenuId> {
    let id = parse_id("input.id", &input.id)?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let menu = get(&mut write, id).await?;
    let children = repository::child_count(write.conn(), id).await?;
    if children > 0 {
        return Err(Error::conflict(format!("The menu still has {}.", child_menus(children))));
    }
    let roles = repository::roles_of(write.conn(), id).await?;
    let rights = menu.permissions.permissions();
    if !roles.is_empty() && !rights.is_empty() {
        viewer.ensure_holds(rights)?;
        ensure_reaches_roles(&mut write, viewer, id).await?;
    }
    repository::delete(&mut write, &menu, &roles).await?;
    ensure_not_locked_out(&mut write, viewer).await?;
    write.forget(&RoleSnapshotKey);
    write.commit().await?;
    Ok(id)
}

/// First data: false if there are menus already.
pub async fn insert_first(write: &mut Write<'_>, menus: &[Menu]) -> Result<bool> {
    if repository::count(write.conn(), &MenuFilter::default()).await? > 0 {
        return Ok(false);
    }
    for menu in menus {
        repository::insert(write, menu).await?;
    }
    write.forget(&RoleSnapshotKey);
    Ok(true)
}

/// Every menu.
pub async fn all(write: &mut Write<'_>) -> Result<Vec<Menu>> {
    repository::all(write.conn()).await
}
