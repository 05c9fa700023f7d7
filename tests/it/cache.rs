//! What the cache promises, with and without Redis behind it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use orgraph::cache::{Cache, Key, Redis};
use tokio::sync::Barrier;

use crate::support::RedisServer;

pub struct Number(pub u32);

impl Key for Number {
    /// `None`: there is no such number.
    type Value = Option<String>;
    const LIFETIME: Duration = Duration::from_secs(300);

    fn text(&self) -> String {
        format!("orgraph:tests:number:v1:{}", self.0)
    }

    fn is_absent(value: &Self::Value) -> bool {
        value.is_none()
    }
}

/// What goes into a [`Whole`].
pub struct Part;

impl Key for Part {
    type Value = String;
    const LIFETIME: Duration = Duration::from_secs(300);

    fn text(&self) -> String {
        "orgraph:tests:part:v1:all".into()
    }
}

pub struct Whole(pub u32);

impl Key for Whole {
    type Value = String;
    const LIFETIME: Duration = Duration::from_secs(300);
    const PARTS: &'static [&'static str] = &["orgraph:tests:part:v1:all"];

    fn text(&self) -> String {
        format!("orgraph:tests:whole:v1:{}", self.0)
    }
}

/// A cache with a count of what had to be loaded.
pub struct Counted {
    pub cache: Cache,
    loads: AtomicUsize,
    /// Those of the part.
    parts: AtomicUsize,
}

impl Counted {
    /// With Redis, it is in use when this ends.
    async fn new(size: u64, redis: Option<&RedisServer>) -> std::sync::Arc<Self> {
        Self::of("tests", size, redis).await
    }

    async fn of(installation: &str, size: u64, redis: Option<&RedisServer>) -> std::sync::Arc<Self> {
        Self::at(installation, size, redis.map(RedisServer::url)).await
    }

    pub async fn at(installation: &str, size: u64, redis: Option<String>) -> std::sync::Arc<Self> {
        let redis = redis.map(|url| Redis::new(&url.into(), installation).unwrap());
        let is_shared = redis.is_some();
        let counted = std::sync::Arc::new(Self {
            cache: Cache::new(size, redis),
            loads: AtomicUsize::new(0),
            parts: AtomicUsize::new(0),
        });
        let listening = counted.clone();
        tokio::spawn(async move { listening.cache.listen().await });
        while is_shared && !counted.cache.is_shared() {
            tokio::task::yield_now().await;
        }
        counted
    }

    pub async fn get(&self, number: u32, value: Option<&str>) -> Option<String> {
        let load = || async {
            self.loads.fetch_add(1, Ordering::SeqCst);
            Ok(value.map(str::to_owned))
        };
        self.cache.get(&Number(number), load).await.unwrap().as_ref().clone()
    }

    /// A whole, loaded if it has to be from a part that is loaded as `part` if it has to be.
    pub async fn whole(&self, number: u32, part: &str) -> String {
        let load = || async {
            self.loads.fetch_add(1, Ordering::SeqCst);
            let load = || async {
                self.parts.fetch_add(1, Ordering::SeqCst);
                Ok(part.to_owned())
            };
            let part = self.cache.part(&Part, load).await?;
            Ok(format!("{number} {part}"))
        };
        self.cache.get(&Whole(number), load).await.unwrap().as_ref().clone()
    }

    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }
}

pub const SIZE: u64 = 1024 * 1024;

macro_rules! with_and_without_redis {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memory() {
                super::$test(Counted::new(SIZE, None).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                let Some(redis) = RedisServer::start() else { return };
                super::$test(Counted::new(SIZE, Some(&redis)).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis_only() {
                let Some(redis) = RedisServer::start() else { return };
                super::$test(Counted::new(0, Some(&redis)).await).await;
            }
        }
    )+};
}

with_and_without_redis!(
    a_value_is_loaded_once,
    what_is_forgotten_is_loaded_again,
    a_load_that_was_overtaken_is_not_believed,
    many_who_ask_at_once_load_once,
    a_failed_load_is_not_kept,
    a_whole_is_forgotten_with_its_parts,
    many_wholes_at_once_load_their_part_once,
    a_whole_whose_part_was_forgotten_meanwhile_is_not_believed,
);

