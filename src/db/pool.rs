//! Opening the database, and its pools.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use diesel::ConnectionError;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel_async::pooled_connection::bb8::{Pool, RunError};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::conn::{Conn, PgConn, SqliteConn};
use super::functions::nullable_lower_utils;
use super::tls;

/// Which back end, and where; the scheme of the URL chooses.
#[derive(Clone, PartialEq, Eq)]
pub enum Backend {
    Postgres { url: String },
    Sqlite { path: PathBuf },
}

/// The URL may hold a password.
impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Backend {
    pub fn parse(url: &str) -> Result<Self, String> {
        match url.split_once(':') {
            Some(("postgres" | "postgresql", _)) => tls::Target::parse(url).map(|_| Self::Postgres { url: url.into() }),
            Some(("sqlite", path)) => {
                let path = path.strip_prefix("//").unwrap_or(path);
                match path {
                    "" => Err("names no file: write sqlite:///path/to/file.db".into()),
                    ":memory:" => Err("an in-memory database has no second connection".into()),
                    path if path.contains('?') => Err("has parameters, which sqlite:// does not take here".into()),
                    path => Ok(Self::Sqlite { path: path.into() }),
                }
            }
            _ => Err("must start with postgres://, postgresql:// or sqlite://".into()),
        }
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Postgres { .. } => "PostgreSQL",
            Self::Sqlite { .. } => "SQLite",
        }
    }
}

/// Why the database cannot be used, in a sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// A request waits this long for a connection before it is told to try again.
const PATIENCE: Duration = Duration::from_secs(10);

/// The database in use. Clones share its pools.
#[derive(Clone)]
pub struct Database {
    backend: Backend,
    pools: Pools,
    statements: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Pools {
    Pg {
        pool: Pool<PgConn>,
        /// Writers take turns, and wait for each other with a connection in hand: some are left for readers.
        writers: Arc<Semaphore>,
    },
    /// SQLite has one writer; readers go on beside it (WAL).
    Sqlite { readers: Pool<SqliteConn>, writer: Pool<SqliteConn> },
}

impl Database {
    /// Opens the database and makes sure that it answers. SQLite's file is made if it is not there.
    pub async fn open(backend: Backend, max_connections: u32) -> Result<Self, Error> {
        // One connection without a pool: a pool says only that it has waited in vain, not why.
        probe(&backend).await.map_err(|cause| unreachable(&backend, &cause))?;
        let statements = Arc::new(AtomicU64::new(0));
        let pools = match &backend {
            Backend::Postgres { url } => {
                let writers = (max_connections as usize / 2).max(1);
                let pool = postgres_pool(url, max_connections, &statements)?;
                Pools::Pg { pool, writers: Arc::new(Semaphore::new(writers)) }
            }
            Backend::Sqlite { path } => {
                // The writer comes first: it makes the file, and WAL is a property of the file.
                let writer = sqlite_pool(path, 1, Access::Write, &statements);
                drop(writer.get().await.map_err(|e| unreachable(&backend, &e.to_string()))?);
                Pools::Sqlite { readers: sqlite_pool(path, max_connections, Access::Read, &statements), writer }
            }
        };
        let database = Self { backend, pools, statements };
        database.ping().await.map_err(|e| unreachable(&database.backend, &e))?;
        Ok(database)
    }

    pub const fn backend(&self) -> &Backend {
        &self.backend
    }

    /// How many statements have been sent so far; tests bound the difference.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// A connection to read with.
    pub async fn read(&self) -> crate::error::Result<Conn> {
        Ok(match &self.pools {
            Pools::Pg { pool, .. } => Conn::Pg(pool.get_owned().await?, None),
            Pools::Sqlite { readers, .. } => Conn::Sqlite(readers.get_owned().await?),
        })
    }

    /// A connection in a new transaction that may write. Dropping it undoes everything: the pool
    /// closes a connection whose transaction is open.
    pub(crate) async fn begin(&self) -> crate::error::Result<Conn> {
        let mut conn = self.writer().await?;
        conn.begin().await?;
        Ok(conn)
    }

