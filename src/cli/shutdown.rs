//! Stopping: the first signal lets what runs finish, the second one stops at once.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::output::Failure;

/// SIGTERM and Ctrl-C, from the start of the program on: as the first process of a container it would
/// otherwise not hear them at all.
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub fn listen() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| format!("Signals cannot be received: {error}."));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    #[cfg(unix)]
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }

    #[cfg(not(unix))]
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    async fn next(&mut self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "Ctrl-C",
            Err(_) => std::future::pending().await,
        }
    }

    /// Does `work`, unless a signal comes first.
    pub async fn or_stop<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            signal = self.next() => Err(format!("{signal} came before the server was ready. It has stopped.").into()),
        }
    }
}

/// Tells the server to take no more connections.
type Shutdown = BoxFuture<'static, ()>;

/// Runs the server until a signal, and then for as long as operations run, `drain_timeout` at the most.
pub async fn serve_until_signal<F>(
    server: impl FnOnce(Shutdown) -> F,
    mut signals: Signals,
    drain_timeout: Duration,
) -> Result<(), Failure>
where
    F: Future<Output = ()>,
{
    let (stop, stopped) = oneshot::channel::<()>();
    let server = server(stopped.map(drop).boxed());
    tokio::pin!(server);
    tokio::select! {
        () = &mut server => return Ok(()),
        signal = signals.next() => tracing::info!(
            "{signal}: no new connections; running operations have {} s to finish, a second signal stops at once",
            drain_timeout.as_secs()
        ),
    }
    drop(stop);
    tokio::select! {
        () = &mut server => tracing::info!("every operation has finished: stopped"),
        () = tokio::time::sleep(drain_timeout) => {
            tracing::warn!("operations still running after {} s are cut off: stopped", drain_timeout.as_secs());
        }
        signal = signals.next() => tracing::warn!("{signal} again: stopped at once"),
    }
    Ok(())
}
