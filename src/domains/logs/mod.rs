//! Logs: every attempt to log in, and every operation that changed something or was to.
//!
//! Owns `login_logs`. Reads `operation_logs`, which `audit` writes. Neither is ever changed through the API.
//! Does not own the users that they are about (`users`).
//! Permissions: `log:login:read`, `log:opera:read`.

pub mod graphql;
pub mod input;
pub mod loader;
pub mod model;
pub mod readable;
mod repository;
pub mod service;
