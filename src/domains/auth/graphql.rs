//! Logging in and out, and the viewer, in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use data_encoding::BASE64;

use super::input::{ChangePasswordInput, LoginInput, RefreshSessionInput};
use super::{protection, service};
use crate::clock::Timestamp;
use crate::domains::menus::graphql::SidebarItem;
use crate::domains::sessions::graphql::SessionObject;
use crate::domains::users::graphql::{UserObject, UserPayload};
use crate::domains::{menus, sessions, users};
use crate::error::Error;
use crate::graphql::guard::{authenticated, public};
use crate::graphql::{ContextExt, Field, edge, mutation, query};
use crate::security::{CAPTCHA_LIFETIME, Permission};

/// Who sends this request: the user, the session, and what they may do.
pub struct ViewerObject;

/// You: who sends this request, and what you may do.
#[Object(name = "Viewer")]
impl ViewerObject {
    /// Your account.
    #[graphql(directive = authenticated::apply(Some(true)))]
    async fn user(&self, ctx: &Context<'_>) -> Field<UserObject> {
        edge(ctx, self, true, async {
            let id = ctx.viewer().identity()?.user_id;
            let account = users::service::account(ctx.app(), id).await?;
            let user = account.as_ref().as_ref().map(|account| UserObject(account.user.clone()));
            user.ok_or_else(|| Error::not_found("user", id))
        })
        .await
    }

    /// The session that this request belongs to.
    #[graphql(directive = authenticated::apply(Some(true)))]
    async fn session(&self, ctx: &Context<'_>) -> Field<SessionObject> {
        edge(ctx, self, true, async {
            let id = ctx.viewer().identity()?.session_id;
            let session = sessions::service::current(ctx.app(), id).await?.map(Arc::new);
            session.map(SessionObject).ok_or_else(|| Error::not_found("session", id))
        })
        .await
    }

    /// The codes of your permissions, in the order of the catalogue. A superuser has all of them.
    async fn permissions(&self, ctx: &Context<'_>) -> Vec<&'static str> {
        ctx.viewer().permissions().iter().map(Permission::code).collect()
    }

    /// Whether you hold a permission. False for a code that there is not.
    async fn can(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its code, as in `sys:user:read`.")] permission: String,
    ) -> bool {
        Permission::from_code(&permission).is_some_and(|permission| ctx.viewer().can(permission))
    }

    /// Whether you can do nothing but change your password, because it was set by somebody else or has expired.
    /// You have no permissions until then.
    async fn must_change_password(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer().must_change_password()
    }

    /// Your side bar: the enabled menus of your roles with everything above them, as a tree.
    #[graphql(directive = authenticated::apply(None))]
    async fn sidebar(&self, ctx: &Context<'_>) -> Field<Vec<SidebarItem>> {
        edge(ctx, self, true, menus::service::enabled_sidebar(ctx.app(), ctx.viewer())).await
    }
}

#[derive(Default)]
pub struct AuthQuery;

#[Object]
impl AuthQuery {
    /// You.
    #[graphql(directive = authenticated::apply(Some(true)))]
    async fn viewer(&self, ctx: &Context<'_>) -> Field<ViewerObject> {
        query(ctx, async { Ok(ViewerObject) }).await
    }

