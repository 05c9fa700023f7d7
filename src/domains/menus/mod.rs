//! Menus: the tree of what a front end shows, and the permission codes that roles grant through it.
//!
//! Owns `menus`, and works out side bars. Does not own which roles have a menu (`roles`).
//! Permissions: `sys:menu:read`, `sys:menu:add`, `sys:menu:edit`, `sys:menu:del`.

mod cache;
pub mod graphql;
pub mod input;
pub mod loader;
pub mod model;
mod repository;
pub mod service;
pub mod sidebar;
mod tree;