async fn a_value_is_loaded_once(cache: std::sync::Arc<Counted>) {
    for _ in 0..3 {
        assert_eq!(cache.get(1, Some("one")).await.as_deref(), Some("one"));
        assert_eq!(cache.get(2, None).await, None);
    }
    assert_eq!(cache.loads(), 2);
}

async fn what_is_forgotten_is_loaded_again(cache: std::sync::Arc<Counted>) {
    assert_eq!(cache.get(1, Some("one")).await.as_deref(), Some("one"));
    assert_eq!(cache.get(2, Some("two")).await.as_deref(), Some("two"));
    cache.cache.forget(&[Number(1).text()]).await;
    assert_eq!(cache.get(1, Some("uno")).await.as_deref(), Some("uno"));
    assert_eq!(cache.get(2, Some("due")).await.as_deref(), Some("two"));
}

/// It has read before the change, and comes back after it.
async fn a_load_that_was_overtaken_is_not_believed(cache: std::sync::Arc<Counted>) {
    let (has_read, may_go_on) = (std::sync::Arc::new(Barrier::new(2)), std::sync::Arc::new(Barrier::new(2)));
    let slow = {
        let (cache, has_read, may_go_on) = (cache.clone(), has_read.clone(), may_go_on.clone());
        tokio::spawn(async move {
            let is_first = AtomicUsize::new(0);
            let load = || async {
                let value = if is_first.fetch_add(1, Ordering::SeqCst) == 0 {
                    has_read.wait().await;
                    may_go_on.wait().await;
                    "old"
                } else {
                    "new"
                };
                Ok(Some(value.to_owned()))
            };
            cache.cache.get(&Number(1), load).await.unwrap().as_ref().clone()
        })
    };
    has_read.wait().await;
    cache.cache.forget(&[Number(1).text()]).await;
    may_go_on.wait().await;
    assert_eq!(slow.await.unwrap().as_deref(), Some("new"));
    assert_eq!(cache.get(1, Some("new")).await.as_deref(), Some("new"));
}

async fn many_who_ask_at_once_load_once(cache: std::sync::Arc<Counted>) {
    let all = (0..50).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.get(1, Some("one")).await })
    });
    for each in all.collect::<Vec<_>>() {
        assert_eq!(each.await.unwrap().as_deref(), Some("one"));
    }
    assert_eq!(cache.loads(), 1);
}

async fn a_failed_load_is_not_kept(cache: std::sync::Arc<Counted>) {
    let failing = || async { Err(orgraph::error::Error::Unavailable("no database".into())) };
    assert!(cache.cache.get(&Number(1), failing).await.is_err());
    assert_eq!(cache.get(1, Some("one")).await.as_deref(), Some("one"));
}

async fn a_whole_is_forgotten_with_its_parts(cache: std::sync::Arc<Counted>) {
    for _ in 0..2 {
        assert_eq!((cache.whole(1, "a").await, cache.whole(2, "-").await), ("1 a".to_owned(), "2 a".to_owned()));
    }
    assert_eq!(cache.loads(), 2);
    cache.cache.forget(&[Part.text()]).await;
    assert_eq!((cache.whole(1, "b").await, cache.whole(2, "-").await), ("1 b".to_owned(), "2 b".to_owned()));
    // The other way round, the part stays.
    cache.cache.forget(&[Whole(1).text()]).await;
    assert_eq!((cache.whole(1, "-").await, cache.whole(2, "-").await), ("1 b".to_owned(), "2 b".to_owned()));
    assert_eq!(cache.loads(), 5);
}

/// As after a change of a role, which many users hold.
async fn many_wholes_at_once_load_their_part_once(cache: std::sync::Arc<Counted>) {
    let all = (0..50).map(|number| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.whole(number, "part").await })
    });
    for (number, each) in all.collect::<Vec<_>>().into_iter().enumerate() {
        assert_eq!(each.await.unwrap(), format!("{number} part"));
    }
    assert_eq!((cache.loads(), cache.parts.load(Ordering::SeqCst)), (50, 1));
}

async fn a_whole_whose_part_was_forgotten_meanwhile_is_not_believed(cache: std::sync::Arc<Counted>) {
    let is_first = AtomicUsize::new(0);
    let load = || async {
        let part = cache.cache.part(&Part, || async { Ok("old".to_owned()) }).await?;
        if is_first.fetch_add(1, Ordering::SeqCst) == 0 {
            cache.cache.forget(&[Part.text()]).await;
            cache.cache.part(&Part, || async { Ok("new".to_owned()) }).await?;
        }
        Ok(part.as_ref().clone())
    };
    assert_eq!(*cache.cache.get(&Whole(1), load).await.unwrap(), "new");
    assert_eq!(cache.whole(1, "-").await, "new");
}

