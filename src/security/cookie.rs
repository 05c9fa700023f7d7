//! The cookie in which a browser can keep its refresh token out of the reach of scripts.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Error, Result};

const NAME: &str = "orgraph_refresh";
/// Where browsers send it: nowhere but here.
const PATH: &str = "/graphql";

/// What a request tells of the cookie.
#[derive(Clone, Debug, Default)]
pub struct RefreshCookie {
    token: Option<SecretString>,
    /// Whether a page of another origin sends the request.
    is_foreign: bool,
    /// Whether the page is on the browser's own machine, where there may be no TLS.
    is_local: bool,
}

impl RefreshCookie {
    /// `header` is the request's `Cookie`.
    pub fn new(header: &str, is_foreign: bool, is_local: bool) -> Self {
        let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut tokens = pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
        // A second one has been put there by a neighbouring site.
        let token = tokens.next().filter(|token| !token.is_empty() && tokens.next().is_none());
        Self { token: token.map(SecretString::from), is_foreign, is_local }
    }

    /// Whether the request has one, whoever sends it.
    pub fn is_sent(&self) -> bool {
        self.token.is_some()
    }

    /// The token, if the page may use it: browsers send cookies along whoever asks them to.
    pub fn token(&self) -> Result<Option<&str>> {
        self.ensure_own()?;
        Ok(self.token.as_ref().map(|token| token.expose_secret()))
    }

    /// Fails if a page of another origin sends the request.
    pub fn ensure_own(&self) -> Result<()> {
        if self.is_foreign {
            return Err(Error::NotAllowed(
                "The refresh cookie is for pages of this server's own origin. Send the refresh token in the input."
                    .into(),
            ));
        }
        Ok(())
    }

    /// `Set-Cookie` with a token.
    pub fn set(&self, token: &str, lifetime: Duration) -> String {
        let secure = if self.is_local { "" } else { "; Secure" };
        let seconds = lifetime.as_secs();
        format!("{NAME}={token}; Path={PATH}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
    }

    /// `Set-Cookie` that takes it away.
    pub fn clear(&self) -> String {
        self.set("", Duration::ZERO)
    }
}
