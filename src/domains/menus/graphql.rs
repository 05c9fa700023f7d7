//! Menus in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};

use super::input::{CreateMenuInput, DeleteMenuInput, MenuFilterInput, MenuOrder, UpdateMenuInput};
use super::loader::{ChildrenOfMenu, MenuById, MenusWith};
use super::model::{Menu, MenuKind};
use super::service;
use crate::clock::Timestamp;
use crate::db::page::PageArgs;
use crate::domains::roles::graphql::RoleObject;
use crate::domains::roles::loader::RolesOfMenu;
use crate::domains::{Status, roles};
use crate::graphql::guard::requires;
use crate::graphql::{Connection, ContextExt, Field, edge, load, mutation, query, total_if_wanted};
use crate::security::Permission;
use crate::validate::parse_id;

pub use super::sidebar::{SidebarItem, SidebarMeta};

/// A menu.
pub struct MenuObject(pub Arc<Menu>);

/// A menu: a node of the tree that a front end shows, with the permissions that come with it.
#[Object(name = "Menu")]
impl MenuObject {
    /// Its opaque id.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Its caption, or the key of its translation. Only buttons share one.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The name of its route.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is.
    async fn kind(&self) -> MenuKind {
        self.0.kind
    }

    /// The address of its route; null if it has none.
    async fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// The front end's component that shows it; null if it has none.
    async fn component(&self) -> Option<&str> {
        self.0.component.as_deref()
    }

    /// The name or the address of its icon; null if it has none.
    async fn icon(&self) -> Option<&str> {
        self.0.icon.as_deref()
    }

    /// The address that an embedded page or a link shows; null if it has none.
    async fn link(&self) -> Option<&str> {
        self.0.link.as_deref()
    }

    /// The codes of the permissions that it grants to the roles that have it.
    async fn permissions(&self) -> Vec<&'static str> {
        self.0.permissions.permissions().iter().map(Permission::code).collect()
    }

    /// Its place among its siblings; smaller comes first.
    async fn sort(&self) -> i32 {
        self.0.sort
    }

    /// Whether it is in use. A disabled menu grants nothing, and hides everything below it.
    async fn status(&self) -> Status {
        self.0.status
    }

    /// Whether it is a route only, and not shown in the side bar.
    async fn hidden(&self) -> bool {
        self.0.hidden
    }

    /// Whether its page is kept while another is open.
    async fn keep_alive(&self) -> bool {
        self.0.keep_alive
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

    /// The id of the menu that it lies in; null at the top.
    async fn parent_id(&self) -> Option<ID> {
        self.0.parent_id.map(|id| id.to_string().into())
    }

    /// The menu that it lies in; null at the top.
    #[graphql(directive = requires::apply(Permission::MenuRead.code().into(), None))]
    async fn parent(&self, ctx: &Context<'_>) -> Field<Option<MenuObject>> {
        edge(ctx, self, false, async {
            let Some(parent) = self.0.parent_id else { return Ok(None) };
            Ok(load(ctx, MenuById(parent)).await?.map(MenuObject))
        })
        .await
    }

    /// The menus directly in it, in their order.
    #[graphql(directive = requires::apply(Permission::MenuRead.code().into(), None))]
    async fn children(&self, ctx: &Context<'_>) -> Field<Vec<MenuObject>> {
        edge(ctx, self, false, async {
            let children = load(ctx, ChildrenOfMenu(self.0.id)).await?.unwrap_or_default();
            Ok(children.into_iter().map(MenuObject).collect())
        })
        .await
    }

    /// The roles that grant it, by name.
    #[graphql(directive = requires::apply(Permission::RoleRead.code().into(), None))]
    async fn roles(&self, ctx: &Context<'_>) -> Field<Vec<RoleObject>> {
        edge(ctx, self, false, async {
            let roles = load(ctx, RolesOfMenu(self.0.id)).await?.unwrap_or_default();
            Ok(roles.into_iter().map(RoleObject).collect())
        })
        .await
    }
}

/// A permission of the catalogue.
pub struct PermissionInfo(Permission);

