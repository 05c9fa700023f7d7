//! Passwords: bcrypt, on threads that may block, a bounded number at a time.

use std::sync::Arc;

use rand::Rng as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

pub const MIN_PASSWORD_CHARS: usize = 8;
/// bcrypt reads no further; a longer password is refused, never cut.
pub const MAX_PASSWORD_BYTES: usize = 72;

/// Hashes and checks passwords.
pub struct Passwords {
    cost: u32,
    /// Hashing takes a processor for a quarter of a second: more at once than there are processors
    /// would starve everything else.
    running: Arc<Semaphore>,
    /// Checked when there is nothing to check against, so that an unknown user takes as long as a wrong password.
    nobody: String,
}

/// A hash of no password, which takes as long to check as one of this cost: an honest one of the lowest cost, with
/// another number on it. To make it at its full cost would double the time of a start.
fn nobodys_hash(cost: u32) -> Result<String> {
    const LOWEST: u32 = 4;
    let hash = bcrypt::hash(generate_password(), LOWEST).map_err(Error::internal)?;
    Ok(hash.replacen(&format!("${LOWEST:02}$"), &format!("${cost:02}$"), 1))
}

impl Passwords {
    pub fn new(cost: u32) -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self { cost, running: Arc::new(Semaphore::new(processors)), nobody: nobodys_hash(cost)? })
    }

    pub async fn hash(&self, password: SecretString) -> Result<String> {
        let cost = self.cost;
        self.blocking(move || bcrypt::non_truncating_hash(password.expose_secret(), cost).map_err(Error::internal))
            .await
    }

    /// Whether the password has this hash; without a hash, no, but not any sooner.
    pub async fn verify(&self, password: SecretString, hash: Option<&str>) -> Result<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).to_owned();
        self.blocking(move || {
            let password = password.expose_secret();
            // A password that could never have been set is still compared, for the same reason.
            let fits = password.len() <= MAX_PASSWORD_BYTES;
            let end = if fits { password.len() } else { password.floor_char_boundary(MAX_PASSWORD_BYTES - 1) };
            let same = bcrypt::verify(&password[..end], &hash).map_err(Error::internal)?;
            Ok(same && fits && known)
        })
        .await
    }

    /// Which of these hashes, if any, is of this password.
    pub async fn is_one_of(&self, password: &SecretString, hashes: &[String]) -> Result<bool> {
        for hash in hashes {
            if self.verify(password.clone(), Some(hash)).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn blocking<R: Send + 'static>(&self, work: impl FnOnce() -> Result<R> + Send + 'static) -> Result<R> {
        let permit = self.running.clone().acquire_owned().await.map_err(Error::internal)?;
        let span = tracing::Span::current();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(work)
        })
        .await
        .map_err(Error::internal)?
    }
}

/// A password of 20 letters and digits that are hard to mistake for each other, from the system's randomness.
pub fn generate_password() -> String {
    const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";
    const DIGITS: &[u8] = b"23456789";
    let mut rng = rand::rng();
    let mut characters: Vec<char> = Vec::with_capacity(20);
    for at in 0..20 {
        // At least one of each kind, whatever the dice say.
        let set = match at {
            0 => LETTERS,
            1 => DIGITS,
            _ if rng.random_ratio(1, 4) => DIGITS,
            _ => LETTERS,
        };
        characters.extend(set.choose(&mut rng).map(|&byte| char::from(byte)));
    }
    characters.shuffle(&mut rng);
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobodys_hash_is_checked_like_any_other_and_fits_nothing() {
        let passwords = Passwords::new(5).expect("a hash");
        assert_eq!(passwords.nobody.parse::<bcrypt::HashParts>().expect("a bcrypt hash").get_cost(), 5);
        let right = passwords.verify("correct horse 1".to_owned().into(), None).await;
        assert!(!right.expect("a check"));
    }
}
