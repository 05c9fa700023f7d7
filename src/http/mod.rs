//! The one way in: from HTTP requests to viewers and operations, and back.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | the router, serving, draining |
//! | `graphql.rs` | `POST` and `GET /graphql` |
//! | `negotiate.rs` | media types |
//! | `address.rs` | the address of the client, behind proxies or not |
//! | `request.rs` | trace ids, request log, panics |
//! | `health.rs` | `/healthz`, `/readyz` |
//! | `graphiql.rs` | the query editor |

mod address;
mod graphiql;
mod graphql;
mod health;
mod negotiate;
mod request;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use crate::app::App;
use crate::config::Http;
use crate::graphql::Schema;

#[derive(Clone)]
struct Server(Arc<Inner>);

struct Inner {
    app: Arc<App>,
    schema: Schema,
    options: Http,
}

impl std::ops::Deref for Server {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

pub fn router(app: Arc<App>, options: Http) -> Router {
    let graphiql = options.graphiql;
    let schema = crate::graphql::schema();
    let server = Server(Arc::new(Inner { app, schema, options }));
    let mut router = Router::new()
        .route("/graphql", axum::routing::any(graphql::endpoint))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz));
    if graphiql {
        router = router.merge(graphiql::routes());
    }
    router
        .fallback(request::not_found)
        .with_state(server)
        .layer(request::catch_panic())
        .layer(axum::middleware::from_fn(request::trace))
}

/// Serves until `shutdown` is done, and then until no request is open any more.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    options: Http,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router(app, options).into_make_service_with_connect_info::<SocketAddr>();
    // Answers are small and written at once: waiting to fill a packet would only delay them.
    let listener = listener.tap_io(|tcp| drop(tcp.set_nodelay(true)));
    axum::serve(listener, service).with_graceful_shutdown(shutdown).await
}
