//! The rules of logs: they are written beside what they tell of, and read within one's row scope.

use super::model::{
    self, LoginLog, LoginLogFilter, LoginLogId, LoginLogSort, NewLoginLog, OperationLog, OperationLogFilter,
    OperationLogSort,
};
use super::repository;
use crate::app::App;
use crate::audit::Write;
use crate::db::page::{Direction, Order, Page, Slice};
use crate::db::schema::{login_logs, operation_logs};
use crate::error::Result;
use crate::security::{RequestInfo, Viewer};
use crate::telemetry::{Client, clip};

pub struct Listed<T, R> {
    pub slice: Slice<R>,
    pub order: Order<T, R>,
}

pub async fn list_logins(
    app: &App,
    viewer: &Viewer,
    filter: &LoginLogFilter,
    by: &[(LoginLogSort, Direction)],
    page: &Page,
) -> Result<Listed<login_logs::table, LoginLog>> {
    let order = model::login_order(by);
    let rows = repository::logins(&mut app.db.read().await?, viewer.scope(), filter, &order, page).await?;
    Ok(Listed { slice: page.slice(rows), order })
}

pub async fn count_logins(app: &App, viewer: &Viewer, filter: &LoginLogFilter) -> Result<i64> {
    repository::count_logins(&mut app.db.read().await?, viewer.scope(), filter).await
}

pub async fn list_operations(
    app: &App,
    viewer: &Viewer,
    filter: &OperationLogFilter,
    by: &[(OperationLogSort, Direction)],
    page: &Page,
) -> Result<Listed<operation_logs::table, OperationLog>> {
    let order = model::operation_order(by);
    let rows = repository::operations(&mut app.db.read().await?, viewer.scope(), filter, &order, page).await?;
    Ok(Listed { slice: page.slice(rows), order })
}

pub async fn count_operations(app: &App, viewer: &Viewer, filter: &OperationLogFilter) -> Result<i64> {
    repository::count_operations(&mut app.db.read().await?, viewer.scope(), filter).await
}

/// Notes an attempt to log in, in the transaction that carries it out or refuses it.
pub async fn record_login(write: &mut Write<'_>, request: &RequestInfo, entry: NewLoginLog) -> Result<()> {
    let agent = request.user_agent.as_deref();
    let client = Client::of(agent);
    // What was typed may be anything, also what a database refuses to keep in a text.
    let username = entry.username.replace(char::is_control, "\u{fffd}");
    let log = LoginLog {
        id: LoginLogId::new(),
        user_id: entry.user_id,
        username: clip(&username, 64),
        outcome: entry.outcome,
        ip: clip(&request.ip, 45),
        user_agent: agent.map(|agent| clip(agent, 512)),
        os: client.os,
        browser: client.browser,
        device: client.device,
        created_at: write.now(),
    };
    repository::insert_login(write, &log).await
}
