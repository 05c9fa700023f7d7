//! A fresh database for each test: a copy of a template that is migrated and seeded once per run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, mpsc};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use orgraph::cache::Cache;
use orgraph::db::{Backend, Database, migrate};
use orgraph::seed;
use tokio_postgres::NoTls;

use super::app::{self, ADMIN_PASSWORD};
use super::servers::{once, servers};

/// Which back end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A database of one test, gone with it.
pub struct FreshDb {
    pub backend: Backend,
}

const TEMPLATE: &str = "orgraph_template";

impl FreshDb {
    /// A copy of the template: migrated, with first data. None if the back end is not there to be tested.
    pub async fn seeded(kind: Kind) -> Option<Self> {
        let template = template(kind)?;
        let name = new_name();
        Some(Self {
            backend: match kind {
                Kind::Sqlite => {
                    let path = servers().directory.join(name);
                    fs::copy(template, &path).unwrap();
                    Backend::Sqlite { path }
                }
                Kind::Postgres => {
                    command(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await;
                    Backend::Postgres { url: postgres_url(&name)? }
                }
            },
        })
    }

    /// Without any table. None if the back end is not there to be tested.
    pub async fn empty(kind: Kind) -> Option<Self> {
        let name = new_name();
        Some(Self {
            backend: match kind {
                Kind::Sqlite => Backend::Sqlite { path: servers().directory.join(name) },
                Kind::Postgres => {
                    let url = postgres_url(&name)?;
                    command(&format!("CREATE DATABASE {name}")).await;
                    Backend::Postgres { url }
                }
            },
        })
    }
}

impl Drop for FreshDb {
    fn drop(&mut self) {
        match &self.backend {
            Backend::Sqlite { path } => {
                for end in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(format!("{}{end}", path.display()));
                }
            }
            // Nobody waits for it: what is not dropped when the run ends goes with the server.
            Backend::Postgres { url } => {
                let _ = JANITOR.send(url.rsplit('/').next().unwrap_or_default().to_owned());
            }
        }
    }
}

static JANITOR: LazyLock<mpsc::Sender<String>> = LazyLock::new(|| {
    let (sender, names) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for name in names {
            runtime.block_on(command(&format!("DROP DATABASE {name} WITH (FORCE)")));
        }
    });
    sender
});

fn new_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn postgres_url(name: &str) -> Option<String> {
    servers().postgres.map(|port| format!("postgres://orgraph@127.0.0.1:{port}/{name}"))
}

/// Runs a command on the server's own database.
async fn command(sql: &str) {
    let url = postgres_url("postgres").expect("PostgreSQL is there");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("PostgreSQL answers");
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    drop(client);
    let _ = connection.await;
}

/// Makes the template at the first call; returns the file that it is on SQLite.
fn template(kind: Kind) -> Option<&'static Path> {
    static SQLITE: LazyLock<PathBuf> = LazyLock::new(|| {
        let directory = &servers().directory;
        let (making, made) = (directory.join("template.making"), directory.join("template.sqlite"));
        once(directory, "sqlite", || {
            fill(Backend::Sqlite { path: making.clone() });
            // One file that holds everything, whatever is still in the write-ahead log.
            let mut conn = SqliteConnection::establish(&making.to_string_lossy()).unwrap();
            conn.batch_execute(&format!("VACUUM INTO '{}'", made.display())).unwrap();
        });
        made
    });
    static POSTGRES: LazyLock<Option<()>> = LazyLock::new(|| {
        let url = postgres_url(TEMPLATE)?;
        once(&servers().directory, "postgres", || {
            on_a_runtime(async { command(&format!("CREATE DATABASE {TEMPLATE}")).await });
            fill(Backend::Postgres { url });
        });
        Some(())
    });
    match kind {
        Kind::Sqlite => Some(&SQLITE),
        Kind::Postgres => POSTGRES.map(|()| Path::new("")),
    }
}

/// Migrates and seeds. All its connections are closed afterwards, as a template must have none.
fn fill(backend: Backend) {
    on_a_runtime(async {
        let database = Database::open(backend, 2).await.unwrap();
        migrate::run(&database).await.unwrap();
        let app = app::build(database, Cache::new(0, None));
        let seeded = seed::run(&app, Some(ADMIN_PASSWORD.into())).await.unwrap();
        assert!(seeded.created);
    });
}

/// Runs to the end on a thread and a runtime of its own, whether the caller is on a runtime or not.
fn on_a_runtime(work: impl Future<Output = ()> + Send + 'static) {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(work);
    })
    .join()
    .unwrap();
}
