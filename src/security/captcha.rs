//! Pictures of letters that a person can read. Nothing is kept of them: the id carries a keyed digest of the answer.

use std::time::Duration;

use captcha::filters::{Dots, Noise, Wave};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, Mac as _};
use rand::TryRngCore as _;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// How long a captcha can be answered.
pub const CAPTCHA_LIFETIME: Duration = Duration::from_secs(5 * 60);
const LETTERS: u32 = 5;
/// Letters that are hard to tell from another are left out.
const ALPHABET: &[char] = &[
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'K', 'M', 'N', 'P', 'Q', 'R', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '2', '3',
    '4', '6', '7', '8', '9',
];
const NONCE: usize = 16;
const HEAD: usize = NONCE + 8;

pub struct Captcha {
    pub id: String,
    pub png: Vec<u8>,
    /// What the picture shows. Nobody is told.
    pub answer: String,
    pub expires_at: Timestamp,
}

/// Makes and checks captchas. The first secret signs; all of them check.
#[derive(Clone)]
pub struct Captchas {
    keys: Vec<Hmac<Sha256>>,
}

impl Captchas {
    pub fn new(secrets: &[SecretString]) -> Result<Self> {
        let key = |secret: &SecretString| Hmac::new_from_slice(secret.expose_secret().as_bytes());
        Ok(Self { keys: secrets.iter().map(key).collect::<Result<_, _>>().map_err(Error::internal)? })
    }

    /// Draws one, which takes some milliseconds.
    pub fn draw(&self, now: Timestamp) -> Result<Captcha> {
        let mut nonce = [0; NONCE];
        rand::rngs::OsRng.try_fill_bytes(&mut nonce).map_err(Error::internal)?;
        let mut picture = captcha::Captcha::new();
        picture.set_chars(ALPHABET).add_chars(LETTERS);
        picture.apply_filter(Noise::new(0.2)).apply_filter(Wave::new(2.0, 12.0).horizontal());
        picture.apply_filter(Wave::new(2.0, 9.0).vertical()).view(220, 100).apply_filter(Dots::new(8));
        let png = picture.as_png().ok_or_else(|| Error::internal("a captcha could not be drawn"))?;
        let expires_at = now.plus(CAPTCHA_LIFETIME);
        let mut id = nonce.to_vec();
        id.extend(expires_at.micros().to_be_bytes());
        let signing = self.keys.first().ok_or_else(|| Error::internal("no secret"))?;
        let answer = picture.chars_as_string();
        let digest = bound(signing, &id, &answer).finalize().into_bytes();
        id.extend(digest);
        Ok(Captcha { id: BASE64URL_NOPAD.encode(&id), png, answer, expires_at })
    }

    /// The name of the captcha, under which its use is counted, and whether the answer is right and in time.
    /// None for what is no id of ours.
    pub fn check(&self, id: &str, answer: &str, now: Timestamp) -> Option<(String, bool)> {
        let id = BASE64URL_NOPAD.decode(id.as_bytes()).ok()?;
        let (head, digest) = id.split_at_checked(HEAD)?;
        let (nonce, expiry) = head.split_at(NONCE);
        let expires_at = Timestamp::from_micros(i64::from_be_bytes(expiry.try_into().ok()?))?;
        let is_right = self.keys.iter().any(|key| bound(key, head, answer).verify_slice(digest).is_ok());
        Some((BASE64URL_NOPAD.encode(nonce), is_right && now < expires_at))
    }
}

fn bound(key: &Hmac<Sha256>, head: &[u8], answer: &str) -> Hmac<Sha256> {
    let mut digest = key.clone();
    // Tokens are signed with the same secrets.
    digest.update(b"orgraph captcha\0");
    digest.update(head);
    digest.update(answer.trim().to_uppercase().as_bytes());
    digest
}
