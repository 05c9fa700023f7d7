//! What is done against guessing passwords.

use std::time::Duration;

use super::setting::{Problems, Setting};
use super::values;
use crate::app::{CaptchaPolicy, Lockout, LoginPolicy};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Login protection")]
pub struct LoginSettings {
    /// Attempts to log in a minute from one address (an IPv6 network of 64 bits is one); 0 is no limit
    #[arg(long, global = true, env = "ORGRAPH_LOGIN_LIMIT_ADDRESS", value_name = "NUMBER", default_value = "30")]
    login_limit_address: Setting,

    /// Attempts to log in a minute with one user name; 0 is no limit
    #[arg(long, global = true, env = "ORGRAPH_LOGIN_LIMIT_ACCOUNT", value_name = "NUMBER", default_value = "10")]
    login_limit_account: Setting,

    /// Wrong passwords in a row that lock an account; 0 never locks
    #[arg(long, global = true, env = "ORGRAPH_LOCKOUT_FAILURES", value_name = "NUMBER", default_value = "5")]
    lockout_failures: Setting,

    /// How long an account is locked, and how far apart wrong passwords in a row can be (1s to 24h)
    #[arg(long, global = true, env = "ORGRAPH_LOCKOUT_DURATION", value_name = "DURATION", default_value = "5m")]
    lockout_duration: Setting,

    /// When a login takes a captcha: always, never, or after so many failures within 15 minutes with the same user
    /// name or from the same address
    #[arg(long, global = true, env = "ORGRAPH_CAPTCHA", value_name = "always|never|NUMBER", default_value = "3")]
    captcha: Setting,
}

const DAY: Duration = Duration::from_secs(86400);
const FAILURE_MEMORY: Duration = Duration::from_secs(15 * 60);

impl LoginSettings {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<LoginPolicy> {
        let address_limit = problems.number(&self.login_limit_address, 0, 1_000_000);
        let account_limit = problems.number(&self.login_limit_account, 0, 1_000_000);
        let failures = problems.number(&self.lockout_failures, 0, 1_000);
        let duration = problems.read(&self.lockout_duration, values::duration(Duration::from_secs(1)..=DAY));
        let captcha = problems.read(&self.captcha, captcha);
        Some(LoginPolicy {
            address_limit: address_limit?,
            account_limit: account_limit?,
            lockout: Lockout { failures: failures?, duration: duration? },
            captcha: captcha?,
            failure_memory: FAILURE_MEMORY,
        })
    }
}

fn captcha(text: &str) -> Result<CaptchaPolicy, String> {
    match text {
        "always" => Ok(CaptchaPolicy::Always),
        "never" => Ok(CaptchaPolicy::Never),
        _ => match text.parse() {
            Ok(failures @ 1..=1_000) => Ok(CaptchaPolicy::After(failures)),
            _ => Err("must be always, never, or a number of failures from 1 to 1000".into()),
        },
    }
}
