//! The values in this process.

use std::any::Any;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::LONGEST;
use super::follow::BOUND;
use crate::error::{Error, Result};

type Value = Arc<dyn Any + Send + Sync>;

#[derive(Clone)]
pub struct Entry {
    pub value: Value,
    pub lifetime: Duration,
    /// Bytes of the value as it is written; in memory it takes about as many.
    pub size: u32,
}

/// An entry with the number of invalidations there had been when it was last known not to be forgotten: at first, when its
/// loading began.
type Dated = (Entry, Arc<AtomicU64>);

struct PerEntry;

impl moka::Expiry<String, Dated> for PerEntry {
    fn expire_after_create(&self, _: &String, (entry, _): &Dated, _: Instant) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

/// What an entry takes besides its value: key, pointers, places in the cache's lists.
const OVERHEAD: u32 = 300;

pub struct Memory {
    entries: moka::future::Cache<String, Dated>,
    /// When a key was last forgotten; outlives any entry that could be older.
    forgotten: moka::sync::Cache<String, u64>,
    /// The number of invalidations. It goes up after they are in `forgotten`.
    epoch: AtomicU64,
    forgetting: Mutex<()>,
    /// Since when nobody else has told of changes, in milliseconds since the start; not set where nobody else writes.
    followed: OnceLock<Instant>,
    current_since: AtomicU64,
}

impl Memory {
    pub fn new(size: u64) -> Self {
        let entries = moka::future::Cache::builder()
            .max_capacity(size)
            .weigher(|_: &String, (entry, _): &Dated| entry.size.saturating_add(OVERHEAD))
            .expire_after(PerEntry)
            .build();
        Self {
            entries,
            forgotten: moka::sync::Cache::builder().time_to_live(LONGEST * 2).build(),
            epoch: AtomicU64::new(0),
            forgetting: Mutex::default(),
            followed: OnceLock::new(),
            current_since: AtomicU64::new(0),
        }
    }

    /// Notes that everything is known that other processes had changed at `at`.
    pub fn is_current_at(&self, at: Instant) {
        let start = *self.followed.get_or_init(|| at);
        let millis = u64::try_from(at.duration_since(start).as_millis()).unwrap_or(u64::MAX);
        self.current_since.fetch_max(millis, Ordering::SeqCst);
    }

    /// Whether what is held here can be believed: nobody else writes, or what they wrote is known.
    pub fn is_current(&self) -> bool {
        self.followed.get().is_none_or(|start| {
            start.elapsed() < Duration::from_millis(self.current_since.load(Ordering::SeqCst)) + BOUND
        })
    }

    /// The value, if it is held and not forgotten.
    pub async fn find(&self, text: &str, parts: &[&str]) -> Option<Value> {
        let (entry, known) = self.entries.get(text).await?;
        self.is_known(text, parts, &known).then_some(entry.value)
    }

    pub async fn get<F>(&self, text: &str, parts: &[&str], load: impl Fn() -> F) -> Result<Value>
    where
        F: Future<Output = Result<Entry>>,
    {
        loop {
            let loading = async {
                let epoch = self.epoch.load(Ordering::SeqCst);
                Ok((load().await?, Arc::new(AtomicU64::new(epoch))))
            };
            let found = self.entries.try_get_with_by_ref(text, loading).await;
            let (entry, known) = found.map_err(|error: Arc<Error>| Error::clone(&error))?;
            if self.is_known(text, parts, &known) {
                return Ok(entry.value);
            }
            self.entries.invalidate(text).await;
        }
    }

    /// Whether an entry, `known` not to be forgotten so many invalidations ago, still is not.
    fn is_known(&self, text: &str, parts: &[&str], known: &AtomicU64) -> bool {
        let (now, then) = (self.epoch.load(Ordering::SeqCst), known.load(Ordering::SeqCst));
        let is_forgotten = |text: &str| self.forgotten.get(text).is_some_and(|since| then < since);
        if then != now && (is_forgotten(text) || parts.iter().any(|part| is_forgotten(part))) {
            return false;
        }
        known.fetch_max(now, Ordering::SeqCst);
        true
    }

    pub async fn held(&self) -> u64 {
        self.entries.run_pending_tasks().await;
        self.entries.entry_count()
    }

    pub async fn forget(&self, texts: &[String]) {
        if texts.is_empty() {
            return;
        }
        {
            let _one_at_a_time = self.forgetting.lock().unwrap_or_else(PoisonError::into_inner);
            let epoch = self.epoch.load(Ordering::SeqCst) + 1;
            texts.iter().for_each(|text| self.forgotten.insert(text.clone(), epoch));
            self.epoch.store(epoch, Ordering::SeqCst);
        }
        for text in texts {
            self.entries.invalidate(text).await;
        }
    }
}
