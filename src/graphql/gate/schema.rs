//! The registry of a schema, which the engine shows only to what runs inside it.

use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextRequest};
use async_graphql::futures_util::FutureExt as _;
use async_graphql::{ObjectType, Response, SchemaBuilder, SchemaEnv, SubscriptionType, async_trait};

/// What `builder` would make a schema of; `.registry` in it is what [`check`](super::check) needs.
///
/// The builder is used up, because the extension that looks inside would make every field of the schema slower: build
/// the schema that serves from a second one.
///
/// # Panics
///
/// If the engine does not answer `{ __typename }` at once.
pub fn schema_env<Q, M, S>(builder: SchemaBuilder<Q, M, S>) -> SchemaEnv
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    let found = Arc::new(OnceLock::new());
    let schema = builder.extension(Probe(found.clone())).finish();
    schema.execute("{ __typename }").now_or_never();
    found.get().cloned().expect("the engine has not run the extension")
}

struct Probe(Arc<OnceLock<SchemaEnv>>);

impl ExtensionFactory for Probe {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self(self.0.clone()))
    }
}

#[async_trait::async_trait]
impl Extension for Probe {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        let _ = self.0.set(ctx.schema_env.clone());
        next.run(ctx).await
    }
}