/// A permission of the catalogue, which menus can carry.
#[Object]
impl PermissionInfo {
    /// Its code, as menus carry it and errors name it.
    async fn code(&self) -> &'static str {
        self.0.code()
    }

    /// What it allows.
    async fn description(&self) -> &'static str {
        self.0.description()
    }

    /// The menus that carry it, in their order.
    #[graphql(directive = requires::apply(Permission::MenuRead.code().into(), None))]
    async fn menus(&self, ctx: &Context<'_>) -> Field<Vec<MenuObject>> {
        edge(ctx, self, false, async {
            let menus = load(ctx, MenusWith(self.0)).await?.unwrap_or_default();
            Ok(menus.into_iter().map(MenuObject).collect())
        })
        .await
    }
}

#[derive(Default)]
pub struct MenuQuery;

#[Object]
impl MenuQuery {
    /// The menus, in their order unless another is asked for.
    #[graphql(directive = requires::apply(Permission::MenuRead.code().into(), None))]
    #[allow(clippy::too_many_arguments, reason = "these are the arguments of a Relay connection")]
    async fn menus(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions, all of which must be met.")] filter: Option<MenuFilterInput>,
        #[graphql(desc = "Sort keys, the first one first.")] order_by: Option<Vec<MenuOrder>>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<MenuObject>> {
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
                |menu| MenuObject(Arc::new(menu)),
                move |node| order.cursor(&node.0),
            ))
        })
        .await
    }

    /// One menu; null if there is none under this id.
    #[graphql(directive = requires::apply(Permission::MenuRead.code().into(), None))]
    async fn menu(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Field<Option<MenuObject>> {
        query(ctx, async { Ok(load(ctx, MenuById(parse_id("id", &id)?)).await?.map(MenuObject)) }).await
    }

    /// The catalogue: every permission that there is.
    #[graphql(directive = requires::apply(Permission::MenuRead.code().into(), None))]
    async fn permissions(&self, ctx: &Context<'_>) -> Field<Vec<PermissionInfo>> {
        query(ctx, async { Ok(Permission::ALL.iter().copied().map(PermissionInfo).collect()) }).await
    }
}

/// A menu that was made or changed.
#[derive(SimpleObject)]
pub struct MenuPayload {
    /// The menu as it is now.
    menu: MenuObject,
}

impl From<Menu> for MenuPayload {
    fn from(menu: Menu) -> Self {
        Self { menu: MenuObject(Arc::new(menu)) }
    }
}

/// A menu that was deleted.
#[derive(SimpleObject)]
pub struct DeleteMenuPayload {
    /// The id that it had.
    deleted_id: ID,
}

#[derive(Default)]
pub struct MenuMutation;

#[Object]
impl MenuMutation {
    /// Makes a menu. Nobody can give it a permission that they do not hold.
    #[graphql(directive = requires::apply(Permission::MenuAdd.code().into(), None))]
    async fn create_menu(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new menu.")] input: CreateMenuInput,
    ) -> Field<MenuPayload> {
        mutation(ctx, async { Ok(service::create(ctx.app(), ctx.viewer(), input).await?.into()) }).await
    }

    /// Changes, moves, enables or disables a menu. Nobody can add a permission that they do not hold.
    #[graphql(directive = requires::apply(Permission::MenuEdit.code().into(), None))]
    async fn update_menu(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateMenuInput,
    ) -> Field<MenuPayload> {
        mutation(ctx, async {
            Ok(service::update(ctx.app(), ctx.viewer(), input, roles::service::ensure_reaches_roles_of).await?.into())
        })
        .await
    }

    /// Deletes a menu that has no children, and takes it from the roles that have it.
    #[graphql(directive = requires::apply(Permission::MenuDelete.code().into(), None))]
    async fn delete_menu(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: DeleteMenuInput,
    ) -> Field<DeleteMenuPayload> {
        mutation(ctx, async {
            let id = service::delete(ctx.app(), ctx.viewer(), input, roles::service::ensure_reaches_roles_of).await?;
            Ok(DeleteMenuPayload { deleted_id: id.to_string().into() })
        })
        .await
    }
}
