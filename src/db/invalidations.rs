//! Which cached values each committed change has made stale, for the other processes on this database.
//!
//! The rows are written in the transaction of the change, so that none is lost with a process, and read by every
//! node (`cache/follow.rs`).

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::conn::{Conn, on_backend};
use super::schema::cache_invalidations;
use super::types::Json;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::NodeId;

pub async fn insert(conn: &mut Conn, node: NodeId, keys: &[String], at: Timestamp) -> Result<()> {
    let keys = Json(serde_json::to_value(keys).map_err(Error::internal)?);
    let row = (
        cache_invalidations::node.eq(node),
        cache_invalidations::keys.eq(keys),
        cache_invalidations::created_at.eq(at),
    );
    on_backend!(conn, c => diesel::insert_into(cache_invalidations::table).values(row).execute(c).await)?;
    Ok(())
}

/// The number of the last one before `at`; 0 if there is none.
pub async fn last_before(conn: &mut Conn, at: Timestamp) -> Result<i64> {
    let earlier = cache_invalidations::table.filter(cache_invalidations::created_at.lt(at));
    let last: Option<i64> =
        on_backend!(conn, c => earlier.select(diesel::dsl::max(cache_invalidations::id)).first(c).await)?;
    Ok(last.unwrap_or(0))
}

/// Up to `limit` of those behind `after`, and `missing` ones that are there by now: number, who wrote it, keys.
pub async fn since(
    conn: &mut Conn,
    after: i64,
    missing: &[i64],
    limit: i64,
) -> Result<Vec<(i64, NodeId, Vec<String>)>> {
    let wanted = cache_invalidations::id.gt(after).or(cache_invalidations::id.eq_any(missing.to_vec()));
    let rows: Vec<(i64, NodeId, Json)> = on_backend!(conn, c => cache_invalidations::table
        .filter(wanted)
        .order(cache_invalidations::id)
        .limit(limit)
        .select((cache_invalidations::id, cache_invalidations::node, cache_invalidations::keys))
        .load(c)
        .await)?;
    rows.into_iter()
        .map(|(id, node, keys)| Ok((id, node, serde_json::from_value(keys.0).map_err(Error::internal)?)))
        .collect()
}

/// Deletes those that nobody can need any more.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<()> {
    let old = cache_invalidations::table.filter(cache_invalidations::created_at.lt(before));
    on_backend!(conn, c => diesel::delete(old).execute(c).await)?;
    Ok(())
}
