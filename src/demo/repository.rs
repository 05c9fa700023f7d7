//! Inserts by the thousand.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::audit::Write;
use crate::db::Conn;
use crate::db::conn::{insert_many, on_backend};
use crate::db::schema::{
    dept_closure, depts, login_logs, operation_logs, role_depts, role_menus, roles, user_roles, users,
};
use crate::domains::depts::model::{Dept, Descent};
use crate::domains::logs::model::{LoginLog, OperationLog};
use crate::domains::roles::model::{Role, RoleDept, RoleMenu, UserRole};
use crate::domains::users::model::User;
use crate::error::Result;

pub async fn has_dept(conn: &mut Conn, name: &str) -> Result<bool> {
    let count: i64 = on_backend!(conn, c => depts::table.filter(depts::name.eq(name)).count().get_result(c).await)?;
    Ok(count > 0)
}

macro_rules! in_chunks {
    ($write:expr, $table:expr, $rows:expr, $chunk:expr) => {
        for chunk in $rows.chunks($chunk) {
            insert_many!($write.conn(), $table, chunk.to_vec())?;
        }
    };
}

pub async fn insert_depts(write: &mut Write<'_>, rows: &[Dept], closure: &[Descent], chunk: usize) -> Result<()> {
    in_chunks!(write, depts::table, rows, chunk);
    in_chunks!(write, dept_closure::table, closure, chunk);
    Ok(())
}

pub async fn insert_roles(
    write: &mut Write<'_>,
    rows: &[Role],
    menus: &[RoleMenu],
    depts: &[RoleDept],
    chunk: usize,
) -> Result<()> {
    in_chunks!(write, roles::table, rows, chunk);
    in_chunks!(write, role_menus::table, menus, chunk);
    in_chunks!(write, role_depts::table, depts, chunk);
    Ok(())
}

pub async fn insert_users(write: &mut Write<'_>, rows: &[User], links: &[UserRole]) -> Result<()> {
    insert_many!(write.conn(), users::table, rows.to_vec())?;
    insert_many!(write.conn(), user_roles::table, links.to_vec())?;
    Ok(())
}

pub async fn insert_logins(write: &mut Write<'_>, rows: Vec<LoginLog>) -> Result<()> {
    insert_many!(write.conn(), login_logs::table, rows)?;
    Ok(())
}

pub async fn insert_operations(write: &mut Write<'_>, rows: Vec<OperationLog>) -> Result<()> {
    insert_many!(write.conn(), operation_logs::table, rows)?;
    Ok(())
}
