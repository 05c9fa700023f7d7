//! Everything that a request needs and that outlives it; built once, and swappable in tests.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::cache::Cache;
use crate::clock::Clock;
use crate::db::Database;
use crate::error::Result;
use crate::security::{Passwords, Presence, Tokens};

/// What the rules of the domains depend on.
#[derive(Clone, Debug)]
pub struct Policy {
    /// bcrypt's cost: each step doubles the time of a login.
    pub bcrypt_cost: u32,
    pub access_lifetime: Duration,
    pub session_lifetime: Duration,
    /// How long a session lasts without being used.
    pub session_idle_lifetime: Duration,
}

pub struct App {
    pub db: Database,
    pub cache: Cache,
    pub clock: Clock,
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
            cache,
            clock,
            passwords: Passwords::new(policy.bcrypt_cost)?,
            presence: Presence::default(),
            tokens: Tokens::new(token_secrets, policy.access_lifetime)?,
            policy,
        }))
    }
}
