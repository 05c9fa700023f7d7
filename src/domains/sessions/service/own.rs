//! Ending sessions of one's own.

use super::super::input::{EndSessionInput, LogoutEverywhereInput};
use super::super::model::SessionId;
use super::{end, end_all, find_within};
use crate::app::App;
use crate::error::{Error, Result};
use crate::security::Viewer;
use crate::validate::parse_id;

pub async fn end_own(app: &App, viewer: &Viewer, input: EndSessionInput) -> Result<SessionId> {
    let id: SessionId = parse_id("input.sessionId", &input.session_id)?;
    let mut write = app.write(viewer).await?;
    let found = find_within(app, &mut write, viewer.scope(), id).await?;
    if !found.is_some_and(|session| viewer.is(session.user_id)) {
        return Err(Error::not_found("session", id));
    }
    end(&mut write, &[id]).await?;
    write.commit().await?;
    Ok(id)
}

pub async fn logout_everywhere(app: &App, viewer: &Viewer, input: LogoutEverywhereInput) -> Result<Vec<SessionId>> {
    let me = viewer.identity()?;
    let mut write = app.write(viewer).await?;
    let ended = end_all(&mut write, me.user_id, input.keep_current.then_some(me.session_id)).await?;
    write.commit().await?;
    Ok(ended)
}
