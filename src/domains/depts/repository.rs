//! Queries on departments.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{Dept, DeptFilter, DeptId, Descent};
use crate::audit::Write;
use crate::db::conn::{insert_many, on_backend};
use crate::db::fragment::{Filter, contains};
use crate::db::page::{Order, Page};
use crate::db::schema::{dept_closure, depts, role_depts, users};
use crate::db::{Conn, scoped};
use crate::domains::and_within;
use crate::error::Result;
use crate::security::Scope;

fn matching(scope: &Scope, by: &DeptFilter) -> Filter<depts::table> {
    let DeptFilter { text, status, below, parent, roots, created } = by.clone();
    let mut filter = scoped::depts(scope);
    filter.require_some(text.as_deref(), |text| {
        contains::<depts::table>(text).in_column(depts::name).in_column(depts::leader)
    });
    filter.require_some(status, |status| depts::status.eq(status));
    filter.require_some(below, |root| {
        let below = dept_closure::table.filter(dept_closure::ancestor_id.eq(root));
        depts::id.eq_any(below.select(dept_closure::descendant_id))
    });
    filter.require_some(parent, |parent| depts::parent_id.eq(parent));
    if roots {
        filter.require(depts::parent_id.is_null());
    }
    and_within!(filter, created, depts::created_at);
    filter
}

pub async fn list(
    conn: &mut Conn,
    scope: &Scope,
    by: &DeptFilter,
    order: &Order<depts::table, Dept>,
    page: &Page,
) -> Result<Vec<Dept>> {
    let mut filter = matching(scope, by);
    let ordering = order.apply(page, &mut filter)?;
    Ok(on_backend!(conn, c => depts::table
        .filter(filter)
        .order(ordering)
        .limit(page.limit())
        .offset(page.offset)
        .select(Dept::as_select())
        .load(c)
        .await)?)
}

pub async fn count(conn: &mut Conn, scope: &Scope, by: &DeptFilter) -> Result<i64> {
    let filter = matching(scope, by);
    Ok(on_backend!(conn, c => depts::table.filter(filter).count().get_result(c).await)?)
}

pub async fn by_ids(conn: &mut Conn, scope: &Scope, ids: &[DeptId]) -> Result<Vec<Dept>> {
    let mut filter = scoped::depts(scope);
    filter.require(depts::id.eq_any(ids.to_vec()));
    Ok(on_backend!(conn, c => depts::table.filter(filter).select(Dept::as_select()).load(c).await)?)
}

/// Departments within the scope, and `own` whatever the scope.
pub async fn of_users(conn: &mut Conn, scope: &Scope, own: &[DeptId], ids: &[DeptId]) -> Result<Vec<Dept>> {
    let mut filter = Filter::<depts::table>::default();
    filter.require(depts::id.eq_any(ids.to_vec()));
    filter.require(scoped::depts(scope).or(depts::id.eq_any(own.to_vec())));
    Ok(on_backend!(conn, c => depts::table.filter(filter).select(Dept::as_select()).load(c).await)?)
}

/// The direct children of several departments, in the administrator's order.
pub async fn children_of(conn: &mut Conn, scope: &Scope, parents: &[DeptId]) -> Result<Vec<Dept>> {
    let mut filter = scoped::depts(scope);
    filter.require(depts::parent_id.eq_any(parents.to_vec()));
    Ok(on_backend!(conn, c => depts::table
        .filter(filter)
        .order((depts::sort, depts::id))
        .select(Dept::as_select())
        .load(c)
        .await)?)
}

/// The proper ancestors of several departments, nearest first: by name only, so whatever the scope.
pub async fn ancestor_names(conn: &mut Conn, of: &[DeptId]) -> Result<Vec<(DeptId, DeptId, String)>> {
    Ok(on_backend!(conn, c => dept_closure::table
        .inner_join(depts::table.on(depts::id.eq(dept_closure::ancestor_id)))
        .filter(dept_closure::descendant_id.eq_any(of.to_vec()))
        .filter(dept_closure::depth.gt(0))
        .order((dept_closure::descendant_id, dept_closure::depth))
        .select((dept_closure::descendant_id, depts::id, depts::name))
        .load(c)
        .await)?)
}

/// Id and parent of every department, for the snapshot that rights are worked out on.
pub async fn tree(conn: &mut Conn) -> Result<Vec<(DeptId, Option<DeptId>, crate::domains::Status)>> {
    Ok(on_backend!(conn, c => depts::table
        .select((depts::id, depts::parent_id, depts::status))
        .load(c)
        .await)?)
}

