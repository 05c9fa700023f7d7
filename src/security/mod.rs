//! Who may do what: the permission catalogue, the viewer of a request, row scopes, sessions in use, tokens and
//! passwords.

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
