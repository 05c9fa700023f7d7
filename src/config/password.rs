//! What passwords must be like, and how long they are good for.

use std::time::Duration;

use super::setting::{Problems, Setting};
use super::values;
use crate::security::{CharacterClass, PasswordPolicy};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Passwords")]
pub struct PasswordSettings {
    /// What a new password must have one of, separated by commas: letter, lower, upper, digit, symbol; none asks for
    /// nothing. It has 8 characters to 72 bytes in any case
    #[arg(
        long,
        global = true,
        env = "ORGRAPH_PASSWORD_CLASSES",
        value_name = "CLASSES",
        default_value = "letter,digit"
    )]
    password_classes: Setting,

    /// How hard a new password must be to guess, by the estimate of zxcvbn: 0 (not at all) to 4 (very hard)
    #[arg(long, global = true, env = "ORGRAPH_PASSWORD_STRENGTH", value_name = "SCORE", default_value = "2")]
    password_strength: Setting,

    /// How many passwords before it a new one must differ from (0 to 24)
    #[arg(long, global = true, env = "ORGRAPH_PASSWORD_HISTORY", value_name = "NUMBER", default_value = "3")]
    password_history: Setting,

    /// How long a password is good for (1d to 3650d; 0: for ever); then it can only be changed
    #[arg(long, global = true, env = "ORGRAPH_PASSWORD_LIFETIME", value_name = "DURATION", default_value = "0")]
    password_lifetime: Setting,

    /// How long before its end logins tell of it (0s to 365d)
    #[arg(long, global = true, env = "ORGRAPH_PASSWORD_REMINDER", value_name = "DURATION", default_value = "7d")]
    password_reminder: Setting,
}

const DAY: Duration = Duration::from_secs(86400);

impl PasswordSettings {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<PasswordPolicy> {
        let classes = problems.read(&self.password_classes, classes);
        let strength = problems.number(&self.password_strength, 0, 4);
        let history = problems.number(&self.password_history, 0, 24);
        let lifetime = problems.read(&self.password_lifetime, |text| match text {
            "0" => Ok(None),
            text => match values::duration(DAY..=3650 * DAY)(text) {
                Ok(lifetime) => Ok(Some(lifetime)),
                Err(allowed) => Err(format!("{allowed}, or 0, which is for ever")),
            },
        });
        let reminder = problems.read(&self.password_reminder, values::duration(Duration::ZERO..=365 * DAY));
        Some(PasswordPolicy {
            classes: classes?,
            strength: strength?,
            history: history?,
            lifetime: lifetime?,
            reminder: reminder?,
        })
    }
}

fn classes(text: &str) -> Result<Vec<CharacterClass>, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let class = |text: &str| match text.trim() {
        "letter" => Some(CharacterClass::Letter),
        "lower" => Some(CharacterClass::Lower),
        "upper" => Some(CharacterClass::Upper),
        "digit" => Some(CharacterClass::Digit),
        "symbol" => Some(CharacterClass::Symbol),
        _ => None,
    };
    let classes: Option<Vec<_>> = text.split(',').map(class).collect();
    classes.ok_or_else(|| "must be none, or some of letter, lower, upper, digit and symbol with commas between".into())
}
