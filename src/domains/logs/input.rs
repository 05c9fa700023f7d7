//! What clients send about logs.

use async_graphql::{ID, InputObject};

use super::model::{LoginLogFilter, LoginLogSort, LoginOutcome, OperationLogFilter, OperationLogSort};
use crate::audit::OperationStatus;
use crate::db::page::Direction;
use crate::domains::TimeRange;
use crate::error::Result;
use crate::validate::Check;

/// Which attempts to log in a list holds; every given condition must be met.
#[derive(InputObject)]
#[graphql(name = "LoginLogFilter")]
pub struct LoginLogFilterInput {
    /// Those for this user.
    pub user_id: Option<ID>,
    /// Those with exactly this user name, as it was typed.
    pub username: Option<String>,
    /// Those that ended like this.
    pub outcome: Option<LoginOutcome>,
    /// Those from exactly this IP address.
    pub ip: Option<String>,
    /// When they happened.
    pub created_at: Option<TimeRange>,
}

impl LoginLogFilterInput {
    pub fn check(&self) -> Result<LoginLogFilter> {
        let mut check = Check::default();
        let filter = LoginLogFilter {
            user: self.user_id.as_ref().and_then(|id| check.id("filter.userId", id)),
            username: check.optional_line("filter.username", self.username.as_deref(), 64),
            outcome: self.outcome,
            ip: check.optional_line("filter.ip", self.ip.as_deref(), 45),
            created: self.created_at,
        };
        check.finish().map(|()| filter)
    }
}

/// One key of a login list's order.
#[derive(InputObject)]
pub struct LoginLogOrder {
    /// What to sort by.
    pub field: LoginLogSort,
    /// Which way; ascending if not given.
    #[graphql(default)]
    pub direction: Direction,
}

/// Which operations a list holds; every given condition must be met.
#[derive(InputObject)]
#[graphql(name = "OperationLogFilter")]
pub struct OperationLogFilterInput {
    /// Those of this user.
    pub user_id: Option<ID>,
    /// Those of a user who had exactly this user name at the time.
    pub username: Option<String>,
    /// Those of exactly this root field, such as `updateUser`.
    pub field: Option<String>,
    /// Those that changed this object: its history. It is empty for a user, a department or a session outside of your row
    /// scope, and for deleted ones unless your row scope is everything.
    pub target_id: Option<ID>,
    /// Those that ended like this.
    pub status: Option<OperationStatus>,
    /// Those of the request with this trace id.
    pub trace_id: Option<String>,
    /// Those from exactly this IP address.
    pub ip: Option<String>,
    /// When they ended.
    pub created_at: Option<TimeRange>,
}

impl OperationLogFilterInput {
    pub fn check(&self) -> Result<OperationLogFilter> {
        let mut check = Check::default();
        let filter = OperationLogFilter {
            user: self.user_id.as_ref().and_then(|id| check.id("filter.userId", id)),
            username: check.optional_line("filter.username", self.username.as_deref(), 64),
            field: check.optional_line("filter.field", self.field.as_deref(), 64),
            target: self.target_id.as_ref().and_then(|id| check.any_id("filter.targetId", id)),
            status: self.status,
            trace_id: check.optional_line("filter.traceId", self.trace_id.as_deref(), 128),
            ip: check.optional_line("filter.ip", self.ip.as_deref(), 45),
            created: self.created_at,
        };
        check.finish().map(|()| filter)
    }
}

/// One key of an operation list's order.
#[derive(InputObject)]
pub struct OperationLogOrder {
    /// What to sort by.
    pub field: OperationLogSort,
    /// Which way; ascending if not given.
    #[graphql(default)]
    pub direction: Direction,
}
