//! Queries on users.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{self, PasswordHistory, User, UserFilter, UserId};
use crate::audit::Write;
use crate::clock::Timestamp;
use crate::db::conn::on_backend;
use crate::db::fragment::{BoxFragment, Filter, among, contains, page_of_each, row_among};
use crate::db::page::{Order, Page};
use crate::db::schema::{dept_closure, user_password_history, user_roles, users};
use crate::db::{Conn, lower, scoped};
use crate::domains::{Status, and_within};
use crate::error::Result;
use crate::ids::{DeptId, PasswordHistoryId, RoleId};
use crate::security::Scope;

fn matching(scope: &Scope, by: &UserFilter) -> Filter<users::table> {
    let UserFilter { text, status, dept, has_dept, role, is_superuser, is_staff, created, last_login } = by.clone();
    let mut filter = scoped::users(scope);
    filter.require_some(text.as_deref(), |text| {
        contains::<users::table>(text).in_column(users::username).in_column(users::nickname)
    });
    filter.require_some(status, |status| users::status.eq(status));
    filter.require_some(dept, |root| {
        let below = dept_closure::table.filter(dept_closure::ancestor_id.eq(root));
        users::dept_id.eq_any(below.select(dept_closure::descendant_id.nullable()))
    });
    filter.require_some(has_dept.filter(|has| *has), |_| users::dept_id.is_not_null());
    filter.require_some(has_dept.filter(|has| !*has), |_| users::dept_id.is_null());
    filter.require_some(role, |role| {
        users::id.eq_any(user_roles::table.filter(user_roles::role_id.eq(role)).select(user_roles::user_id))
    });
    filter.require_some(is_superuser, |is| users::is_superuser.eq(is));
    filter.require_some(is_staff, |is| users::is_staff.eq(is));
    and_within!(filter, created, users::created_at);
    and_within!(filter, last_login, users::last_login_at);
    filter
}

pub async fn list(
    conn: &mut Conn,
    scope: &Scope,
    by: &UserFilter,
    order: &Order<users::table, User>,
    page: &Page,
) -> Result<Vec<User>> {
    let mut filter = matching(scope, by);
    let ordering = order.apply(page, &mut filter)?;
    Ok(on_backend!(conn, c => users::table
        .filter(filter)
        .order(ordering)
        .limit(page.limit())
        .offset(page.offset)
        .select(User::as_select())
        .load(c)
        .await)?)
}

pub async fn count(conn: &mut Conn, scope: &Scope, by: &UserFilter) -> Result<i64> {
    let filter = matching(scope, by);
    Ok(on_backend!(conn, c => users::table.filter(filter).count().get_result(c).await)?)
}

pub async fn by_ids(conn: &mut Conn, scope: &Scope, ids: &[UserId]) -> Result<Vec<User>> {
    let mut filter = scoped::users(scope);
    filter.require(users::id.eq_any(ids.to_vec()));
    Ok(on_backend!(conn, c => users::table.filter(filter).select(User::as_select()).load::<User>(c).await)?)
}

/// Users within the scope, and `own` whatever the scope.
pub async fn of_sessions(conn: &mut Conn, scope: &Scope, own: &[UserId], ids: &[UserId]) -> Result<Vec<User>> {
    let mut filter = Filter::<users::table>::default();
    filter.require(users::id.eq_any(ids.to_vec()));
    filter.require(scoped::users(scope).or(users::id.eq_any(own.to_vec())));
    Ok(on_backend!(conn, c => users::table.filter(filter).select(User::as_select()).load::<User>(c).await)?)
}

/// Whatever the scope: for sessions, which are in it.
pub async fn usernames(conn: &mut Conn, ids: &[UserId]) -> Result<Vec<(UserId, String)>> {
    let wanted = users::table.filter(users::id.eq_any(ids.to_vec()));
    Ok(on_backend!(conn, c => wanted.select((users::id, users::username)).load(c).await)?)
}

