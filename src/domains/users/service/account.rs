//! Superusers from the command line and at the first start, before anybody can log in.

use secrecy::{ExposeSecret, SecretString};

use super::super::model::User;
use super::super::repository;
use super::update::changed;
use super::{named_taken, password};
use crate::app::App;
use crate::db::Lock;
use crate::domains::{Status, sessions};
use crate::error::{Error, Result};
use crate::security::Viewer;
use crate::validate::Check;

fn superuser(app: &App, username: &str, password: &SecretString) -> Result<User> {
    let mut check = Check::default();
    let username = check.username("username", username);
    check.extend(app.policy.password.check("password", password.expose_secret(), &[&username]));
    check.finish()?;
    Ok(User { is_superuser: true, is_staff: true, is_multi_login: true, ..User::new(username, app.clock.now()) })
}

/// Who has administered this system for longest, to be named at the start.
pub async fn oldest_superuser(app: &App) -> Result<Option<User>> {
    repository::oldest_superuser(&mut app.db.read().await?).await
}

/// Makes the first account, if there is none yet. False if there was one.
pub async fn ensure_first_superuser(
    app: &App,
    viewer: &Viewer,
    username: &str,
    password: SecretString,
) -> Result<bool> {
    if repository::has_any(&mut app.db.read().await?).await? {
        return Ok(false);
    }
    let mut user = superuser(app, username, &password)?;
    let hash = app.passwords.hash(password).await?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Migration).await?;
    if repository::has_any(write.conn()).await? {
        return Ok(false);
    }
    password::set(&mut write, &mut user, &hash);
    repository::insert(&mut write, &user).await?;
    repository::remember_password(&mut write, user.id, &hash).await?;
    write.commit().await?;
    Ok(true)
}

/// Makes a superuser (command line).
pub async fn create_superuser(app: &App, viewer: &Viewer, username: &str, password: SecretString) -> Result<()> {
    let mut user = superuser(app, username, &password)?;
    let hash = app.passwords.hash(password).await?;
    let mut write = app.write(viewer).await?;
    password::set(&mut write, &mut user, &hash);
    repository::insert(&mut write, &user).await.map_err(named_taken)?;
    repository::remember_password(&mut write, user.id, &hash).await?;
    write.commit().await
}

/// Gives a superuser a new password, enables and unlocks the account, and ends its sessions (command line).
pub async fn reset_superuser_password(
    app: &App,
    viewer: &Viewer,
    username: &str,
    password: SecretString,
) -> Result<()> {
    let seen = a_superuser(repository::by_username(&mut app.db.read().await?, username).await?, username)?;
    let hash = password::accept(app, "password", &seen, &password).await?;
    let mut write = app.write(viewer).await?;
    write.serialize(Lock::Rights).await?;
    let before = a_superuser(repository::by_username(write.conn(), username).await?, username)?;
    let after = User { status: Status::Enabled, must_change_password: false, ..changed(&before, &write) };
    let after = password::store(&mut write, &before, after, &hash).await?;
    sessions::service::end_all(&mut write, after.id, None).await?;
    write.commit().await
}

fn a_superuser(found: Option<User>, username: &str) -> Result<User> {
    let user = found.ok_or_else(|| Error::not_found("user", username))?;
    if !user.is_superuser {
        return Err(Error::NotAllowed(format!(
            "{username} is no superuser: a superuser can reset the password with the mutation resetUserPassword."
        )));
    }
    Ok(user)
}
