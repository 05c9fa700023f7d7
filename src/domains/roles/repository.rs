//! Queries on roles and their links.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{DataScope, Role, RoleDept, RoleFilter, RoleId, RoleMenu, UserRole};
use crate::audit::Write;
use crate::db::Conn;
use crate::db::conn::{insert_many, on_backend};
use crate::db::fragment::{Filter, contains};
use crate::db::page::{Order, Page};
use crate::db::schema::{dept_closure, menus, role_depts, role_menus, roles, user_roles, users};
use crate::domains::menus::model::Codes;
use crate::domains::{Status, and_within};
use crate::error::Result;
use crate::ids::{DeptId, MenuId, UserId};

fn matching(by: &RoleFilter) -> Filter<roles::table> {
    let RoleFilter { text, status, data_scope, created } = by.clone();
    let mut filter = Filter::default();
    filter.require_some(text.as_deref(), |text| contains::<roles::table>(text).in_column(roles::name));
    filter.require_some(status, |status| roles::status.eq(status));
    filter.require_some(data_scope, |scope| roles::data_scope.eq(scope));
    and_within!(filter, created, roles::created_at);
    filter
}

pub async fn list(
    conn: &mut Conn,
    by: &RoleFilter,
    order: &Order<roles::table, Role>,
    page: &Page,
) -> Result<Vec<Role>> {
    let mut filter = matching(by);
    let ordering = order.apply(page, &mut filter)?;
    Ok(on_backend!(conn, c => roles::table
        .filter(filter)
        .order(ordering)
        .limit(page.limit())
        .offset(page.offset)
        .select(Role::as_select())
        .load(c)
        .await)?)
}

pub async fn count(conn: &mut Conn, by: &RoleFilter) -> Result<i64> {
    let filter = matching(by);
    Ok(on_backend!(conn, c => roles::table.filter(filter).count().get_result(c).await)?)
}

pub async fn by_ids(conn: &mut Conn, ids: &[RoleId]) -> Result<Vec<Role>> {
    Ok(on_backend!(conn, c => roles::table
        .filter(roles::id.eq_any(ids.to_vec()))
        .select(Role::as_select())
        .load(c)
        .await)?)
}

/// The roles of several users, by name.
pub async fn of_users(conn: &mut Conn, users: &[UserId]) -> Result<Vec<(UserId, Role)>> {
    Ok(on_backend!(conn, c => user_roles::table
        .inner_join(roles::table)
        .filter(user_roles::user_id.eq_any(users.to_vec()))
        .order((roles::name, roles::id))
        .select((user_roles::user_id, Role::as_select()))
        .load(c)
        .await)?)
}

/// The roles that grant several menus, by name.
pub async fn of_menus(conn: &mut Conn, menus: &[MenuId]) -> Result<Vec<(MenuId, Role)>> {
    Ok(on_backend!(conn, c => role_menus::table
        .inner_join(roles::table)
        .filter(role_menus::menu_id.eq_any(menus.to_vec()))
        .order((roles::name, roles::id))
        .select((role_menus::menu_id, Role::as_select()))
        .load(c)
        .await)?)
}

/// The departments of several roles' custom scopes.
pub async fn depts_of(conn: &mut Conn, roles: &[RoleId]) -> Result<Vec<(RoleId, DeptId)>> {
    Ok(on_backend!(conn, c => role_depts::table
        .filter(role_depts::role_id.eq_any(roles.to_vec()))
        .order((role_depts::role_id, role_depts::dept_id))
        .select((role_depts::role_id, role_depts::dept_id))
        .load(c)
        .await)?)
}

/// Every role's scope and departments, and the codes of its menus of some status: what rights are worked out on.
#[allow(clippy::type_complexity, reason = "three lists of plain tuples, read once")]
pub async fn snapshot(
    conn: &mut Conn,
    statuses: &[Status],
) -> Result<(Vec<(RoleId, Status, DataScope)>, Vec<(RoleId, Codes)>, Vec<(RoleId, DeptId)>)> {
    Ok(on_backend!(conn, c => {
        let all = roles::table.select((roles::id, roles::status, roles::data_scope)).load(c).await?;
        let codes = role_menus::table
            .inner_join(menus::table)
            .filter(menus::status.eq_any(statuses.to_vec()))
            .filter(menus::permissions.ne(""))
            .select((role_menus::role_id, menus::permissions))
            .load(c)
            .await?;
        let depts = role_depts::table.select((role_depts::role_id, role_depts::dept_id)).load(c).await?;
        Ok::<_, diesel::result::Error>((all, codes, depts))
    })?)
}

/// The roles that users in a department and below it hold, once for each of these departments; of all users, whatever
/// the scope, because a ceiling counts whom the viewer does not see. Superusers need none of theirs, and `but` is left out.
pub async fn held_within(conn: &mut Conn, dept: DeptId, but: UserId) -> Result<Vec<(Option<DeptId>, RoleId)>> {
    let within = dept_closure::table.filter(dept_closure::ancestor_id.eq(dept));
    Ok(on_backend!(conn, c => user_roles::table
        .inner_join(users::table)
        .filter(users::dept_id.eq_any(within.select(dept_closure::descendant_id.nullable())))
        .filter(users::is_superuser.eq(false))
        .filter(users::id.ne(but))
        .select((users::dept_id, user_roles::role_id))
        .distinct()
        .load(c)
        .await)?)
}

