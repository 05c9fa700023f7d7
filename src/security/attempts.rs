//! What attempts to log in are counted under.

use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::app::LoginPolicy;
use crate::cache::Counter;

pub const MINUTE: Duration = Duration::from_secs(60);

/// The counters of a user name and an address; in this order wherever there is one for each.
pub struct LoginCounters {
    account: String,
    address: String,
}

impl LoginCounters {
    pub fn new(ip: &str, username: &str) -> Self {
        Self { account: account(username), address: network(ip) }
    }

    pub fn attempts(&self) -> [Counter; 2] {
        self.named("attempts", MINUTE)
    }

    pub fn failures(&self, policy: &LoginPolicy) -> [Counter; 2] {
        self.named("failures", policy.failure_memory)
    }

    fn named(&self, what: &str, window: Duration) -> [Counter; 2] {
        [
            Counter::new(format!("login:{what}:account:{}", self.account), window),
            Counter::new(format!("login:{what}:address:{}", self.address), window),
        ]
    }
}

/// What typed names are counted under; they may be long, and belong in no other place.
fn account(username: &str) -> String {
    let digest = Sha256::digest(username.trim().to_lowercase().as_bytes());
    data_encoding::HEXLOWER.encode(&digest[..16])
}

/// Whom an address is counted as: of IPv6 the network, since each of its users has all of its addresses.
pub fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::")
        }
        _ => ip.to_owned(),
    }
}
