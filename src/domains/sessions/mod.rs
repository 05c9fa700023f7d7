//! Sessions: what a login makes and a logout ends. They are rows, so they survive restarts and can be listed and ended.
//!
//! Owns `sessions` and `refresh_tokens`. Who may open one is decided in `auth`, and who may end another's in `users`.
//! Permissions: `monitor:session:read`, `monitor:session:kick`.

pub mod cache;
pub mod graphql;
pub mod input;
pub mod loader;
pub mod model;
mod repository;
pub mod service;
