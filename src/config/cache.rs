//! What is kept between requests, and what the nodes of one installation share.

use secrecy::SecretString;

use super::setting::{Problems, Setting, URL};
use super::values;
use crate::cache::Redis;

#[derive(Clone, Debug)]
pub struct Cache {
    /// Bytes of values in this process; 0 keeps none.
    pub size: u64,
    pub redis_url: Option<SecretString>,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cache")]
pub struct CacheSettings {
    /// redis://user:password@host:port/number (Redis 6 or newer), rediss://… for TLS, redis+sentinel://host,host/master,
    /// redis+cluster://host,host: what the nodes share, so that they ask the database less. One number for one
    /// installation; needs ORGRAPH_TOKEN_SECRET. Without it, or while it is away, nodes still learn of each other's
    /// changes, from the database
    #[arg(long, global = true, env = "ORGRAPH_REDIS_URL", value_name = "URL", value_parser = URL)]
    #[arg(hide_env_values = true)]
    redis_url: Option<Setting>,

    /// How much is kept in the process (1KiB to 100MiB; 0: nothing)
    #[arg(long, global = true, env = "ORGRAPH_CACHE_SIZE", value_name = "SIZE", default_value = "32MiB")]
    cache_size: Setting,
}

impl CacheSettings {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<Cache> {
        let redis_url = problems.read_some(self.redis_url.as_ref(), |text| {
            let url = SecretString::from(text);
            let checked = Redis::new(&url, "").map(|_| url);
            checked.map_err(|why| format!("must be a URL like redis://:password@host:6379/0: {why}"))
        });
        let size = problems.read(&self.cache_size, |text| match text {
            "0" => Ok(0),
            text => values::size(text).map_err(|allowed| format!("{allowed}, or 0, which keeps nothing")),
        });
        Some(Cache { size: size? as u64, redis_url: redis_url? })
    }
}

impl Cache {
    pub fn open(&self, installation: &str) -> crate::cache::Cache {
        let redis = self.redis_url.as_ref().map(|url| Redis::new(url, installation));
        crate::cache::Cache::new(self.size, redis.transpose().expect("the URL was checked when it was read"))
    }
}