/// The same of all who have one of some roles: these and the others that they have.
pub async fn held_beside(conn: &mut Conn, roles: &[RoleId], but: UserId) -> Result<Vec<(Option<DeptId>, RoleId)>> {
    let having = diesel::alias!(user_roles as having);
    let holders = having.filter(having.field(user_roles::role_id).eq_any(roles.to_vec()));
    Ok(on_backend!(conn, c => user_roles::table
        .inner_join(users::table)
        .filter(user_roles::user_id.eq_any(holders.select(having.field(user_roles::user_id))))
        .filter(users::is_superuser.eq(false))
        .filter(users::id.ne(but))
        .select((users::dept_id, user_roles::role_id))
        .distinct()
        .load(c)
        .await)?)
}

/// How many users hold a role.
pub async fn holders(conn: &mut Conn, ids: &[RoleId]) -> Result<Vec<(RoleId, i64)>> {
    Ok(on_backend!(conn, c => user_roles::table
        .filter(user_roles::role_id.eq_any(ids.to_vec()))
        .group_by(user_roles::role_id)
        .select((user_roles::role_id, diesel::dsl::count_star()))
        .load(c)
        .await)?)
}

pub async fn insert(write: &mut Write<'_>, role: &Role) -> Result<()> {
    on_backend!(write.conn(), c => diesel::insert_into(roles::table).values(role).execute(c).await)?;
    write.created(role);
    Ok(())
}

/// False if the row is no longer the version that `before` is.
pub async fn update(write: &mut Write<'_>, before: &Role, after: &Role) -> Result<bool> {
    let row = roles::table.filter(roles::id.eq(before.id)).filter(roles::version.eq(before.version));
    let changed = on_backend!(write.conn(), c => diesel::update(row).set(after).execute(c).await)?;
    write.updated(before, after);
    Ok(changed == 1)
}

pub async fn delete(write: &mut Write<'_>, doomed: &[Role]) -> Result<()> {
    let ids: Vec<_> = doomed.iter().map(|role| role.id).collect();
    on_backend!(write.conn(), c => diesel::delete(roles::table.filter(roles::id.eq_any(ids))).execute(c).await)?;
    doomed.iter().for_each(|role| write.deleted(role));
    Ok(())
}

/// What a replaced list of links has to gain and to lose.
pub struct LinkChange<T> {
    pub added: Vec<T>,
    pub removed: Vec<T>,
}

impl<T: PartialEq + Copy> LinkChange<T> {
    pub fn between(before: &[T], after: &[T]) -> Self {
        Self {
            added: after.iter().copied().filter(|id| !before.contains(id)).collect(),
            removed: before.iter().copied().filter(|id| !after.contains(id)).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// Replaces one side of a link table by a diff: what is in both lists is not touched.
macro_rules! replace_links {
    ($write:expr, $name:literal, $owner:expr, $before:expr, $after:expr,
     $table:ident: $owner_column:ident, $other_column:ident => $row:expr) => {{
        let change = LinkChange::between($before, $after);
        if !change.is_empty() {
            if !change.removed.is_empty() {
                let gone = $table::table
                    .filter($table::$owner_column.eq($owner))
                    .filter($table::$other_column.eq_any(change.removed));
                on_backend!($write.conn(), c => diesel::delete(gone).execute(c).await)?;
            }
            let rows: Vec<_> = change.added.into_iter().map($row).collect();
            for chunk in rows.chunks(500) {
                insert_many!($write.conn(), $table::table, chunk.to_vec())?;
            }
            $write.relinked($owner, $name, $before, $after);
        }
        Ok(())
    }};
}

pub async fn menu_ids(conn: &mut Conn, role: RoleId) -> Result<Vec<MenuId>> {
    Ok(menus_of(conn, &[role]).await?.into_iter().map(|(_, menu)| menu).collect())
}

pub async fn menus_of(conn: &mut Conn, roles: &[RoleId]) -> Result<Vec<(RoleId, MenuId)>> {
    Ok(on_backend!(conn, c => role_menus::table
        .filter(role_menus::role_id.eq_any(roles.to_vec()))
        .order((role_menus::role_id, role_menus::menu_id))
        .select((role_menus::role_id, role_menus::menu_id))
        .load(c)
        .await)?)
}

pub async fn replace_menus(write: &mut Write<'_>, role_id: RoleId, before: &[MenuId], after: &[MenuId]) -> Result<()> {
    replace_links!(write, "menus", role_id, before, after,
        role_menus: role_id, menu_id => |menu_id| RoleMenu { role_id, menu_id })
}

pub async fn replace_depts(write: &mut Write<'_>, role_id: RoleId, before: &[DeptId], after: &[DeptId]) -> Result<()> {
    replace_links!(write, "customDepts", role_id, before, after,
        role_depts: role_id, dept_id => |dept_id| RoleDept { role_id, dept_id })
}

pub async fn ids_of_user(conn: &mut Conn, user: UserId) -> Result<Vec<RoleId>> {
    Ok(ids_of_users(conn, &[user]).await?.into_iter().map(|(_, role)| role).collect())
}

pub async fn ids_of_users(conn: &mut Conn, users: &[UserId]) -> Result<Vec<(UserId, RoleId)>> {
    Ok(on_backend!(conn, c => user_roles::table
        .filter(user_roles::user_id.eq_any(users.to_vec()))
        .order((user_roles::user_id, user_roles::role_id))
        .select((user_roles::user_id, user_roles::role_id))
        .load(c)
        .await)?)
}

pub async fn replace_of_user(
    write: &mut Write<'_>,
    user_id: UserId,
    before: &[RoleId],
    after: &[RoleId],
) -> Result<()> {
    replace_links!(write, "roles", user_id, before, after,
        user_roles: user_id, role_id => |role_id| UserRole { user_id, role_id })
}
