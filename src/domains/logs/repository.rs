//! Queries on logs.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::model::{LoginLog, LoginLogFilter, LoginLogId, OperationLog, OperationLogFilter, OperationLogId};
use crate::audit::Write;
use crate::db::conn::on_backend;
use crate::db::fragment::{Filter, lists};
use crate::db::page::{Order, Page};
use crate::db::schema::{login_logs, operation_logs};
use crate::db::{Conn, scoped};
use crate::domains::and_within;
use crate::error::Result;
use crate::security::Scope;

fn matching_logins(scope: &Scope, by: &LoginLogFilter) -> Filter<login_logs::table> {
    let LoginLogFilter { user, username, outcome, ip, created } = by.clone();
    let mut filter = scoped::login_logs(scope);
    filter.require_some(user, |user| login_logs::user_id.eq(user));
    filter.require_some(username, |username| login_logs::username.eq(username));
    filter.require_some(outcome, |outcome| login_logs::outcome.eq(outcome));
    filter.require_some(ip, |ip| login_logs::ip.eq(ip));
    and_within!(filter, created, login_logs::created_at);
    filter
}

pub async fn logins(
    conn: &mut Conn,
    scope: &Scope,
    by: &LoginLogFilter,
    order: &Order<login_logs::table, LoginLog>,
    page: &Page,
) -> Result<Vec<LoginLog>> {
    let mut filter = matching_logins(scope, by);
    let ordering = order.apply(page, &mut filter)?;
    Ok(on_backend!(conn, c => login_logs::table
        .filter(filter)
        .order(ordering)
        .limit(page.limit())
        .offset(page.offset)
        .select(LoginLog::as_select())
        .load(c)
        .await)?)
}

pub async fn count_logins(conn: &mut Conn, scope: &Scope, by: &LoginLogFilter) -> Result<i64> {
    let filter = matching_logins(scope, by);
    Ok(on_backend!(conn, c => login_logs::table.filter(filter).count().get_result(c).await)?)
}

pub async fn logins_by_ids(conn: &mut Conn, scope: &Scope, ids: &[LoginLogId]) -> Result<Vec<LoginLog>> {
    let mut filter = scoped::login_logs(scope);
    filter.require_some(Some(ids.to_vec()), |ids| login_logs::id.eq_any(ids));
    Ok(on_backend!(conn, c => login_logs::table.filter(filter).select(LoginLog::as_select()).load(c).await)?)
}

pub async fn insert_login(write: &mut Write<'_>, log: &LoginLog) -> Result<()> {
    on_backend!(write.conn(), c => diesel::insert_into(login_logs::table).values(log).execute(c).await)?;
    Ok(())
}

fn matching_operations(scope: &Scope, by: &OperationLogFilter) -> Filter<operation_logs::table> {
    let OperationLogFilter { user, username, field, target, status, trace_id, ip, created } = by.clone();
    let mut filter = scoped::operation_logs(scope);
    filter.require_some(user, |user| operation_logs::user_id.eq(user));
    filter.require_some(username, |username| operation_logs::username.eq(username));
    filter.require_some(field, |field| operation_logs::field.eq(field));
    filter.require_some(target.as_deref(), |target| lists(operation_logs::targets, target));
    filter.require_some(status, |status| operation_logs::status.eq(status));
    filter.require_some(trace_id, |trace_id| operation_logs::trace_id.eq(trace_id));
    filter.require_some(ip, |ip| operation_logs::ip.eq(ip));
    and_within!(filter, created, operation_logs::created_at);
    filter
}

pub async fn operations(
    conn: &mut Conn,
    scope: &Scope,
    by: &OperationLogFilter,
    order: &Order<operation_logs::table, OperationLog>,
    page: &Page,
) -> Result<Vec<OperationLog>> {
    let mut filter = matching_operations(scope, by);
    let ordering = order.apply(page, &mut filter)?;
    Ok(on_backend!(conn, c => operation_logs::table
        .filter(filter)
        .order(ordering)
        .limit(page.limit())
        .offset(page.offset)
        .select(OperationLog::as_select())
        .load(c)
        .await)?)
}

pub async fn count_operations(conn: &mut Conn, scope: &Scope, by: &OperationLogFilter) -> Result<i64> {
    let filter = matching_operations(scope, by);
    Ok(on_backend!(conn, c => operation_logs::table.filter(filter).count().get_result(c).await)?)
}

pub async fn operations_by_ids(conn: &mut Conn, scope: &Scope, ids: &[OperationLogId]) -> Result<Vec<OperationLog>> {
    let mut filter = scoped::operation_logs(scope);
    filter.require_some(Some(ids.to_vec()), |ids| operation_logs::id.eq_any(ids));
    Ok(on_backend!(conn, c => operation_logs::table
        .filter(filter)
        .select(OperationLog::as_select())
        .load(c)
        .await)?)
}
