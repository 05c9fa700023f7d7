//! What the tests stand on.
//!
//! | file | holds |
//! |---|---|
//! | `servers.rs` | a private PostgreSQL for this run and a Redis for a test, stopped when it ends, however it ends |
//! | `db.rs` | a fresh database for each test, copied from a template |
//! | `app.rs` | an app of its own for each test, served over HTTP |
//! | `client.rs` | users who speak HTTP, and the answers they get |
//! | `program.rs` | the program as a process of its own, as an operator runs it |
//! | `snapshot.rs` | answers as snapshots, with what changes from run to run checked and masked |

mod app;
mod client;
mod db;
mod program;
mod servers;
mod snapshot;

pub use app::{ADMIN_PASSWORD, TOKEN_SECRET, TestApp, UNPROTECTED, listen, options};
pub use client::{Answer, Client, text};
pub use db::{FreshDb, Kind};
pub use program::{Program, run};
pub use servers::{AUTHORITY, RedisServer, free_port, servers};
pub use snapshot::masked;

/// Makes of each named `async fn(TestApp)` three tests: one for each back end, and one that has Redis beside it.
macro_rules! on_each_database {
    ($($test:ident),+ $(,)?) => {$(
        mod $test {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                if let Some(app) = $crate::support::TestApp::start($crate::support::Kind::Sqlite).await {
                    super::$test(app).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(app) = $crate::support::TestApp::start($crate::support::Kind::Postgres).await {
                    super::$test(app).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                if let Some(app) = $crate::support::TestApp::start_with_redis($crate::support::Kind::Postgres).await {
                    super::$test(app).await;
                }
            }
        }
    )+};
}
pub(crate) use on_each_database;
