//! The only split between back ends: a connection to one of them, and the macro that runs one diesel
//! expression on whichever it is.
//!
//! A further back end is a third variant here, a third line in [`on_backend!`] and in
//! [`fragment`](super::fragment), and an encoding for each type of [`types`](super::types).

use diesel::SqliteConnection;
use diesel::result::QueryResult;
use diesel_async::pooled_connection::bb8::PooledConnection;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, TransactionManager};
use tokio::sync::OwnedSemaphorePermit;

pub type PgConn = AsyncPgConnection;
pub type SqliteConn = SyncConnectionWrapper<SqliteConnection>;

/// A connection borrowed from the pool of the back end in use.
#[expect(clippy::large_enum_variant, reason = "one for each query at a time, and never in a collection")]
pub enum Conn {
    /// A writer has its turn as well.
    Pg(PooledConnection<'static, PgConn>, Option<OwnedSemaphorePermit>),
    Sqlite(PooledConnection<'static, SqliteConn>),
}

/// Runs `$body` with `$c` bound to the connection of the back end in use:
/// `on_backend!(conn, c => users::table.find(id).first::<User>(c).await)`.
macro_rules! on_backend {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            // The reborrow gets the connection's own transaction manager, not the pool's.
            $crate::db::conn::Conn::Pg(pooled, _) => {
                let $c: &mut $crate::db::conn::PgConn = &mut **pooled;
                $body
            }
            $crate::db::conn::Conn::Sqlite(pooled) => {
                let $c: &mut $crate::db::conn::SqliteConn = &mut **pooled;
                $body
            }
        }
    };
}
pub(crate) use on_backend;

/// Inserts many rows in one statement. `$rows` is a `Vec`; callers keep it within a few hundred rows,
/// because each back end bounds the parameters of a statement.
macro_rules! insert_many {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            $crate::db::conn::Conn::Pg(pooled, _) => {
                let c: &mut $crate::db::conn::PgConn = &mut **pooled;
                diesel_async::RunQueryDsl::execute(diesel::insert_into($table).values(&$rows), c).await
            }
            // diesel builds a SQLite batch insert statement by statement, which only the blocking API can run.
            $crate::db::conn::Conn::Sqlite(pooled) => {
                let rows = $rows;
                pooled
                    .spawn_blocking(move |c| diesel::RunQueryDsl::execute(diesel::insert_into($table).values(&rows), c))
                    .await
            }
        }
    };
}
pub(crate) use insert_many;

impl Conn {
    /// Begins a transaction that may write.
    pub(super) async fn begin(&mut self) -> QueryResult<()> {
        match self {
            Self::Pg(pooled, _) => begin(&mut **pooled).await,
            // Taking the write lock at once: a transaction that reads first and then writes could
            // otherwise find that another writer came between, and fail without waiting.
            Self::Sqlite(pooled) => {
                pooled
                    .spawn_blocking(|c| {
                        diesel::connection::AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE")
                    })
                    .await
            }
        }
    }

    pub(crate) async fn commit(&mut self) -> QueryResult<()> {
        on_backend!(self, c => commit(c).await)
    }

    pub(crate) async fn rollback(&mut self) -> QueryResult<()> {
        on_backend!(self, c => rollback(c).await)
    }

    /// Lets one transaction at a time past this point until it ends, for rules over more than one row
    /// (no cycle in a tree, a last superuser).
    pub(crate) async fn serialize(&mut self, lock: Lock) -> QueryResult<()> {
        match self {
            Self::Pg(pooled, _) => {
                let statement = format!("SELECT pg_advisory_xact_lock({})", lock as i64);
                pooled.batch_execute(&statement).await
            }
            // SQLite has one writer at a time anyway.
            Self::Sqlite(_) => Ok(()),
        }
    }
}

/// What `Conn::serialize` can guard. The numbers are this program's advisory locks on PostgreSQL.
#[derive(Clone, Copy, Debug)]
#[repr(i64)]
pub enum Lock {
    /// Applying migrations and first data, by nodes that start together.
    Migration = 0x6f72_6772_0001,
    /// Who may do what: users' flags, roles, menus, and the two trees.
    Rights = 0x6f72_6772_0002,
}

async fn begin<C: AsyncConnection>(c: &mut C) -> QueryResult<()> {
    C::TransactionManager::begin_transaction(c).await
}

async fn rollback<C: AsyncConnection>(c: &mut C) -> QueryResult<()> {
    C::TransactionManager::rollback_transaction(c).await
}

async fn commit<C: AsyncConnection>(c: &mut C) -> QueryResult<()> {
    C::TransactionManager::commit_transaction(c).await
}
