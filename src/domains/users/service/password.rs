//! New passwords.

use secrecy::{ExposeSecret, SecretString};

use super::super::input::ResetUserPasswordInput;
use super::super::model::{User, UserId};
use super::super::repository;
use super::rights::save;
use super::update::changed;
use super::{find, get_editable, hold};
use crate::app::App;
use crate::audit::Write;
use crate::db::Lock;
use crate::domains::sessions;
use crate::error::{Error, Result};
use crate::security::Viewer;
use crate::validate::Check;

pub(super) fn set(write: &mut Write<'_>, user: &mut User, hash: &str) {
    user.password_hash = Some(hash.into());
    user.password_changed_at = Some(write.now());
}

/// Checks a new password against the policy and the user's earlier ones, and hashes it.
pub(super) async fn accept(app: &App, path: &str, user: &User, password: &SecretString) -> Result<String> {
    let mut check = Check::default();
    check.extend(app.policy.password.check(path, password.expose_secret(), &[&user.username, &user.nickname]));
    check.finish()?;
    let history = app.policy.password.history;
    let past = repository::past_passwords(&mut app.db.read().await?, user.id, history).await?;
    if app.passwords.is_one_of(password, &past).await? {
        return Err(Error::input(path, "REUSED", format!("The password must differ from the last {history}.")));
    }
    app.passwords.hash(password.clone()).await
}

/// `after` is `before` with what else changes.
pub(super) async fn store(write: &mut Write<'_>, before: &User, after: User, hash: &str) -> Result<User> {
    // What was tried before was another password.
    let mut after = User { failed_logins: 0, failed_login_at: None, ..after };
    set(write, &mut after, hash);
    save(write, before, &after).await?;
    repository::set_failed_logins(write, before.id, 0, None).await?;
    repository::remember_password(write, before.id, hash).await?;
    Ok(after)
}

/// Sets a password for somebody else: whoever can log in as them could do all that they can.
pub async fn reset_password(app: &App, viewer: &Viewer, input: ResetUserPasswordInput) -> Result<User> {
    let id: UserId = crate::validate::parse_id("input.userId", &input.user_id)?;
    let password = SecretString::from(input.password);
    // Before anything is hashed: what the viewer may not reset tells nothing about its passwords.
    let seen = {
        let mut write = app.write(viewer).await?;
        ensure_may_reset(&mut write, viewer, id).await?
    };
    let hash = accept(app, "input.password", &seen, &password).await?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let before = ensure_may_reset(&mut write, viewer, id).await?;
    let after = User { must_change_password: input.must_change_password, ..changed(&before, &write) };
    let after = store(&mut write, &before, after, &hash).await?;
    sessions::service::end_all(&mut write, id, None).await?;
    write.commit().await?;
    Ok(after)
}

async fn ensure_may_reset(write: &mut Write<'_>, viewer: &Viewer, id: UserId) -> Result<User> {
    let user = get_editable(write, viewer, id).await?;
    if viewer.is(id) {
        return Err(Error::NotAllowed("Change your own password with `changePassword`, which asks for it.".into()));
    }
    super::rights::ensure_holds_all_of(write, viewer, &user, "set their password").await?;
    Ok(user)
}

/// Changes one's own password; all sessions end, but perhaps not the one that this request belongs to.
pub async fn change_own_password(
    app: &App,
    viewer: &Viewer,
    old: SecretString,
    new: SecretString,
    keep_current: bool,
) -> Result<User> {
    let me = viewer.identity()?;
    let user = find(app, me.user_id).await?.ok_or_else(|| Error::not_found("user", me.user_id))?;
    if !app.passwords.verify(old, user.password_hash.as_deref()).await? {
        return Err(Error::input("input.oldPassword", "WRONG", "This is not your present password."));
    }
    let hash = accept(app, "input.newPassword", &user, &new).await?;
    let mut write = app.write(viewer).await?;
    let before = hold(&mut write, me.user_id).await?.ok_or_else(|| Error::not_found("user", me.user_id))?;
    // Somebody has set another one in the meantime: the old password that was checked is not the present one.
    if before.password_hash != user.password_hash {
        return Err(Error::conflict("Your password has been changed meanwhile. Log in with the new one."));
    }
    let after = User { must_change_password: false, ..changed(&before, &write) };
    let after = store(&mut write, &before, after, &hash).await?;
    sessions::service::end_all(&mut write, me.user_id, keep_current.then_some(me.session_id)).await?;
    write.commit().await?;
    Ok(after)
}
