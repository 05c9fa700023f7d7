//! What is kept in memory between requests.
//!
//! A [`Key`] names the type of its value, its text and its lifetime. A value is loaded once however many ask for it
//! at the same time, and [`Cache::forget`] holds for loads that are under way: what such a load has read may be
//! older than the change, so it is not believed afterwards.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// The longest lifetime that a [`Key`] may have.
const LONGEST: Duration = Duration::from_secs(600);

/// The address of one cached value.
pub trait Key: Send + Sync {
    type Value: Send + Sync + 'static;
    /// How long a value is believed if nobody forgets it before; ten minutes at the most.
    const LIFETIME: Duration;
    /// `orgraph:<module>:<type>:v<version>:<id>`; the version changes with the shape of the value.
    fn text(&self) -> String;
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    /// When its loading began, counted in invalidations.
    epoch: u64,
    lifetime: Duration,
}

struct PerEntry;

impl moka::Expiry<String, Entry> for PerEntry {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

pub struct Cache {
    entries: moka::future::Cache<String, Entry>,
    /// When a key was last forgotten; outlives any entry that could be older.
    forgotten: moka::sync::Cache<String, u64>,
    epoch: AtomicU64,
}

impl Cache {
    pub fn new(capacity: u64) -> Self {
        Self {
            entries: moka::future::Cache::builder().max_capacity(capacity).expire_after(PerEntry).build(),
            forgotten: moka::sync::Cache::builder().time_to_live(LONGEST * 2).build(),
            epoch: AtomicU64::new(0),
        }
    }

    /// The value under `key`, loaded by `load` if it is not there. A failed load is not kept.
    pub async fn get<K, F>(&self, key: &K, load: impl Fn() -> F) -> Result<Arc<K::Value>>
    where
        K: Key,
        F: Future<Output = Result<K::Value>> + Send,
    {
        let text = key.text();
        loop {
            let loading = async {
                let epoch = self.epoch.load(Ordering::SeqCst);
                let value: Arc<dyn Any + Send + Sync> = Arc::new(load().await?);
                Ok(Entry { value, epoch, lifetime: K::LIFETIME })
            };
            let entry = self.entries.try_get_with_by_ref(&text, loading).await;
            let entry = entry.map_err(|error: Arc<Error>| Error::clone(&error))?;
            if self.forgotten.get(&text).is_none_or(|since| entry.epoch >= since) {
                return entry.value.downcast().map_err(|_| Error::internal("two cache keys share one text"));
            }
            self.entries.invalidate(&text).await;
        }
    }

    /// Makes sure that nobody is given a value that was read before now.
    pub async fn forget(&self, text: String) {
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst) + 1;
        self.forgotten.insert(text.clone(), epoch);
        self.entries.invalidate(&text).await;
    }
}
