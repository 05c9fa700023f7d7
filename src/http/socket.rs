//! A connection that does not wait for ever for its other end to take an answer.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// How many bytes the system takes ahead of the other end; Linux takes twice as many.
const AHEAD: usize = 128 * 1024;

/// Keeps the system from taking megabytes ahead on connections to come. Linux takes more only when a third of all that is
/// gone: until then, who reads slowly looks as if they read nothing.
pub fn take_little_ahead(listener: &TcpListener) -> io::Result<()> {
    SockRef::from(listener).set_send_buffer_size(AHEAD)
}

pub struct Socket {
    stream: TcpStream,
    /// How long nothing may be taken of what is to be written.
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    stuck: Arc<AtomicBool>,
}

impl Socket {
    pub fn new(stream: TcpStream, patience: Duration) -> Self {
        Self { stream, patience, waiting: None, stuck: Arc::default() }
    }

    /// Whether something is to be written that the other end does not take yet.
    pub fn stuck(&self) -> Arc<AtomicBool> {
        self.stuck.clone()
    }

    /// What has come of a write, or a failure once it has waited too long.
    fn within_patience(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.stuck.store(written.is_pending(), Ordering::Relaxed);
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let patience = self.patience;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, "the other end does not take its answer")))
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_patience(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.within_patience(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpSocket;

    use super::*;

    async fn connected() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        take_little_ahead(&listener).unwrap();
        let reader = TcpSocket::new_v4().unwrap();
        reader.set_recv_buffer_size(32 * 1024).unwrap();
        let (reader, accepted) = tokio::join!(reader.connect(listener.local_addr().unwrap()), listener.accept());
        (reader.unwrap(), accepted.unwrap().0)
    }

    #[tokio::test]
    async fn who_takes_nothing_is_not_waited_for() {
        let (_reader, accepted) = connected().await;
        let mut socket = Socket::new(accepted, Duration::from_millis(50));
        let stuck = socket.stuck();
        let error = loop {
            if let Err(error) = socket.write_all(&[0; 65_536]).await {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(stuck.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn who_takes_little_is_seen_to_take_something() {
        let (mut reader, socket) = connected().await;
        let mut sent = 0;
        let filled = async {
            loop {
                socket.writable().await.unwrap();
                sent += socket.try_write(&[0; 65_536]).unwrap_or(0);
            }
        };
        // No more room is all that can end it.
        let _ = tokio::time::timeout(Duration::from_millis(200), filled).await;
        let mut little = vec![0; (sent * 3 / 4).min(2 * AHEAD)];
        let seen = async {
            reader.read_exact(&mut little).await.unwrap();
            socket.writable().await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(5), seen).await.expect("it looks stuck");
    }
}
