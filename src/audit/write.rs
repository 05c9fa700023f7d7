//! The open transaction, and the record that closes it.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::{Action, Audited, Change};
use crate::app::App;
use crate::cache::Key;
use crate::clock::Timestamp;
use crate::db::conn::on_backend;
use crate::db::schema::{operation_logs, users};
use crate::db::types::{Id, Json, Kind, smallint_enum};
use crate::db::{Conn, Lock, invalidations};
use crate::error::{Error, Result};
use crate::ids::{OperationLogId, SessionId, UserId};
use crate::security::Viewer;
use crate::telemetry::{Client, clip};

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    async_graphql::Enum,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
    serde::Serialize,
    serde::Deserialize,
)]
#[diesel(sql_type = diesel::sql_types::SmallInt)]
/// How an operation ended.
pub enum OperationStatus {
    /// It failed or was denied, and changed nothing.
    Failed,
    /// It was carried out.
    Succeeded,
}
smallint_enum!(OperationStatus { Failed = 0, Succeeded = 1 });

/// A transaction that may change rows. Dropped without [`Write::commit`], it has changed nothing.
pub struct Write<'a> {
    app: &'a App,
    /// Until it ends.
    conn: Option<Conn>,
    origin: Origin,
    changes: Vec<Change>,
    stale: Vec<String>,
}

/// Superuser, staff.
type Rank = (bool, bool);

/// Who writes, from where.
struct Origin {
    /// Whoever is logged in, with what they were when the request came in.
    rank: Option<(UserId, Rank)>,
    user_id: Option<UserId>,
    username: Option<String>,
    session_id: Option<SessionId>,
    trace_id: String,
    operation: Option<String>,
    ip: Option<String>,
    client: Client,
    user_agent: Option<String>,
    action: Arc<Action>,
}

impl Origin {
    fn of(viewer: &Viewer) -> Result<Self> {
        let identity = viewer.identity().ok();
        let request = &viewer.request;
        Ok(Self {
            rank: identity.map(|me| (me.user_id, (me.is_superuser, me.is_staff))),
            user_id: identity.map(|identity| identity.user_id),
            username: identity.map(|identity| identity.username.clone()),
            session_id: identity.map(|identity| identity.session_id),
            trace_id: request.trace_id.clone(),
            operation: request.operation.as_deref().map(|name| clip(name, 128)),
            ip: (!request.ip.is_empty()).then(|| request.ip.clone()),
            client: Client::of(request.user_agent.as_deref()),
            user_agent: request.user_agent.as_deref().map(|agent| clip(agent, 512)),
            action: viewer.action().ok_or_else(|| Error::internal("a write outside of any action"))?,
        })
    }
}

impl App {
    /// Opens a transaction in which `viewer` may change rows. An operation that drops one with changes in it has failed,
    /// whatever else it commits.
    pub async fn write(&self, viewer: &Viewer) -> Result<Write<'_>> {
        Ok(Write {
            origin: Origin::of(viewer)?,
            app: self,
            conn: Some(self.db.begin().await?),
            changes: Vec::new(),
            stale: Vec::new(),
        })
    }
}

impl Write<'_> {
    /// For repositories: reads see what this transaction has written.
    pub(crate) fn conn(&mut self) -> &mut Conn {
        self.conn.as_mut().expect("a write that has not ended")
    }

    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Waits until no other transaction holds `lock`, and holds it until the end of this one.
    pub async fn serialize(&mut self, lock: Lock) -> Result<()> {
        self.conn().serialize(lock).await?;
        match lock {
            Lock::Rights => self.ensure_rank().await,
            Lock::Migration => Ok(()),
        }
    }

    /// Fails if whoever writes has lost their rank since the request came in: two superusers could otherwise unmake
    /// each other.
    async fn ensure_rank(&mut self) -> Result<()> {
        let Some((user, rank)) = self.origin.rank else { return Ok(()) };
        let row = users::table.find(user).select((users::is_superuser, users::is_staff));
        let now: Option<Rank> = on_backend!(self.conn(), c => row.first(c).await.optional())?;
        if now == Some(rank) { Ok(()) } else { Err(Error::conflict("Your own rights have just changed. Try again.")) }
    }

    pub fn created<T: Audited>(&mut self, row: &T) {
        self.changes.extend(Change::between(None, Some(row)));
    }

    pub fn updated<T: Audited>(&mut self, before: &T, after: &T) {
        self.changes.extend(Change::between(Some(before), Some(after)));
    }

    pub fn deleted<T: Audited>(&mut self, row: &T) {
        self.changes.extend(Change::between(Some(row), None));
    }

    /// One field of `target` that was set without reading the whole row.
    pub fn changed<K: Kind>(&mut self, target: Id<K>, name: &str, before: Value, after: Value) {
        self.changes.push(Change::one(target.to_string(), name, before, after));
    }

    /// A list of links of `target` that was replaced.
    pub fn relinked<K: Kind, L: Kind>(&mut self, target: Id<K>, name: &str, before: &[Id<L>], after: &[Id<L>]) {
        let text = |ids: &[Id<L>]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().into();
        self.changed(target, name, text(before), text(after));
    }

    /// Links that went with what was deleted, in the order of what they belong to.
    pub fn unlinked<K: Kind, L: Kind>(&mut self, name: &str, links: &[(Id<K>, Id<L>)]) {
        for of_one in links.chunk_by(|one, next| one.0 == next.0) {
            let before: Vec<_> = of_one.iter().map(|(_, linked)| *linked).collect();
            self.relinked(of_one[0].0, name, &before, &[]);
        }
    }

    /// Names whom the record is about, when it turns out only on the way: a login.
    pub fn act_as(&mut self, user: UserId, username: &str, session: SessionId) {
        self.origin.user_id = Some(user);
        self.origin.username = Some(username.to_owned());
        self.origin.session_id = Some(session);
    }

    /// What the cache must not give out any more once this is committed.
    pub fn forget<K: Key>(&mut self, key: &K) {
        self.stale.push(key.text());
    }

    /// Ends the transaction: its record, the commit, the cache, in this order.
    pub async fn commit(self) -> Result<()> {
        self.close(None).await
    }

    /// The same for an operation that has failed and still has something to keep, as a refused login has its log.
    pub async fn commit_failure(self, error: &Error) -> Result<()> {
        self.close(Some(error)).await
    }

    async fn close(mut self, error: Option<&Error>) -> Result<()> {
        let (app, now) = (self.app, self.app.clock.now());
        let conn = self.conn.as_mut().expect("a write that has not ended");
        insert_record(conn, &self.origin, &self.changes, error, now).await?;
        if !self.stale.is_empty() {
            invalidations::insert(conn, app.cache.node, &self.stale, now).await?;
        }
        let committed = conn.commit().await;
        // Whatever came of it, the transaction is over; others may be waiting for the connection.
        self.conn = None;
        // Also after a failed commit: whether the database has carried it out is not known then.
        app.cache.forget(&self.stale).await;
        committed?;
        self.origin.action.recorded.store(true, Ordering::Release);
        Ok(())
    }
}

