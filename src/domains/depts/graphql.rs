//! Departments in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::input::{CreateDeptInput, DeleteDeptInput, DeptFilterInput, DeptOrder, UpdateDeptInput};
use super::loader::{AncestorsOfDept, ChildrenOfDept, DeptById};
use super::model::Dept;
use super::service;
use crate::clock::Timestamp;
use crate::db::page::{Page, PageArgs};
use crate::domains::users::graphql::UserObject;
use crate::domains::users::loader::{UserCount, UsersIn};
use crate::domains::{Status, roles};
use crate::graphql::guard::{authenticated, requires};
use crate::graphql::{Connection, ContextExt, Field, edge, load, mutation, query, total_if_wanted};
use crate::security::Permission;
use crate::validate::parse_id;

/// A department.
pub struct DeptObject(pub Arc<Dept>);

/// A department: a node of the tree that users belong to.
#[Object(name = "Dept")]
impl DeptObject {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Its name, unlike any other department's.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its place among its siblings; smaller comes first.
    async fn sort(&self) -> i32 {
        self.0.sort
    }

    /// Who leads it; null if nobody is named.
    async fn leader(&self) -> Option<&str> {
        self.0.leader.as_deref()
    }

    /// Its phone number; null if it has none.
    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    /// Its e-mail address; null if it has none.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// Whether it is in use. Members of a disabled department cannot act.
    async fn status(&self) -> Status {
        self.0.status
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

    /// The id of the department that it belongs to, whether you may see that one or not; null at the top.
    async fn parent_id(&self) -> Option<ID> {
        self.0.parent_id.map(|id| id.to_string().into())
    }

    /// The department that it belongs to; null at the top, and where your row scope ends.
    #[graphql(directive = requires::apply(Permission::DeptRead.code().into(), None))]
    async fn parent(&self, ctx: &Context<'_>) -> Field<Option<DeptObject>> {
        edge(ctx, self, false, async {
            let Some(parent) = self.0.parent_id else { return Ok(None) };
            Ok(load(ctx, DeptById(parent)).await?.map(DeptObject))
        })
        .await
    }

    /// The departments directly below it, in their order.
    #[graphql(directive = requires::apply(Permission::DeptRead.code().into(), None))]
    async fn children(&self, ctx: &Context<'_>) -> Field<Vec<DeptObject>> {
        edge(ctx, self, false, async {
            let children = load(ctx, ChildrenOfDept(self.0.id)).await?.unwrap_or_default();
            Ok(children.into_iter().map(DeptObject).collect())
        })
        .await
    }

    /// What it lies in, from the top down to its parent: by name, also where your row scope ends.
    #[graphql(directive = authenticated::apply(None))]
    async fn ancestors(&self, ctx: &Context<'_>) -> Field<Vec<DeptName>> {
        edge(ctx, self, false, async {
            let ancestors = load(ctx, AncestorsOfDept(self.0.id)).await?.unwrap_or_default();
            Ok(ancestors.into_iter().map(|(id, name)| DeptName { id: id.to_string().into(), name }).collect())
        })
        .await
    }

    /// Its own users whom you may see, in the order in which they were made.
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
            crate::domains::users::graphql::connection_in(
                ctx,
                UsersIn::dept(self.0.id, page),
                UserCount::dept(self.0.id),
            )
            .await
        })
        .await
    }

    /// How many users whom you may see belong to it directly.
    #[graphql(directive = requires::apply(Permission::UserRead.code().into(), None))]
    async fn user_count(&self, ctx: &Context<'_>) -> Field<i64> {
        edge(ctx, self, false, async { Ok(load(ctx, UserCount::dept(self.0.id)).await?.unwrap_or_default()) }).await
    }
}

/// A department by name only, as it appears above the end of a row scope.
#[derive(SimpleObject)]
pub struct DeptName {
    /// Its opaque id.
    id: ID,
    /// Its name.
    name: String,
}

#[derive(Default)]
pub struct DeptQuery;

#[Object]
impl DeptQuery {
    /// The departments within your row scope, in their order unless another is asked for.
    #[graphql(directive = requires::apply(Permission::DeptRead.code().into(), None))]
    #[allow(clippy::too_many_arguments, reason = "these are the arguments of a Relay connection")]
    async fn depts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions, all of which must be met.")] filter: Option<DeptFilterInput>,
        #[graphql(desc = "Sort keys, the first one first.")] order_by: Option<Vec<DeptOrder>>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<DeptObject>> {
        query(ctx, async {
            let page: Page = PageArgs { first, after, last, before, offset }.check()?;
            let filter = filter.map(|filter| filter.check()).transpose()?.unwrap_or_default();
            let by: Vec<_> = order_by.unwrap_or_default().iter().map(|key| (key.field, key.direction)).collect();
            let (app, viewer) = (ctx.app(), ctx.viewer());
            let total = total_if_wanted(ctx, service::count(app, viewer, &filter)).await?;
            let listed = service::list(app, viewer, &filter, &by, &page).await?;
            let order = listed.order;
            Ok(Connection::new(
                listed.slice,
                total,
                |dept| DeptObject(Arc::new(dept)),
                move |node| order.cursor(&node.0),
            ))
        })
        .await
    }

    /// One department; null if there is none, or none for you, under this id.
    #[graphql(directive = requires::apply(Permission::DeptRead.code().into(), None))]
    async fn dept(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Field<Option<DeptObject>> {
        query(ctx, async { Ok(load(ctx, DeptById(parse_id("id", &id)?)).await?.map(DeptObject)) }).await
    }
}

/// A department that was made or changed.
#[derive(SimpleObject)]
pub struct DeptPayload {
    /// The department as it is now.
    dept: DeptObject,
}

/// A department that was deleted.
#[derive(SimpleObject)]
pub struct DeleteDeptPayload {
    /// The id that it had.
    deleted_id: ID,
}

#[derive(Default)]
pub struct DeptMutation;

#[Object]
impl DeptMutation {
    /// Makes a department.
    #[graphql(directive = requires::apply(Permission::DeptAdd.code().into(), None))]
    async fn create_dept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new department.")] input: CreateDeptInput,
    ) -> Field<DeptPayload> {
        mutation(ctx, async {
            let dept = service::create(ctx.app(), ctx.viewer(), input).await?;
            Ok(DeptPayload { dept: DeptObject(Arc::new(dept)) })
        })
        .await
    }

    /// Changes, moves, enables or disables a department.
    #[graphql(directive = requires::apply(Permission::DeptEdit.code().into(), None))]
    async fn update_dept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateDeptInput,
    ) -> Field<DeptPayload> {
        mutation(ctx, async {
            let dept = service::update(ctx.app(), ctx.viewer(), input, roles::service::ensure_reaches_members).await?;
            Ok(DeptPayload { dept: DeptObject(Arc::new(dept)) })
        })
        .await
    }

    /// Deletes a department that has no users, no children and no role scoped to it.
    #[graphql(directive = requires::apply(Permission::DeptDelete.code().into(), None))]
    async fn delete_dept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteDeptInput,
    ) -> Field<DeleteDeptPayload> {
        mutation(ctx, async {
            let id = service::delete(ctx.app(), ctx.viewer(), input).await?;
            Ok(DeleteDeptPayload { deleted_id: id.to_string().into() })
        })
        .await
    }
}
