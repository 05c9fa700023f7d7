//! Relay's object identification: any object by its id, under the right that its own root field needs
//! (<https://relay.dev/graphql/objectidentification.htm>).

use async_graphql::{Context, ID, Interface, Object};
use futures_util::future::join_all;

use super::guard::{authenticated, check_root};
use super::{ContextExt as _, Field, load, query};
use crate::db::typeid;
use crate::db::types::{Id, Kind};
use crate::domains::depts::graphql::DeptObject;
use crate::domains::depts::loader::DeptById;
use crate::domains::logs::graphql::{LoginLogObject, OperationLogObject};
use crate::domains::logs::loader::{LoginLogById, OperationLogById};
use crate::domains::menus::graphql::MenuObject;
use crate::domains::menus::loader::MenuById;
use crate::domains::roles::graphql::RoleObject;
use crate::domains::roles::loader::RoleById;
use crate::domains::sessions::graphql::SessionObject;
use crate::domains::sessions::loader::SessionById;
use crate::domains::users::graphql::UserObject;
use crate::domains::users::loader::UserById;
use crate::error::{Error, Result};
use crate::ids::{DeptKind, LoginLogKind, MenuKind, OperationLogKind, RoleKind, SessionKind, UserKind};
use crate::validate::MAX_IDS;

/// Anything that has an id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its opaque id."))]
pub enum Node {
    User(UserObject),
    Role(RoleObject),
    Menu(MenuObject),
    Dept(DeptObject),
    LoginLog(LoginLogObject),
    OperationLog(OperationLogObject),
    Session(SessionObject),
}

async fn find(ctx: &Context<'_>, path: &str, id: &str) -> Result<Option<Node>> {
    let Some((prefix, uuid)) = typeid::decode(id) else {
        return Err(Error::input(path, "BAD_ID", "This is not an id of this server."));
    };
    macro_rules! node {
        ($root:literal, $loader:ident, $node:ident, $object:ident) => {{
            check_root(ctx, $root)?;
            let found = load(ctx, $loader(Id::from_uuid(uuid))).await?;
            Ok(found.map(|row| Node::$node($object(row))))
        }};
    }
    match prefix {
        UserKind::PREFIX => node!("user", UserById, User, UserObject),
        RoleKind::PREFIX => node!("role", RoleById, Role, RoleObject),
        MenuKind::PREFIX => node!("menu", MenuById, Menu, MenuObject),
        DeptKind::PREFIX => node!("dept", DeptById, Dept, DeptObject),
        LoginLogKind::PREFIX => node!("loginLogs", LoginLogById, LoginLog, LoginLogObject),
        OperationLogKind::PREFIX => node!("operationLogs", OperationLogById, OperationLog, OperationLogObject),
        SessionKind::PREFIX => {
            let found = load(ctx, SessionById(Id::from_uuid(uuid))).await?;
            // One's own needs no more than being logged in.
            if !found.as_ref().is_some_and(|session| ctx.viewer().is(session.user_id)) {
                check_root(ctx, "onlineSessions")?;
            }
            Ok(found.map(|session| Node::Session(SessionObject(session))))
        }
        _ => Err(Error::input(
            path,
            "WRONG_KIND",
            format!("Nothing that can be asked for has an id that starts with `{prefix}_`."),
        )),
    }
}

#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Any object by its id; null if there is none, or none for you. Needs the right that its own root field needs;
    /// a session of your own needs none.
    #[graphql(directive = authenticated::apply(None))]
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Field<Option<Node>> {
        query(ctx, find(ctx, "id", &id)).await
    }

    /// Several objects by their ids, in that order; null where there is none, or none for you.
    #[graphql(directive = authenticated::apply(None))]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Their ids, 100 at the most.")] ids: Vec<ID>,
    ) -> Field<Vec<Field<Option<Node>>>> {
        query(ctx, async {
            if ids.len() > MAX_IDS.min(100) {
                return Err(Error::input("ids", "TOO_MANY", "`ids` can have 100 ids at the most."));
            }
            let paths: Vec<_> = (0..ids.len()).map(|at| format!("ids.{at}")).collect();
            let each = ids.iter().zip(&paths).map(|(id, path)| find(ctx, path, id));
            Ok(join_all(each).await.into_iter().map(Some).collect())
        })
        .await
    }
}
