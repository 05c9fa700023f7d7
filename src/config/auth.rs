//! Accounts, sessions and tokens.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::login::LoginSettings;
use super::password::PasswordSettings;
use super::setting::{Problems, SECRET, Setting};
use super::values;
use crate::app::Policy;
use crate::security::PasswordPolicy;

/// HS256 wants a secret as long as its hash.
pub const MIN_SECRET_CHARS: usize = 32;

#[derive(Clone, Debug)]
pub struct Auth {
    /// Of the administrator that the first start makes; generated if there is none.
    pub admin_password: Option<SecretString>,
    /// The first one signs, all of them check; none means the one kept in the data directory.
    pub token_secrets: Option<Vec<SecretString>>,
    pub policy: Policy,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Accounts and sessions")]
pub struct AuthSettings {
    /// Password of the user `admin`, used at the first start only, under the rules for passwords
    /// [default: generated and printed once]
    #[arg(long, global = true, env = "ORGRAPH_ADMIN_PASSWORD", value_name = "PASSWORD", value_parser = SECRET)]
    #[arg(hide_env_values = true)]
    admin_password: Option<Setting>,

    /// Secrets that sign access tokens, separated by commas, at least 32 characters each: the first one signs, all
    /// of them check. Nodes behind one load balancer need the same [default: generated once, kept in
    /// `token.secret` in the data directory]
    #[arg(long, global = true, env = "ORGRAPH_TOKEN_SECRET", value_name = "SECRETS", value_parser = SECRET)]
    #[arg(hide_env_values = true)]
    token_secret: Option<Setting>,

    /// Cost of a password's bcrypt hash (4 to 16): each step doubles the time of a login
    #[arg(long, global = true, env = "ORGRAPH_BCRYPT_COST", value_name = "NUMBER", default_value = "12")]
    bcrypt_cost: Setting,

    /// How long an access token is good for (1s to 7d, no longer than a session)
    #[arg(long, global = true, env = "ORGRAPH_ACCESS_TOKEN_LIFETIME", value_name = "DURATION", default_value = "15m")]
    access_token_lifetime: Setting,

    /// How long a session lasts (1m to 365d)
    #[arg(long, global = true, env = "ORGRAPH_SESSION_LIFETIME", value_name = "DURATION", default_value = "7d")]
    session_lifetime: Setting,

    /// How long a session lasts without being used (5m to 365d, no longer than a session)
    /// [default: 24h, or the session lifetime if that is shorter]
    #[arg(long, global = true, env = "ORGRAPH_SESSION_IDLE_LIFETIME", value_name = "DURATION")]
    session_idle_lifetime: Option<Setting>,

    #[command(flatten)]
    login: LoginSettings,

    #[command(flatten)]
    password: PasswordSettings,
}

const DAY: Duration = Duration::from_secs(86400);
/// Rows learn of a use a minute late; an idle lifetime must be long against that.
const SHORTEST_IDLE: Duration = Duration::from_secs(300);

impl AuthSettings {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<Auth> {
        let policy = self.password.read(problems);
        let admin_password = problems.read_some(self.admin_password.as_ref(), |text| {
            // Where the rules are wrong themselves, and listed, it is judged by what holds in any case.
            password(policy.as_ref().unwrap_or(&PasswordPolicy::lenient()), text)
        });
        let token_secrets = problems.read_some(self.token_secret.as_ref(), token_secrets);
        let bcrypt_cost = problems.number(&self.bcrypt_cost, 4, 16);
        let access = values::duration(Duration::from_secs(1)..=7 * DAY);
        let access_lifetime = problems.read(&self.access_token_lifetime, access);
        let session = values::duration(Duration::from_secs(60)..=365 * DAY);
        let session_lifetime = problems.read(&self.session_lifetime, session);
        let idle = values::duration(SHORTEST_IDLE..=365 * DAY);
        let idle_lifetime = problems.read_some(self.session_idle_lifetime.as_ref(), idle);
        for (name, lifetime) in [
            ("ORGRAPH_ACCESS_TOKEN_LIFETIME (--access-token-lifetime)", access_lifetime),
            ("ORGRAPH_SESSION_IDLE_LIFETIME (--session-idle-lifetime)", idle_lifetime.flatten()),
        ] {
            if let (Some(lifetime), Some(session)) = (lifetime, session_lifetime)
                && lifetime > session
            {
                problems.add(format!(
                    "{name} is {}: cannot be longer than ORGRAPH_SESSION_LIFETIME (--session-lifetime), which is {}.",
                    values::written(lifetime),
                    values::written(session),
                ));
            }
        }
        let login = self.login.read(problems);
        Some(Auth {
            admin_password: admin_password?,
            token_secrets: token_secrets?,
            policy: Policy {
                bcrypt_cost: bcrypt_cost?,
                access_lifetime: access_lifetime?,
                session_lifetime: session_lifetime?,
                login: login?,
                password: policy?,
                session_idle_lifetime: idle_lifetime?.unwrap_or_else(|| DAY.min(session_lifetime.unwrap_or(DAY))),
            },
        })
    }
}

fn password(policy: &PasswordPolicy, text: &str) -> Result<SecretString, String> {
    let errors = policy.check("", text, &["admin"]);
    if errors.is_empty() {
        return Ok(text.into());
    }
    let messages: Vec<_> = errors.iter().map(|error| error.message.trim_end_matches('.')).collect();
    Err(messages.join("; "))
}

/// Reads secrets separated by commas.
pub(super) fn token_secrets(text: &str) -> Result<Vec<SecretString>, String> {
    let secrets: Vec<SecretString> = text.split(',').map(|secret| secret.trim().into()).collect();
    for (at, secret) in secrets.iter().enumerate() {
        let length = secret.expose_secret().chars().count();
        if length < MIN_SECRET_CHARS {
            return Err(format!(
                "secret {} of {} has {length} characters; each needs at least {MIN_SECRET_CHARS} \
                 (`openssl rand -hex 32` makes a good one)",
                at + 1,
                secrets.len(),
            ));
        }
    }
    Ok(secrets)
}
