//! The integration tests: real servers on fresh databases, spoken to over HTTP as clients do.
//!
//! One binary, so that PostgreSQL is started once for all of them: run it with `cargo test`.
//!
//! | module | proves |
//! |---|---|
//! | `support/` | nothing: it makes databases, servers and clients |
//! | `architecture` | who may import what |
//! | `combinations` | rights count together with the rows that they are for |
//! | `guard` | a forgotten commit and a panic are failures with a record |
//! | `http` | the HTTP end: what it takes and refuses, connections, stopping |
//! | `passwords` | what new passwords must be like, on every path that sets one |
//! | `protection` | limits, captchas and locks for logins, and that refusals take the same time |
//! | `conversation` | the way of a front end from the login to the record of a change, as snapshots |
//! | `migrations` | both back ends have the same tables, and come up, down and up again |
//! | `nodes` | what one node changes holds on all of them, with Redis, without it, and while it is away |
//! | `permissions` | every root field and guarded edge against every kind of viewer |
//! | `schema` | `schema.graphql` is current, described, and declares every right |
//! | `cache` | the same promises of the cache in memory, in Redis, and of two on one Redis |
//! | `places` | Redis behind TLS, sentinels and a cluster |
//! | `cookies` | the refresh cookie, and whose pages may use it |
//! | `auth` | logging in and out, tokens, sessions |
//! | `database` | requests while connections close or are few, a commit that fails, links that stay, foreign tables |
//! | `crash` | a killed server loses nothing that it has acknowledged |
//! | `detours` | nobody comes by a detour to what the direct way refuses, and nobody in a hurry loses or blocks anything |
//! | `input` | bad input is one clear error, and changes nothing |
//! | `lifetimes` | how long sessions last: unused ones, their uses, refresh tokens that come twice |
//! | `records` | every write leaves its record, without secrets |
//! | `rules` | the rules above permissions: nobody grants what they lack, outranks a superuser, or locks themselves out |
//! | `scopes` | what is outside of a row scope is not there |
//! | `sessions` | who sees sessions, and what ends them |
//! | `sidebar` | the side bar follows every change at once |
//! | `tls` | each `sslmode` of PostgreSQL's URL checks what it promises |
//! | `statements` | the number of SQL statements does not depend on the number of rows |
//!
//! A test is a function over a [`TestApp`](support::TestApp), named once in `on_each_database!`, and runs on SQLite,
//! on PostgreSQL, and on PostgreSQL with Redis. Where PostgreSQL or Redis is not installed, what needs it is skipped with a note;
//! `ORGRAPH_TEST_REQUIRE=postgres,redis` makes that a failure.

mod architecture;
mod auth;
mod cache;
mod combinations;
mod conversation;
mod cookies;
mod crash;
mod database;
mod detours;
mod guard;
mod http;
mod input;
mod lifetimes;
mod migrations;
mod nodes;
mod passwords;
mod permissions;
mod places;
mod protection;
mod records;
mod rules;
mod schema;
mod scopes;
mod sessions;
mod sidebar;
mod statements;
mod support;
mod tls;
