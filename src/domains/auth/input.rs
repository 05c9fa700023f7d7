//! What clients send to log in and out.

use async_graphql::{ID, InputObject};

use crate::graphql::guard::sensitive;

/// Who logs in.
#[derive(InputObject)]
pub struct LoginInput {
    /// The user name, in any case.
    pub username: String,
    /// The password.
    #[graphql(directive = sensitive::apply())]
    pub password: String,
    /// A solved captcha, where one is wanted: after some failures with this user name or from this address.
    pub captcha: Option<CaptchaAnswer>,
    /// Whether a browser shall keep the refresh token in a cookie that no script can read, for pages of this server's own
    /// origin. The answer does not hold the token then, and `refreshSession` takes it from there. False if not given.
    #[graphql(default)]
    pub refresh_cookie: bool,
}

/// The answer to a captcha; each can be answered once.
#[derive(InputObject)]
pub struct CaptchaAnswer {
    /// The id that `captcha` gave.
    pub id: ID,
    /// The letters and digits of its image, in any case.
    pub text: String,
}

/// Which session to carry on.
#[derive(Default, InputObject)]
pub struct RefreshSessionInput {
    /// The refresh token of the last login or refresh. It works once: for ten
    /// seconds it can be sent again, and one that comes later than that ends the session. Left out, it is the one in the
    /// cookie.
    #[graphql(directive = sensitive::apply())]
    pub refresh_token: Option<String>,
}

/// A new password for oneself.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The present password.
    #[graphql(directive = sensitive::apply())]
    pub old_password: String,
    /// The new one: 8 characters to 72 bytes, hard to guess, and not one of the last few.
    #[graphql(directive = sensitive::apply())]
    pub new_password: String,
    /// Whether the session that this request belongs to goes on; true if not given. All others end.
    #[graphql(default = true)]
    pub keep_current_session: bool,
}