    pub(super) async fn writer(&self) -> crate::error::Result<Conn> {
        Ok(match &self.pools {
            Pools::Pg { pool, writers } => {
                let connected = async {
                    let turn = writers.clone().acquire_owned().await.map_err(|_| RunError::TimedOut)?;
                    Ok(Conn::Pg(pool.get_owned().await?, Some(turn)))
                };
                timeout(PATIENCE, connected).await.unwrap_or(Err(RunError::TimedOut))?
            }
            Pools::Sqlite { writer, .. } => Conn::Sqlite(writer.get_owned().await?),
        })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), String> {
        let mut conn = self.read().await.map_err(|e| e.cause())?;
        let answer = super::conn::on_backend!(&mut conn, c => c.batch_execute("SELECT 1").await);
        answer.map_err(|e| e.to_string())
    }
}

async fn probe(backend: &Backend) -> Result<(), String> {
    match backend {
        Backend::Postgres { url } => tls::Target::parse(url)?.connect().await.map(drop).map_err(|e| e.to_string()),
        Backend::Sqlite { path } => {
            let mut conn = SqliteConn::establish(&path.to_string_lossy()).await.map_err(|e| e.to_string())?;
            let sql = "PRAGMA busy_timeout = 5000; SELECT 1 FROM sqlite_schema LIMIT 1";
            conn.batch_execute(sql).await.map_err(|e| e.to_string())
        }
    }
}

fn unreachable(backend: &Backend, cause: &str) -> Error {
    let cause = cause.trim_start_matches("no database connection: ");
    Error(match backend {
        Backend::Postgres { url } => format!(
            "The PostgreSQL server at {} cannot be used: {cause}. \
             Check ORGRAPH_DATABASE_URL, and that the server runs and lets this user in.",
            tls::Target::parse(url).map_or_else(|_| "the given URL".into(), |target| target.place())
        ),
        Backend::Sqlite { path } => {
            let advice = if cause.contains("not a database") {
                "It is something else, or encrypted: name another file in ORGRAPH_DATABASE_URL."
            } else {
                "Check that its folder exists and that this user may write there."
            };
            format!("The database file {} cannot be used: {cause}. {advice}", path.display())
        }
    })
}

fn postgres_pool(url: &str, max_connections: u32, statements: &Arc<AtomicU64>) -> Result<Pool<PgConn>, Error> {
    let target = tls::Target::parse(url).map_err(Error)?;
    let statements = statements.clone();
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.custom_setup = Box::new(move |_| {
        let (target, statements) = (target.clone(), statements.clone());
        async move {
            let mut conn = target.connect().await?;
            conn.set_instrumentation(Counter(statements));
            Ok(conn)
        }
        .boxed()
    });
    // Without a statement of its own: whether the server has closed the connection, by a restart for one.
    config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn| {
        let closed = || diesel::result::Error::BrokenTransactionManager;
        std::future::ready(if conn.is_broken() { Err(closed()) } else { Ok(()) }).boxed()
    }));
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Ok(Pool::builder().max_size(max_connections).connection_timeout(PATIENCE).build_unchecked(manager))
}

#[derive(Clone, Copy, PartialEq)]
enum Access {
    Read,
    Write,
}

fn sqlite_pool(path: &Path, max_connections: u32, access: Access, statements: &Arc<AtomicU64>) -> Pool<SqliteConn> {
    let statements = statements.clone();
    let mut config = ManagerConfig::<SqliteConn>::default();
    config.custom_setup = Box::new(move |path| {
        let (path, statements) = (path.to_owned(), statements.clone());
        async move {
            let mut conn = SqliteConn::establish(&path).await?;
            let bad = |e: diesel::result::Error| ConnectionError::BadConnection(e.to_string());
            conn.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;").await.map_err(bad)?;
            conn.batch_execute(match access {
                // FULL: what a client has been told is done survives a power cut.
                Access::Write => "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
                Access::Read => "PRAGMA query_only = ON;",
            })
            .await
            .map_err(bad)?;
            conn.spawn_blocking(|c| {
                nullable_lower_utils::register_impl(c, |text: Option<String>| text.map(|text| text.to_lowercase()))
            })
            .await
            .map_err(bad)?;
            conn.set_instrumentation(Counter(statements));
            Ok(conn)
        }
        .boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config(path.to_string_lossy().into_owned(), config);
    Pool::builder()
        .max_size(max_connections)
        .connection_timeout(PATIENCE)
        .test_on_check_out(false)
        .build_unchecked(manager)
}

struct Counter(Arc<AtomicU64>);

impl Instrumentation for Counter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.fetch_add(1, Ordering::Relaxed);
            tracing::trace!(target: "orgraph::sql", query = without_values(&query.to_string()), "statement");
        }
    }
}

/// A statement as diesel writes it for people, without the values at its end: hashes and addresses are among them.
fn without_values(query: &str) -> &str {
    query.split_once("-- binds:").map_or(query, |(statement, _)| statement).trim_end()
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::db::schema::users;

    #[test]
    fn statements_are_logged_without_their_values() {
        let query = diesel::update(users::table).set(users::password_hash.eq("$2b$12$secret -- binds: x"));
        let written = diesel::debug_query::<diesel::pg::Pg, _>(&query).to_string();
        assert!(written.contains("secret"), "it is there to be left out: {written}");
        assert_eq!(without_values(&written), r#"UPDATE "users" SET "password_hash" = $1"#);
    }
}
