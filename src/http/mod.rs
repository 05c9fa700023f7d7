//! The one way in: from HTTP requests to viewers and operations, and back.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the router |
//! | `serve.rs` | connections, draining |
//! | `socket.rs` | the time limit for writing |
//! | `graphql.rs` | `POST` and `GET /graphql` |
//! | `negotiate.rs` | media types |
//! | `address.rs` | the address of the client, behind proxies or not |
//! | `cookie.rs` | the refresh cookie, and whose pages may use it |
//! | `request.rs` | trace ids, request log, panics |
//! | `health.rs` | `/healthz`, `/readyz` |
//! | `graphiql.rs` | the query editor |

mod address;
mod cookie;
mod graphiql;
mod graphql;
mod health;
mod negotiate;
mod request;
mod serve;
mod socket;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::serve::serve;
use crate::app::App;
use crate::config::Http;
use crate::graphql::Schema;

#[derive(Clone)]
struct Server(Arc<Inner>);

struct Inner {
    app: Arc<App>,
    schema: Schema,
    options: Http,
    /// What goes on when its caller has gone.
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl std::ops::Deref for Server {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

fn router(app: Arc<App>, options: Http, tasks: TaskTracker, stopping: CancellationToken) -> Router {
    let graphiql = options.graphiql;
    let schema = crate::graphql::schema();
    let server = Server(Arc::new(Inner { app, schema, options, tasks, stopping }));
    let mut router = Router::new()
        .route("/graphql", axum::routing::any(graphql::endpoint))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz));
    if graphiql {
        router = router.merge(graphiql::routes());
    }
    router.fallback(request::not_found).with_state(server).layer(axum::middleware::from_fn(request::trace))
}
