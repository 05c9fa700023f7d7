//! The rules of sessions: opened by a login, carried on by use and refresh tokens, ended for good.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | opening, renewing, ending |
//! | `list.rs` | lists |
//! | `own.rs` | ending one's own |
//! | `seen.rs` | when they were last used |

mod list;
mod own;
mod seen;

use std::time::Duration;

use serde_json::Value;

use super::cache::SessionKey;
use super::model::{Alive, RefreshToken, Session, SessionId};
use super::repository;
use crate::app::App;
use crate::audit::Write;
use crate::error::Result;
use crate::ids::UserId;
use crate::security::{RequestInfo, Scope, new_refresh_token, token_hash};
use crate::telemetry::{Client, clip};

pub use list::{Listed, count, list, own_filter};
pub use own::{end_own, logout_everywhere};
pub use seen::{current, noting, of_request, write_seen};

/// How long after its first use a refresh token still gives a new pair: the first answer may have been lost, or two
/// tabs have sent the same one.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);

/// What it takes for a session not to be over now.
pub fn alive(app: &App) -> Alive {
    let now = app.clock.now();
    Alive { now, idle_since: now.minus(app.policy.session_idle_lifetime) }
}

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
    let refresh_token = new_refresh_token()?;
    give_out(write, session.id, &refresh_token).await?;
    Ok(Opened { session, refresh_token })
}

async fn give_out(write: &mut Write<'_>, session_id: SessionId, token: &str) -> Result<()> {
    let row = RefreshToken { token_hash: token_hash(token), session_id, created_at: write.now(), used_at: None };
    repository::ensure_token(write, &row).await
}

/// What came of a refresh token.
pub enum Rotation {
    /// It was good; here is the next.
    Renewed(Opened),
    /// It was never given out, or its session is over.
    Refused,
    /// It had been used before: someone has a copy. Its session has been ended.
    Reused(Session),
}

pub async fn rotate(app: &App, write: &mut Write<'_>, token: &str) -> Result<Rotation> {
    let hash = token_hash(token);
    let Some(known) = repository::find_token(write.conn(), &hash).await? else {
        return Ok(Rotation::Refused);
    };
    let Some(session) = repository::find(write.conn(), known.session_id).await? else {
        return Ok(Rotation::Refused);
    };
    if !seen::is_alive(app, &session) {
        return Ok(Rotation::Refused);
    }
    let now = write.now();
    if !repository::use_token(write, &hash, now).await? && is_late(write, &hash).await? {
        end(write, &[session.id]).await?;
        return Ok(Rotation::Reused(session));
    }
    repository::touch(write, session.id, now).await?;
    write.forget(&SessionKey(session.id));
    let refresh_token = app.tokens.successor(token);
    give_out(write, session.id, &refresh_token).await?;
    Ok(Rotation::Renewed(Opened { session: Session { last_seen_at: now, ..session }, refresh_token }))
}

/// Whether a used token comes too long after its first use. It is read again: that may have been a moment ago.
async fn is_late(write: &mut Write<'_>, hash: &str) -> Result<bool> {
    let used = repository::find_token(write.conn(), hash).await?.and_then(|token| token.used_at);
    Ok(used.is_none_or(|first| write.now() > first.plus(REFRESH_GRACE)))
}

/// A session that is not over, within a scope.
pub async fn find_within(app: &App, write: &mut Write<'_>, scope: &Scope, id: SessionId) -> Result<Option<Session>> {
    Ok(repository::by_ids(write.conn(), scope, alive(app), &[id]).await?.into_iter().next())
}

pub async fn end(write: &mut Write<'_>, ids: &[SessionId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let now = write.now();
    for id in repository::end(write, ids, now).await? {
        write.changed(id, "endedAt", Value::Null, now.to_string().into());
        write.forget(&SessionKey(id));
    }
    Ok(())
}

/// Ends the sessions of a user, all but perhaps one, and says which.
pub async fn end_all(write: &mut Write<'_>, user: UserId, except: Option<SessionId>) -> Result<Vec<SessionId>> {
    let now = write.now();
    let open = repository::open_of(write.conn(), &[user], now).await?;
    let doomed: Vec<_> = open.into_iter().filter(|id| Some(*id) != except).collect();
    end(write, &doomed).await?;
    Ok(doomed)
}

/// For users that are about to be deleted with everything they have.
pub async fn forget_all(write: &mut Write<'_>, users: &[UserId]) -> Result<()> {
    let now = write.now();
    let open = repository::open_of(write.conn(), users, now).await?;
    open.iter().for_each(|id| write.forget(&SessionKey(*id)));
    Ok(())
}
