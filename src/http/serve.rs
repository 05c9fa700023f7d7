//! Connections, from the first to the last.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::router;
use super::socket::{self, Socket};
use crate::app::App;
use crate::config::Http;

/// How long a request that has begun to arrive may still take when the server stops.
pub(super) const ARRIVAL: Duration = Duration::from_secs(1);

/// Serves until `shutdown` is done, and then until no request is open any more and no change goes on.
pub async fn serve(mut listener: TcpListener, app: Arc<App>, options: Http, shutdown: impl Future<Output = ()>) {
    let keep_alive = options.keep_alive;
    if let Err(error) = socket::take_little_ahead(&listener) {
        tracing::warn!(cause = %error, "slow readers of long answers may be cut off");
    }
    let (tasks, stopping) = (TaskTracker::new(), CancellationToken::new());
    let router = router(app, options, tasks.clone(), stopping.clone());
    tokio::pin!(shutdown);
    loop {
        // Goes on by itself after what may fail, such as too many open files.
        let (stream, peer) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = &mut shutdown => break,
        };
        tasks.spawn(connection(stream, peer, router.clone(), keep_alive, stopping.clone()));
    }
    drop(listener);
    stopping.cancel();
    tasks.close();
    tasks.wait().await;
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    keep_alive: Duration,
    stopping: CancellationToken,
) {
    // Answers are small and written at once: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let socket = Socket::new(stream, keep_alive);
    let (stuck, answering) = (socket.stuck(), Arc::new(AtomicBool::new(false)));
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let (answer, answering) = (router.clone().call(request), answering.clone());
        async move {
            answering.store(true, Ordering::Relaxed);
            let answer = answer.await;
            answering.store(false, Ordering::Relaxed);
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(keep_alive)
        .serve_connection(TokioIo::new(socket), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            loop {
                match tokio::time::timeout(ARRIVAL, connection.as_mut()).await {
                    Ok(ended) => break ended,
                    Err(_) if answering.load(Ordering::Relaxed) || stuck.load(Ordering::Relaxed) => {}
                    // What it waits for is the rest of a request.
                    Err(_) => return,
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, cause = %error, "a connection has failed");
    }
}
