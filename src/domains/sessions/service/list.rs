//! Lists of sessions that are not over, within one's row scope.

use super::super::model::{self, Session, SessionFilter, SessionSort};
use super::super::repository;
use super::alive;
use crate::app::App;
use crate::db::page::{Direction, Order, Page, Slice};
use crate::db::schema::sessions;
use crate::error::Result;
use crate::security::Viewer;

pub struct Listed {
    pub slice: Slice<Session>,
    pub order: Order<sessions::table, Session>,
}

/// Lets one's own sessions through and no others.
pub fn own_filter(viewer: &Viewer) -> Result<SessionFilter> {
    Ok(SessionFilter { user: Some(viewer.identity()?.user_id), ..SessionFilter::default() })
}

pub async fn list(
    app: &App,
    viewer: &Viewer,
    filter: &SessionFilter,
    by: &[(SessionSort, Direction)],
    page: &Page,
) -> Result<Listed> {
    let order = model::order(by);
    let mut conn = app.db.read().await?;
    let rows = repository::list(&mut conn, viewer.scope(), alive(app), filter, &order, page).await?;
    Ok(Listed { slice: page.slice(rows), order })
}

pub async fn count(app: &App, viewer: &Viewer, filter: &SessionFilter) -> Result<i64> {
    repository::count(&mut app.db.read().await?, viewer.scope(), alive(app), filter).await
}