    /// A picture of letters to be read by a person: what `login` takes after some failures.
    #[graphql(directive = public::apply())]
    async fn captcha(&self, ctx: &Context<'_>) -> Field<Captcha> {
        query(ctx, async {
            let (drawn, is_required) = protection::captcha(ctx.app(), &ctx.viewer().request.ip).await?;
            Ok(Captcha {
                id: drawn.id.into(),
                image: format!("data:image/png;base64,{}", BASE64.encode(&drawn.png)),
                expires_at: drawn.expires_at,
                lifetime: CAPTCHA_LIFETIME.as_secs() as i32,
                is_required,
            })
        })
        .await
    }
}

/// A picture of letters. It can be answered once, rightly or not.
#[derive(SimpleObject)]
pub struct Captcha {
    /// Sent back with the answer.
    id: ID,
    /// A PNG as a `data:` URL, 220 × 100.
    image: String,
    /// When it is too late for an answer.
    expires_at: Timestamp,
    /// The same in seconds from now.
    lifetime: i32,
    /// Whether each login from your address takes one now. One may be wanted without, after failures with a user name.
    is_required: bool,
}

/// What a login or a refresh gives.
#[derive(SimpleObject)]
pub struct SessionPayload {
    /// Send it as `Authorization: Bearer …`.
    access_token: String,
    /// When the access token expires.
    expires_at: Timestamp,
    /// Gives the next access token, once: use the new one from then on. Null if it is in the cookie.
    refresh_token: Option<String>,
    /// The session.
    session: SessionObject,
    /// Who has logged in.
    user: UserObject,
    /// Whether the session can do nothing but change the password, because it was set by somebody else or has expired.
    must_change_password: bool,
    /// The whole days until the password expires; null if there are many, or it never does.
    password_expires_in_days: Option<i32>,
}

fn payload(ctx: &Context<'_>, tokens: service::Tokens) -> SessionPayload {
    ctx.viewer().has_logged_in(tokens.user.id);
    if tokens.in_cookie {
        let lifetime = tokens.session.expires_at.since(ctx.app().clock.now());
        set_cookie(ctx, ctx.viewer().request.cookie.set(&tokens.refresh_token, lifetime));
    }
    SessionPayload {
        must_change_password: tokens.must_change_password,
        password_expires_in_days: tokens.password_expires_in_days,
        access_token: tokens.access_token,
        expires_at: tokens.expires_at,
        refresh_token: (!tokens.in_cookie).then_some(tokens.refresh_token),
        session: SessionObject(Arc::new(tokens.session)),
        user: UserObject(Arc::new(tokens.user)),
    }
}

fn set_cookie(ctx: &Context<'_>, cookie: String) {
    ctx.insert_http_header("set-cookie", cookie);
}

/// Takes the cookie away, if there is one.
fn clear_cookie(ctx: &Context<'_>) {
    let cookie = &ctx.viewer().request.cookie;
    if cookie.is_sent() {
        set_cookie(ctx, cookie.clear());
    }
}

/// A session that was ended.
#[derive(SimpleObject)]
pub struct LogoutPayload {
    /// The id of the ended session.
    session_id: ID,
}

#[derive(Default)]
pub struct AuthMutation;

#[Object]
impl AuthMutation {
    /// Opens a session. May appear once in an operation.
    #[graphql(directive = public::apply())]
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "User name and password.")] input: LoginInput,
    ) -> Field<SessionPayload> {
        mutation(ctx, async { Ok(payload(ctx, service::login(ctx.app(), ctx.viewer(), input).await?)) }).await
    }

    /// Carries a session on with its refresh token, which is in the input or in the cookie. May appear once in an
    /// operation.
    #[graphql(directive = public::apply())]
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token; not needed where it is in the cookie.")] input: Option<
            RefreshSessionInput,
        >,
    ) -> Field<SessionPayload> {
        mutation(ctx, async {
            let input = input.unwrap_or_default();
            let refreshed = service::refresh(ctx.app(), ctx.viewer(), &input).await;
            if matches!(refreshed, Err(Error::Unauthenticated(_))) && input.refresh_token.is_none() {
                clear_cookie(ctx);
            }
            Ok(payload(ctx, refreshed?))
        })
        .await
    }

    /// Ends the session that this request belongs to.
    #[graphql(directive = authenticated::apply(Some(true)))]
    async fn logout(&self, ctx: &Context<'_>) -> Field<LogoutPayload> {
        mutation(ctx, async {
            service::logout(ctx.app(), ctx.viewer()).await?;
            clear_cookie(ctx);
            Ok(LogoutPayload { session_id: ctx.viewer().identity()?.session_id.to_string().into() })
        })
        .await
    }

    /// Changes your password and ends your other sessions, and on request the one that this request belongs to.
    #[graphql(directive = authenticated::apply(Some(true)))]
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The present and the new password.")] input: ChangePasswordInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::change_password(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }
}
