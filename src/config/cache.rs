//! What the nodes of one installation share.

use secrecy::SecretString;

use super::setting::{Problems, Setting, URL};

#[derive(Clone, Debug)]
pub struct Cache {
    /// Not used yet: the cache is in process.
    pub redis_url: Option<SecretString>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cache")]
pub struct CacheSettings {
    /// redis://user:password@host:port/number, or rediss://… for TLS. Checked, but NOT USED YET by this version:
    /// the cache is in process, so run one node only
    #[arg(long, global = true, env = "ORGRAPH_REDIS_URL", value_name = "URL", value_parser = URL)]
    #[arg(hide_env_values = true)]
    redis_url: Option<Setting>,
}

impl CacheSettings {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<Cache> {
        let redis_url = problems.read_some(self.redis_url.as_ref(), |text| {
            let url = url::Url::parse(text);
            match url.is_ok_and(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host()) {
                true => Ok(SecretString::from(text)),
                false => Err("must be a URL like redis://host:6379 or, for TLS, rediss://host:6379".into()),
            }
        });
        Some(Cache { redis_url: redis_url? })
    }
}
