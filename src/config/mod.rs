//! The settings: one file for each section, all read together, all problems listed at once.
//!
//! | file | holds |
//! |---|---|
//! | `http.rs`, `database.rs`, `cache.rs`, `auth.rs`, `login.rs`, `password.rs`, `log.rs`, `demo.rs` | a section each: its flags and variables with their help, and what they become |
//! | `setting.rs` | one setting as text, and the pass that reads all of them |
//! | `values.rs` | durations, sizes, switches |
//! | `env.rs` | `.env`, and variables that no setting has |
//! | `data_dir.rs` | the data directory, and the secret kept in it |
//! | `show.rs` | what `orgraph config` prints |
//!
//! A new setting is one field in the `…Settings` of its section, one in what these become, one line in that section's
//! `read`, one in `.env.example`, and a row in README's table. It has a flag and a variable of the same name; what the
//! flag says comes first, then the environment, then `.env`, then the default.

mod auth;
mod cache;
pub mod data_dir;
mod database;
mod demo;
mod env;
mod http;
mod log;
mod login;
mod password;
mod setting;
mod show;
#[cfg(test)]
mod tests;
mod values;

use tracing_subscriber::EnvFilter;

pub use auth::Auth;
pub use cache::Cache;
pub use database::Database;
pub use demo::Demo;
pub use env::{load_dotenv, unknown_variables};
pub use http::{Http, Listen};
pub use setting::{Problems, mask_url};
pub use show::show;

/// The settings as text, for clap.
#[derive(Debug, clap::Args)]
pub struct Settings {
    #[command(flatten)]
    http: http::HttpSettings,
    #[command(flatten)]
    database: database::DatabaseSettings,
    #[command(flatten)]
    cache: cache::CacheSettings,
    #[command(flatten)]
    auth: auth::AuthSettings,
    #[command(flatten)]
    log: log::LogSettings,
    #[command(flatten)]
    demo: demo::DemoSettings,
}

/// The settings, read and found to be good.
#[derive(Debug)]
pub struct Config {
    pub http: Http,
    pub database: Database,
    pub cache: Cache,
    pub auth: Auth,
    pub log: EnvFilter,
    /// The example organisation to add, if one is asked for.
    pub demo: Option<Demo>,
    /// What the operator should know although it stops nothing.
    pub warnings: Vec<String>,
}

impl Config {
    pub fn read(settings: &Settings) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let http = settings.http.read(&mut problems);
        let database = settings.database.read(&mut problems);
        let cache = settings.cache.read(&mut problems);
        let auth = settings.auth.read(&mut problems);
        if let (Some(cache), Some(auth)) = (&cache, &auth)
            && cache.redis_url.is_some()
            && auth.token_secrets.is_none()
        {
            problems.add(
                "ORGRAPH_TOKEN_SECRET (--token-secret) is missing: nodes that share a Redis need the same secret \
                 (`openssl rand -hex 32` makes a good one)."
                    .to_owned(),
            );
        }
        let log = settings.log.read(&mut problems);
        let demo = settings.demo.read(&mut problems);
        let all = || {
            Some(Self {
                http: http?,
                database: database?,
                cache: cache?,
                auth: auth?,
                log: log?,
                demo: demo?,
                warnings: Vec::new(),
            })
        };
        match all() {
            Some(config) if problems.is_empty() => Ok(config.with_warnings(settings)),
            _ => Err(problems),
        }
    }

    fn with_warnings(mut self, settings: &Settings) -> Self {
        if self.demo.is_none() && settings.demo.is_sized() {
            self.warnings.push("The sizes of the example organisation do nothing without --demo.".into());
        }
        self
    }
}
