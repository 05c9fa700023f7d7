//! Logs in the schema.

mod login;
mod operation;

use std::sync::Arc;

use async_graphql::{Context, Object};

use super::input::{LoginLogFilterInput, LoginLogOrder, OperationLogFilterInput, OperationLogOrder};
use super::readable::Mentioned;
use super::service;
use crate::db::page::PageArgs;
use crate::graphql::guard::requires;
use crate::graphql::{Connection, ContextExt, Field, query, total_if_wanted};
use crate::security::Permission;

pub use login::LoginLogObject;
pub use operation::{ChangeObject, FieldChangeObject, OperationLogObject};

#[derive(Default)]
pub struct LogQuery;

#[Object]
impl LogQuery {
    /// The attempts to log in as users within your row scope, the newest first unless another order is asked for.
    /// Those with unknown user names are for viewers whose scope is everything.
    #[graphql(directive = requires::apply(Permission::LoginLogRead.code().into(), None))]
    #[allow(clippy::too_many_arguments, reason = "these are the arguments of a Relay connection")]
    async fn login_logs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions, all of which must be met.")] filter: Option<LoginLogFilterInput>,
        #[graphql(desc = "Sort keys, the first one first.")] order_by: Option<Vec<LoginLogOrder>>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<LoginLogObject>> {
        query(ctx, async {
            let page = PageArgs { first, after, last, before, offset }.check()?;
            let filter = filter.map(|filter| filter.check()).transpose()?.unwrap_or_default();
            let by: Vec<_> = order_by.unwrap_or_default().iter().map(|key| (key.field, key.direction)).collect();
            let (app, viewer) = (ctx.app(), ctx.viewer());
            let total = total_if_wanted(ctx, service::count_logins(app, viewer, &filter)).await?;
            let listed = service::list_logins(app, viewer, &filter, &by, &page).await?;
            let order = listed.order;
            Ok(Connection::new(
                listed.slice,
                total,
                |log| LoginLogObject(Arc::new(log)),
                move |node| order.cursor(&node.0),
            ))
        })
        .await
    }

    /// The operations of users within your row scope, the newest first unless another order is asked for.
    /// Those of nobody known are for viewers whose scope is everything.
    #[graphql(directive = requires::apply(Permission::OperationLogRead.code().into(), None))]
    #[allow(clippy::too_many_arguments, reason = "these are the arguments of a Relay connection")]
    async fn operation_logs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions, all of which must be met.")] filter: Option<OperationLogFilterInput>,
        #[graphql(desc = "Sort keys, the first one first.")] order_by: Option<Vec<OperationLogOrder>>,
        #[graphql(desc = "How many from the start; 20 if not given, 100 at the most.")] first: Option<i32>,
        #[graphql(desc = "Only those behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 100 at the most.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Skip so many: for jumping to a page by number.")] offset: Option<i32>,
    ) -> Field<Connection<OperationLogObject>> {
        query(ctx, async {
            let page = PageArgs { first, after, last, before, offset }.check()?;
            let mut filter = filter.map(|filter| filter.check()).transpose()?.unwrap_or_default();
            let by: Vec<_> = order_by.unwrap_or_default().iter().map(|key| (key.field, key.direction)).collect();
            if let Some(target) = &mut filter.target
                && !operation::unseen(ctx, || Mentioned::id(target)).await.is_empty()
            {
                // As if it were not there: nothing is what has changed it.
                target.clear();
            }
            let (app, viewer) = (ctx.app(), ctx.viewer());
            let total = total_if_wanted(ctx, service::count_operations(app, viewer, &filter)).await?;
            let listed = service::list_operations(app, viewer, &filter, &by, &page).await?;
            let order = listed.order;
            let wrap = |log| OperationLogObject(Arc::new(log));
            Ok(Connection::new(listed.slice, total, wrap, move |node| order.cursor(&node.0)))
        })
        .await
    }
}