pub async fn descendants(conn: &mut Conn, of: DeptId) -> Result<Vec<(DeptId, i32)>> {
    Ok(on_backend!(conn, c => dept_closure::table
        .filter(dept_closure::ancestor_id.eq(of))
        .select((dept_closure::descendant_id, dept_closure::depth))
        .load(c)
        .await)?)
}

async fn ancestors(conn: &mut Conn, of: DeptId) -> Result<Vec<(DeptId, i32)>> {
    Ok(on_backend!(conn, c => dept_closure::table
        .filter(dept_closure::descendant_id.eq(of))
        .select((dept_closure::ancestor_id, dept_closure::depth))
        .load(c)
        .await)?)
}

/// How many children, users and scoped roles hang on a department.
pub async fn dependents(conn: &mut Conn, of: DeptId) -> Result<(i64, i64, i64)> {
    Ok(on_backend!(conn, c => {
        let children = depts::table.filter(depts::parent_id.eq(of)).count().get_result(c).await?;
        let members = users::table.filter(users::dept_id.eq(of)).count().get_result(c).await?;
        let roles = role_depts::table.filter(role_depts::dept_id.eq(of)).count().get_result(c).await?;
        Ok::<_, diesel::result::Error>((children, members, roles))
    })?)
}

/// Gives `id` and everything below it the ancestors that `parent` has, and `parent` itself.
async fn attach(write: &mut Write<'_>, id: DeptId, parent: Option<DeptId>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    let above = ancestors(write.conn(), parent).await?;
    let below = descendants(write.conn(), id).await?;
    let pairs: Vec<Descent> = above
        .iter()
        .flat_map(|(ancestor_id, up)| {
            below.iter().map(move |(descendant_id, down)| Descent {
                ancestor_id: *ancestor_id,
                descendant_id: *descendant_id,
                depth: up + down + 1,
            })
        })
        .collect();
    for chunk in pairs.chunks(500) {
        insert_many!(write.conn(), dept_closure::table, chunk.to_vec())?;
    }
    Ok(())
}

async fn detach(write: &mut Write<'_>, id: DeptId) -> Result<()> {
    let above: Vec<DeptId> = ancestors(write.conn(), id).await?.into_iter().map(|(ancestor, _)| ancestor).collect();
    let above: Vec<DeptId> = above.into_iter().filter(|ancestor| *ancestor != id).collect();
    let below: Vec<DeptId> = descendants(write.conn(), id).await?.into_iter().map(|(below, _)| below).collect();
    for chunk in below.chunks(500) {
        on_backend!(write.conn(), c => diesel::delete(
            dept_closure::table
                .filter(dept_closure::ancestor_id.eq_any(above.clone()))
                .filter(dept_closure::descendant_id.eq_any(chunk.to_vec())),
        )
        .execute(c)
        .await)?;
    }
    Ok(())
}

pub async fn insert(write: &mut Write<'_>, dept: &Dept) -> Result<()> {
    let own = Descent { ancestor_id: dept.id, descendant_id: dept.id, depth: 0 };
    on_backend!(write.conn(), c => diesel::insert_into(depts::table).values(dept).execute(c).await)?;
    on_backend!(write.conn(), c => diesel::insert_into(dept_closure::table).values(&own).execute(c).await)?;
    attach(write, dept.id, dept.parent_id).await?;
    write.created(dept);
    Ok(())
}

/// False if the row is no longer the version that `before` is.
pub async fn update(write: &mut Write<'_>, before: &Dept, after: &Dept) -> Result<bool> {
    let row = depts::table.filter(depts::id.eq(before.id)).filter(depts::version.eq(before.version));
    let changed = on_backend!(write.conn(), c => diesel::update(row).set(after).execute(c).await)?;
    if changed == 1 && before.parent_id != after.parent_id {
        detach(write, before.id).await?;
        attach(write, before.id, after.parent_id).await?;
    }
    write.updated(before, after);
    Ok(changed == 1)
}

pub async fn delete(write: &mut Write<'_>, dept: &Dept) -> Result<()> {
    on_backend!(write.conn(), c => diesel::delete(depts::table.filter(depts::id.eq(dept.id))).execute(c).await)?;
    write.deleted(dept);
    Ok(())
}
