//! What the guard makes of resolvers that go wrong: a schema of its own, with mutations that no engineer should write.

use std::sync::Arc;

use async_graphql::{Context, EmptySubscription, Object, Request};
use orgraph::graphql::guard::public;
use orgraph::graphql::{Batch, ContextExt as _, Field, Queue, RequestState, mutation};
use orgraph::ids::DeptId;
use orgraph::security::{RequestInfo, Viewer};
use serde_json::json;

use crate::support::{TestApp, on_each_database};

on_each_database!(a_forgotten_commit_and_a_panic_are_failures);

struct Query;

#[Object]
impl Query {
    async fn nothing(&self) -> bool {
        true
    }
}

struct Faulty;

#[Object(name = "Mutation")]
impl Faulty {
    #[graphql(directive = public::apply())]
    async fn forgets(&self, ctx: &Context<'_>) -> Field<bool> {
        mutation(ctx, async {
            let mut write = ctx.app().write(ctx.viewer()).await?;
            write.changed(DeptId::new(), "name", "before".into(), "after".into());
            Ok(true)
        })
        .await
    }

    #[graphql(directive = public::apply())]
    async fn panics(&self, ctx: &Context<'_>) -> Field<bool> {
        mutation(ctx, async { if ctx.viewer().is_superuser() { Ok(true) } else { panic!("a secret of the server") } })
            .await
    }

    #[graphql(directive = public::apply())]
    async fn works(&self, ctx: &Context<'_>) -> Field<bool> {
        mutation(ctx, async { Ok(true) }).await
    }
}

async fn a_forgotten_commit_and_a_panic_are_failures(app: TestApp) {
    let schema = async_graphql::Schema::new(Query, Faulty, EmptySubscription);
    let viewer = Arc::new(Viewer::anonymous("nobody", RequestInfo::default()));
    let loaders = Queue::default().loaders(Batch { app: app.app.clone(), viewer: viewer.clone() });
    let state = RequestState { app: app.app.clone(), viewer, loaders };
    let answer = schema.execute(Request::new("mutation { forgets panics works }").data(state)).await;
    let answer = serde_json::to_value(answer).unwrap();
    let done = ["forgets", "panics", "works"].map(|field| &answer["data"][field] == true);
    assert_eq!(done, [false, false, true], "{answer:#}");
    let codes: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|error| &error["extensions"]["code"]).collect();
    assert_eq!(codes, ["INTERNAL_SERVER_ERROR"; 2], "{answer:#}");
    assert!(!answer.to_string().contains("secret"), "{answer:#}");
    let read = "{ operationLogs(first: 3, filter: {status: FAILED}) { nodes { field changes { targetId } } } }";
    let failed = app.admin().await.data(read, json!({})).await;
    let expected = json!([{ "field": "panics", "changes": [] }, { "field": "forgets", "changes": [] }]);
    assert_eq!(failed["operationLogs"]["nodes"], expected);
}
