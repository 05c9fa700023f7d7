//! When sessions were last used: noted in memory by requests, written now and then.
//!
//! The row is what counts, and other nodes read it; what is noted here counts before it is written. A write that
//! fails is repeated with the next one, and a node that dies takes a minute of notes with it at the most.

use std::sync::Arc;
use std::time::Duration;

use super::super::cache;
use super::super::model::{Session, SessionId};
use super::super::repository;
use super::alive;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// How often notes are looked through for what is to be written.
const LOOK: Duration = Duration::from_secs(20);
/// How long the last write may hold up a server that stops.
const LAST: Duration = Duration::from_secs(2);
/// Sessions in one statement, well within what each back end takes.
const CHUNK: usize = 10_000;

/// Whether a session is not over, by its row and by what is noted here.
pub fn is_alive(app: &App, session: &Session) -> bool {
    let at = alive(app);
    let noted = || app.presence.last(session.id).is_some_and(|seen| seen > at.idle_since);
    session.is_alive(at) || (session.could_be_used(at) && noted())
}

/// The session that a request belongs to, unless it is over. The request is noted as a use of it.
pub async fn of_request(app: &App, id: SessionId) -> Result<Arc<Option<Session>>> {
    let mut session = cache::session(app, id).await?;
    let looks_idle = |session: &Session| session.could_be_used(alive(app)) && !is_alive(app, session);
    if session.as_ref().as_ref().is_some_and(looks_idle) {
        // It may have been used on another node since this one has read the row.
        let read = async { repository::find(&mut app.db.read().await?, id).await };
        session = Arc::new(Box::pin(read).await?);
    }
    match session.as_ref() {
        Some(found) if is_alive(app, found) => {
            app.presence.note(id, found.last_seen_at, app.clock.now());
            Ok(session)
        }
        _ => Ok(Arc::new(None)),
    }
}

/// The session of the request that asks, with what is noted of its use.
pub async fn current(app: &App, id: SessionId) -> Result<Option<Session>> {
    let noted = app.presence.last(id);
    let session = cache::session(app, id).await?.as_ref().clone();
    Ok(session
        .map(|row| Session { last_seen_at: noted.map_or(row.last_seen_at, |at| at.max(row.last_seen_at)), ..row }))
}

/// Writes what has been noted and is due: each session once a minute at the most, all of them in one statement.
pub async fn write_seen(app: &App) -> Result<()> {
    let now = app.clock.now();
    write(app, app.presence.due(now), now).await
}

async fn write(app: &App, seen: Vec<(SessionId, Timestamp)>, now: Timestamp) -> Result<()> {
    for chunk in seen.chunks(CHUNK) {
        let mut conn = app.db.begin().await?;
        repository::mark_seen(&mut conn, chunk).await?;
        conn.commit().await?;
    }
    app.presence.written(&seen, now);
    Ok(())
}

/// Writes uses of sessions while a server runs, and what is left of them when it has ended.
pub async fn noting<T>(app: &App, serving: impl Future<Output = T>) -> T {
    let writing = async {
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            log_failure(write_seen(app).await);
        }
    };
    let served = tokio::select! {
        served = serving => served,
        () = writing => unreachable!("a loop without an end"),
    };
    let last = tokio::time::timeout(LAST, write(app, app.presence.all(), app.clock.now())).await;
    log_failure(last.unwrap_or_else(|_| Err(Error::internal("the database did not answer in time"))));
    served
}

fn log_failure(written: Result<()>) {
    if let Err(error) = written {
        tracing::warn!(cause = error.cause(), "when sessions were last used could not be written; it is tried again");
    }
}
