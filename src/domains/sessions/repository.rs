//! Queries on sessions and refresh tokens.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{Alive, RefreshToken, Session, SessionFilter, SessionId};
use crate::audit::Write;
use crate::clock::Timestamp;
use crate::db::conn::on_backend;
use crate::db::fragment::Filter;
use crate::db::page::{Order, Page};
use crate::db::schema::{refresh_tokens, sessions, users};
use crate::db::types::sql;
use crate::db::{Conn, lower, scoped};
use crate::domains::and_within;
use crate::error::Result;
use crate::ids::UserId;
use crate::security::Scope;

/// The sessions that [`Session::is_alive`].
fn alive(scope: &Scope, at: Alive) -> Filter<sessions::table> {
    let mut filter = scoped::sessions(scope);
    filter.require(sessions::ended_at.is_null());
    filter.require(sessions::expires_at.gt(at.now));
    filter.require(sessions::last_seen_at.gt(at.idle_since));
    filter
}

fn matching(scope: &Scope, at: Alive, by: &SessionFilter) -> Filter<sessions::table> {
    let SessionFilter { user, username, ip, created, last_seen } = by.clone();
    let mut filter = alive(scope, at);
    filter.require_some(user, |user| sessions::user_id.eq(user));
    filter.require_some(username.as_deref(), |username| {
        let named = users::table.filter(lower(users::username).eq(username.to_lowercase()));
        sessions::user_id.eq_any(named.select(users::id))
    });
    filter.require_some(ip, |ip| sessions::ip.eq(ip));
    and_within!(filter, created, sessions::created_at);
    and_within!(filter, last_seen, sessions::last_seen_at);
    filter
}

pub async fn list(
    conn: &mut Conn,
    scope: &Scope,
    at: Alive,
    by: &SessionFilter,
    order: &Order<sessions::table, Session>,
    page: &Page,
) -> Result<Vec<Session>> {
    let mut filter = matching(scope, at, by);
    let ordering = order.apply(page, &mut filter)?;
    Ok(on_backend!(conn, c => sessions::table
        .filter(filter)
        .order(ordering)
        .limit(page.limit())
        .offset(page.offset)
        .select(Session::as_select())
        .load(c)
        .await)?)
}

pub async fn count(conn: &mut Conn, scope: &Scope, at: Alive, by: &SessionFilter) -> Result<i64> {
    let filter = matching(scope, at, by);
    Ok(on_backend!(conn, c => sessions::table.filter(filter).count().get_result(c).await)?)
}

pub async fn by_ids(conn: &mut Conn, scope: &Scope, at: Alive, ids: &[SessionId]) -> Result<Vec<Session>> {
    let mut filter = alive(scope, at);
    filter.require(sessions::id.eq_any(ids.to_vec()));
    Ok(on_backend!(conn, c => sessions::table.filter(filter).select(Session::as_select()).load(c).await)?)
}

/// Which of them are in the scope, also of those that are over.
pub async fn in_scope(conn: &mut Conn, scope: &Scope, ids: &[SessionId]) -> Result<Vec<SessionId>> {
    let mut filter = scoped::sessions(scope);
    filter.require(sessions::id.eq_any(ids.to_vec()));
    Ok(on_backend!(conn, c => sessions::table.filter(filter).select(sessions::id).load(c).await)?)
}

/// Whatever the scope, and also if it is over: for whoever holds its token.
pub async fn find(conn: &mut Conn, id: SessionId) -> Result<Option<Session>> {
    Ok(on_backend!(conn, c => sessions::table.find(id).select(Session::as_select()).first(c).await.optional())?)
}

/// The ids of these users' sessions that have neither been ended nor expired. Idle ones are among them: a longer
/// idle lifetime would bring them back.
pub async fn open_of(conn: &mut Conn, users: &[UserId], now: Timestamp) -> Result<Vec<SessionId>> {
    Ok(on_backend!(conn, c => sessions::table
        .filter(sessions::user_id.eq_any(users.to_vec()))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .order(sessions::id)
        .select(sessions::id)
        .load(c)
        .await)?)
}

pub async fn insert(write: &mut Write<'_>, session: &Session) -> Result<()> {
    on_backend!(write.conn(), c => diesel::insert_into(sessions::table).values(session).execute(c).await)?;
    Ok(())
}

/// Which of them it has ended: others may have been a moment before.
pub async fn end(write: &mut Write<'_>, ids: &[SessionId], at: Timestamp) -> Result<Vec<SessionId>> {
    let open = sessions::table.filter(sessions::id.eq_any(ids.to_vec())).filter(sessions::ended_at.is_null());
    let end = diesel::update(open).set(sessions::ended_at.eq(at)).returning(sessions::id);
    Ok(on_backend!(write.conn(), c => end.get_results(c).await)?)
}

pub async fn touch(write: &mut Write<'_>, id: SessionId, at: Timestamp) -> Result<()> {
    let row = sessions::table.find(id);
    on_backend!(write.conn(), c => diesel::update(row).set(sessions::last_seen_at.eq(at)).execute(c).await)?;
    Ok(())
}

/// Notes when sessions were last used; never earlier than another node has noted. This is the one change of a row
/// without a `Write`: it is nobody's doing, and a record of it would say nothing.
pub async fn mark_seen(conn: &mut Conn, seen: &[(SessionId, Timestamp)]) -> Result<()> {
    let places = (0..seen.len()).map(|at| format!("(${}, ${})", 2 * at + 1, 2 * at + 2));
    let text = format!(
        "UPDATE sessions SET last_seen_at = seen.column2 FROM (VALUES {}) AS seen \
         WHERE sessions.id = seen.column1 AND sessions.last_seen_at < seen.column2",
        places.collect::<Vec<_>>().join(", ")
    );
    on_backend!(conn, c => {
        let mut update = diesel::sql_query(text).into_boxed();
        for (id, at) in seen {
            update = update.bind::<sql::Uuid, _>(*id).bind::<sql::Timestamptz, _>(*at);
        }
        update.execute(c).await
    })?;
    Ok(())
}

/// A token that is there already stays as it is.
pub async fn ensure_token(write: &mut Write<'_>, token: &RefreshToken) -> Result<()> {
    on_backend!(write.conn(), c => diesel::insert_into(refresh_tokens::table)
        .values(token)
        .on_conflict_do_nothing()
        .execute(c)
        .await)?;
    Ok(())
}

pub async fn find_token(conn: &mut Conn, hash: &str) -> Result<Option<RefreshToken>> {
    Ok(on_backend!(conn, c => refresh_tokens::table
        .find(hash)
        .select(RefreshToken::as_select())
        .first(c)
        .await
        .optional())?)
}

/// False if it has been used before.
pub async fn use_token(write: &mut Write<'_>, hash: &str, at: Timestamp) -> Result<bool> {
    let unused = refresh_tokens::table.find(hash).filter(refresh_tokens::used_at.is_null());
    let used =
        on_backend!(write.conn(), c => diesel::update(unused).set(refresh_tokens::used_at.eq(at)).execute(c).await)?;
    Ok(used == 1)
}
