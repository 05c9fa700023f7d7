//! Queries on sessions and refresh tokens.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{RefreshToken, Session, SessionId};
use crate::audit::Write;
use crate::clock::Timestamp;
use crate::db::Conn;
use crate::db::conn::on_backend;
use crate::db::schema::{refresh_tokens, sessions};
use crate::error::Result;
use crate::ids::UserId;

pub async fn find(conn: &mut Conn, id: SessionId) -> Result<Option<Session>> {
    Ok(on_backend!(conn, c => sessions::table.find(id).select(Session::as_select()).first(c).await.optional())?)
}

/// The ids of these users' sessions that have not been ended.
pub async fn open_of(conn: &mut Conn, users: &[UserId]) -> Result<Vec<SessionId>> {
    Ok(on_backend!(conn, c => sessions::table
        .filter(sessions::user_id.eq_any(users.to_vec()))
        .filter(sessions::ended_at.is_null())
        .select(sessions::id)
        .load(c)
        .await)?)
}

pub async fn insert(write: &mut Write<'_>, session: &Session) -> Result<()> {
    on_backend!(write.conn(), c => diesel::insert_into(sessions::table).values(session).execute(c).await)?;
    Ok(())
}

pub async fn end(write: &mut Write<'_>, ids: &[SessionId], at: Timestamp) -> Result<()> {
    let open = sessions::table.filter(sessions::id.eq_any(ids.to_vec())).filter(sessions::ended_at.is_null());
    on_backend!(write.conn(), c => diesel::update(open).set(sessions::ended_at.eq(at)).execute(c).await)?;
    Ok(())
}

pub async fn touch(write: &mut Write<'_>, id: SessionId, at: Timestamp) -> Result<()> {
    let row = sessions::table.find(id);
    on_backend!(write.conn(), c => diesel::update(row).set(sessions::last_seen_at.eq(at)).execute(c).await)?;
    Ok(())
}

pub async fn insert_token(write: &mut Write<'_>, token: &RefreshToken) -> Result<()> {
    on_backend!(write.conn(), c => diesel::insert_into(refresh_tokens::table).values(token).execute(c).await)?;
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

/// False if somebody was quicker.
pub async fn use_token(write: &mut Write<'_>, hash: &str, at: Timestamp) -> Result<bool> {
    let unused = refresh_tokens::table.find(hash).filter(refresh_tokens::used_at.is_null());
    let used =
        on_backend!(write.conn(), c => diesel::update(unused).set(refresh_tokens::used_at.eq(at)).execute(c).await)?;
    Ok(used == 1)
}
