//! The rules of logging in, and the way from a token to a viewer.

use super::input::{ChangePasswordInput, LoginInput, RefreshSessionInput};
use super::protection::{self, Attempt, Refusal};
use crate::app::App;
use crate::clock::Timestamp;
use crate::domains::depts::service::DeptTree;
use crate::domains::logs::model::{LoginOutcome, NewLoginLog};
use crate::domains::sessions::service::{Opened, Rotation};
use crate::domains::users::model::User;
use crate::domains::{depts, logs, sessions, users};
use crate::error::{Error, Result};
use crate::security::{Identity, PasswordPolicy, Permissions, RequestInfo, Scope, TokenError, Viewer};

/// What a login or a refresh gives.
pub struct Tokens {
    pub access_token: String,
    pub expires_at: Timestamp,
    pub refresh_token: String,
    /// Whether the refresh token is for the cookie, and for nothing else.
    pub in_cookie: bool,
    pub session: sessions::model::Session,
    pub user: User,
    /// Whether the session can do nothing but change the password.
    pub must_change_password: bool,
    /// Whole days; none if there are many, or no end.
    pub password_expires_in_days: Option<i32>,
}

const NO_TOKEN: &str = "Log in first, and send the access token as `Authorization: Bearer …`.";
const BAD_TOKEN: &str = "This is not an access token of this server. Log in again.";
const EXPIRED: &str = "The access token has expired. Use the refresh token, or log in again.";
const ENDED: &str = "This session has ended. Log in again.";
const DISABLED: &str = "This account is disabled. Ask an administrator.";
const WRONG: &str =
    "The user name or the password is wrong. After several wrong ones an account is locked for a while.";
const NO_REFRESH: &str = "There is no refresh token, neither in `input.refreshToken` nor in the cookie. Log in again.";
const BAD_REFRESH: &str = "This refresh token is not, or no longer, valid. Log in again.";

/// Finds out who sends a request. A token that is no good makes the sender nobody, not the request a failure:
/// what is public stays so.
pub async fn viewer(app: &App, token: Option<&str>, request: RequestInfo) -> Result<Viewer> {
    let Some(token) = token else {
        return Ok(Viewer::anonymous(NO_TOKEN, request));
    };
    Ok(match identify(app, token).await? {
        Ok(identity) => Viewer::known(identity, request),
        Err(why) => Viewer::anonymous(why, request),
    })
}

async fn identify(app: &App, token: &str) -> Result<Result<Identity, &'static str>> {
    let now = app.clock.now();
    let claims = match app.tokens.check(token, now) {
        Ok(claims) => claims,
        Err(TokenError::Expired) => return Ok(Err(EXPIRED)),
        Err(TokenError::Invalid) => return Ok(Err(BAD_TOKEN)),
    };
    let (session, account) =
        tokio::try_join!(sessions::service::of_request(app, claims.sid), users::service::account(app, claims.sub))?;
    let (Some(session), Some(account)) = (session.as_ref(), account.as_ref()) else {
        return Ok(Err(ENDED));
    };
    if session.user_id != claims.sub {
        return Ok(Err(BAD_TOKEN));
    }
    let user = &account.user;
    if !user.is_enabled() || !may_act(user, account.is_dept_open) {
        return Ok(Err(DISABLED));
    }
    let must_change_password =
        must_change_password(&app.policy.password, user.must_change_password, user.password_changed_at, now);
    let (permissions, scope) = if must_change_password {
        (Permissions::default(), Scope::Limited { user: Some(user.id), subtrees: Vec::new(), depts: Vec::new() })
    } else if user.is_superuser {
        (Permissions::all(), Scope::All)
    } else {
        (account.permissions, account.scope.clone())
    };
    Ok(Ok(Identity {
        user_id: user.id,
        session_id: session.id,
        username: user.username.clone(),
        dept_id: user.dept_id,
        is_superuser: user.is_superuser && !must_change_password,
        is_staff: user.is_staff,
        permissions,
        scope,
        session_expires_at: session.expires_at,
        must_change_password,
    }))
}

/// Whether a password is only good for being changed.
fn must_change_password(policy: &PasswordPolicy, ordered: bool, set_at: Option<Timestamp>, now: Timestamp) -> bool {
    ordered || policy.expiry(set_at).is_some_and(|expiry| expiry <= now)
}

/// A disabled department takes everything below it with it, except superusers: somebody must be able to enable it again.
fn may_act(user: &User, is_dept_open: bool) -> bool {
    user.is_superuser || is_dept_open
}

