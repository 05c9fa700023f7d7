//! The rows of logs.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::TimeRange;
use crate::audit::OperationStatus;
use crate::clock::Timestamp;
use crate::db::page::{Direction, Order, SortKey};
use crate::db::schema::{login_logs, operation_logs};
use crate::db::types::{Json, smallint_enum};
pub use crate::ids::{LoginLogId, OperationLogId};
use crate::ids::{SessionId, UserId};

/// How an attempt to log in ended. The client is told no more than that it failed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum, AsExpression, FromSqlRow, Serialize, Deserialize,
)]
#[diesel(sql_type = diesel::sql_types::SmallInt)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LoginOutcome {
    /// A session was begun.
    Succeeded,
    /// Nobody has this user name.
    UnknownUser,
    /// The password was not the user's.
    WrongPassword,
    /// The user is disabled.
    UserDisabled,
    /// The user's department is disabled, or one that it lies in.
    DeptDisabled,
    /// The user has no password to log in with.
    NoPassword,
    /// Too many wrong passwords before: the account is locked for a while, whatever the password.
    Locked,
    /// A captcha was wanted, and there was none, or the wrong answer.
    CaptchaRefused,
    /// Too many attempts with this user name, or from this address. Only the first one of a minute is noted.
    RateLimited,
}
smallint_enum!(LoginOutcome {
    Succeeded = 1,
    UnknownUser = 2,
    WrongPassword = 3,
    UserDisabled = 4,
    DeptDisabled = 5,
    NoPassword = 6,
    Locked = 7,
    CaptchaRefused = 8,
    RateLimited = 9,
});

/// An attempt to log in, as the one who has judged it knows it.
pub struct NewLoginLog {
    /// Null for an unknown user.
    pub user_id: Option<UserId>,
    /// As it was typed; it is shortened to what the column holds.
    pub username: String,
    pub outcome: LoginOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = login_logs)]
pub struct LoginLog {
    pub id: LoginLogId,
    pub user_id: Option<UserId>,
    pub username: String,
    pub outcome: LoginOutcome,
    pub ip: String,
    pub user_agent: Option<String>,
    pub os: Option<String>,
    pub browser: Option<String>,
    pub device: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = operation_logs)]
pub struct OperationLog {
    pub id: OperationLogId,
    pub trace_id: String,
    pub user_id: Option<UserId>,
    pub username: Option<String>,
    pub session_id: Option<SessionId>,
    pub operation: Option<String>,
    pub field: String,
    pub input: Json,
    pub targets: Json,
    pub changes: Json,
    pub status: OperationStatus,
    pub code: Option<String>,
    pub message: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub os: Option<String>,
    pub browser: Option<String>,
    pub device: Option<String>,
    pub duration_us: i64,
    pub created_at: Timestamp,
}

impl OperationLog {
    /// The ids of what was changed.
    pub fn target_ids(&self) -> impl Iterator<Item = &str> {
        self.targets.0.as_array().into_iter().flatten().filter_map(|target| target.as_str())
    }
}

#[derive(Clone, Debug, Default)]
pub struct LoginLogFilter {
    pub user: Option<UserId>,
    pub username: Option<String>,
    pub outcome: Option<LoginOutcome>,
    pub ip: Option<String>,
    pub created: Option<TimeRange>,
}

#[derive(Clone, Debug, Default)]
pub struct OperationLogFilter {
    pub user: Option<UserId>,
    pub username: Option<String>,
    pub field: Option<String>,
    /// The id of an object that was changed. No record has an empty one.
    pub target: Option<String>,
    pub status: Option<OperationStatus>,
    pub trace_id: Option<String>,
    pub ip: Option<String>,
    pub created: Option<TimeRange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
/// What logins can be sorted by.
pub enum LoginLogSort {
    /// When it happened.
    CreatedAt,
    /// The user name, by code point.
    Username,
}

impl LoginLogSort {
    fn key(self) -> SortKey<login_logs::table, LoginLog> {
        match self {
            Self::CreatedAt => SortKey::new("created", login_logs::created_at, |log: &LoginLog| log.created_at),
            Self::Username => SortKey::new("username", login_logs::username, |log: &LoginLog| log.username.clone()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
/// What operations can be sorted by.
pub enum OperationLogSort {
    /// When it ended.
    CreatedAt,
    /// How long it took.
    Duration,
}

impl OperationLogSort {
    fn key(self) -> SortKey<operation_logs::table, OperationLog> {
        match self {
            Self::CreatedAt => SortKey::new("created", operation_logs::created_at, |log: &OperationLog| log.created_at),
            Self::Duration => {
                SortKey::new("duration", operation_logs::duration_us, |log: &OperationLog| log.duration_us)
            }
        }
    }
}

/// The order of a list of logins: as asked, or the newest first; the id makes it total.
pub fn login_order(by: &[(LoginLogSort, Direction)]) -> Order<login_logs::table, LoginLog> {
    let by = if by.is_empty() { &[(LoginLogSort::CreatedAt, Direction::Desc)] } else { by };
    Order::by(by, |sort| sort.key(), SortKey::new("id", login_logs::id, |log: &LoginLog| log.id))
}

/// The order of a list of operations: as asked, or the newest first; the id makes it total.
pub fn operation_order(by: &[(OperationLogSort, Direction)]) -> Order<operation_logs::table, OperationLog> {
    let by = if by.is_empty() { &[(OperationLogSort::CreatedAt, Direction::Desc)] } else { by };
    Order::by(by, |sort| sort.key(), SortKey::new("id", operation_logs::id, |log: &OperationLog| log.id))
}
