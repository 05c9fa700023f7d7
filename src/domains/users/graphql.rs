//! Users in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::input::{
    CreateUserInput, DeleteUsersInput, ResetUserPasswordInput, SetUserFlagsInput, SetUserRolesInput,
    SetUserStatusInput, UnlockUserInput, UpdateProfileInput, UpdateUserInput, UserFilterInput, UserOrder,
};
use super::loader::{UserById, UserCount, UsersIn};
use super::model::{self, User};
use super::service;
use crate::clock::Timestamp;
use crate::db::page::PageArgs;
use crate::domains::Status;
use crate::domains::depts::graphql::DeptObject;
use crate::domains::depts::loader::DeptOfUser;
use crate::domains::roles::graphql::RoleObject;
use crate::domains::roles::loader::RolesOfUser;
use crate::error::Result;
use crate::graphql::guard::{authenticated, requires};
use crate::graphql::{Connection, ContextExt, Field, Inline, edge, load, mutation, query, total_if_wanted};
use crate::security::Permission;
use crate::validate::parse_id;

/// A user.
pub struct UserObject(pub Arc<User>);

impl UserObject {
    fn is_own(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer().reads_as(self.0.id)
    }
}

/// A user: someone with an account.
#[Object(name = "User")]
impl UserObject {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The login name, unique in any case.
    async fn username(&self) -> &str {
        &self.0.username
    }

    /// The name to show.
    async fn nickname(&self) -> &str {
        &self.0.nickname
    }

    /// The e-mail address; null if there is none, and with an error if you may not read it.
    #[graphql(directive = requires::apply(Permission::UserContactRead.code().into(), Some(true)))]
    async fn email(&self, ctx: &Context<'_>) -> Field<Option<&str>> {
        edge(ctx, self, self.is_own(ctx), async { Ok(self.0.email.as_deref()) }).await
    }

    /// The phone number; null if there is none, and with an error if you may not read it.
    #[graphql(directive = requires::apply(Permission::UserContactRead.code().into(), Some(true)))]
    async fn phone(&self, ctx: &Context<'_>) -> Field<Option<&str>> {
        edge(ctx, self, self.is_own(ctx), async { Ok(self.0.phone.as_deref()) }).await
    }

    /// The address of a picture; null if there is none.
    async fn avatar(&self) -> Option<&str> {
        self.0.avatar.as_deref()
    }

    /// Whether the account can be used.
    async fn status(&self) -> Status {
        self.0.status
    }

    /// Whether the user holds every permission.
    async fn is_superuser(&self) -> bool {
        self.0.is_superuser
    }

    /// Whether the user may make back-office changes.
    async fn is_staff(&self) -> bool {
        self.0.is_staff
    }

    /// Whether the user may have several sessions at once. If not, a login ends the others.
    async fn is_multi_login(&self) -> bool {
        self.0.is_multi_login
    }

    /// When the user joined.
    async fn joined_at(&self) -> Timestamp {
        self.0.joined_at
    }

    /// When the user last logged in; null if never.
    async fn last_login_at(&self) -> Option<Timestamp> {
        self.0.last_login_at
    }

    /// Until when logins are refused, after too many wrong passwords; null if they are not.
    async fn locked_until(&self, ctx: &Context<'_>) -> Option<Timestamp> {
        let app = ctx.app();
        self.0.locked_until(&app.policy.login.lockout, app.clock.now())
    }

    /// When the password was last set; null if there is none.
    async fn password_changed_at(&self) -> Option<Timestamp> {
        self.0.password_changed_at
    }

    /// Whether the user can do nothing but change the password after logging in, because somebody else has set it.
    async fn must_change_password(&self) -> bool {
        self.0.must_change_password
    }

    /// Counts the changes of the account; updates name the one that they are based on.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When the account was made.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at
    }

    /// When the account was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at
    }

    /// The department; null if the user has none, or one outside of your row scope.
    #[graphql(directive = requires::apply(Permission::DeptRead.code().into(), Some(true)))]
    async fn dept(&self, ctx: &Context<'_>) -> Field<Option<Inline<DeptObject>>> {
        let own = self.is_own(ctx);
        edge(ctx, self, own, async move {
            let Some(id) = self.0.dept_id else { return Ok(None) };
            let dept = load(ctx, DeptOfUser { id, own }).await?;
            Ok(dept.map(|dept| Inline(DeptObject(dept))))
        })
        .await
    }

    /// The roles, by name.
    #[graphql(directive = requires::apply(Permission::RoleRead.code().into(), Some(true)))]
    async fn roles(&self, ctx: &Context<'_>) -> Field<Vec<Inline<RoleObject>>> {
        edge(ctx, self, self.is_own(ctx), async {
            let roles = load(ctx, RolesOfUser(self.0.id)).await?.unwrap_or_default();
            Ok(roles.into_iter().map(|role| Inline(RoleObject(role))).collect())
        })
        .await
    }
}