pub async fn login(app: &App, viewer: &Viewer, input: LoginInput) -> Result<Tokens> {
    if input.refresh_cookie {
        viewer.request.cookie.ensure_own()?;
    }
    let username = input.username.trim().to_owned();
    let attempt = Attempt::new(app, &viewer.request.ip, &username);
    if let Err(refusal) = attempt.admit(input.captcha.as_ref()).await {
        return Err(refuse(app, viewer, username, refusal).await?);
    }
    let found = users::service::find_by_username(app, &username).await?;
    let hash = found.as_ref().and_then(|user| user.password_hash.as_deref());
    let right = app.passwords.verify(input.password.into(), hash).await?;

    let tree = depts::service::tree(app).await?;
    let mut write = app.write(viewer).await?;
    // Read again and held: the check took its time, and another login of the same user waits for this one.
    let current = match &found {
        Some(user) => users::service::hold(&mut write, user.id).await?,
        None => None,
    };
    let outcome = judge(app, &tree, found.as_ref(), current.as_ref(), right);
    let entry = NewLoginLog { user_id: current.as_ref().map(|user| user.id), username, outcome };
    logs::service::record_login(&mut write, &viewer.request, entry).await?;
    let (LoginOutcome::Succeeded, Some(user)) = (outcome, &current) else {
        // Only who knows the password learns of the state of the account.
        let disabled = matches!(outcome, LoginOutcome::UserDisabled | LoginOutcome::DeptDisabled);
        let error = Error::Unauthenticated(if disabled { DISABLED } else { WRONG });
        if let (LoginOutcome::WrongPassword, Some(user)) = (outcome, &current) {
            users::service::note_failed_login(app, &mut write, user).await?;
        }
        write.commit_failure(&error).await?;
        if !disabled {
            attempt.failed().await;
        }
        return Err(error);
    };
    let user = user.clone();
    if !user.is_multi_login {
        sessions::service::end_all(&mut write, user.id, None).await?;
    }
    let opened = sessions::service::open(app, &mut write, user.id, &viewer.request).await?;
    let now = write.now();
    users::service::touch_login(&mut write, user.id, now).await?;
    write.act_as(user.id, &user.username, opened.session.id);
    write.commit().await?;
    attempt.succeeded().await;
    let user = User { last_login_at: Some(now), failed_logins: 0, failed_login_at: None, ..user };
    tokens(app, user, opened, input.refresh_cookie)
}

/// Notes a login that was refused before its password was looked at.
async fn refuse(app: &App, viewer: &Viewer, username: String, refusal: Refusal) -> Result<Error> {
    if let Some(outcome) = refusal.outcome {
        let user_id = users::service::find_by_username(app, &username).await?.map(|user| user.id);
        let mut write = app.write(viewer).await?;
        let entry = NewLoginLog { user_id, username, outcome };
        logs::service::record_login(&mut write, &viewer.request, entry).await?;
        write.commit_failure(&refusal.error).await?;
    }
    Ok(refusal.error)
}

/// How an attempt ends: `checked` is the account whose password was compared, `current` what it is by now.
fn judge(app: &App, tree: &DeptTree, checked: Option<&User>, current: Option<&User>, right: bool) -> LoginOutcome {
    let is_locked = |user: &User| user.locked_until(&app.policy.login.lockout, app.clock.now()).is_some();
    match (checked, current) {
        (None, _) => LoginOutcome::UnknownUser,
        // Whatever the password: telling that it is right would let a locked account be guessed on.
        (_, Some(user)) if is_locked(user) => LoginOutcome::Locked,
        (Some(user), _) if user.password_hash.is_none() => LoginOutcome::NoPassword,
        (Some(checked), Some(user)) if right && user.password_hash == checked.password_hash => {
            if !user.is_enabled() {
                LoginOutcome::UserDisabled
            } else if !may_act(user, tree.is_open_to(user.dept_id)) {
                LoginOutcome::DeptDisabled
            } else {
                LoginOutcome::Succeeded
            }
        }
        _ => LoginOutcome::WrongPassword,
    }
}

fn tokens(app: &App, user: User, opened: Opened, in_cookie: bool) -> Result<Tokens> {
    let Opened { session, refresh_token } = opened;
    let (policy, now) = (&app.policy.password, app.clock.now());
    let access = app.tokens.issue(user.id, session.id, now, session.expires_at)?;
    Ok(Tokens {
        access_token: access.token,
        expires_at: access.expires_at,
        refresh_token,
        in_cookie,
        session,
        must_change_password: must_change_password(policy, user.must_change_password, user.password_changed_at, now),
        password_expires_in_days: policy.days_left(user.password_changed_at, now),
        user,
    })
}

/// A token in the input comes before one in the cookie.
pub async fn refresh(app: &App, viewer: &Viewer, input: &RefreshSessionInput) -> Result<Tokens> {
    let token = match &input.refresh_token {
        Some(token) => token,
        None => viewer.request.cookie.token()?.ok_or(Error::Unauthenticated(NO_REFRESH))?,
    };
    let refused = Error::Unauthenticated(BAD_REFRESH);
    let tree = depts::service::tree(app).await?;
    let mut write = app.write(viewer).await?;
    let opened = match sessions::service::rotate(app, &mut write, token).await? {
        Rotation::Renewed(opened) => opened,
        Rotation::Refused => return Err(refused),
        Rotation::Reused(session) => {
            tracing::warn!(session = %session.id, user = %session.user_id, "a refresh token was used twice: its session has been ended");
            if let Some(user) = users::service::find_within(&mut write, session.user_id).await? {
                write.act_as(user.id, &user.username, session.id);
            }
            write.commit_failure(&refused).await?;
            return Err(refused);
        }
    };
    let user = users::service::find_within(&mut write, opened.session.user_id).await?;
    let user = user.ok_or(refused)?;
    if !user.is_enabled() || !may_act(&user, tree.is_open_to(user.dept_id)) {
        return Err(Error::Unauthenticated(DISABLED));
    }
    write.act_as(user.id, &user.username, opened.session.id);
    write.commit().await?;
    tokens(app, user, opened, input.refresh_token.is_none())
}

pub async fn logout(app: &App, viewer: &Viewer) -> Result<()> {
    let me = viewer.identity()?;
    let mut write = app.write(viewer).await?;
    sessions::service::end(&mut write, &[me.session_id]).await?;
    write.commit().await
}

pub async fn change_password(app: &App, viewer: &Viewer, input: ChangePasswordInput) -> Result<User> {
    protection::limit_password_check(app, viewer.identity()?.user_id).await?;
    let (old, new) = (input.old_password.into(), input.new_password.into());
    users::service::change_own_password(app, viewer, old, new, input.keep_current_session).await
}
