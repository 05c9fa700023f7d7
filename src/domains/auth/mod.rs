//! Logging in and out, and who the viewer of a request is.
//!
//! Owns no table: accounts are `users`, sessions are `sessions`, attempts are `logs`.

pub mod graphql;
pub mod input;
pub mod protection;
pub mod service;
