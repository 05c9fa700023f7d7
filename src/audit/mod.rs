//! The one way to write, and the record that every write leaves.
//!
//! A service asks the app for a [`Write`]: an open transaction that gathers what changes. Closing it puts one row
//! into `operation_logs` in the same transaction, commits, and then forgets what has become stale in the cache,
//! all before the caller hears of success. What fails or is denied is recorded by [`record_failure`] on its own.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | who acts, and the record of what has failed |
//! | `write.rs` | [`Write`] |
//! | `change.rs` | what a record says of a row: each changed field, before and after |
//! | `redact.rs` | input without what the schema marks as sensitive |

mod change;
mod redact;
mod write;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub use change::{Audited, Change, ChangeKind, FieldChange};
pub use redact::{REDACTED, redact_arguments};
pub use write::{OperationStatus, Write, record_failure};

/// One change that someone has asked for: a root field of a mutation, or a command.
pub struct Action {
    /// The root field, or the command.
    pub field: String,
    /// Its arguments, without secrets.
    pub input: serde_json::Value,
    started: Instant,
    recorded: AtomicBool,
    /// Whether changes were made that have not been committed.
    undone: AtomicBool,
}

impl Action {
    pub fn new(field: &str, input: serde_json::Value) -> Self {
        Self {
            field: field.into(),
            input,
            started: Instant::now(),
            recorded: AtomicBool::new(false),
            undone: AtomicBool::new(false),
        }
    }

    /// Whether its record is in the database already.
    pub fn is_recorded(&self) -> bool {
        self.recorded.load(Ordering::Acquire)
    }

    /// Whether it has made changes that are not in the database.
    pub fn is_undone(&self) -> bool {
        self.undone.load(Ordering::Acquire)
    }
}
