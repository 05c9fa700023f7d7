//! What clients send about sessions.

use async_graphql::{ID, InputObject};

use super::model::{SessionFilter, SessionSort};
use crate::db::page::Direction;
use crate::domains::TimeRange;
use crate::error::Result;
use crate::validate::Check;

/// Which sessions a list holds; every given condition must be met.
#[derive(InputObject)]
#[graphql(name = "SessionFilter")]
pub struct SessionFilterInput {
    /// Those of this user.
    pub user_id: Option<ID>,
    /// Those of the user with this user name, in any case.
    pub username: Option<String>,
    /// Those from exactly this IP address.
    pub ip: Option<String>,
    /// When they were opened.
    pub created_at: Option<TimeRange>,
    /// When they were last used.
    pub last_seen_at: Option<TimeRange>,
}

impl SessionFilterInput {
    pub fn check(&self) -> Result<SessionFilter> {
        let mut check = Check::default();
        let filter = SessionFilter {
            user: self.user_id.as_ref().and_then(|id| check.id("filter.userId", id)),
            username: check.optional_line("filter.username", self.username.as_deref(), 64),
            ip: check.optional_line("filter.ip", self.ip.as_deref(), 45),
            created: self.created_at,
            last_seen: self.last_seen_at,
        };
        check.finish().map(|()| filter)
    }
}

/// One key of a session list's order.
#[derive(InputObject)]
pub struct SessionOrder {
    /// What to sort by.
    pub field: SessionSort,
    /// Which way; ascending if not given.
    #[graphql(default)]
    pub direction: Direction,
}

/// Somebody's session to end.
#[derive(InputObject)]
pub struct RevokeSessionInput {
    /// Which session.
    pub session_id: ID,
}

/// Whose sessions to end.
#[derive(InputObject)]
pub struct RevokeUserSessionsInput {
    /// Which user.
    pub user_id: ID,
}

/// A session of one's own to end.
#[derive(InputObject)]
pub struct EndSessionInput {
    /// Which session.
    pub session_id: ID,
}

/// Which of one's own sessions to end.
#[derive(InputObject)]
pub struct LogoutEverywhereInput {
    /// Whether the session that this request belongs to goes on; false if not given.
    #[graphql(default)]
    pub keep_current: bool,
}
