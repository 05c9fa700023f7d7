//! The rules of users. Whoever writes to a user must see them, and must not be outranked by them.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | lists, and who may write to whom |
//! | `create.rs`, `update.rs`, `delete.rs` | users themselves |
//! | `rights.rs` | roles, status and flags: nobody gives what they lack |
//! | `password.rs` | new passwords |
//! | `lock.rs` | failed logins, and the lock that they lead to |
//! | `sessions.rs` | ending the sessions of others |
//! | `account.rs` | superusers, for the first start and the command line |

mod account;
mod create;
mod delete;
mod lock;
mod password;
mod rights;
mod sessions;
mod update;

use super::cache::AccountKey;
use super::model::{self, User, UserFilter, UserId, UserSort};
use super::repository;
use crate::app::App;
use crate::audit::Write;
use crate::clock::Timestamp;
use crate::db::page::{Direction, Order, Page, Slice};
use crate::db::schema::users;
use crate::error::{Error, Result};
use crate::security::{Permission, Scope, Viewer};

pub use super::cache::{Account, account};
pub use account::{create_superuser, ensure_first_superuser, oldest_superuser, reset_superuser_password};
pub use create::create;
pub use delete::delete;
pub use lock::{note_failed_login, unlock};
pub use password::{change_own_password, reset_password};
pub use rights::{set_flags, set_roles, set_status};
pub use sessions::{revoke_session, revoke_sessions};
pub use update::{update, update_profile};

pub struct Listed {
    pub slice: Slice<User>,
    pub order: Order<users::table, User>,
}

/// What a viewer may not read, they may not filter by either.
fn ensure_may_filter(viewer: &Viewer, filter: &UserFilter) -> Result<()> {
    if filter.dept.is_some() || filter.has_dept.is_some() {
        viewer.ensure(Permission::DeptRead)?;
    }
    if filter.role.is_some() {
        viewer.ensure(Permission::RoleRead)?;
    }
    Ok(())
}

pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &UserFilter,
    by: &[(UserSort, Direction)],
    page: &Page,
) -> Result<Listed> {
    ensure_may_filter(viewer, filter)?;
    let order = model::order(by);
    let rows = repository::list(&mut app.db.read().await?, viewer.scope(), filter, &order, page).await?;
    Ok(Listed { slice: page.slice(rows), order })
}

pub async fn count(app: &App, viewer: &Viewer, filter: &UserFilter) -> Result<i64> {
    ensure_may_filter(viewer, filter)?;
    repository::count(&mut app.db.read().await?, viewer.scope(), filter).await
}

/// Whatever the scope: for logging in.
pub async fn find_by_username(app: &App, username: &str) -> Result<Option<User>> {
    // A name that nobody can have is not looked up: PostgreSQL would refuse to compare it.
    if username.contains('\0') {
        return Ok(None);
    }
    repository::by_username(&mut app.db.read().await?, username).await
}

/// Whatever the scope: for the user of a session.
pub async fn find(app: &App, id: UserId) -> Result<Option<User>> {
    Ok(repository::by_ids(&mut app.db.read().await?, &Scope::All, &[id]).await?.into_iter().next())
}

/// The same, within a transaction.
pub async fn find_within(write: &mut Write<'_>, id: UserId) -> Result<Option<User>> {
    Ok(repository::by_ids(write.conn(), &Scope::All, &[id]).await?.into_iter().next())
}

/// The same, and nobody else changes the user until the transaction ends.
pub async fn hold(write: &mut Write<'_>, id: UserId) -> Result<Option<User>> {
    repository::hold(write, id).await?;
    find_within(write, id).await
}

pub async fn touch_login(write: &mut Write<'_>, id: UserId, at: Timestamp) -> Result<()> {
    write.forget(&AccountKey(id));
    repository::touch_login(write, id, at).await
}

/// A user that the viewer may write to: in their row scope, and no superuser unless the viewer is one.
async fn get_editable(write: &mut Write<'_>, viewer: &Viewer, id: UserId) -> Result<User> {
    // Held first: who sends no version must not be told that it is too old.
    repository::hold(write, id).await?;
    let found = repository::by_ids(write.conn(), viewer.scope(), &[id]).await?;
    let user = found.into_iter().next().ok_or_else(|| Error::not_found("user", id))?;
    ensure_not_outranked(viewer, &user)?;
    Ok(user)
}

fn ensure_not_outranked(viewer: &Viewer, user: &User) -> Result<()> {
    if user.is_superuser && !viewer.is_superuser() {
        return Err(Error::NotAllowed("Only a superuser can change a superuser.".into()));
    }
    Ok(())
}

/// Fails if, without these users, no enabled superuser would be left.
async fn ensure_superuser_remains(write: &mut Write<'_>, without: &[UserId]) -> Result<()> {
    if repository::other_superusers(write.conn(), without).await? == 0 {
        return Err(Error::conflict("This would leave the system without an enabled superuser."));
    }
    Ok(())
}

/// Names the field behind a violated unique constraint.
fn named_taken(error: Error) -> Error {
    error.on_unique("users_username_key", "input.username", "Another user has this user name.").on_unique(
        "users_email_key",
        "input.email",
        "Another user has this e-mail address.",
    )
}
