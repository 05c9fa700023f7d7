//! Accounts that are locked for a while, because too many wrong passwords were tried.

use super::super::cache::AccountKey;
use super::super::input::UnlockUserInput;
use super::super::model::{User, UserId};
use super::super::repository;
use super::get_editable;
use crate::app::App;
use crate::audit::Write;
use crate::error::Result;
use crate::security::{LoginCounters, Viewer};
use crate::validate::parse_id;

/// Counts a wrong password of a user whose row is held. Failures in a row are those within the duration of a lock.
pub async fn note_failed_login(app: &App, write: &mut Write<'_>, user: &User) -> Result<()> {
    let now = write.now();
    let in_a_row = user.failed_login_at.is_some_and(|last| now < last.plus(app.policy.login.lockout.duration));
    let failures = if in_a_row { user.failed_logins.saturating_add(1) } else { 1 };
    write.forget(&AccountKey(user.id));
    repository::set_failed_logins(write, user.id, failures, Some(now)).await
}

/// Lets a user log in again before the time is up.
pub async fn unlock(app: &App, viewer: &Viewer, input: UnlockUserInput) -> Result<User> {
    let id: UserId = parse_id("input.userId", &input.user_id)?;
    let mut write = app.write(viewer).await?;
    let before = get_editable(&mut write, viewer, id).await?;
    let after = User { failed_logins: 0, failed_login_at: None, ..before.clone() };
    repository::set_failed_logins(&mut write, id, 0, None).await?;
    write.updated(&before, &after);
    write.forget(&AccountKey(id));
    write.commit().await?;
    let counters = LoginCounters::new("", &after.username);
    // Not the attempts of the last minute: unlocking again and again would let somebody guess without end.
    let [failures, _] = counters.failures(&app.policy.login);
    app.counters.clear([&failures]).await;
    Ok(after)
}
