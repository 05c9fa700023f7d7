//! Everything that a request needs and that outlives it; built once, and swappable in tests.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::cache::{Cache, Counters};
use crate::clock::Clock;
use crate::db::Database;
use crate::error::Result;
use crate::security::{Captchas, PasswordPolicy, Passwords, Presence, Tokens};

/// What the rules of the domains depend on.
#[derive(Clone, Debug)]
pub struct Policy {
    /// bcrypt's cost: each step doubles the time of a login.
    pub bcrypt_cost: u32,
    pub access_lifetime: Duration,
    pub session_lifetime: Duration,
    /// How long a session lasts without being used.
    pub session_idle_lifetime: Duration,
    pub login: LoginPolicy,
    pub password: PasswordPolicy,
}

/// What is done against guessing passwords; 0 means no limit.
#[derive(Clone, Debug)]
pub struct LoginPolicy {
    /// Attempts a minute from one address.
    pub address_limit: u64,
    /// Attempts a minute with one user name.
    pub account_limit: u64,
    pub lockout: Lockout,
    pub captcha: CaptchaPolicy,
    /// How long failures count towards a captcha.
    pub failure_memory: Duration,
}

/// So many wrong passwords in a row, each no longer than the duration after the one before, lock an account for the
/// duration.
#[derive(Clone, Copy, Debug)]
pub struct Lockout {
    pub failures: i32,
    pub duration: Duration,
}

impl Lockout {
    pub fn is_reached(&self, failures: i32) -> bool {
        self.failures > 0 && failures >= self.failures
    }
}

/// When a login takes a captcha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaPolicy {
    Always,
    Never,
    /// After so many failures with the same user name, or from the same address.
    After(u64),
}

pub struct App {
    pub db: Database,
    pub cache: Cache,
    pub counters: Counters,
    pub clock: Clock,
    pub captchas: Captchas,
    pub passwords: Passwords,
    pub presence: Presence,
    pub tokens: Tokens,
    pub policy: Policy,
}

impl App {
    pub fn new(
        db: Database,
        cache: Cache,
        clock: Clock,
        policy: Policy,
        token_secrets: &[SecretString],
    ) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            db,
            counters: cache.counters(clock.clone()),
            cache,
            clock,
            captchas: Captchas::new(token_secrets)?,
            passwords: Passwords::new(policy.bcrypt_cost)?,
            presence: Presence::default(),
            tokens: Tokens::new(token_secrets, policy.access_lifetime)?,
            policy,
        }))
    }
}
