//! Row scopes as conditions on tables: the one place where a [`Scope`] becomes SQL.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::fragment::Filter;
use super::schema::{dept_closure, depts, login_logs, operation_logs, users};
use crate::security::Scope;

/// The departments that `$subtrees` and everything below them are.
macro_rules! below {
    ($subtrees:expr) => {
        dept_closure::table
            .filter(dept_closure::ancestor_id.eq_any($subtrees.clone()))
            .select(dept_closure::descendant_id)
    };
}

/// The users whom a viewer may see.
pub fn users(scope: &Scope) -> Filter<users::table> {
    let mut filter = Filter::<users::table>::default();
    match scope {
        Scope::All => {}
        Scope::Nothing => filter.require(sql::<Bool>("FALSE")),
        Scope::Limited { user, subtrees, depts } => filter.require(
            users::id
                .eq(*user)
                .or(users::dept_id.eq_any(depts.clone()))
                .or(users::dept_id.eq_any(below!(subtrees).select(dept_closure::descendant_id.nullable()))),
        ),
    }
    filter
}

/// The departments that a viewer may see.
pub fn depts(scope: &Scope) -> Filter<depts::table> {
    let mut filter = Filter::<depts::table>::default();
    match scope {
        Scope::All => {}
        Scope::Nothing => filter.require(sql::<Bool>("FALSE")),
        Scope::Limited { subtrees, depts, .. } => {
            filter.require(depts::id.eq_any(depts.clone()).or(depts::id.eq_any(below!(subtrees))));
        }
    }
    filter
}

/// The logins of the users whom a viewer may see; those of nobody known are for viewers of everything.
pub fn login_logs(scope: &Scope) -> Filter<login_logs::table> {
    let mut filter = Filter::<login_logs::table>::default();
    if !scope.is_all() {
        let visible = users::table.filter(users(scope)).select(users::id.nullable());
        filter.require(login_logs::user_id.eq_any(visible));
    }
    filter
}

/// The operations of the users whom a viewer may see.
pub fn operation_logs(scope: &Scope) -> Filter<operation_logs::table> {
    let mut filter = Filter::<operation_logs::table>::default();
    if !scope.is_all() {
        let visible = users::table.filter(users(scope)).select(users::id.nullable());
        filter.require(operation_logs::user_id.eq_any(visible));
    }
    filter
}
