//! Probes: is the process alive, and can it serve?

use axum::extract::State;
use axum::http::StatusCode;

use super::Server;
use crate::db::migrate;

/// The process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The database answers and has this program's migrations.
pub async fn readyz(State(server): State<Server>) -> (StatusCode, String) {
    let unready = |why: String| (StatusCode::SERVICE_UNAVAILABLE, why + "\n");
    match migrate::applied_versions(&server.app.db).await {
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
