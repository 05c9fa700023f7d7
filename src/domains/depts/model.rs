//! The rows of departments.

use diesel::prelude::*;
use serde::Serialize;

use super::super::{Status, TimeRange};
use crate::audit::Audited;
use crate::clock::Timestamp;
use crate::db::page::{Direction, Order, SortKey};
use crate::db::schema::{dept_closure, depts};
pub use crate::ids::DeptId;

#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = depts, treat_none_as_null = true)]
#[serde(rename_all = "camelCase")]
pub struct Dept {
    pub id: DeptId,
    pub name: String,
    pub sort: i32,
    pub leader: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub status: Status,
    pub parent_id: Option<DeptId>,
    pub version: i32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Audited for Dept {
    fn target(&self) -> String {
        self.id.to_string()
    }
}

/// One department as one of its ancestors' descendants; its own at depth 0.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = dept_closure)]
pub struct Descent {
    pub ancestor_id: DeptId,
    pub descendant_id: DeptId,
    pub depth: i32,
}

#[derive(Clone, Debug, Default)]
pub struct DeptFilter {
    /// In the name or the leader, in any case.
    pub text: Option<String>,
    pub status: Option<Status>,
    /// This one and everything below it.
    pub below: Option<DeptId>,
    /// Only the direct children of this one.
    pub parent: Option<DeptId>,
    /// Only those without a parent.
    pub roots: bool,
    pub created: Option<TimeRange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, async_graphql::Enum)]
/// What departments can be sorted by.
pub enum DeptSort {
    /// The number that an administrator gave.
    Sort,
    /// The name, by code point.
    Name,
    /// When it was made.
    CreatedAt,
}

impl DeptSort {
    fn key(self) -> SortKey<depts::table, Dept> {
        match self {
            Self::Sort => SortKey::new("sort", depts::sort, |dept: &Dept| dept.sort),
            Self::Name => SortKey::new("name", depts::name, |dept: &Dept| dept.name.clone()),
            Self::CreatedAt => SortKey::new("created", depts::created_at, |dept: &Dept| dept.created_at),
        }
    }
}

/// The order of a list: as asked, or by the administrator's number; the id makes it total.
pub fn order(by: &[(DeptSort, Direction)]) -> Order<depts::table, Dept> {
    let by = if by.is_empty() { &[(DeptSort::Sort, Direction::Asc)] } else { by };
    Order::by(by, |sort| sort.key(), SortKey::new("id", depts::id, |dept: &Dept| dept.id))
}
