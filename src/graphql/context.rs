//! What a resolver finds in its context.

use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::Loader;

use super::batch::{Batch, Key, Loaders};
use crate::app::App;
use crate::error::{Error, Result};
use crate::security::Viewer;

/// What every request carries; put into its data once, by [`execute`](super::execute).
pub struct RequestState {
    pub app: Arc<App>,
    pub viewer: Arc<Viewer>,
    pub loaders: Loaders,
}

pub trait ContextExt {
    fn state(&self) -> &RequestState;

    fn app(&self) -> &App {
        &self.state().app
    }

    fn viewer(&self) -> &Viewer {
        &self.state().viewer
    }
}

impl ContextExt for Context<'_> {
    fn state(&self) -> &RequestState {
        self.data_unchecked::<RequestState>()
    }
}

/// Answers one question together with the same question about its siblings.
pub async fn load<K: Key, V>(ctx: &Context<'_>, key: K) -> Result<Option<V>>
where
    Batch: Loader<K, Value = V, Error = Error>,
{
    ctx.state().loaders.load_one(key).await
}

/// Answers several questions together; what has no answer is not in the map.
pub async fn load_many<K: Key, V>(
    ctx: &Context<'_>,
    keys: impl IntoIterator<Item = K>,
) -> Result<std::collections::HashMap<K, V>>
where
    Batch: Loader<K, Value = V, Error = Error>,
{
    ctx.state().loaders.load_many(keys).await
}
