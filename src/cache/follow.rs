//! Learning from the database what other processes have changed: further nodes, and the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::LONGEST;
use crate::app::App;
use crate::db::{Database, invalidations};
use crate::error::{Error, Result};

/// How long after it was committed a change may go unnoticed in another process. One that has not been able to ask for
/// so long reads what rights depend on from the database.
pub const BOUND: Duration = Duration::from_millis(900);
/// How often a process asks.
const PERIOD: Duration = Duration::from_millis(250);
/// Numbers are given out just before they are committed, so that a lower one may appear after a higher one. One that
/// is missing for so long was given to a change that was undone.
const UNDONE: Duration = Duration::from_secs(60);
/// The most numbers that are waited for.
const MOST_MISSING: i64 = 1_000;
/// How long they are kept: longer than any cached value is believed.
const KEPT: Duration = Duration::from_secs(3600);
const BETWEEN_PURGES: Duration = Duration::from_secs(300);
/// Read at a time.
const BATCH: i64 = 1_000;

pub struct Follower {
    app: Arc<App>,
    /// A connection of its own, so that requests that wait for one do not keep it from asking.
    db: Database,
    /// The highest number that is known.
    last: i64,
    /// Lower ones that are not, and since when.
    missing: BTreeMap<i64, Instant>,
    /// What was read of them and is not forgotten yet: an attempt may end in between, and the rows are not read again.
    stale: BTreeSet<String>,
    purged: Instant,
}

impl Follower {
    /// From here on this process believes its own memory only as long as it keeps asking.
    pub async fn start(app: Arc<App>) -> Result<Self> {
        let opened = Database::open(app.db.backend().clone(), 1).await;
        let db = opened.map_err(|error| Error::Unavailable(error.to_string().into()))?;
        let now = Instant::now();
        // What Redis may still have of what was changed while nobody was there to take it away.
        let lately = app.clock.now().minus(LONGEST * 2);
        let last = invalidations::last_before(&mut db.read().await?, lately).await?;
        let mut follower = Self { app, db, last, missing: BTreeMap::new(), stale: BTreeSet::new(), purged: now };
        follower.catch_up().await?;
        Ok(follower)
    }

    /// Asks again and again.
    pub async fn run(mut self) {
        let mut lost = false;
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let asked = tokio::time::timeout(BOUND, self.catch_up()).await;
            let asked = asked.unwrap_or_else(|_| Err(Error::Unavailable("no answer in time".into())));
            match (&asked, lost) {
                (Err(error), false) => tracing::warn!(
                    cause = error.cause(),
                    "what other processes change cannot be learnt; rights are read from the database meanwhile"
                ),
                (Ok(()), true) => tracing::info!("changes by other processes are known again"),
                _ => {}
            }
            lost = asked.is_err();
        }
    }

    /// Forgets what others have changed since the last time.
    pub async fn catch_up(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let missing: Vec<_> = self.missing.keys().copied().collect();
            let rows = invalidations::since(&mut self.db.read().await?, self.last, &missing, BATCH).await?;
            let is_all = rows.len() < BATCH as usize;
            for (id, node, keys) in rows {
                // What this process has changed, it has forgotten before it said so.
                if node != self.app.cache.node {
                    self.stale.extend(keys);
                }
                if self.missing.remove(&id).is_none() {
                    let gap = (self.last + 1).max(id - MOST_MISSING)..id;
                    self.missing.extend(gap.map(|id| (id, begun)));
                    self.last = id;
                }
            }
            if is_all {
                break;
            }
        }
        let stale: Vec<_> = self.stale.iter().cloned().collect();
        self.app.cache.heard(&stale).await;
        self.stale.clear();
        self.app.cache.memory.is_current_at(begun);
        self.missing.retain(|_, since| since.elapsed() < UNDONE);
        if self.purged.elapsed() > BETWEEN_PURGES {
            self.purged = begun;
            self.purge().await?;
        }
        Ok(())
    }

    async fn purge(&self) -> Result<()> {
        let mut conn = self.db.begin().await?;
        invalidations::purge(&mut conn, self.app.clock.now().minus(KEPT)).await?;
        Ok(conn.commit().await?)
    }
}
