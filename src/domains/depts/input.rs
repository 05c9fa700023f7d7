//! What clients send about departments.

use async_graphql::{ID, InputObject, MaybeUndefined};

use super::model::{DeptFilter, DeptSort};
use crate::db::page::Direction;
use crate::domains::{Status, TimeRange};
use crate::error::Result;
use crate::validate::Check;

/// Which departments a list holds; every given condition must be met.
#[derive(InputObject)]
#[graphql(name = "DeptFilter")]
pub struct DeptFilterInput {
    /// In the name or the leader, anywhere, in any case.
    pub text: Option<String>,
    /// Enabled or disabled ones.
    pub status: Option<Status>,
    /// This department and everything below it.
    pub below_id: Option<ID>,
    /// The direct children of this department; null asks for those without a parent.
    pub parent_id: MaybeUndefined<ID>,
    /// When they were made.
    pub created_at: Option<TimeRange>,
}

impl DeptFilterInput {
    pub fn check(&self) -> Result<DeptFilter> {
        let mut check = Check::default();
        let filter = DeptFilter {
            text: check.optional_line("filter.text", self.text.as_deref(), 64),
            status: self.status,
            below: self.below_id.as_ref().and_then(|id| check.id("filter.belowId", id)),
            parent: self.parent_id.value().and_then(|id| check.id("filter.parentId", id)),
            roots: self.parent_id.is_null(),
            created: self.created_at,
        };
        check.finish().map(|()| filter)
    }
}

/// One key of a department list's order.
#[derive(InputObject)]
pub struct DeptOrder {
    /// What to sort by.
    pub field: DeptSort,
    /// Which way; ascending if not given.
    #[graphql(default)]
    pub direction: Direction,
}

/// A new department.
#[derive(InputObject)]
pub struct CreateDeptInput {
    /// Its name: up to 64 characters, unlike any other department's.
    pub name: String,
    /// The department that it belongs to; null for one at the top.
    pub parent_id: Option<ID>,
    /// Its place among its siblings; smaller comes first.
    #[graphql(default = 0)]
    pub sort: i32,
    /// Who leads it; up to 32 characters.
    pub leader: Option<String>,
    /// Its phone number.
    pub phone: Option<String>,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Whether it is in use; enabled if not given. Members of a disabled department cannot log in.
    pub status: Option<Status>,
}

/// Changes to a department. What is left out stays as it is; null clears what may be empty, and changes nothing else.
#[derive(InputObject)]
pub struct UpdateDeptInput {
    /// Which department.
    pub id: ID,
    /// The version that the change is based on.
    pub version: i32,
    /// Its name.
    pub name: Option<String>,
    /// The department that it moves to; null moves it to the top.
    pub parent_id: MaybeUndefined<ID>,
    /// Its place among its siblings.
    pub sort: Option<i32>,
    /// Who leads it.
    pub leader: MaybeUndefined<String>,
    /// Its phone number.
    pub phone: MaybeUndefined<String>,
    /// Its e-mail address.
    pub email: MaybeUndefined<String>,
    /// Whether it is in use.
    pub status: Option<Status>,
}

/// The department to delete.
#[derive(InputObject)]
pub struct DeleteDeptInput {
    /// Which department: one without users and children.
    pub id: ID,
}
