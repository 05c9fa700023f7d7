//! DataLoaders, one set per request, and the driver that makes their batches whole.
//!
//! Each question has a key type of its own (`loader.rs` of each domain), for which [`Batch`] implements
//! `Loader`. Loaders never outlive a request, so what they hold can never reach another viewer.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_graphql::dataloader::DataLoader;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

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
        poll_fn(|cx| {
            loop {
                if let Poll::Ready(result) = execution.as_mut().poll(cx) {
                    return Poll::Ready(result);
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
