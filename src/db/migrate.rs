//! Migrations, embedded in the binary: one tree per back end, with the same folder names.

use diesel::backend::Backend;
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel_async::AsyncMigrationHarness;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::conn::{Conn, Lock};
use super::{Database, OpenError};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// What the database has against what this program knows.
#[derive(Debug, Default)]
pub struct Status {
    /// Known here, not applied there; in order.
    pub pending: Vec<String>,
    /// Applied there by a newer program.
    pub unknown: Vec<String>,
}

/// Brings the database up to date; returns the names of what was applied.
/// A database that a newer program has migrated is refused and left as it is.
pub async fn run(database: &Database) -> Result<Vec<String>, OpenError> {
    let (status, changed) = perform(database, Task::Run).await?;
    refuse_newer(&status).map(|()| changed)
}

/// Undoes every migration; returns the names of what was undone.
pub async fn revert_all(database: &Database) -> Result<Vec<String>, OpenError> {
    Ok(perform(database, Task::RevertAll).await?.1)
}

pub async fn status(database: &Database) -> Result<Status, OpenError> {
    Ok(perform(database, Task::Look).await?.0)
}

/// Fails if the database is ahead of this program.
pub fn refuse_newer(status: &Status) -> Result<(), OpenError> {
    if status.unknown.is_empty() {
        return Ok(());
    }
    Err(OpenError(format!(
        "The database has been migrated by a newer orgraph: this one does not know migration {}. \
         Start that version or a later one. Nothing has been changed.",
        status.unknown.join(", ")
    )))
}

#[derive(Clone, Copy, PartialEq)]
enum Task {
    Look,
    Run,
    RevertAll,
}

async fn perform(database: &Database, task: Task) -> Result<(Status, Vec<String>), OpenError> {
    let failed = |e: &dyn std::fmt::Display| {
        let cause = e.to_string();
        // The default of PostgreSQL 15 and later for everybody but the owner of the database.
        let cure = if cause.contains("permission denied for schema") {
            ". Make the user of ORGRAPH_DATABASE_URL the owner of the database: `alter database … owner to …`."
        } else if cause.contains("already exists") {
            ". Something else seems to use this database: give orgraph one of its own."
        } else {
            ""
        };
        OpenError(format!("The migrations failed: {cause}{cure}"))
    };
    let mut conn = database.writer().await.map_err(|e| failed(&e.cause()))?;
    if matches!(conn, Conn::Sqlite(_)) {
        // Whoever is writing keeps nobody from finding that there is nothing to do.
        let (looked, same) = on_connection(conn, Task::Look);
        let (status, changed) = looked.map_err(|e| failed(&e))?;
        let nothing_to_do = status.pending.is_empty() || !status.unknown.is_empty();
        if task == Task::Look || task == Task::Run && nothing_to_do {
            return Ok((status, changed));
        }
        conn = same;
    }
    // All of them or none, and nodes that start together take turns.
    conn.begin().await.map_err(|e| failed(&e))?;
    conn.serialize(Lock::Migration).await.map_err(|e| failed(&e))?;
    let (done, mut conn) = on_connection(conn, task);
    let done = done.map_err(|e| failed(&e))?;
    conn.commit().await.map_err(|e| failed(&e))?;
    Ok(done)
}

fn on_connection(conn: Conn, task: Task) -> (Result<(Status, Vec<String>), Failure>, Conn) {
    match conn {
        Conn::Pg(conn, turn) => {
            let mut harness = AsyncMigrationHarness::new(conn);
            (on_harness(&mut harness, POSTGRES, task), Conn::Pg(harness.into_inner(), turn))
        }
        Conn::Sqlite(conn) => {
            let mut harness = AsyncMigrationHarness::new(conn);
            (on_harness(&mut harness, SQLITE, task), Conn::Sqlite(harness.into_inner()))
        }
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn on_harness<DB, H>(
    harness: &mut H,
    migrations: EmbeddedMigrations,
    task: Task,
) -> Result<(Status, Vec<String>), Failure>
where
    DB: Backend,
    H: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let applied: Vec<String> = harness.applied_migrations()?.iter().map(ToString::to_string).collect();
    let known = MigrationSource::<DB>::migrations(&migrations)?;
    let mut known: Vec<(String, String)> =
        known.iter().map(|known| (known.name().version().to_string(), known.name().to_string())).collect();
    known.sort();
    let name = |version: &MigrationVersion<'_>| {
        let version = version.to_string();
        known.iter().find(|(known, _)| *known == version).map_or(version, |(_, name)| name.clone())
    };
    let is_known = |version: &String| known.iter().any(|(known, _)| known == version);
    let status = Status {
        pending: known.iter().filter(|(version, _)| !applied.contains(version)).map(|(_, name)| name.clone()).collect(),
        unknown: applied.iter().filter(|version| !is_known(version)).cloned().collect(),
    };
    let changed = match task {
        Task::Run if status.unknown.is_empty() => harness.run_pending_migrations(migrations)?,
        Task::RevertAll => harness.revert_all_migrations(migrations)?,
        Task::Run | Task::Look => Vec::new(),
    };
    Ok((status, changed.iter().map(name).collect()))
}

diesel::table! {
    /// diesel's own record of what has been applied.
    __diesel_schema_migrations (version) {
        version -> VarChar,
    }
}

/// What the database says has been applied, oldest first: one quick query, for the readiness probe.
pub async fn applied_versions(database: &Database) -> crate::error::Result<Vec<String>> {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    let mut conn = database.read().await?;
    Ok(super::conn::on_backend!(&mut conn, c => __diesel_schema_migrations::table
        .order(__diesel_schema_migrations::version)
        .select(__diesel_schema_migrations::version)
        .load(c)
        .await)?)
}

/// What this program knows, oldest first.
pub fn known_versions() -> Result<Vec<String>, OpenError> {
    let known = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE);
    let known = known.map_err(|e| OpenError(e.to_string()))?;
    let mut versions: Vec<_> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    versions.sort();
    Ok(versions)
}
