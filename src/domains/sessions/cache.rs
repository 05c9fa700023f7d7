//! The check that every request makes of its session.

use std::sync::Arc;
use std::time::Duration;

use super::model::{Session, SessionId};
use super::repository;
use crate::app::App;
use crate::cache::Key;
use crate::error::Result;

pub struct SessionKey(pub SessionId);

impl Key for SessionKey {
    /// `None`: there is no such session.
    type Value = Option<Session>;
    const LIFETIME: Duration = Duration::from_secs(300);

    fn is_absent(value: &Self::Value) -> bool {
        value.is_none()
    }

    fn text(&self) -> String {
        format!("orgraph:sessions:session:v1:{}", self.0.uuid().simple())
    }
}

pub async fn session(app: &App, id: SessionId) -> Result<Arc<Option<Session>>> {
    let read = || async { repository::find(&mut app.db.read().await?, id).await };
    app.cache.get(&SessionKey(id), read).await
}
