//! DataLoaders, one set per request, and the driver that makes their batches whole.
//!
//! Each question has a key type of its own (`loader.rs` of each domain), for which [`Batch`] implements
//! `Loader`. Loaders never outlive a request, so what they hold can never reach another viewer.
//!
//! The engine's own `DataLoader` gives every key a set, two maps and a channel of its own, which costs a page of
//! users more than their rows do. Here the keys of a batch share one map, and what they wait for is the driver.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::hash::Hash;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use async_graphql::dataloader::Loader;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use futures_util::task::AtomicWaker;

use crate::app::App;
use crate::error::{Error, Result};
use crate::security::Viewer;

/// What a loader works with.
pub struct Batch {
    pub app: Arc<App>,
    pub viewer: Arc<Viewer>,
}

/// The most keys in one statement. A page has 100 rows at the most; only nesting pages in pages can come near.
const MAX_KEYS: usize = 10_000;

/// Something that can be asked for.
pub trait Key: Send + Sync + Hash + Eq + Clone + 'static {}
impl<K: Send + Sync + Hash + Eq + Clone + 'static> Key for K {}

/// The loaders of one request.
pub struct Loaders {
    batch: Arc<Batch>,
    queue: Queue,
    /// The group of each type of key that still takes keys.
    open: Arc<Mutex<HashMap<TypeId, Box<dyn Any + Send>>>>,
}

/// Keys that are loaded together.
struct Group<K, V>(Mutex<State<K, V>>);

struct State<K, V> {
    keys: HashSet<K>,
    loaded: Option<Result<HashMap<K, V>>>,
    waiting: Vec<Waker>,
}

impl Loaders {
    pub async fn load_one<K: Key>(&self, key: K) -> Result<Option<<Batch as Loader<K>>::Value>>
    where
        Batch: Loader<K, Error = Error>,
    {
        let group = self.join([key.clone()]);
        group.wait(|values| values.get(&key).cloned()).await
    }

    pub async fn load_many<K: Key>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<HashMap<K, <Batch as Loader<K>>::Value>>
    where
        Batch: Loader<K, Error = Error>,
    {
        let keys: Vec<K> = keys.into_iter().collect();
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let group = self.join(keys.iter().cloned());
        let pairs = |values: &HashMap<K, _>| {
            keys.iter().filter_map(|key| Some((key.clone(), values.get(key).cloned()?))).collect()
        };
        group.wait(pairs).await
    }

    /// Adds keys to the open group of their type, which is made and queued if there is none.
    fn join<K: Key>(&self, keys: impl IntoIterator<Item = K>) -> Arc<Group<K, <Batch as Loader<K>>::Value>>
    where
        Batch: Loader<K, Error = Error>,
    {
        type Open<K> = Arc<Group<K, <Batch as Loader<K>>::Value>>;
        let kind = TypeId::of::<K>();
        let mut open = lock(&self.open);
        let group = match open.get(&kind).and_then(|group| group.downcast_ref::<Open<K>>()) {
            Some(group) => group.clone(),
            None => {
                let group: Open<K> = Arc::default();
                open.insert(kind, Box::new(group.clone()));
                lock(&self.queue.0).push(Box::pin(load(self.batch.clone(), self.open.clone(), group.clone())));
                group
            }
        };
        let mut state = lock(&group.0);
        state.keys.extend(keys);
        if state.keys.len() >= MAX_KEYS {
            open.remove(&kind);
        }
        drop(state);
        group
    }
}

/// Closes a group and answers it.
async fn load<K: Key>(
    batch: Arc<Batch>,
    open: Arc<Mutex<HashMap<TypeId, Box<dyn Any + Send>>>>,
    group: Arc<Group<K, <Batch as Loader<K>>::Value>>,
) where
    Batch: Loader<K, Error = Error>,
{
    lock(&open).remove(&TypeId::of::<K>());
    let keys: Vec<K> = std::mem::take(&mut lock(&group.0).keys).into_iter().collect();
    let loaded = batch.load(&keys).await;
    let mut state = lock(&group.0);
    state.loaded = Some(loaded);
    let waiting = std::mem::take(&mut state.waiting);
    drop(state);
    waiting.into_iter().for_each(Waker::wake);
}

impl<K, V> Default for Group<K, V> {
    fn default() -> Self {
        Self(Mutex::new(State { keys: HashSet::new(), loaded: None, waiting: Vec::new() }))
    }
}

impl<K, V> Group<K, V> {
    /// What `read` finds in the answer, when it is there.
    async fn wait<R>(&self, read: impl Fn(&HashMap<K, V>) -> R) -> Result<R> {
        let mut place = None;
        poll_fn(|cx| self.poll(cx, &mut place, &read)).await
    }

    fn poll<R>(
        &self,
        cx: &Context<'_>,
        place: &mut Option<usize>,
        read: impl Fn(&HashMap<K, V>) -> R,
    ) -> Poll<Result<R>> {
        let mut state = lock(&self.0);
        match (&state.loaded, *place) {
            (Some(loaded), _) => return Poll::Ready(loaded.as_ref().map(read).map_err(Error::clone)),
            (None, Some(place)) => state.waiting[place].clone_from(cx.waker()),
            (None, None) => {
                *place = Some(state.waiting.len());
                state.waiting.push(cx.waker().clone());
            }
        }
        Poll::Pending
    }
}

/// Batches that are ready to be loaded.
#[derive(Clone, Default)]
pub struct Queue(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Queue {
    /// Loaders whose batches wait here.
    pub fn loaders(&self, batch: Batch) -> Loaders {
        Loaders { batch: Arc::new(batch), queue: self.clone(), open: Arc::default() }
    }

    /// Runs `execution`, and a batch whenever `execution` can do nothing but wait. All keys that can be asked
    /// for have been asked for by then, so the number of batches does not depend on timing, as it
    /// would if another thread could start one early.
    pub async fn drive<R>(self, execution: impl Future<Output = R>) -> R {
        // Under tokio's budget, what has used it up would say again and again that it can go on.
        let mut execution = pin!(tokio::task::unconstrained(execution));
        let mut running = FuturesUnordered::new();
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        poll_fn(|cx| {
            bell.task.register(cx.waker());
            bell.attended.store(true, Ordering::SeqCst);
            loop {
                bell.rung.store(false, Ordering::SeqCst);
                if let Poll::Ready(result) = execution.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Poll::Ready(result);
                }
                // The engine's sets of futures stop in the middle to give way to others, and are not done then.
                if bell.rung.load(Ordering::SeqCst) {
                    continue;
                }
                running.extend(lock(&self.0).drain(..));
                while let Poll::Ready(Some(())) = running.poll_next_unpin(cx) {}
                if bell.rung.load(Ordering::SeqCst) {
                    continue;
                }
                bell.attended.store(false, Ordering::SeqCst);
                if !bell.rung.load(Ordering::SeqCst) {
                    return Poll::Pending;
                }
                bell.attended.store(true, Ordering::SeqCst);
            }
        })
        .await
    }
}

/// Tells the driver that the execution can go on, and wakes its task only if that is not at it anyway.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    attended: AtomicBool,
    task: AtomicWaker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        if !self.attended.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
