//! Which rows a viewer may see.

use serde::{Deserialize, Serialize};

use crate::ids::{DeptId, UserId};

/// The rows of scoped tables (users, departments, sessions, logs) that are there for a viewer.
///
/// Repository functions on such tables take one, so that none can be called without; what cannot be worked
/// out is [`Scope::Nothing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    Nothing,
    /// Oneself, and what belongs to these departments.
    Limited {
        /// Oneself, if one is not a member of any of these departments anyway.
        user: Option<UserId>,
        /// Departments with everything below them.
        subtrees: Vec<DeptId>,
        /// Departments alone.
        depts: Vec<DeptId>,
    },
    All,
}

impl Scope {
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}
