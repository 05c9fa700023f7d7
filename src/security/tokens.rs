//! Access tokens (signed, short-lived) and refresh tokens (random, kept as a hash).

use std::collections::HashMap;
use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::TryRngCore as _;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{SessionId, UserId};

const ISSUER: &str = "orgraph";
const AUDIENCE: &str = "orgraph-api";
const TYPE: &str = "access";

/// What an access token says, in seconds since 1970.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    pub sub: UserId,
    pub sid: SessionId,
    pub iat: i64,
    pub exp: i64,
}

/// The same with what every token of ours says.
#[derive(Serialize, Deserialize)]
struct Payload {
    #[serde(flatten)]
    claims: AccessClaims,
    typ: String,
    iss: String,
    aud: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    Expired,
    Invalid,
}

pub struct IssuedToken {
    pub token: String,
    pub expires_at: Timestamp,
}

/// Signs and checks access tokens (HS256). The first secret signs; all of them check, so that a secret is
/// rotated by putting a new one in front and taking the old one away when its last token has expired.
pub struct Tokens {
    lifetime: Duration,
    /// What the next refresh token is made with.
    succession: Hmac<Sha256>,
    signing: (String, EncodingKey),
    checking: HashMap<String, DecodingKey>,
    validation: Validation,
    /// Tokens that were checked before: a front end sends the same one for minutes.
    checked: moka::sync::Cache<String, AccessClaims>,
}

/// How many checked tokens are kept, each of some hundred bytes.
const KEPT: u64 = 10_000;

impl Tokens {
    pub fn new(secrets: &[SecretString], lifetime: Duration) -> Result<Self> {
        let first = secrets.first().ok_or_else(|| Error::internal("no token secret"))?;
        let key = |secret: &SecretString| DecodingKey::from_secret(secret.expose_secret().as_bytes());
        let secret = first.expose_secret().as_bytes();
        let succession = Hmac::new_from_slice(secret).map_err(Error::internal)?;
        Ok(Self {
            lifetime,
            succession: succession.chain_update(b"orgraph refresh token"),
            signing: (kid(first), EncodingKey::from_secret(first.expose_secret().as_bytes())),
            checking: secrets.iter().map(|secret| (kid(secret), key(secret))).collect(),
            validation: validation(),
            checked: moka::sync::Cache::builder().max_capacity(KEPT).time_to_live(lifetime).build(),
        })
    }

    pub fn issue(&self, user: UserId, session: SessionId, now: Timestamp, until: Timestamp) -> Result<IssuedToken> {
        let expires_at = now.plus(self.lifetime).min(until);
        let claims = AccessClaims { sub: user, sid: session, iat: now.seconds(), exp: expires_at.seconds() };
        let payload = Payload { claims, typ: TYPE.into(), iss: ISSUER.into(), aud: AUDIENCE.into() };
        let header = Header { kid: Some(self.signing.0.clone()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &payload, &self.signing.1).map_err(Error::internal)?;
        Ok(IssuedToken { token, expires_at })
    }

    /// The refresh token that follows one: always the same, so that whoever sends a token twice, or has copied it, is on
    /// the one chain of its session, where two who go on separately are noticed.
    pub fn successor(&self, refresh_token: &str) -> String {
        let next = self.succession.clone().chain_update(refresh_token.as_bytes()).finalize();
        BASE64URL_NOPAD.encode(&next.into_bytes())
    }

    pub fn check(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenError> {
        let claims = match self.checked.get(token) {
            Some(claims) => claims,
            None => {
                let claims = self.verify(token)?;
                self.checked.insert(token.to_owned(), claims);
                claims
            }
        };
        // A minute of grace for a clock that another node has ahead.
        if claims.iat > now.seconds() + 60 {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= now.seconds() {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    /// Checks all but the time.
    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError> {
        let invalid = |_| TokenError::Invalid;
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        let key = header.kid.as_ref().and_then(|kid| self.checking.get(kid)).ok_or(TokenError::Invalid)?;
        let payload = jsonwebtoken::decode::<Payload>(token, key, &self.validation).map_err(invalid)?.claims;
        if payload.typ == TYPE { Ok(payload.claims) } else { Err(TokenError::Invalid) }
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Compared with the injected clock instead.
    validation.validate_exp = false;
    validation
}

/// The name of a secret, which tells nothing of it.
pub fn kid(secret: &SecretString) -> String {
    let digest = Sha256::digest(secret.expose_secret().as_bytes());
    HEXLOWER.encode(&digest[..6])
}

/// The first of a session: 256 random bits.
pub fn new_refresh_token() -> Result<String> {
    let mut bytes = [0u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(Error::internal)?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// What is kept of a refresh token. Random tokens need no salt and no slow hash.
pub fn token_hash(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token.as_bytes()))
}
