//! Row scopes as conditions on tables: the one place where a [`Scope`] becomes SQL.

use diesel::prelude::*;

use super::fragment::{AnyOf, Filter, among};
use super::schema::{dept_closure, depts, login_logs, operation_logs, sessions, users};
use crate::security::Scope;

/// The departments that `$subtrees` and everything below them are.
macro_rules! below {
    ($subtrees:expr) => {
        dept_closure::table
            .filter(dept_closure::ancestor_id.eq_any($subtrees.clone()))
            .select(dept_closure::descendant_id)
    };
}

/// The users whom a viewer may see. Each part that a scope does not have is left out: a database that is told
/// "or one of no departments" does not see that an index would do.
pub fn users(scope: &Scope) -> Filter<users::table> {
    let mut filter = Filter::<users::table>::default();
    let mut any = AnyOf::<users::table>::default();
    match scope {
        Scope::All => return filter,
        Scope::Nothing => {}
        Scope::Limited { user, subtrees, depts } => {
            if let Some(user) = user {
                any.allow(users::id.eq(*user));
            }
            if !depts.is_empty() {
                any.allow(users::dept_id.eq_any(depts.clone()));
            }
            if !subtrees.is_empty() {
                any.allow(among(users::dept_id, below!(subtrees)));
            }
        }
    }
    filter.require(any);
    filter
}

/// The departments that a viewer may see.
pub fn depts(scope: &Scope) -> Filter<depts::table> {
    let mut filter = Filter::<depts::table>::default();
    let mut any = AnyOf::<depts::table>::default();
    match scope {
        Scope::All => return filter,
        Scope::Nothing => {}
        Scope::Limited { subtrees, depts, .. } => {
            if !depts.is_empty() {
                any.allow(depts::id.eq_any(depts.clone()));
            }
            if !subtrees.is_empty() {
                any.allow(among(depts::id, below!(subtrees)));
            }
        }
    }
    filter.require(any);
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

/// The sessions of the users whom a viewer may see; one's own are always among them.
pub fn sessions(scope: &Scope) -> Filter<sessions::table> {
    let mut filter = Filter::<sessions::table>::default();
    if !scope.is_all() {
        let visible = users::table.filter(users(scope)).select(users::id);
        filter.require(sessions::user_id.eq_any(visible));
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
