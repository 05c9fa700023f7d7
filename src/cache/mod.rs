//! What is kept between requests: in this process, and behind it in Redis, where that is configured.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Key`], and [`Cache`], which domains use |
//! | `memory.rs` | the values in this process |
//! | `place.rs` | where Redis is: one server, or what sentinels or a cluster say |
//! | `redis.rs` | the values in Redis, the messages between nodes, and what happens while Redis is away |
//! | `counters.rs` | [`Counters`]: what has happened how often |
//! | `follow.rs` | learning from the database what other processes have changed |
//!
//! A [`Key`] names the type of its value, its text and its lifetime. A value is loaded once however many ask for it
//! at the same time. [`Cache::forget`] holds for loads that are under way, here and in Redis: what such a load has read
//! may be older than the change, so it is not believed afterwards.
//!
//! Nothing depends on Redis being there. What other processes have changed stands in the database, in the transaction
//! of the change; messages through Redis only bring it sooner.

mod counters;
mod follow;
mod memory;
mod place;
mod redis;

use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::counters::{Count, Counter, Counters};
pub use self::follow::BOUND;
use self::follow::Follower;
use self::memory::{Entry, Memory};
use self::redis::Found;
pub use self::redis::Redis;
use crate::app::App;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ids::NodeId;

/// The longest lifetime that a [`Key`] may have.
const LONGEST: Duration = Duration::from_secs(600);
/// How long it is believed that something is not there.
const ABSENT: Duration = Duration::from_secs(30);

/// The address of one cached value.
pub trait Key: Send + Sync {
    type Value: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// How long a value is believed if nobody forgets it before; ten minutes at the most.
    const LIFETIME: Duration;
    /// The texts of the values that go into this one, which is forgotten with any of them. While it is loaded, they
    /// are to be had from [`Cache::part`].
    const PARTS: &'static [&'static str] = &[];
    /// `orgraph:<module>:<type>:v<version>:<id>`; the version changes with the shape of the value.
    fn text(&self) -> String;
    /// Whether a value says that there is nothing: that is believed for a short time only.
    fn is_absent(_: &Self::Value) -> bool {
        false
    }
}

pub struct Cache {
    /// This process, among those that write to the database.
    pub(crate) node: NodeId,
    memory: Memory,
    redis: Option<Arc<Redis>>,
    /// What is being loaded, or was a moment ago, because Redis did not have it.
    loading: moka::future::Cache<String, Entry>,
}

impl Cache {
    /// Up to `size` bytes of values, as they are written, in this process.
    pub fn new(size: u64, redis: Option<Redis>) -> Self {
        let loading = moka::future::Cache::builder().max_capacity(1_000).time_to_live(Duration::from_secs(1)).build();
        Self { node: NodeId::new(), memory: Memory::new(size), redis: redis.map(Arc::new), loading }
    }

    /// The value under `key`, loaded by `load` if it is not there. A failed load is not kept.
    pub async fn get<K, F>(&self, key: &K, load: impl Fn() -> F) -> Result<Arc<K::Value>>
    where
        K: Key,
        F: Future<Output = Result<K::Value>> + Send,
    {
        if !self.memory.is_current() {
            return Ok(Arc::new(Box::pin(load()).await?));
        }
        let text = key.text();
        let found = match self.memory.find(&text, K::PARTS).await {
            Some(found) => found,
            // What loads is large, and would be moved about with every request that finds what it needs.
            None => Box::pin(self.memory.get(&text, K::PARTS, || self.find::<K, F>(&text, &load))).await?,
        };
        found.downcast().map_err(|_| shared_text())
    }

    /// The same for a value that goes into another one, while that is loaded. What this process holds may be older than
    /// what Redis has been told of the parts, so that the whole would be kept there as newer than it is.
    pub async fn part<K, F>(&self, key: &K, load: impl Fn() -> F) -> Result<Arc<K::Value>>
    where
        K: Key,
        F: Future<Output = Result<K::Value>> + Send,
    {
        if !self.memory.is_current() || !self.is_shared() {
            return self.get(key, load).await;
        }
        self.find::<K, F>(&key.text(), &load).await?.value.downcast().map_err(|_| shared_text())
    }