/// A node has not heard yet of what another one has forgotten. It must not put together what Redis then keeps as new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_whole_is_made_of_parts_that_only_this_node_still_holds() {
    let Some(redis) = RedisServer::start() else { return };
    let (here, there) = (Counted::new(SIZE, Some(&redis)).await, Counted::new(0, Some(&redis)).await);
    assert_eq!(here.whole(1, "old").await, "1 old");
    // As another node leaves Redis, but for its message.
    redis.ask(&format!("DEL {0} {0}:mark", Part.text()));
    assert_eq!(here.whole(2, "new").await, "2 new");
    assert_eq!(there.whole(2, "-").await, "2 new");
    assert_eq!(there.whole(1, "-").await, "1 new", "what was made before is not believed either");
}

/// A full Redis refuses what is new, and may drop what is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_gives_out_nothing_that_was_forgotten() {
    let Some(redis) = RedisServer::start() else { return };
    let (here, there) = (Counted::new(0, Some(&redis)).await, Counted::new(0, Some(&redis)).await);
    assert_eq!(here.whole(1, "old").await, "1 old");
    assert_eq!(redis.ask("CONFIG SET maxmemory 1"), "+OK");
    here.cache.forget(&[Part.text()]).await;
    assert_eq!((here.whole(1, "new").await, there.whole(1, "new").await), ("1 new".into(), "1 new".into()));
    assert_eq!(redis.ask("CONFIG SET maxmemory 0"), "+OK");
    here.cache.forget(&[Part.text()]).await;
    assert_eq!((there.whole(1, "newer").await, here.whole(1, "-").await), ("1 newer".into(), "1 newer".into()));
    // Dropped for want of room, and made again by others since.
    redis.ask(&format!("DEL {}:mark", Part.text()));
    let before = here.loads() + there.loads();
    assert_eq!(there.whole(2, "other").await, "2 newer", "the part itself is still there");
    assert_eq!(here.whole(1, "last").await, "1 newer");
    assert_eq!(here.loads() + there.loads() - before, 2, "but what was made of it before is made again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_what_one_has_loaded() {
    let Some(redis) = RedisServer::start() else { return };
    let (here, there) = (Counted::new(SIZE, Some(&redis)).await, Counted::new(SIZE, Some(&redis)).await);
    assert_eq!(here.get(1, Some("one")).await.as_deref(), Some("one"));
    assert_eq!(there.get(1, Some("uno")).await.as_deref(), Some("one"));
    assert_eq!(there.loads(), 0);
    // Nobody believes what was changed meanwhile, and the message brings it to the other.
    here.cache.forget(&[Number(1).text()]).await;
    assert_eq!(here.get(1, Some("uno")).await.as_deref(), Some("uno"));
    while there.get(1, Some("due")).await.as_deref() != Some("uno") {
        tokio::task::yield_now().await;
    }
    assert_eq!(there.loads(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_nobody_can_read_is_loaded_again() {
    let Some(redis) = RedisServer::start() else { return };
    let (here, there) = (Counted::new(SIZE, Some(&redis)).await, Counted::new(SIZE, Some(&redis)).await);
    assert_eq!(here.get(1, Some("one")).await.as_deref(), Some("one"));
    redis.ask(&format!("SET {} nonsense", Number(1).text()));
    assert_eq!(there.get(1, Some("uno")).await.as_deref(), Some("uno"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_installation_is_not_believed() {
    let Some(redis) = RedisServer::start() else { return };
    let (ours, theirs) = (Counted::new(SIZE, Some(&redis)).await, Counted::of("other", SIZE, Some(&redis)).await);
    assert_eq!(ours.get(1, Some("one")).await.as_deref(), Some("one"));
    assert_eq!(theirs.get(1, Some("uno")).await.as_deref(), Some("uno"));
}

/// Hostile names of things that are not there do not fill the memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_is_bounded() {
    let cache = Counted::new(64 * 1024, None).await;
    for number in 0..2_000 {
        cache.get(number, Some(&"x".repeat(100))).await;
    }
    assert!(cache.cache.held().await < 64 * 1024 / 300, "{} are held", cache.cache.held().await);
}
