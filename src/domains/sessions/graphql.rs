//! Sessions in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::input::{
    EndSessionInput, LogoutEverywhereInput, RevokeSessionInput, RevokeUserSessionsInput, SessionFilterInput,
    SessionOrder,
};
use super::model::{Session, SessionFilter, SessionId, SessionSort};
use super::service;
use crate::clock::Timestamp;
use crate::db::page::{Direction, PageArgs};
use crate::domains::users;
use crate::domains::users::graphql::UserObject;
use crate::domains::users::loader::{UserOfSession, UsernameOf};
use crate::error::Result;
use crate::graphql::guard::{authenticated, requires};
use crate::graphql::{Connection, ContextExt, Field, edge, load, mutation, query, total_if_wanted};
use crate::security::Permission;

/// A session.
pub struct SessionObject(pub Arc<Session>);

/// A session: what a login makes and a logout ends.
#[Object(name = "Session")]
impl SessionObject {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The id of the user whose it is.
    async fn user_id(&self) -> ID {
        self.0.user_id.to_string().into()
    }

    /// The user whose it is; null if there is none for you.
    #[graphql(directive = requires::apply(Permission::UserRead.code().into(), Some(true)))]
    async fn user(&self, ctx: &Context<'_>) -> Field<Option<UserObject>> {
        let (id, own) = (self.0.user_id, ctx.viewer().reads_as(self.0.user_id));
        edge(ctx, self, own, async move { Ok(load(ctx, UserOfSession { id, own }).await?.map(UserObject)) }).await
    }

    /// The user name of the user whose it is; null if the user has just been deleted.
    async fn username(&self, ctx: &Context<'_>) -> Field<Option<String>> {
        Some(load(ctx, UsernameOf(self.0.user_id)).await)
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

    /// When it was last used, by any request. In lists it can be a minute and a half behind.
    async fn last_seen_at(&self) -> Timestamp {
        self.0.last_seen_at
    }

    /// When it ends, however much it is used.
    async fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }

    /// Whether it is the one that this request belongs to; a login belongs to none.
    async fn current(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer().identity().is_ok_and(|me| me.session_id == self.0.id)
    }
}

async fn connection(
    ctx: &Context<'_>,
    filter: SessionFilter,
    by: &[(SessionSort, Direction)],
    page: PageArgs,
) -> Result<Connection<SessionObject>> {
    let page = page.check()?;
    let (app, viewer) = (ctx.app(), ctx.viewer());
    let total = total_if_wanted(ctx, service::count(app, viewer, &filter)).await?;
    let listed = service::list(app, viewer, &filter, by, &page).await?;
    let order = listed.order;
    let wrap = |session| SessionObject(Arc::new(session));
    Ok(Connection::new(listed.slice, total, wrap, move |node| order.cursor(&node.0)))
}

#[derive(Default)]
pub struct SessionQuery;

#[Object]
impl SessionQuery {
    /// Your own sessions that are not over, the newest first.
    #[graphql(directive = authenticated::apply(None))]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<SessionObject>> {
        query(ctx, async {
            let own = service::own_filter(ctx.viewer())?;
            connection(ctx, own, &[], PageArgs { first, after, last, before, offset }).await
        })
        .await
    }

    /// The sessions of users within your row scope that are not over, the newest first unless another order is asked for.
    #[graphql(directive = requires::apply(Permission::SessionRead.code().into(), None))]
    #[allow(clippy::too_many_arguments, reason = "these are the arguments of a Relay connection")]
    async fn online_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions, all of which must be met.")] filter: Option<SessionFilterInput>,
        #[graphql(desc = "Sort keys, the first one first.")] order_by: Option<Vec<SessionOrder>>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<SessionObject>> {
        query(ctx, async {
            let filter = filter.map(|filter| filter.check()).transpose()?.unwrap_or_default();
            let by: Vec<_> = order_by.unwrap_or_default().iter().map(|key| (key.field, key.direction)).collect();
            connection(ctx, filter, &by, PageArgs { first, after, last, before, offset }).await
        })
        .await
    }
}

/// Sessions that were ended.
#[derive(SimpleObject)]
pub struct EndedSessionsPayload {
    /// Their ids.
    ended_ids: Vec<ID>,
}

impl FromIterator<SessionId> for EndedSessionsPayload {
    fn from_iter<I: IntoIterator<Item = SessionId>>(ids: I) -> Self {
        Self { ended_ids: ids.into_iter().map(|id| id.to_string().into()).collect() }
    }
}

#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Ends a session of a user within your row scope. Nobody but a superuser ends those of superusers.
    #[graphql(directive = requires::apply(Permission::SessionKick.code().into(), None))]
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RevokeSessionInput,
    ) -> Field<EndedSessionsPayload> {
        mutation(ctx, async {
            let ended = users::service::revoke_session(ctx.app(), ctx.viewer(), input).await?;
            Ok(EndedSessionsPayload::from_iter([ended]))
        })
        .await
    }

    /// Ends all sessions of a user within your row scope. Nobody but a superuser ends those of superusers.
    #[graphql(directive = requires::apply(Permission::SessionKick.code().into(), None))]
    async fn revoke_user_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose.")] input: RevokeUserSessionsInput,
    ) -> Field<EndedSessionsPayload> {
        mutation(ctx, async {
            let ended = users::service::revoke_sessions(ctx.app(), ctx.viewer(), input).await?;
            Ok(EndedSessionsPayload::from_iter(ended))
        })
        .await
    }

    /// Ends a session of your own, which needs no permission. `revokeSession` ends those of others.
    #[graphql(directive = authenticated::apply(None))]
    async fn end_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: EndSessionInput,
    ) -> Field<EndedSessionsPayload> {
        mutation(ctx, async {
            let ended = service::end_own(ctx.app(), ctx.viewer(), input).await?;
            Ok(EndedSessionsPayload::from_iter([ended]))
        })
        .await
    }

    /// Ends all sessions of your own, also the one that this request belongs to unless it is to be kept.
    #[graphql(directive = authenticated::apply(None))]
    async fn logout_everywhere(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: LogoutEverywhereInput,
    ) -> Field<EndedSessionsPayload> {
        mutation(ctx, async {
            let ended = service::logout_everywhere(ctx.app(), ctx.viewer(), input).await?;
            Ok(EndedSessionsPayload::from_iter(ended))
        })
        .await
    }
}
