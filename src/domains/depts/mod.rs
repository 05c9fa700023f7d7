//! Departments: a tree that users belong to and that row scopes are drawn along.
//!
//! Owns `depts` and `dept_closure` (each department with every one of its ancestors).
//! Does not own who belongs to a department (`users`) or which roles are scoped to it (`roles`).
//! Permissions: `sys:dept:read`, `sys:dept:add`, `sys:dept:edit`, `sys:dept:del`.

pub mod cache;
pub mod graphql;
pub mod input;
pub mod loader;
pub mod model;
mod repository;
pub mod service;
