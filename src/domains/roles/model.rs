//! The rows of roles.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::{Status, TimeRange};
use crate::audit::Audited;
use crate::clock::Timestamp;
use crate::db::page::{Direction, Order, SortKey};
use crate::db::schema::{role_depts, role_menus, roles, user_roles};
use crate::db::types::smallint_enum;
pub use crate::ids::RoleId;
use crate::ids::{DeptId, MenuId, UserId};

/// Whose rows the holders of a role see. Several roles widen: the union counts.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    async_graphql::Enum,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
    Serialize,
    Deserialize,
)]
#[diesel(sql_type = diesel::sql_types::SmallInt)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DataScope {
    /// Every row.
    All,
    /// Those of one's own department and everything below it. Without a department: oneself.
    DeptAndBelow,
    /// Those of one's own department. Without a department: oneself.
    Dept,
    /// Oneself.
    #[graphql(name = "SELF")]
    #[serde(rename = "SELF")]
    Own,
    /// Those of chosen departments.
    Custom,
}
smallint_enum!(DataScope { All = 1, DeptAndBelow = 2, Dept = 3, Own = 4, Custom = 5 });

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = roles, treat_none_as_null = true)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    pub id: RoleId,
    pub name: String,
    pub status: Status,
    pub data_scope: DataScope,
    pub remark: Option<String>,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Audited for Role {
    fn target(&self) -> String {
        self.id.to_string()
    }
}

#[derive(Clone, Copy, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = role_menus)]
pub struct RoleMenu {
    pub role_id: RoleId,
    pub menu_id: MenuId,
}

#[derive(Clone, Copy, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = role_depts)]
pub struct RoleDept {
    pub role_id: RoleId,
    pub dept_id: DeptId,
}

#[derive(Clone, Copy, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = user_roles)]
pub struct UserRole {
    pub user_id: UserId,
    pub role_id: RoleId,
}

#[derive(Clone, Debug, Default)]
pub struct RoleFilter {
    /// In the name, in any case.
    pub text: Option<String>,
    pub status: Option<Status>,
    pub data_scope: Option<DataScope>,
    pub created: Option<TimeRange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
/// What roles can be sorted by.
pub enum RoleSort {
    /// The name, by code point.
    Name,
    /// Disabled ones, then enabled ones.
    Status,
    /// When it was made.
    CreatedAt,
}

impl RoleSort {
    fn key(self) -> SortKey<roles::table, Role> {
        match self {
            Self::Name => SortKey::new("name", roles::name, |role: &Role| role.name.clone()),
            Self::Status => SortKey::new("status", roles::status, |role: &Role| role.status),
            Self::CreatedAt => SortKey::new("created", roles::created_at, |role: &Role| role.created_at),
        }
    }
}

/// The order of a list: as asked, or as they were made; the id makes it total.
pub fn order(by: &[(RoleSort, Direction)]) -> Order<roles::table, Role> {
    Order::by(by, |sort| sort.key(), SortKey::new("id", roles::id, |role: &Role| role.id))
}