/// A page of the users of each of several departments, as they were made. A scope decides which; one row more than a page
/// tells of a next one.
pub async fn page_in_depts(
    conn: &mut Conn,
    scope: &Scope,
    depts: &[DeptId],
    page: &Page,
) -> Result<Vec<(DeptId, User)>> {
    let mut filter = scoped::users(scope);
    filter.require(users::dept_id.eq_any(depts.to_vec()));
    let order = model::order(&[]).apply(page, &mut filter)?;
    let place = diesel::dsl::row_number().partition_by(users::dept_id);
    let ranked = users::table.filter(filter);
    let ranked: BoxFragment = match page.backward {
        true => Box::new(ranked.select((users::id, place.window_order(users::id.desc())))),
        false => Box::new(ranked.select((users::id, place.window_order(users::id)))),
    };
    let chosen = among(users::id, page_of_each(r#""id""#, ranked, page.places()));
    Ok(on_backend!(conn, c => users::table
        .filter(chosen)
        .order(order)
        .select((users::dept_id.assume_not_null(), User::as_select()))
        .load(c)
        .await)?)
}

/// The same for the holders of several roles.
pub async fn page_in_roles(
    conn: &mut Conn,
    scope: &Scope,
    roles: &[RoleId],
    page: &Page,
) -> Result<Vec<(RoleId, User)>> {
    let mut filter = Filter::<user_roles::table>::default();
    filter.require(user_roles::role_id.eq_any(roles.to_vec()));
    let mut visible = scoped::users(scope);
    model::order(&[]).apply(page, &mut visible)?;
    if !(scope.is_all() && page.cursor.is_none()) {
        filter.require(user_roles::user_id.eq_any(users::table.filter(visible).select(users::id)));
    }
    let place = diesel::dsl::row_number().partition_by(user_roles::role_id);
    let (ranked, link) = (user_roles::table.filter(filter), (user_roles::role_id, user_roles::user_id));
    let ranked: BoxFragment = match page.backward {
        true => Box::new(ranked.select((link, place.window_order(user_roles::user_id.desc())))),
        false => Box::new(ranked.select((link, place.window_order(user_roles::user_id)))),
    };
    let chosen = row_among(link, page_of_each(r#""role_id", "user_id""#, ranked, page.places()));
    let mut links: Vec<(RoleId, UserId)> = on_backend!(conn, c => user_roles::table
        .filter(chosen)
        .order(user_roles::user_id)
        .select(link)
        .load(c)
        .await)?;
    if page.backward {
        links.reverse();
    }
    let mut ids: Vec<_> = links.iter().map(|(_, user)| *user).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = by_ids(conn, scope, &ids).await?;
    let found: std::collections::HashMap<_, _> = found.into_iter().map(|user| (user.id, user)).collect();
    Ok(links.into_iter().filter_map(|(role, user)| Some((role, found.get(&user)?.clone()))).collect())
}

pub async fn count_in_depts(conn: &mut Conn, scope: &Scope, depts: &[DeptId]) -> Result<Vec<(DeptId, i64)>> {
    let mut filter = scoped::users(scope);
    filter.require(users::dept_id.eq_any(depts.to_vec()));
    Ok(on_backend!(conn, c => users::table
        .filter(filter)
        .group_by(users::dept_id)
        .select((users::dept_id.assume_not_null(), diesel::dsl::count_star()))
        .load(c)
        .await)?)
}

pub async fn count_in_roles(conn: &mut Conn, scope: &Scope, roles: &[RoleId]) -> Result<Vec<(RoleId, i64)>> {
    let mut filter = Filter::<user_roles::table>::default();
    filter.require(user_roles::role_id.eq_any(roles.to_vec()));
    // Every holder is a user: whoever sees all of them need not look them up.
    if !scope.is_all() {
        filter.require(user_roles::user_id.eq_any(users::table.filter(scoped::users(scope)).select(users::id)));
    }
    Ok(on_backend!(conn, c => user_roles::table
        .filter(filter)
        .group_by(user_roles::role_id)
        .select((user_roles::role_id, diesel::dsl::count_star()))
        .load(c)
        .await)?)
}

/// Whatever the scope: for logging in, and for the command line.
pub async fn by_username(conn: &mut Conn, username: &str) -> Result<Option<User>> {
    let folded = username.to_lowercase();
    Ok(on_backend!(conn, c => users::table
        .filter(lower(users::username).eq(folded))
        .select(User::as_select())
        .first(c)
        .await
        .optional())?)
}

/// Whether there is any user at all.
pub async fn has_any(conn: &mut Conn) -> Result<bool> {
    let first: Option<UserId> = on_backend!(conn, c => users::table.select(users::id).first(c).await.optional())?;
    Ok(first.is_some())
}

/// Enabled superusers other than these.
pub async fn other_superusers(conn: &mut Conn, ids: &[UserId]) -> Result<i64> {
    Ok(on_backend!(conn, c => users::table
        .filter(users::is_superuser.eq(true))
        .filter(users::status.eq(Status::Enabled))
        .filter(users::id.ne_all(ids.to_vec()))
        .count()
        .get_result(c)
        .await)?)
}

pub async fn oldest_superuser(conn: &mut Conn) -> Result<Option<User>> {
    Ok(on_backend!(conn, c => users::table
        .filter(users::is_superuser.eq(true))
        .filter(users::status.eq(Status::Enabled))
        .order(users::id)
        .select(User::as_select())
        .first(c)
        .await
        .optional())?)
}

pub async fn insert(write: &mut Write<'_>, user: &User) -> Result<()> {
    on_backend!(write.conn(), c => diesel::insert_into(users::table).values(user).execute(c).await)?;
    write.created(user);
    Ok(())
}

/// False if the row is no longer the version that `before` is.
pub async fn update(write: &mut Write<'_>, before: &User, after: &User) -> Result<bool> {
    let row = users::table.filter(users::id.eq(before.id)).filter(users::version.eq(before.version));
    let changed = on_backend!(write.conn(), c => diesel::update(row).set(after).execute(c).await)?;
    write.updated(before, after);
    Ok(changed == 1)
}

/// Locks the row until the transaction ends: an update that changes nothing does so on every back end.
pub async fn hold(write: &mut Write<'_>, id: UserId) -> Result<()> {
    let row = users::table.filter(users::id.eq(id));
    on_backend!(write.conn(), c => diesel::update(row).set(users::version.eq(users::version)).execute(c).await)?;
    Ok(())
}

/// A login is no change of the account: its version stays.
pub async fn touch_login(write: &mut Write<'_>, id: UserId, at: Timestamp) -> Result<()> {
    let row = users::table.filter(users::id.eq(id));
    let set = (users::last_login_at.eq(at), users::failed_logins.eq(0), users::failed_login_at.eq(None::<Timestamp>));
    on_backend!(write.conn(), c => diesel::update(row).set(set).execute(c).await)?;
    Ok(())
}

/// Nor is a failed one.
pub async fn set_failed_logins(
    write: &mut Write<'_>,
    id: UserId,
    failures: i32,
    last: Option<Timestamp>,
) -> Result<()> {
    let row = users::table.filter(users::id.eq(id));
    let set = (users::failed_logins.eq(failures), users::failed_login_at.eq(last));
    on_backend!(write.conn(), c => diesel::update(row).set(set).execute(c).await)?;
    Ok(())
}

pub async fn delete(write: &mut Write<'_>, doomed: &[User]) -> Result<()> {
    let ids: Vec<_> = doomed.iter().map(|user| user.id).collect();
    on_backend!(write.conn(), c => diesel::delete(users::table.filter(users::id.eq_any(ids))).execute(c).await)?;
    doomed.iter().for_each(|user| write.deleted(user));
    Ok(())
}

/// The latest `count` passwords of a user.
pub async fn past_passwords(conn: &mut Conn, user: UserId, count: i64) -> Result<Vec<String>> {
    Ok(on_backend!(conn, c => user_password_history::table
        .filter(user_password_history::user_id.eq(user))
        .order((user_password_history::created_at.desc(), user_password_history::id.desc()))
        .limit(count)
        .select(user_password_history::password_hash)
        .load(c)
        .await)?)
}

pub async fn remember_password(write: &mut Write<'_>, user_id: UserId, password_hash: &str) -> Result<()> {
    let row = PasswordHistory {
        id: PasswordHistoryId::new(),
        user_id,
        password_hash: password_hash.into(),
        created_at: write.now(),
    };
    on_backend!(write.conn(), c => diesel::insert_into(user_password_history::table).values(&row).execute(c).await)?;
    Ok(())
}
