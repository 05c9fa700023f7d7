//! Users: accounts, their flags, their passwords.
//!
//! Owns `users` and `user_password_history`. Which roles a user holds is written through `roles`,
//! what a login makes through `sessions`. Logging in itself is `auth`.
//! Permissions: `sys:user:read`, `sys:user:contact:read`, `sys:user:add`, `sys:user:edit`, `sys:user:del`,
//! `sys:user:role:edit`, `sys:user:password:reset`, `sys:user:unlock`.

pub mod cache;
pub mod graphql;
pub mod input;
pub mod loader;
pub mod model;
mod repository;
pub mod service;
