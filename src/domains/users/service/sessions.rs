//! Ending the sessions of others: of whom one may change.

use super::super::model::UserId;
use super::get_editable;
use crate::app::App;
use crate::domains::sessions;
use crate::domains::sessions::input::{RevokeSessionInput, RevokeUserSessionsInput};
use crate::error::{Error, Result};
use crate::ids::SessionId;
use crate::security::Viewer;
use crate::validate::parse_id;

pub async fn revoke_session(app: &App, viewer: &Viewer, input: RevokeSessionInput) -> Result<SessionId> {
    let id: SessionId = parse_id("input.sessionId", &input.session_id)?;
    let mut write = app.write(viewer).await?;
    let found = sessions::service::find_within(app, &mut write, viewer.scope(), id).await?;
    let session = found.ok_or_else(|| Error::not_found("session", id))?;
    get_editable(&mut write, viewer, session.user_id).await?;
    sessions::service::end(&mut write, &[id]).await?;
    write.commit().await?;
    Ok(id)
}

pub async fn revoke_sessions(app: &App, viewer: &Viewer, input: RevokeUserSessionsInput) -> Result<Vec<SessionId>> {
    let id: UserId = parse_id("input.userId", &input.user_id)?;
    let mut write = app.write(viewer).await?;
    get_editable(&mut write, viewer, id).await?;
    let ended = sessions::service::end_all(&mut write, id, None).await?;
    write.commit().await?;
    Ok(ended)
}
