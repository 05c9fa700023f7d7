//! The rows of sessions.

use diesel::prelude::*;

use super::super::TimeRange;
use crate::clock::Timestamp;
use crate::db::page::{Direction, Order, SortKey};
use crate::db::schema::{refresh_tokens, sessions};
pub use crate::ids::SessionId;
use crate::ids::UserId;

#[derive(Clone, Debug, Queryable, Selectable, Insertable, serde::Serialize, serde::Deserialize)]
#[diesel(table_name = sessions)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub ip: String,
    pub user_agent: Option<String>,
    pub os: Option<String>,
    pub browser: Option<String>,
    pub device: Option<String>,
    pub created_at: Timestamp,
    /// A use is in the row a minute later at the most; until then the node that has seen it knows better.
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// What it takes not to be over at a point in time: not ended, not expired, and used not too long ago.
#[derive(Clone, Copy, Debug)]
pub struct Alive {
    pub now: Timestamp,
    /// Whatever was last used then or before has been idle for too long.
    pub idle_since: Timestamp,
}

impl Session {
    pub fn is_alive(&self, at: Alive) -> bool {
        self.could_be_used(at) && self.last_seen_at > at.idle_since
    }

    /// The same for one that was used just before.
    pub fn could_be_used(&self, at: Alive) -> bool {
        self.ended_at.is_none() && self.expires_at > at.now
    }
}

/// A refresh token that was given out, as its hash.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens)]
pub struct RefreshToken {
    pub token_hash: String,
    pub session_id: SessionId,
    pub created_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub struct SessionFilter {
    pub user: Option<UserId>,
    /// In any case.
    pub username: Option<String>,
    pub ip: Option<String>,
    pub created: Option<TimeRange>,
    pub last_seen: Option<TimeRange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
/// What sessions can be sorted by.
pub enum SessionSort {
    /// When it was opened.
    CreatedAt,
    /// When it was last used.
    LastSeenAt,
    /// When it ends, however much it is used.
    ExpiresAt,
}

impl SessionSort {
    fn key(self) -> SortKey<sessions::table, Session> {
        match self {
            Self::CreatedAt => SortKey::new("created", sessions::created_at, |session: &Session| session.created_at),
            Self::LastSeenAt => SortKey::new("seen", sessions::last_seen_at, |session: &Session| session.last_seen_at),
            Self::ExpiresAt => SortKey::new("expires", sessions::expires_at, |session: &Session| session.expires_at),
        }
    }
}

/// The order of a list: as asked, or the newest first; the id makes it total.
pub fn order(by: &[(SessionSort, Direction)]) -> Order<sessions::table, Session> {
    let by = if by.is_empty() { &[(SessionSort::CreatedAt, Direction::Desc)] } else { by };
    Order::by(by, |sort| sort.key(), SortKey::new("id", sessions::id, |session: &Session| session.id))
}
