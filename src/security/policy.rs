//! What a new password must be like, and how long one is good for.

use std::time::Duration;

use super::password::{MAX_PASSWORD_BYTES, MIN_PASSWORD_CHARS};
use crate::clock::Timestamp;
use crate::error::FieldError;

/// The rules for passwords; every path that sets one goes by them.
#[derive(Clone, Debug)]
pub struct PasswordPolicy {
    /// Kinds of characters, of each of which there must be one.
    pub classes: Vec<CharacterClass>,
    /// The lowest score that will do, from 0 (guessed at once) to 4, as zxcvbn gives them
    /// (<https://www.usenix.org/conference/usenixsecurity16/technical-sessions/presentation/wheeler>).
    pub strength: u8,
    /// A new password must differ from so many before it.
    pub history: i64,
    /// How long a password is good for; none means for ever.
    pub lifetime: Option<Duration>,
    /// How long before its end a login tells of it.
    pub reminder: Duration,
}

impl PasswordPolicy {
    /// What holds whatever is set: the length alone.
    pub const fn lenient() -> Self {
        Self { classes: Vec::new(), strength: 0, history: 0, lifetime: None, reminder: Duration::ZERO }
    }
}

/// A kind of characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharacterClass {
    /// Of any script and case.
    Letter,
    Lower,
    Upper,
    /// Of any script.
    Digit,
    /// Neither letter, digit nor white space.
    Symbol,
}

impl CharacterClass {
    const fn name(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Lower => "lower-case letter",
            Self::Upper => "upper-case letter",
            Self::Digit => "digit",
            Self::Symbol => "symbol",
        }
    }

    fn has(self, character: char) -> bool {
        match self {
            Self::Letter => character.is_alphabetic(),
            Self::Lower => character.is_lowercase(),
            Self::Upper => character.is_uppercase(),
            Self::Digit => character.is_numeric(),
            Self::Symbol => !character.is_alphanumeric() && !character.is_whitespace(),
        }
    }
}

impl PasswordPolicy {
    /// What is wrong with a new password. `names` are the user's own: it may be none of them, and what it has of them
    /// does not make it harder to guess.
    pub fn check(&self, path: &str, password: &str, names: &[&str]) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut bad = |code, message: String| errors.push(FieldError::new(path, code, message));
        if password.chars().count() < MIN_PASSWORD_CHARS {
            bad("TOO_SHORT", format!("The password needs at least {MIN_PASSWORD_CHARS} characters."));
        }
        if password.contains('\0') {
            bad("BAD_FORMAT", "The password cannot contain a null character.".into());
        }
        if password.len() > MAX_PASSWORD_BYTES {
            bad("TOO_LONG", format!("The password can have {MAX_PASSWORD_BYTES} bytes at the most."));
            // To judge it further would take longer the longer it is.
            return errors;
        }
        let missing = self.classes.iter().filter(|class| !password.chars().any(|c| class.has(c)));
        let missing: Vec<_> = missing.map(|class| format!("one {}", class.name())).collect();
        if !missing.is_empty() {
            bad("TOO_WEAK", format!("The password needs at least {}.", missing.join(" and ")));
        }
        if names.iter().any(|name| name.to_lowercase() == password.to_lowercase()) {
            bad("TOO_WEAK", "The password cannot be the user's own name.".into());
        } else if missing.is_empty() {
            let guess = zxcvbn::zxcvbn(password, names);
            if u8::from(guess.score()) < self.strength {
                let reason = guess.feedback().and_then(|feedback| feedback.warning());
                let reason = reason
                    .map_or_else(|| "Add a few words that do not go together.".into(), |warning| warning.to_string());
                bad("TOO_WEAK", format!("The password is too easy to guess. {reason}"));
            }
        }
        errors
    }

    /// When a password that was set then is good no longer; never, if none. What was never set is over.
    pub fn expiry(&self, changed_at: Option<Timestamp>) -> Option<Timestamp> {
        let lifetime = self.lifetime?;
        Some(changed_at.map_or(Timestamp::EPOCH, |at| at.plus(lifetime)))
    }

    /// The whole days that are left, if they are few enough to tell.
    pub fn days_left(&self, changed_at: Option<Timestamp>, now: Timestamp) -> Option<i32> {
        let left = self.expiry(changed_at).filter(|expiry| *expiry < now.plus(self.reminder))?.since(now);
        i32::try_from(left.as_secs() / 86_400).ok()
    }
}
