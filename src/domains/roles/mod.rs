//! Roles: what their holders may do (through menus) and whose rows they see (data scope).
//!
//! Owns `roles`, `role_menus`, `role_depts` (departments of a custom data scope) and `user_roles`.
//! Does not own menus with their permission codes (`menus`) or who a user is (`users`).
//! Permissions: `sys:role:read`, `sys:role:add`, `sys:role:edit`, `sys:role:del`, `sys:role:menu:edit`,
//! `sys:role:scope:edit`.

pub mod cache;
pub mod graphql;
pub mod input;
pub mod loader;
pub mod model;
mod repository;
pub mod service;
