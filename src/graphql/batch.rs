//! DataLoaders, one set per request, and the driver that makes their batches whole.
//!
//! Each question has a key type of its own (`loader.rs` of each domain), for which [`Batch`] implements
//! `Loader`. Loaders never outlive a request, so what they hold can never reach another viewer.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_graphql::dataloader::DataLoader;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use futures_util::task::AtomicWaker;
use tokio::task::coop::has_budget_remaining;

use crate::app::App;
use crate::security::Viewer;

/// What a loader works with.
pub struct Batch {
    pub app: Arc<App>,
    pub viewer: Arc<Viewer>,
}

pub type Loaders = DataLoader<Batch>;

/// Batches that are ready to be loaded.
#[derive(Clone, Default)]
pub struct Queue(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

impl Queue {
    /// Loaders whose batches wait here instead of being spawned.
    pub fn loaders(&self, batch: Batch) -> Loaders {
        let queue = self.clone();
        DataLoader::new(batch, move |task| queue.lock().push(task))
            .delay(Duration::ZERO)
            // A page has 100 rows at the most; only nesting pages in pages can come near.
            .max_batch_size(10_000)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<BoxFuture<'static, ()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `execution`, and a batch whenever `execution` can do nothing but wait. All keys that can be asked
    /// for have been asked for by then, so the number of batches does not depend on timing, as it
    /// would if another thread could start one early.
    pub async fn drive<R>(self, execution: impl Future<Output = R>) -> R {
        let mut execution = pin!(execution);
        let mut running = FuturesUnordered::new();
        let nudge = Arc::new(Nudge::default());
        let waker = Waker::from(nudge.clone());
        poll_fn(|cx| {
            nudge.outer.register(cx.waker());
            let mut inner = Context::from_waker(&waker);
            loop {
                nudge.came.store(false, Ordering::Release);
                if let Poll::Ready(result) = execution.as_mut().poll(&mut inner) {
                    return Poll::Ready(result);
                }
                // Long lists pause in the middle, and ask to be polled again: they do not wait yet.
                if nudge.came.load(Ordering::Acquire) {
                    if has_budget_remaining() {
                        continue;
                    }
                    return Poll::Pending;
                }
                running.extend(self.lock().drain(..));
                let mut progress = false;
                while let Poll::Ready(Some(())) = running.poll_next_unpin(cx) {
                    progress = true;
                }
                if !progress {
                    return Poll::Pending;
                }
            }
        })
        .await
    }
}

/// Passes a wish to be polled on, and remembers it.
#[derive(Default)]
struct Nudge {
    came: AtomicBool,
    outer: AtomicWaker,
}

impl Wake for Nudge {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.came.store(true, Ordering::Release);
        self.outer.wake();
    }
}
