//! What has happened how often in a time: attempts, failures, uses of what may be used once.
//!
//! A count belongs to a window that begins with the first hit and does not move with later ones. In Redis, where that
//! is in use, all nodes count together, in one step; otherwise each process counts for itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::Script;
use tokio::sync::Semaphore;

use super::Redis;
use crate::clock::{Clock, Timestamp};

/// What is counted, and how long from the first hit.
#[derive(Clone, Debug)]
pub struct Counter {
    pub name: String,
    pub window: Duration,
}

impl Counter {
    pub fn new(name: String, window: Duration) -> Self {
        Self { name, window }
    }
}

/// What a counter stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub hits: u64,
    /// Until it begins again.
    pub left: Duration,
}

pub struct Counters {
    clock: Clock,
    redis: Option<Arc<Redis>>,
    script: Script,
    turns: Semaphore,
    memory: Mutex<HashMap<String, (u64, Timestamp)>>,
}

/// Adds to each counter, or only reads with 0, and returns hits and microseconds left of each. The time comes from the
/// node: one whose clock is wrong may shift a window, but not make it longer.
const COUNT: &str = r"
    local now, add, counts = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
    for at, key in ipairs(KEYS) do
        local window = tonumber(ARGV[at + 2])
        local known = redis.call('HMGET', key, 'hits', 'until')
        local hits, ends = tonumber(known[1] or 0), tonumber(known[2] or 0)
        if ends <= now then hits, ends = 0, now + window end
        if ends > now + window then ends = now + window end
        hits = hits + add
        if add > 0 then
            redis.call('HSET', key, 'hits', hits, 'until', string.format('%.0f', ends))
            redis.call('PEXPIRE', key, math.ceil(window / 1000) + 1000)
        end
        counts[at] = {hits, ends - now}
    end
    return counts";

/// How many may ask Redis at once: more, as in an attack, would take its slowness for an outage.
const TURNS: usize = 32;
/// How many counters a process keeps; then those that end first make room.
const MOST: usize = 100_000;

impl Counters {
    pub fn new(clock: Clock, redis: Option<Arc<Redis>>) -> Self {
        Self { clock, redis, script: Script::new(COUNT), turns: Semaphore::new(TURNS), memory: Mutex::default() }
    }

    /// Adds one to each, in one step, and tells what they stand at.
    pub async fn hit<const N: usize>(&self, counters: [&Counter; N]) -> [Count; N] {
        self.count(counters, 1).await
    }

    pub async fn read<const N: usize>(&self, counters: [&Counter; N]) -> [Count; N] {
        self.count(counters, 0).await
    }

    pub async fn clear<const N: usize>(&self, counters: [&Counter; N]) {
        let names = counters.map(|counter| counter.name.clone());
        if let Some(redis) = &self.redis {
            redis.delete_own(&names).await;
        }
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        for name in &names {
            memory.remove(name);
        }
    }

    async fn count<const N: usize>(&self, counters: [&Counter; N], add: u64) -> [Count; N] {
        let now = self.clock.now();
        if let Some(redis) = &self.redis {
            // It never closes.
            let _turn = self.turns.acquire().await;
            let names: Vec<&str> = counters.iter().map(|counter| &*counter.name).collect();
            let windows = counters.iter().map(|counter| micros(counter.window));
            let arguments: Vec<i64> = [now.micros(), add as i64].into_iter().chain(windows).collect();
            let counted: Option<Vec<(u64, i64)>> = redis.invoke_own(&self.script, &names, &arguments).await;
            let count = |(hits, left): (u64, i64)| Count { hits, left: Duration::from_micros(left.max(0) as u64) };
            if let Some(counted) = counted.and_then(|counted| <[(u64, i64); N]>::try_from(counted).ok()) {
                return counted.map(count);
            }
        }
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if add > 0 && memory.len() >= MOST {
            make_room(&mut memory, now);
        }
        counters.map(|counter| {
            let known = memory.get(&counter.name).filter(|(_, until)| *until > now).copied();
            let (hits, until) = known.unwrap_or_else(|| (0, now.plus(counter.window)));
            let hits = hits + add;
            if add > 0 {
                memory.insert(counter.name.clone(), (hits, until));
            }
            Count { hits, left: until.since(now) }
        })
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn make_room(memory: &mut HashMap<String, (u64, Timestamp)>, now: Timestamp) {
    memory.retain(|_, (_, until)| *until > now);
    if memory.len() > MOST / 2 {
        let mut ends: Vec<Timestamp> = memory.values().map(|(_, until)| *until).collect();
        let (_, middle, _) = ends.select_nth_unstable(memory.len() / 2);
        let middle = *middle;
        memory.retain(|_, (_, until)| *until > middle);
    }
}
