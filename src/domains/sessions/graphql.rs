//! Sessions in the schema.

use async_graphql::{Context, ID, Object};

use super::model::Session;
use crate::clock::Timestamp;
use crate::graphql::ContextExt;

/// A session.
pub struct SessionObject(pub Session);

/// A session: what a login makes and a logout ends.
#[Object(name = "Session")]
impl SessionObject {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The address that it was opened from.
    async fn ip(&self) -> &str {
        &self.0.ip
    }

    /// The user-agent header that it was opened with; null if there was none.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// The operating system, as the header tells it; null if it does not.
    async fn os(&self) -> Option<&str> {
        self.0.os.as_deref()
    }

    /// The browser, as the header tells it; null if it does not.
    async fn browser(&self) -> Option<&str> {
        self.0.browser.as_deref()
    }

    /// The kind of device (`pc`, `smartphone`, …), as the header tells it; null if it does not.
    async fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// When it was opened.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at
    }

    /// When it was last carried on by a login or a refresh.
    async fn last_seen_at(&self) -> Timestamp {
        self.0.last_seen_at
    }

    /// When it ends, however much it is used.
    async fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }

    /// Whether it is the one that this request belongs to.
    async fn current(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer().identity().is_ok_and(|me| me.session_id == self.0.id)
    }
}
