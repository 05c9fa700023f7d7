//! What all parts of the schema share, and the one gate that every document passes.
//!
//! | file | holds |
//! |---|---|
//! | `schema.rs` | the roots, put together from the domains |
//! | `execute.rs` | the way of a request: gate, engine, answer |
//! | `gate/` | limits, and the document as the engine may see it |
//! | `guard.rs` | rights: declared as directives, enforced from them |
//! | `batch.rs` | DataLoaders, one set per request |
//! | `connection.rs` | Relay connections |
//! | `inline.rs` | objects whose fields are resolved without a task for each |
//! | `node.rs` | `node` and `nodes` |
//! | `context.rs`, `scalars.rs` | what resolvers find; scalars |

mod batch;
mod connection;
mod context;
mod execute;
pub mod gate;
pub mod guard;
mod inline;
mod node;
mod scalars;
mod schema;

pub use batch::{Batch, Queue};
pub use connection::{Connection, PageInfo, total_if_wanted};
pub use context::{ContextExt, RequestState, load, load_many};
pub use execute::{Operation, execute, finish, is_request_error};
pub use guard::{Field, edge, mutation, query};
pub use inline::Inline;
pub use schema::{Schema, build as schema, sdl};