/// What is not committed is undone. Left to the pool, that would cost the connection.
impl Drop for Write<'_> {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        if !(self.changes.is_empty() && self.stale.is_empty()) {
            self.origin.action.undone.store(true, Ordering::Release);
        }
        tokio::spawn(async move {
            if let Err(error) = conn.rollback().await {
                tracing::debug!(%error, "a transaction could not be rolled back; its connection is closed");
            }
        });
    }
}

/// Records an operation that has failed, or that changed nothing, in a transaction of its own.
pub async fn record_failure(app: &App, viewer: &Viewer, error: Option<&Error>) -> Result<()> {
    let origin = Origin::of(viewer)?;
    let mut conn = app.db.begin().await?;
    insert_record(&mut conn, &origin, &[], error, app.clock.now()).await?;
    conn.commit().await?;
    origin.action.recorded.store(true, Ordering::Release);
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = operation_logs)]
struct NewOperationLog<'a> {
    id: OperationLogId,
    trace_id: &'a str,
    user_id: Option<UserId>,
    username: Option<&'a str>,
    session_id: Option<SessionId>,
    operation: Option<&'a str>,
    field: &'a str,
    input: Json,
    targets: Json,
    changes: Json,
    status: OperationStatus,
    code: Option<&'static str>,
    message: Option<String>,
    ip: Option<&'a str>,
    user_agent: Option<&'a str>,
    os: Option<&'a str>,
    browser: Option<&'a str>,
    device: Option<&'a str>,
    duration_us: i64,
    created_at: Timestamp,
}

/// The longest message that a record keeps.
const LONGEST_MESSAGE: usize = 2_000;

async fn insert_record(
    conn: &mut Conn,
    origin: &Origin,
    changes: &[Change],
    error: Option<&Error>,
    now: Timestamp,
) -> Result<()> {
    let mut known = HashSet::new();
    let each = changes.iter().map(|change| change.target.as_str());
    let targets: Vec<&str> = each.filter(|target| known.insert(*target)).collect();
    let row = NewOperationLog {
        id: OperationLogId::new(),
        trace_id: &origin.trace_id,
        user_id: origin.user_id,
        username: origin.username.as_deref(),
        session_id: origin.session_id,
        operation: origin.operation.as_deref(),
        field: &origin.action.field,
        input: Json(origin.action.input.clone()),
        targets: Json(serde_json::to_value(targets).map_err(Error::internal)?),
        changes: Json(serde_json::to_value(changes).map_err(Error::internal)?),
        status: if error.is_some() { OperationStatus::Failed } else { OperationStatus::Succeeded },
        code: error.map(|error| error.code().as_str()),
        // It may quote what was sent, also what PostgreSQL refuses to keep in a text.
        message: error.map(|error| clip(&error.message().replace('\0', "\u{fffd}"), LONGEST_MESSAGE)),
        ip: origin.ip.as_deref(),
        user_agent: origin.user_agent.as_deref(),
        os: origin.client.os.as_deref(),
        browser: origin.client.browser.as_deref(),
        device: origin.client.device.as_deref(),
        duration_us: i64::try_from(origin.action.started.elapsed().as_micros()).unwrap_or(i64::MAX),
        created_at: now,
    };
    on_backend!(conn, c => diesel::insert_into(operation_logs::table).values(&row).execute(c).await)?;
    Ok(())
}
