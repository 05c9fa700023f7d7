//! One folder per noun. Services and repositories depend on each other in one direction only:
//!
//! ```text
//! auth → users → roles → menus      users → sessions
//!          └──────┴───→ depts       auth → logs
//! ```
//!
//! One thing points back: a changed menu makes the snapshot of what roles grant stale, and that takes the side bars along,
//! so `menus` names its cache key.
//! What a change to a department or a menu does to holders of roles, roles know: `graphql.rs` hands their rule down
//! ([`Ceiling`]).
//! Objects of the schema (`graphql.rs`, `loader.rs`) refer to each other freely, as edges do.
//!
//! | file | holds | may use |
//! |---|---|---|
//! | `mod.rs` | what the domain owns: tables, permissions | – |
//! | `model.rs` | rows, filters, sort keys | diesel's derives |
//! | `repository.rs` | private; queries only | diesel, `db` |
//! | `service.rs` | the rules; owns writes and what they make stale | other services and models |
//! | `input.rs` | what clients send | async-graphql |
//! | `graphql.rs` | objects, queries, mutations: declare the right, call the service, wrap | async-graphql, any `loader` |
//! | `loader.rs` | one key type per question that edges ask | async-graphql, `repository` |
//! | `cache.rs` | what is kept between requests | `cache` |

pub mod auth;
pub mod depts;
pub mod logs;
pub mod menus;
pub mod roles;
pub mod sessions;
pub mod users;

use futures_util::future::BoxFuture;

use crate::audit::Write;
use crate::clock::Timestamp;
use crate::db::types::smallint_enum;
use crate::error::Result;
use crate::security::Viewer;

/// Refuses a change that gives somebody rights which the viewer lacks, or takes such away.
pub type Ceiling<Id> = for<'a> fn(&'a mut Write<'_>, &'a Viewer, Id) -> BoxFuture<'a, Result<()>>;

/// Whether something is in use.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    async_graphql::Enum,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
    serde::Serialize,
    serde::Deserialize,
)]
#[diesel(sql_type = diesel::sql_types::SmallInt)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Switched off: it is kept, and has no effect.
    Disabled,
    /// In use.
    Enabled,
}
smallint_enum!(Status { Disabled = 0, Enabled = 1 });

/// A span of time. Either end may be left open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, async_graphql::InputObject)]
pub struct TimeRange {
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// Adds the two ends of a [`TimeRange`] to a filter.
macro_rules! and_within {
    ($filter:expr, $range:expr, $column:expr) => {
        if let Some(range) = $range {
            $filter.require_some(range.from, |from| $column.ge(from));
            $filter.require_some(range.until, |until| $column.lt(until));
        }
    };
}
pub(crate) use and_within;
