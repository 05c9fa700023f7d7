//! Queries on menus.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{Codes, Menu, MenuFilter, MenuId};
use crate::audit::Write;
use crate::db::Conn;
use crate::db::conn::on_backend;
use crate::db::fragment::{Filter, contains};
use crate::db::page::{Order, Page};
use crate::db::schema::{menus, role_menus, roles, user_roles};
use crate::domains::{Status, and_within};
use crate::error::Result;
use crate::ids::{RoleId, UserId};

fn matching(by: &MenuFilter) -> Filter<menus::table> {
    let MenuFilter { text, kind, status, parent, roots, created } = by.clone();
    let mut filter = Filter::default();
    filter.require_some(text.as_deref(), |text| {
        contains::<menus::table>(text).in_column(menus::title).in_column(menus::name)
    });
    filter.require_some(kind, |kind| menus::kind.eq(kind));
    filter.require_some(status, |status| menus::status.eq(status));
    filter.require_some(parent, |parent| menus::parent_id.eq(parent));
    filter.require_some(roots.then_some(()), |()| menus::parent_id.is_null());
    and_within!(filter, created, menus::created_at);
    filter
}

pub async fn list(
    conn: &mut Conn,
    by: &MenuFilter,
    order: &Order<menus::table, Menu>,
    page: &Page,
) -> Result<Vec<Menu>> {
    let mut filter = matching(by);
    let ordering = order.apply(page, &mut filter)?;
    Ok(on_backend!(conn, c => menus::table
        .filter(filter)
        .order(ordering)
        .limit(page.limit())
        .offset(page.offset)
        .select(Menu::as_select())
        .load(c)
        .await)?)
}

pub async fn count(conn: &mut Conn, by: &MenuFilter) -> Result<i64> {
    let filter = matching(by);
    Ok(on_backend!(conn, c => menus::table.filter(filter).count().get_result(c).await)?)
}

pub async fn by_ids(conn: &mut Conn, ids: &[MenuId]) -> Result<Vec<Menu>> {
    Ok(on_backend!(conn, c => menus::table
        .filter(menus::id.eq_any(ids.to_vec()))
        .select(Menu::as_select())
        .load(c)
        .await)?)
}

/// Every menu, in the order of siblings.
pub async fn all(conn: &mut Conn) -> Result<Vec<Menu>> {
    Ok(on_backend!(conn, c => menus::table
        .order((menus::sort, menus::id))
        .select(Menu::as_select())
        .load(c)
        .await)?)
}

/// The children of several menus, in the administrator's order.
pub async fn children_of(conn: &mut Conn, parents: &[MenuId]) -> Result<Vec<Menu>> {
    Ok(on_backend!(conn, c => menus::table
        .filter(menus::parent_id.eq_any(parents.to_vec()))
        .order((menus::sort, menus::id))
        .select(Menu::as_select())
        .load(c)
        .await)?)
}

/// The menus of several roles, in the administrator's order.
pub async fn of_roles(conn: &mut Conn, roles: &[RoleId]) -> Result<Vec<(RoleId, Menu)>> {
    Ok(on_backend!(conn, c => role_menus::table
        .inner_join(menus::table)
        .filter(role_menus::role_id.eq_any(roles.to_vec()))
        .order((menus::sort, menus::id))
        .select((role_menus::role_id, Menu::as_select()))
        .load(c)
        .await)?)
}

/// The menus that carry any code, in the administrator's order.
pub async fn with_codes(conn: &mut Conn) -> Result<Vec<Menu>> {
    Ok(on_backend!(conn, c => menus::table
        .filter(menus::permissions.ne(""))
        .order((menus::sort, menus::id))
        .select(Menu::as_select())
        .load(c)
        .await)?)
}

/// The menus that a user's enabled roles grant, whatever the menus' own status.
pub async fn granted_to(conn: &mut Conn, user: UserId) -> Result<Vec<MenuId>> {
    Ok(on_backend!(conn, c => user_roles::table
        .inner_join(roles::table.inner_join(role_menus::table))
        .filter(user_roles::user_id.eq(user))
        .filter(roles::status.eq(Status::Enabled))
        .select(role_menus::menu_id)
        .distinct()
        .load(c)
        .await)?)
}

/// The codes of several menus, whatever their status.
pub async fn codes_of(conn: &mut Conn, ids: &[MenuId]) -> Result<Vec<Codes>> {
    Ok(on_backend!(conn, c => menus::table
        .filter(menus::id.eq_any(ids.to_vec()))
        .select(menus::permissions)
        .load(c)
        .await)?)
}

/// Id and parent of every menu.
/// The codes that a user holds at this moment.
pub async fn codes_of_user(conn: &mut Conn, user: UserId) -> Result<Vec<Codes>> {
    Ok(on_backend!(conn, c => user_roles::table
        .inner_join(roles::table.inner_join(role_menus::table.inner_join(menus::table)))
        .filter(user_roles::user_id.eq(user))
        .filter(roles::status.eq(Status::Enabled))
        .filter(menus::status.eq(Status::Enabled))
        .select(menus::permissions)
        .distinct()
        .load(c)
        .await)?)
}

pub async fn parents(conn: &mut Conn) -> Result<Vec<(MenuId, Option<MenuId>)>> {
    Ok(on_backend!(conn, c => menus::table.select((menus::id, menus::parent_id)).load(c).await)?)
}

pub async fn child_count(conn: &mut Conn, of: MenuId) -> Result<i64> {
    Ok(on_backend!(conn, c => menus::table.filter(menus::parent_id.eq(of)).count().get_result(c).await)?)
}

/// The roles that grant a menu.
pub async fn roles_of(conn: &mut Conn, menu: MenuId) -> Result<Vec<RoleId>> {
    Ok(on_backend!(conn, c => role_menus::table
        .filter(role_menus::menu_id.eq(menu))
        .order(role_menus::role_id)
        .select(role_menus::role_id)
        .load(c)
        .await)?)
}

pub async fn insert(write: &mut Write<'_>, menu: &Menu) -> Result<()> {
    on_backend!(write.conn(), c => diesel::insert_into(menus::table).values(menu).execute(c).await)?;
    write.created(menu);
    Ok(())
}

/// False if the row is no longer the version that `before` is.
pub async fn update(write: &mut Write<'_>, before: &Menu, after: &Menu) -> Result<bool> {
    let row = menus::table.filter(menus::id.eq(before.id)).filter(menus::version.eq(before.version));
    let changed = on_backend!(write.conn(), c => diesel::update(row).set(after).execute(c).await)?;
    write.updated(before, after);
    Ok(changed == 1)
}

/// Deletes a menu; its links to `roles` go with it.
pub async fn delete(write: &mut Write<'_>, menu: &Menu, roles: &[RoleId]) -> Result<()> {
    on_backend!(write.conn(), c => diesel::delete(menus::table.filter(menus::id.eq(menu.id))).execute(c).await)?;
    write.deleted(menu);
    if !roles.is_empty() {
        write.relinked(menu.id, "roles", roles, &[]);
    }
    Ok(())
}