    /// From Redis, or else by loading.
    async fn find<K, F>(&self, text: &str, load: &impl Fn() -> F) -> Result<Entry>
    where
        K: Key,
        F: Future<Output = Result<K::Value>> + Send,
    {
        let found = match &self.redis {
            Some(redis) => redis.get(text, K::PARTS).await,
            None => Found::Unavailable,
        };
        let seen = match found {
            // A shape that this version does not know is as good as nothing.
            Found::Value(bytes) => match serde_json::from_slice::<K::Value>(&bytes) {
                Ok(value) => return Ok(entry::<K>(value, bytes.len())),
                Err(_) => None,
            },
            Found::Nothing(seen) => Some(seen),
            Found::Unavailable => None,
        };
        let (Some(redis), Some(seen)) = (&self.redis, seen) else {
            return Ok(written::<K>(load().await?)?.0);
        };
        // Whoever has seen the same can be given the same.
        let loading = async {
            let (entry, bytes) = written::<K>(load().await?)?;
            redis.put(text, K::PARTS, &seen, &bytes, entry.lifetime).await;
            Ok(entry)
        };
        let loaded = self.loading.try_get_with(format!("{text} {seen}"), loading).await;
        loaded.map_err(|error: Arc<Error>| Error::clone(&error))
    }

    /// From here on, until this ends, values are believed only as long as it is known what other processes change.
    pub async fn follow(app: Arc<App>) -> Result<impl Future<Output = ()> + Send> {
        let follower = Follower::start(app.clone()).await?;
        Ok(async move { tokio::join!(follower.run(), app.cache.listen()).0 })
    }

    /// What another process has changed.
    async fn heard(&self, texts: &[String]) {
        // Before and after: what was read from Redis in between may be what is taken away there.
        self.memory.forget(texts).await;
        if let (Some(redis), false) = (&self.redis, texts.is_empty()) {
            // Whoever changed it may have died before it could.
            redis.forget(texts, false).await;
        }
        self.memory.forget(texts).await;
    }

    /// Makes sure that nobody, on any node, is given a value that was read before now.
    pub async fn forget(&self, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        // First what this process could take out again, then what it holds.
        if let Some(redis) = &self.redis {
            redis.forget(texts, true).await;
        }
        self.memory.forget(texts).await;
    }

    /// Counters beside the values.
    pub fn counters(&self, clock: Clock) -> Counters {
        Counters::new(clock, self.redis.clone())
    }

    /// Whether Redis is in use at the moment.
    pub fn is_shared(&self) -> bool {
        self.redis.as_ref().is_some_and(|redis| redis.is_in_use())
    }

    /// How many values this process holds.
    pub async fn held(&self) -> u64 {
        self.memory.held().await
    }

    /// Listens to other nodes through Redis, as long as the program runs. [`Cache::follow`] does it too.
    pub async fn listen(&self) {
        if let Some(redis) = &self.redis {
            redis.run(&self.memory).await;
        }
    }
}

/// A value to be kept, and how it is written.
fn written<K: Key>(value: K::Value) -> Result<(Entry, Vec<u8>)> {
    let bytes = serde_json::to_vec(&value).map_err(Error::internal)?;
    Ok((entry::<K>(value, bytes.len()), bytes))
}

fn entry<K: Key>(value: K::Value, size: usize) -> Entry {
    let lifetime = if K::is_absent(&value) { ABSENT } else { K::LIFETIME };
    // What was loaded together shall not have to be loaded together again.
    let lifetime = lifetime.mul_f64(rand::rng().random_range(0.9..=1.0));
    Entry { value: Arc::new(value), lifetime, size: u32::try_from(size).unwrap_or(u32::MAX) }
}

fn shared_text() -> Error {
    Error::internal("two cache keys share one text")
}
