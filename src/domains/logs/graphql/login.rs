//! Attempts to log in, in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};

use crate::clock::Timestamp;
use crate::domains::logs::model::{LoginLog, LoginOutcome};
use crate::domains::users::graphql::UserObject;
use crate::domains::users::loader::UserById;
use crate::graphql::guard::requires;
use crate::graphql::{Field, edge, load};
use crate::security::Permission;

/// An attempt to log in.
pub struct LoginLogObject(pub Arc<LoginLog>);

/// An attempt to log in, whether it succeeded or not.
#[Object(name = "LoginLog")]
impl LoginLogObject {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The id of the user whom it was for, also after that user was deleted; null if nobody had the user name.
    async fn user_id(&self) -> Option<ID> {
        self.0.user_id.map(|id| id.to_string().into())
    }

    /// The user whom it was for; null if there is none, none any more, or none for you.
    #[graphql(directive = requires::apply(Permission::UserRead.code().into(), None))]
    async fn user(&self, ctx: &Context<'_>) -> Field<Option<UserObject>> {
        edge(ctx, self, false, async {
            let Some(user) = self.0.user_id else { return Ok(None) };
            Ok(load(ctx, UserById(user)).await?.map(UserObject))
        })
        .await
    }

    /// The user name as it was typed; its first 64 characters.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// How it ended.
    async fn outcome(&self) -> LoginOutcome {
        self.0.outcome
    }

    /// The IP address that it came from.
    async fn ip(&self) -> &str {
        &self.0.ip
    }

    /// What the client called itself; null if it did not.
    async fn user_agent(&self) -> Option<&str> {
        self.0.user_agent.as_deref()
    }

    /// The operating system, as the client tells; null if it does not.
    async fn os(&self) -> Option<&str> {
        self.0.os.as_deref()
    }

    /// The browser, as the client tells; null if it does not.
    async fn browser(&self) -> Option<&str> {
        self.0.browser.as_deref()
    }

    /// The kind of device, as the client tells; null if it does not.
    async fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// When it happened.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at
    }
}
