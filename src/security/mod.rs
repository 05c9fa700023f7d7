//! Who may do what.
//!
//! | file | holds |
//! |---|---|
//! | `permission.rs` | the catalogue of rights |
//! | `viewer.rs` | who sends a request |
//! | `scope.rs` | which rows a viewer sees |
//! | `tokens.rs` | access tokens and refresh tokens |
//! | `cookie.rs` | the cookie that a refresh token can be kept in |
//! | `presence.rs` | when sessions were last used |
//! | `password.rs`, `policy.rs` | hashing passwords; what a new one must be like |
//! | `attempts.rs`, `captcha.rs` | what attempts to log in are counted under; pictures of letters |
//!
//! What happens to an attempt to log in is in `domains/auth/protection.rs`, the lock of an account in
//! `domains/users/service/lock.rs`.

mod attempts;
mod captcha;
mod cookie;
mod password;
mod permission;
mod policy;
mod presence;
mod scope;
mod tokens;
mod viewer;

pub use attempts::{LoginCounters, MINUTE, network};
pub use captcha::{CAPTCHA_LIFETIME, Captcha, Captchas};
pub use cookie::RefreshCookie;
pub use password::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS, Passwords, generate_password};
pub use permission::{Permission, Permissions};
pub use policy::{CharacterClass, PasswordPolicy};
pub use presence::Presence;
pub use scope::Scope;
pub use tokens::{AccessClaims, IssuedToken, TokenError, Tokens, kid, new_refresh_token, token_hash};
pub use viewer::{Identity, RequestInfo, Viewer};
