//! What stands between a guesser and a password: limits a minute, a captcha after failures, and counting those.
//!
//! All of it goes by the user name that was typed, whether anybody has it or not, and so tells nothing about who does.
//! The lock of an account is kept in its row, by `users`.

use super::input::CaptchaAnswer;
use crate::app::{App, CaptchaPolicy};
use crate::cache::{Count, Counter};
use crate::domains::logs::model::LoginOutcome;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::security::{CAPTCHA_LIFETIME, Captcha, LoginCounters, MINUTE, network};

const NEEDED: &str =
    "Solve a captcha first: ask for `captcha`, and send its `id` and the letters of its image as `input.captcha`.";
const NOT_SOLVED: &str = "These are not the letters of the captcha, or it is too old, or was used before. Ask for \
                          another `captcha`: each can be answered once.";

/// A login that goes no further.
pub struct Refusal {
    pub error: Error,
    /// What to note of it, if anything.
    pub outcome: Option<LoginOutcome>,
}

/// One attempt to log in.
pub struct Attempt<'a> {
    app: &'a App,
    counters: LoginCounters,
}

impl<'a> Attempt<'a> {
    pub fn new(app: &'a App, ip: &str, username: &str) -> Self {
        Self { app, counters: LoginCounters::new(ip, username) }
    }

    /// Counts the attempt, and lets it through if it may go on.
    pub async fn admit(&self, captcha: Option<&CaptchaAnswer>) -> Result<(), Refusal> {
        let policy = &self.app.policy.login;
        let [account, address] = self.counters.attempts();
        // One after the other: an address beyond its limit must not use up the limit of an account.
        for (counter, limit) in [(address, policy.address_limit), (account, policy.account_limit)] {
            let [count] = self.app.counters.hit([&counter]).await;
            if let Some(error) = over(count, limit, "attempts to log in") {
                let is_first = matches!(error, Error::RateLimited { is_first: true, .. });
                return Err(Refusal { error, outcome: is_first.then_some(LoginOutcome::RateLimited) });
            }
        }
        let refused = match captcha {
            Some(answer) if !solved(self.app, answer).await => ("WRONG_CAPTCHA", NOT_SOLVED),
            None if self.needs_captcha().await => ("CAPTCHA_REQUIRED", NEEDED),
            _ => return Ok(()),
        };
        let error = Error::input("input.captcha", refused.0, refused.1);
        Err(Refusal { error, outcome: Some(LoginOutcome::CaptchaRefused) })
    }

    async fn needs_captcha(&self) -> bool {
        let [account, address] = self.counters.failures(&self.app.policy.login);
        match self.app.policy.login.captcha {
            CaptchaPolicy::Always => true,
            CaptchaPolicy::Never => false,
            CaptchaPolicy::After(failures) => {
                self.app.counters.read([&account, &address]).await.iter().any(|count| count.hits >= failures)
            }
        }
    }

    pub async fn failed(&self) {
        let [account, address] = self.counters.failures(&self.app.policy.login);
        self.app.counters.hit([&account, &address]).await;
    }

    /// The address has not become better by it: it may be an account of the guesser's own.
    pub async fn succeeded(&self) {
        let [account, _] = self.counters.failures(&self.app.policy.login);
        self.app.counters.clear([&account]).await;
    }
}

/// Whoever has a session may not guess the password either.
pub async fn limit_password_check(app: &App, user: UserId) -> Result<()> {
    let [count] = app.counters.hit([&Counter::new(format!("password:{user}"), MINUTE)]).await;
    over(count, app.policy.login.account_limit, "tries of the present password").map_or(Ok(()), Err)
}

/// A new captcha, and whether every login from this address takes one.
pub async fn captcha(app: &App, ip: &str) -> Result<(Captcha, bool)> {
    let [count] = app.counters.hit([&Counter::new(format!("captcha:address:{}", network(ip)), MINUTE)]).await;
    if let Some(error) = over(count, app.policy.login.address_limit, "captchas") {
        return Err(error);
    }
    let (captchas, now) = (app.captchas.clone(), app.clock.now());
    let drawn = tokio::task::spawn_blocking(move || captchas.draw(now)).await.map_err(Error::internal)??;
    Ok((drawn, Attempt::new(app, ip, "").needs_captcha().await))
}

/// Whether a captcha is solved, which it can be tried once.
async fn solved(app: &App, answer: &CaptchaAnswer) -> bool {
    let Some((name, is_right)) = app.captchas.check(&answer.id, &answer.text, app.clock.now()) else {
        return false;
    };
    let [count] = app.counters.hit([&Counter::new(format!("captcha:used:{name}"), CAPTCHA_LIFETIME)]).await;
    is_right && count.hits == 1
}

fn over(count: Count, limit: u64, what: &str) -> Option<Error> {
    (limit > 0 && count.hits > limit).then(|| {
        let seconds = count.left.as_secs() + 1;
        Error::RateLimited {
            message: format!("Too many {what} in a minute. Try again in {seconds} s."),
            left: count.left,
            is_first: count.hits == limit + 1,
        }
    })
}
