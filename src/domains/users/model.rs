//! The rows of users.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::{Status, TimeRange};
use crate::app::Lockout;
use crate::audit::Audited;
use crate::clock::Timestamp;
use crate::db::page::{Direction, Order, SortKey};
use crate::db::schema::{user_password_history, users};
pub use crate::ids::UserId;
use crate::ids::{DeptId, PasswordHistoryId, RoleId};

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize, Deserialize)]
#[diesel(table_name = users, treat_none_as_null = true)]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub nickname: String,
    #[serde(rename = "password")]
    pub password_hash: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub avatar: Option<String>,
    pub status: Status,
    pub is_superuser: bool,
    pub is_staff: bool,
    pub is_multi_login: bool,
    pub dept_id: Option<DeptId>,
    pub joined_at: Timestamp,
    /// Written by logins, which raise no version: an update must not bring back the one that it has read.
    #[diesel(skip_update)]
    pub last_login_at: Option<Timestamp>,
    pub password_changed_at: Option<Timestamp>,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Wrong passwords in a row; written by logins, as the time of the last one is.
    #[diesel(skip_update)]
    pub failed_logins: i32,
    #[diesel(skip_update)]
    pub failed_login_at: Option<Timestamp>,
    /// Whether the password has to be changed before anything else can be done with it.
    pub must_change_password: bool,
}

impl Audited for User {
    const SECRETS: &'static [&'static str] = &["password"];

    fn target(&self) -> String {
        self.id.to_string()
    }
}

impl User {
    /// A new account with nothing but a name: enabled, with no rights, no department and no password.
    pub fn new(username: String, now: Timestamp) -> Self {
        Self {
            id: UserId::new(),
            nickname: username.clone(),
            username,
            password_hash: None,
            email: None,
            phone: None,
            avatar: None,
            status: Status::Enabled,
            is_superuser: false,
            is_staff: false,
            is_multi_login: false,
            dept_id: None,
            joined_at: now,
            last_login_at: None,
            password_changed_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
            failed_logins: 0,
            failed_login_at: None,
            must_change_password: false,
        }
    }

    /// How long logins are refused, if they are.
    pub fn locked_until(&self, lockout: &Lockout, now: Timestamp) -> Option<Timestamp> {
        let until = self.failed_login_at?.plus(lockout.duration);
        (lockout.is_reached(self.failed_logins) && now < until).then_some(until)
    }

    pub fn is_enabled(&self) -> bool {
        self.status == Status::Enabled
    }
}

/// A password that a user has had.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = user_password_history)]
pub struct PasswordHistory {
    pub id: PasswordHistoryId,
    pub user_id: UserId,
    pub password_hash: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// In the user name or the nickname, in any case.
    pub text: Option<String>,
    pub status: Option<Status>,
    /// Members of this department or of one below it.
    pub dept: Option<DeptId>,
    pub has_dept: Option<bool>,
    /// Holders of this role.
    pub role: Option<RoleId>,
    pub is_superuser: Option<bool>,
    pub is_staff: Option<bool>,
    pub created: Option<TimeRange>,
    pub last_login: Option<TimeRange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
/// What users can be sorted by.
pub enum UserSort {
    /// The user name, by code point.
    Username,
    /// The nickname, by code point.
    Nickname,
    /// Disabled ones, then enabled ones.
    Status,
    /// When the account was made.
    CreatedAt,
}

impl UserSort {
    fn key(self) -> SortKey<users::table, User> {
        match self {
            Self::Username => SortKey::new("username", users::username, |user: &User| user.username.clone()),
            Self::Nickname => SortKey::new("nickname", users::nickname, |user: &User| user.nickname.clone()),
            Self::Status => SortKey::new("status", users::status, |user: &User| user.status),
            Self::CreatedAt => SortKey::new("created", users::created_at, |user: &User| user.created_at),
        }
    }
}

/// The order of a list: as asked, or as they were made; the id makes it total.
pub fn order(by: &[(UserSort, Direction)]) -> Order<users::table, User> {
    Order::by(by, |sort| sort.key(), SortKey::new("id", users::id, |user: &User| user.id))
}
