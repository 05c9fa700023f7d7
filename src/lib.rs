//! Orgraph: a GraphQL admin API server.
//!
//! The map, from the outside in:
//!
//! | module | what happens there, and only there |
//! |---|---|
//! | [`http`] | requests become a viewer and an operation |
//! | [`graphql`] | documents pass the gate; rights on fields are enforced; loaders, connections, the schema |
//! | [`domains`] | the nouns: users, roles, menus, departments, sessions, logs, and logging in |
//! | [`audit`] | transactions that write, and the record each leaves |
//! | [`security`] | the viewer, the permission catalogue, row scopes, tokens, passwords |
//! | [`cache`] | what is kept between requests |
//! | [`db`] | the database: back ends, pools, migrations, column types, pages |
//! | [`app`] | everything above a request, built once |
//! | [`config`] | settings |
//! | [`seed`], [`demo`] | first data; an example organisation |
//! | [`error`], [`validate`], [`clock`], [`ids`], [`telemetry`] | small things that all share |

pub mod app;
pub mod audit;
pub mod cache;
pub mod clock;
pub mod config;
pub mod db;
pub mod demo;
pub mod domains;
pub mod error;
pub mod graphql;
pub mod http;
pub mod ids;
pub mod security;
pub mod seed;
pub mod telemetry;
pub mod validate;
