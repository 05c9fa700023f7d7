//! Roles in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::input::{
    CreateRoleInput, DeleteRolesInput, RoleFilterInput, RoleOrder, SetRoleDataScopeInput, SetRoleMenusInput,
    UpdateRoleInput,
};
use super::loader::{DeptIdsOfRole, RoleById};
use super::model::{DataScope, Role};
use super::service;
use crate::clock::Timestamp;
use crate::db::page::PageArgs;
use crate::domains::Status;
use crate::domains::depts::graphql::DeptObject;
use crate::domains::depts::loader::DeptById;
use crate::domains::menus::graphql::MenuObject;
use crate::domains::menus::loader::MenusOfRole;
use crate::domains::users::graphql::{UserObject, connection_in};
use crate::domains::users::loader::{UserCount, UsersIn};
use crate::graphql::guard::requires;
use crate::graphql::{Connection, ContextExt, Field, edge, load, load_many, mutation, query, total_if_wanted};
use crate::security::Permission;
use crate::validate::parse_id;

/// A role.
pub struct RoleObject(pub Arc<Role>);

/// A role: what its holders may do, and whose rows they see.
#[Object(name = "Role")]
impl RoleObject {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Its name, unlike any other role's.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether it is in use. A disabled role grants nothing.
    async fn status(&self) -> Status {
        self.0.status
    }

    /// Whose rows its holders see.
    async fn data_scope(&self) -> DataScope {
        self.0.data_scope
    }

    /// A note; null if there is none.
    async fn remark(&self) -> Option<&str> {
        self.0.remark.as_deref()
    }

    /// Counts its changes; updates name the one that they are based on.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When it was made.
    async fn created_at(&self) -> Timestamp {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> Timestamp {
        self.0.updated_at
    }

    /// Its menus, and so its permissions, in the order of the tree.
    #[graphql(directive = requires::apply(Permission::MenuRead.code().into(), None))]
    async fn menus(&self, ctx: &Context<'_>) -> Field<Vec<MenuObject>> {
        edge(ctx, self, false, async {
            let menus = load(ctx, MenusOfRole(self.0.id)).await?.unwrap_or_default();
            Ok(menus.into_iter().map(MenuObject).collect())
        })
        .await
    }

    /// Its holders whom you may see, in the order in which they were made.
    #[graphql(directive = requires::apply(Permission::UserRead.code().into(), None))]
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<UserObject>> {
        edge(ctx, self, false, async {
            let page = PageArgs { first, after, last, before, offset }.check()?;
            connection_in(ctx, UsersIn::role(self.0.id, page), UserCount::role(self.0.id)).await
        })
        .await
    }

    /// How many users whom you may see hold it.
    #[graphql(directive = requires::apply(Permission::UserRead.code().into(), None))]
    async fn user_count(&self, ctx: &Context<'_>) -> Field<i64> {
        edge(ctx, self, false, async { Ok(load(ctx, UserCount::role(self.0.id)).await?.unwrap_or_default()) }).await
    }

    /// The departments of the data scope `CUSTOM`, as far as you may see them; empty for any other scope.
    #[graphql(directive = requires::apply(Permission::DeptRead.code().into(), None))]
    async fn custom_depts(&self, ctx: &Context<'_>) -> Field<Vec<DeptObject>> {
        edge(ctx, self, false, async {
            let ids = load(ctx, DeptIdsOfRole(self.0.id)).await?.unwrap_or_default();
            let mut depts = load_many(ctx, ids.iter().copied().map(DeptById)).await?;
            Ok(ids.into_iter().filter_map(|id| depts.remove(&DeptById(id))).map(DeptObject).collect())
        })
        .await
    }
}

#[derive(Default)]
pub struct RoleQuery;

#[Object]
impl RoleQuery {
    /// The roles, in the order in which they were made unless another is asked for.
    #[graphql(directive = requires::apply(Permission::RoleRead.code().into(), None))]
    #[allow(clippy::too_many_arguments, reason = "these are the arguments of a Relay connection")]
    async fn roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions, all of which must be met.")] filter: Option<RoleFilterInput>,
        #[graphql(desc = "Sort keys, the first one first.")] order_by: Option<Vec<RoleOrder>>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<RoleObject>> {
        query(ctx, async {
            let page = PageArgs { first, after, last, before, offset }.check()?;
            let filter = filter.map(|filter| filter.check()).transpose()?.unwrap_or_default();
            let by: Vec<_> = order_by.unwrap_or_default().iter().map(|key| (key.field, key.direction)).collect();
            let total = total_if_wanted(ctx, service::count(ctx.app(), &filter)).await?;
            let listed = service::list(ctx.app(), &filter, &by, &page).await?;
            let order = listed.order;
            Ok(Connection::new(
                listed.slice,
                total,
                |role| RoleObject(Arc::new(role)),
                move |node| order.cursor(&node.0),
            ))
        })
        .await
    }

    /// One role; null if there is none under this id.
    #[graphql(directive = requires::apply(Permission::RoleRead.code().into(), None))]
    async fn role(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Field<Option<RoleObject>> {
        query(ctx, async { Ok(load(ctx, RoleById(parse_id("id", &id)?)).await?.map(RoleObject)) }).await
    }
}

/// A role that was made or changed.
#[derive(SimpleObject)]
pub struct RolePayload {
    /// The role as it is now.
    role: RoleObject,
}

impl From<Role> for RolePayload {
    fn from(role: Role) -> Self {
        Self { role: RoleObject(Arc::new(role)) }
    }
}

/// Roles that were deleted.
#[derive(SimpleObject)]
pub struct DeleteRolesPayload {
    /// The ids that they had.
    deleted_ids: Vec<ID>,
}

#[derive(Default)]
pub struct RoleMutation;

#[Object]
impl RoleMutation {
    /// Makes a role that grants nothing yet.
    #[graphql(directive = requires::apply(Permission::RoleAdd.code().into(), None))]
    async fn create_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new role.")] input: CreateRoleInput,
    ) -> Field<RolePayload> {
        mutation(ctx, async { Ok(service::create(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Renames, enables or disables a role.
    #[graphql(directive = requires::apply(Permission::RoleEdit.code().into(), None))]
    async fn update_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateRoleInput,
    ) -> Field<RolePayload> {
        mutation(ctx, async { Ok(service::update(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Deletes roles that nobody holds: all of them, or none.
    #[graphql(directive = requires::apply(Permission::RoleDelete.code().into(), None))]
    async fn delete_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones.")] input: DeleteRolesInput,
    ) -> Field<DeleteRolesPayload> {
        mutation(ctx, async {
            let ids = service::delete(ctx.app(), ctx.viewer(), input).await?;
            Ok(DeleteRolesPayload { deleted_ids: ids.iter().map(|id| id.to_string().into()).collect() })
        })
        .await
    }

    /// Replaces the menus of a role. Nobody can add a permission that they do not hold.
    #[graphql(directive = requires::apply(Permission::RoleMenuEdit.code().into(), None))]
    async fn set_role_menus(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role and its menus.")] input: SetRoleMenusInput,
    ) -> Field<RolePayload> {
        mutation(ctx, async { Ok(service::set_menus(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Sets whose rows the holders of a role see. Nobody can show more than they see.
    #[graphql(directive = requires::apply(Permission::RoleScopeEdit.code().into(), None))]
    async fn set_role_data_scope(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The role and its scope.")] input: SetRoleDataScopeInput,
    ) -> Field<RolePayload> {
        mutation(ctx, async { Ok(service::set_data_scope(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }
}
