//! Connections, from the first to the last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::router;
use crate::app::App;
use crate::config::Http;

/// Serves until `shutdown` is done, and then until no request is open any more and no change goes on.
pub async fn serve(mut listener: TcpListener, app: Arc<App>, options: Http, shutdown: impl Future<Output = ()>) {
    let keep_alive = options.keep_alive;
    let tasks = TaskTracker::new();
    let router = router(app, options, tasks.clone());
    let graceful = GracefulShutdown::new();
    tokio::pin!(shutdown);
    loop {
        // Goes on by itself after what may fail, such as too many open files.
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut shutdown => break,
        };
        tokio::spawn(connection(stream, peer, router.clone(), keep_alive, graceful.watcher()));
    }
    drop(listener);
    graceful.shutdown().await;
    tasks.close();
    tasks.wait().await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, keep_alive: Duration, watcher: Watcher) {
    // Answers are small and written at once: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(keep_alive)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%peer, cause = %error, "a connection has failed");
    }
}
