//! Everything that knows which database is in use.
//!
//! | file | holds |
//! |---|---|
//! | `conn.rs` | the two-variant connection and `on_backend!`, the only split between back ends |
//! | `pool.rs` | opening the database, its pools, counting statements |
//! | `tls.rs` | `sslmode` of a PostgreSQL URL |
//! | `migrate.rs` | embedded migrations |
//! | `types.rs`, `typeid.rs` | column types with one meaning everywhere, ids and their text form |
//! | `functions.rs` | SQL functions |
//! | `fragment.rs` | filters and orders put together at run time |
//! | `page.rs` | pages, cursors |
//! | `scoped.rs` | row scopes as conditions |
//! | `invalidations.rs` | what each change has made stale in the caches of other processes |
//! | `schema.rs` | the tables, printed from a migrated PostgreSQL by `diesel print-schema` |

pub(crate) mod conn;
pub mod fragment;
mod functions;
pub(crate) mod invalidations;
pub mod migrate;
pub mod page;
mod pool;
pub mod schema;
pub mod scoped;
mod tls;
pub(crate) mod typeid;
pub mod types;

pub use conn::{Conn, Lock};
pub(crate) use functions::lower;
pub use pool::{Backend, Database, Error as OpenError};

/// The name of a violated unique constraint. PostgreSQL tells it; SQLite tells `users.name` for a constraint,
/// which PostgreSQL would by default call `users_name_key`, and `index 'name'` for an index on an expression.
pub(crate) fn constraint_name(told: Option<&str>, message: &str) -> String {
    if let Some(name) = told {
        return name.into();
    }
    let what = message.rsplit("failed: ").next().unwrap_or(message);
    if let Some(index) = what.strip_prefix("index '") {
        return index.trim_end_matches('\'').into();
    }
    let mut columns = what.split(", ").filter_map(|column| column.split_once('.'));
    let Some((table, first)) = columns.next() else {
        return what.into();
    };
    let rest = columns.map(|(_, column)| format!("_{column}"));
    format!("{table}_{first}{}_key", rest.collect::<String>())
}
