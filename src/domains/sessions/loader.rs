//! What `node` and records ask about sessions.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;

use super::model::{Session, SessionId};
use super::repository;
use super::service::alive;
use crate::error::{Error, Result};
use crate::graphql::Batch;

/// A session that is not over, within the viewer's scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionById(pub SessionId);

impl Loader<SessionById> for Batch {
    type Value = Arc<Session>;
    type Error = Error;

    async fn load(&self, keys: &[SessionById]) -> Result<HashMap<SessionById, Arc<Session>>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let mut conn = self.app.db.read().await?;
        let rows = repository::by_ids(&mut conn, self.viewer.scope(), alive(&self.app), &ids).await?;
        Ok(rows.into_iter().map(|session| (SessionById(session.id), Arc::new(session))).collect())
    }
}

/// Whether the viewer's scope has a session in it, also if it is over.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionInScope(pub SessionId);

impl Loader<SessionInScope> for Batch {
    type Value = ();
    type Error = Error;

    async fn load(&self, keys: &[SessionInScope]) -> Result<HashMap<SessionInScope, ()>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let there = repository::in_scope(&mut self.app.db.read().await?, self.viewer.scope(), &ids).await?;
        Ok(there.into_iter().map(|id| (SessionInScope(id), ())).collect())
    }
}