/// The page of users in one place, for the edges of departments and roles.
pub async fn connection_in(ctx: &Context<'_>, users: UsersIn, count: UserCount) -> Result<Connection<UserObject>> {
    let total = total_if_wanted(ctx, async { Ok(load(ctx, count).await?.unwrap_or_default()) }).await?;
    let slice = load(ctx, users).await?;
    let slice = slice.ok_or_else(|| crate::error::Error::internal("a page of users was not loaded"))?;
    let order = model::order(&[]);
    Ok(Connection::new(slice, total, UserObject, move |node| order.cursor(&node.0)))
}

#[derive(Default)]
pub struct UserQuery;

#[Object]
impl UserQuery {
    /// The users within your row scope, in the order in which they were made unless another is asked for.
    #[graphql(directive = requires::apply(Permission::UserRead.code().into(), None))]
    #[allow(clippy::too_many_arguments, reason = "these are the arguments of a Relay connection")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions, all of which must be met.")] filter: Option<UserFilterInput>,
        #[graphql(desc = "Sort keys, the first one first.")] order_by: Option<Vec<UserOrder>>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<UserObject>> {
        query(ctx, async {
            let page = PageArgs { first, after, last, before, offset }.check()?;
            let filter = filter.map(|filter| filter.check()).transpose()?.unwrap_or_default();
            let by: Vec<_> = order_by.unwrap_or_default().iter().map(|key| (key.field, key.direction)).collect();
            let (app, viewer) = (ctx.app(), ctx.viewer());
            let total = total_if_wanted(ctx, service::count(app, viewer, &filter)).await?;
            let listed = service::list(app, viewer, &filter, &by, &page).await?;
            let order = listed.order;
            Ok(Connection::new(
                listed.slice,
                total,
                |user| UserObject(Arc::new(user)),
                move |node| order.cursor(&node.0),
            ))
        })
        .await
    }

    /// One user; null if there is none, or none for you, under this id.
    #[graphql(directive = requires::apply(Permission::UserRead.code().into(), None))]
    async fn user(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Field<Option<UserObject>> {
        query(ctx, async { Ok(load(ctx, UserById(parse_id("id", &id)?)).await?.map(UserObject)) }).await
    }
}

/// A user that was made or changed.
#[derive(SimpleObject)]
pub struct UserPayload {
    /// The user as it is now.
    user: UserObject,
}

impl From<User> for UserPayload {
    fn from(user: User) -> Self {
        Self { user: UserObject(Arc::new(user)) }
    }
}

/// Users that were deleted.
#[derive(SimpleObject)]
pub struct DeleteUsersPayload {
    /// The ids that they had.
    deleted_ids: Vec<ID>,
}

#[derive(Default)]
pub struct UserMutation;

#[Object]
impl UserMutation {
    /// Makes a user.
    #[graphql(directive = requires::apply(Permission::UserAdd.code().into(), None))]
    async fn create_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new user.")] input: CreateUserInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::create(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Changes a user's data.
    #[graphql(directive = requires::apply(Permission::UserEdit.code().into(), None))]
    async fn update_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateUserInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::update(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Deletes users: all of them, or none.
    #[graphql(directive = requires::apply(Permission::UserDelete.code().into(), None))]
    async fn delete_users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: DeleteUsersInput,
    ) -> Field<DeleteUsersPayload> {
        mutation(ctx, async {
            let ids = service::delete(ctx.app(), ctx.viewer(), input).await?;
            Ok(DeleteUsersPayload { deleted_ids: ids.iter().map(|id| id.to_string().into()).collect() })
        })
        .await
    }

    /// Replaces the roles of a user. Nobody can grant what they do not hold.
    #[graphql(directive = requires::apply(Permission::UserRoleEdit.code().into(), None))]
    async fn set_user_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user and the roles.")] input: SetUserRolesInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::set_roles(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Enables or disables a user.
    #[graphql(directive = requires::apply(Permission::UserEdit.code().into(), None))]
    async fn set_user_status(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user and the status.")] input: SetUserStatusInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::set_status(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Sets the flags of a user.
    #[graphql(directive = requires::apply(Permission::UserEdit.code().into(), None))]
    async fn set_user_flags(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user and the flags.")] input: SetUserFlagsInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::set_flags(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Sets a new password for a user, and ends their sessions.
    #[graphql(directive = requires::apply(Permission::UserPasswordReset.code().into(), None))]
    async fn reset_user_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user and the password.")] input: ResetUserPasswordInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::reset_password(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Lets a user log in again who is locked out, and forgets the failed logins that count towards a captcha.
    #[graphql(directive = requires::apply(Permission::UserUnlock.code().into(), None))]
    async fn unlock_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The user.")] input: UnlockUserInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::unlock(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Changes one's own account.
    #[graphql(directive = authenticated::apply(None))]
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateProfileInput,
    ) -> Field<UserPayload> {
        mutation(ctx, async { Ok(service::update_profile(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }
}
