//! What clients send about roles.

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::model::{DataScope, RoleFilter, RoleSort};
use crate::db::page::Direction;
use crate::domains::{Status, TimeRange};
use crate::error::Result;
use crate::validate::Check;

/// Which roles a list holds; every given condition must be met.
#[derive(InputObject)]
#[graphql(name = "RoleFilter")]
pub struct RoleFilterInput {
    /// In the name, anywhere, in any case.
    pub text: Option<String>,
    /// Enabled or disabled ones.
    pub status: Option<Status>,
    /// Those with this data scope.
    pub data_scope: Option<DataScope>,
    /// When they were made.
    pub created_at: Option<TimeRange>,
}

impl RoleFilterInput {
    pub fn check(&self) -> Result<RoleFilter> {
        let mut check = Check::default();
        let filter = RoleFilter {
            text: check.optional_line("filter.text", self.text.as_deref(), 64),
            status: self.status,
            data_scope: self.data_scope,
            created: self.created_at,
        };
        check.finish().map(|()| filter)
    }
}

/// One key of a role list's order.
#[derive(InputObject)]
pub struct RoleOrder {
    /// What to sort by.
    pub field: RoleSort,
    /// Which way; ascending if not given.
    #[graphql(default)]
    pub direction: Direction,
}

/// A new role. It grants nothing, and shows its holders nobody but themselves, until menus and a data scope are set.
#[derive(InputObject)]
pub struct CreateRoleInput {
    /// Its name: up to 32 characters, unlike any other role's.
    pub name: String,
    /// Whether it is in use; enabled if not given.
    pub status: Option<Status>,
    /// A note of up to 1,000 characters.
    pub remark: Option<String>,
}

/// Changes to a role. What is left out stays as it is; null clears what may be empty, and changes nothing else.
#[derive(InputObject)]
pub struct UpdateRoleInput {
    /// Which role.
    pub id: ID,
    /// The version that the change is based on.
    pub version: i32,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is in use. A disabled role grants nothing.
    pub status: Option<Status>,
    /// A note.
    pub remark: MaybeUndefined<String>,
}

/// The roles to delete.
#[derive(InputObject)]
pub struct DeleteRolesInput {
    /// Which roles; nobody may hold them. All are deleted, or none.
    pub ids: Vec<ID>,
}

/// The menus of a role, and so its permissions.
#[derive(InputObject)]
pub struct SetRoleMenusInput {
    /// Which role.
    pub role_id: ID,
    /// All its menus from now on. You can add only menus whose permissions you hold.
    pub menu_ids: Vec<ID>,
}

/// The data scope of a role.
#[derive(InputObject)]
pub struct SetRoleDataScopeInput {
    /// Which role.
    pub role_id: ID,
    /// Whose rows its holders see.
    pub data_scope: DataScope,
    /// The departments of the scope `CUSTOM`, at least one; not given for any other scope.
    pub dept_ids: Option<Vec<ID>>,
}
