//! What clients send about users.

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::model::{UserFilter, UserSort};
use crate::db::page::Direction;
use crate::domains::{Status, TimeRange};
use crate::error::Result;
use crate::graphql::guard::sensitive;
use crate::validate::Check;

/// Which users a list holds; every given condition must be met.
#[derive(InputObject)]
#[graphql(name = "UserFilter")]
pub struct UserFilterInput {
    /// In the user name or the nickname, anywhere, in any case.
    pub text: Option<String>,
    /// Enabled or disabled ones.
    pub status: Option<Status>,
    /// Members of this department or of one below it. Needs `sys:dept:read`.
    pub dept_id: Option<ID>,
    /// Members of any department, or all others. Needs `sys:dept:read`.
    pub has_dept: Option<bool>,
    /// Holders of this role. Needs `sys:role:read`.
    pub role_id: Option<ID>,
    /// Superusers, or all others.
    pub is_superuser: Option<bool>,
    /// Staff, or all others.
    pub is_staff: Option<bool>,
    /// When the accounts were made.
    pub created_at: Option<TimeRange>,
    /// When the users last logged in: not those who never did.
    pub last_login_at: Option<TimeRange>,
}

impl UserFilterInput {
    pub fn check(&self) -> Result<UserFilter> {
        let mut check = Check::default();
        let filter = UserFilter {
            text: check.optional_line("filter.text", self.text.as_deref(), 64),
            status: self.status,
            dept: self.dept_id.as_ref().and_then(|id| check.id("filter.deptId", id)),
            has_dept: self.has_dept,
            role: self.role_id.as_ref().and_then(|id| check.id("filter.roleId", id)),
            is_superuser: self.is_superuser,
            is_staff: self.is_staff,
            created: self.created_at,
            last_login: self.last_login_at,
        };
        check.finish().map(|()| filter)
    }
}

/// One key of a user list's order.
#[derive(InputObject)]
pub struct UserOrder {
    /// What to sort by.
    pub field: UserSort,
    /// Which way; ascending if not given.
    #[graphql(default)]
    pub direction: Direction,
}

/// A new user.
#[derive(InputObject)]
pub struct CreateUserInput {
    /// The login name: 2 to 64 letters (a-z), digits, dots, underscores or hyphens; unique in any case.
    pub username: String,
    /// The first password: 8 characters to 72 bytes, and hard to guess.
    #[graphql(directive = sensitive::apply())]
    pub password: String,
    /// The name to show: up to 64 characters; the user name if not given.
    pub nickname: Option<String>,
    /// The e-mail address; unique in any case.
    #[graphql(directive = sensitive::apply())]
    pub email: Option<String>,
    /// The phone number.
    #[graphql(directive = sensitive::apply())]
    pub phone: Option<String>,
    /// The address of a picture.
    pub avatar: Option<String>,
    /// The department; null for none, if your row scope lets you see users without one.
    pub dept_id: Option<ID>,
    /// The roles, none of which may grant what you do not hold. Needs `sys:user:role:edit` if there are any.
    pub role_ids: Option<Vec<ID>>,
    /// Whether the account can be used; enabled if not given.
    pub status: Option<Status>,
    /// Whether the user may make back-office changes; false if not given.
    #[graphql(default)]
    pub is_staff: bool,
    /// Whether the user may have several sessions at once; false if not given.
    #[graphql(default)]
    pub is_multi_login: bool,
    /// Whether the user can do nothing but change the password after logging in with it; false if not given.
    #[graphql(default)]
    pub must_change_password: bool,
}

/// Changes to a user. What is left out stays as it is; null clears what may be empty, and changes nothing else.
#[derive(InputObject)]
pub struct UpdateUserInput {
    /// Which user.
    pub id: ID,
    /// The version that the change is based on.
    pub version: i32,
    /// The login name.
    pub username: Option<String>,
    /// The name to show.
    pub nickname: Option<String>,
    /// The e-mail address.
    #[graphql(directive = sensitive::apply())]
    pub email: MaybeUndefined<String>,
    /// The phone number.
    #[graphql(directive = sensitive::apply())]
    pub phone: MaybeUndefined<String>,
    /// The address of a picture.
    pub avatar: MaybeUndefined<String>,
    /// The department.
    pub dept_id: MaybeUndefined<ID>,
}

/// The users to delete.
#[derive(InputObject)]
pub struct DeleteUsersInput {
    /// Which users. All are deleted, or none.
    pub ids: Vec<ID>,
}

/// The roles of a user.
#[derive(InputObject)]
pub struct SetUserRolesInput {
    /// Which user.
    pub user_id: ID,
    /// All roles from now on. You can add only roles that grant nothing beyond what you hold.
    pub role_ids: Vec<ID>,
}

/// Whether an account can be used.
#[derive(InputObject)]
pub struct SetUserStatusInput {
    /// Which user.
    pub user_id: ID,
    /// Disabling ends all sessions of the user.
    pub status: Status,
}

/// The flags of a user. What is left out stays as it is.
#[derive(InputObject)]
pub struct SetUserFlagsInput {
    /// Which user.
    pub user_id: ID,
    /// Whether the user holds every permission. Only superusers can change this, and not for themselves.
    pub is_superuser: Option<bool>,
    /// Whether the user may make back-office changes. Nobody can change this for themselves.
    pub is_staff: Option<bool>,
    /// Whether the user may have several sessions at once.
    pub is_multi_login: Option<bool>,
}

/// A new password for somebody else.
#[derive(InputObject)]
pub struct ResetUserPasswordInput {
    /// Which user; one whose permissions you all hold.
    pub user_id: ID,
    /// The new password: 8 characters to 72 bytes, hard to guess, and not one of the last few.
    #[graphql(directive = sensitive::apply())]
    pub password: String,
    /// Whether the user can do nothing but change the password after logging in with it; true if not given.
    #[graphql(default = true)]
    pub must_change_password: bool,
}

/// A user who may log in again.
#[derive(InputObject)]
pub struct UnlockUserInput {
    /// Which user.
    pub user_id: ID,
}

/// Changes to one's own account. What is left out stays as it is; null clears what may be empty, and changes nothing else.
#[derive(InputObject)]
pub struct UpdateProfileInput {
    /// The version that the change is based on; checked if given.
    pub version: Option<i32>,
    /// The name to show.
    pub nickname: Option<String>,
    /// The address of a picture.
    pub avatar: MaybeUndefined<String>,
    /// The e-mail address.
    #[graphql(directive = sensitive::apply())]
    pub email: MaybeUndefined<String>,
    /// The phone number.
    #[graphql(directive = sensitive::apply())]
    pub phone: MaybeUndefined<String>,
}
