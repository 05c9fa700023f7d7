//! The life of sessions: opened by a login, carried on by refresh tokens, ended for good.

use serde_json::Value;

use super::cache::SessionKey;
use super::model::{RefreshToken, Session, SessionId};
use super::repository;
use crate::app::App;
use crate::audit::Write;
use crate::error::Result;
use crate::ids::UserId;
use crate::security::{RequestInfo, new_refresh_token, token_hash};
use crate::telemetry::{Client, clip};

pub use super::cache::session;

/// A session with the refresh token that carries it on.
pub struct Opened {
    pub session: Session,
    pub refresh_token: String,
}

pub async fn open(app: &App, write: &mut Write<'_>, user_id: UserId, request: &RequestInfo) -> Result<Opened> {
    let now = write.now();
    let client = Client::of(request.user_agent.as_deref());
    let session = Session {
        id: SessionId::new(),
        user_id,
        ip: request.ip.clone(),
        user_agent: request.user_agent.as_deref().map(|agent| clip(agent, 512)),
        os: client.os,
        browser: client.browser,
        device: client.device,
        created_at: now,
        last_seen_at: now,
        expires_at: now.plus(app.policy.session_lifetime),
        ended_at: None,
    };
    repository::insert(write, &session).await?;
    let refresh_token = issue(write, session.id).await?;
    Ok(Opened { session, refresh_token })
}

async fn issue(write: &mut Write<'_>, session_id: SessionId) -> Result<String> {
    let token = new_refresh_token()?;
    let row = RefreshToken { token_hash: token_hash(&token), session_id, created_at: write.now(), used_at: None };
    repository::insert_token(write, &row).await?;
    Ok(token)
}

/// What came of a refresh token.
pub enum Rotation {
    /// It was the one in force; here is the next.
    Renewed(Opened),
    /// It was never given out, or its session is over.
    Refused,
    /// It had been used before: someone has a copy. Its session has been ended.
    Reused(Session),
}

pub async fn rotate(write: &mut Write<'_>, token: &str) -> Result<Rotation> {
    let hash = token_hash(token);
    let Some(known) = repository::find_token(write.conn(), &hash).await? else {
        return Ok(Rotation::Refused);
    };
    let Some(session) = repository::find(write.conn(), known.session_id).await? else {
        return Ok(Rotation::Refused);
    };
    let now = write.now();
    if !session.is_alive(now) {
        return Ok(Rotation::Refused);
    }
    if !repository::use_token(write, &hash, now).await? {
        end(write, &[session.id]).await?;
        return Ok(Rotation::Reused(session));
    }
    repository::touch(write, session.id, now).await?;
    write.forget(&SessionKey(session.id));
    let refresh_token = issue(write, session.id).await?;
    Ok(Rotation::Renewed(Opened { session, refresh_token }))
}

pub async fn end(write: &mut Write<'_>, ids: &[SessionId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let now = write.now();
    repository::end(write, ids, now).await?;
    for id in ids {
        write.changed(*id, "endedAt", Value::Null, now.to_string().into());
        write.forget(&SessionKey(*id));
    }
    Ok(())
}

/// Ends the sessions of a user, all but perhaps one.
pub async fn end_all(write: &mut Write<'_>, user: UserId, except: Option<SessionId>) -> Result<()> {
    let open = repository::open_of(write.conn(), &[user]).await?;
    let doomed: Vec<_> = open.into_iter().filter(|id| Some(*id) != except).collect();
    end(write, &doomed).await
}

/// For users that are about to be deleted with everything they have.
pub async fn forget_all(write: &mut Write<'_>, users: &[UserId]) -> Result<()> {
    let open = repository::open_of(write.conn(), users).await?;
    open.iter().for_each(|id| write.forget(&SessionKey(*id)));
    Ok(())
}
