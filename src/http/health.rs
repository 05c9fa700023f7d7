//! Probes: is the process alive, and can it serve?

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;

use super::Server;
use crate::db::migrate;
use crate::error::Error;

/// Whoever probes does not wait much longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The database answers and has this program's migrations.
pub async fn readyz(State(server): State<Server>) -> (StatusCode, String) {
    let unready = |why: String| (StatusCode::SERVICE_UNAVAILABLE, why + "\n");
    let asked = tokio::time::timeout(PATIENCE, migrate::applied_versions(&server.app.db)).await;
    let asked = asked.unwrap_or_else(|_| Err(Error::Unavailable("no answer in time".into())));
    match asked {
        Err(error) => {
            tracing::warn!(?error, "not ready");
            unready("the database does not answer".into())
        }
        Ok(applied) if migrate::known_versions().is_ok_and(|known| applied != known) => {
            unready("the database is not migrated to this version".into())
        }
        Ok(_) => (StatusCode::OK, "ready\n".into()),
    }
}
