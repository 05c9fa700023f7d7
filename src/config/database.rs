//! Where the data is.

use std::fmt;
use std::path::PathBuf;

use super::setting::{Problems, Setting, URL, mask_url};
use crate::db::Backend;

#[derive(Clone)]
pub struct Database {
    /// For the SQLite database and the generated secret, where the rest of the settings leaves a need for them.
    pub data_dir: PathBuf,
    pub backend: Backend,
    /// The most connections that are open at once.
    pub connections: u32,
}

impl Database {
    /// The URL of the back end, without a password.
    pub fn url(&self) -> String {
        match &self.backend {
            Backend::Postgres { url } => mask_url(url),
            Backend::Sqlite { path } => format!("sqlite://{}", path.display()),
        }
    }

    /// Which database it is, for people: nothing secret.
    pub fn place(&self) -> String {
        match &self.backend {
            Backend::Postgres { url } => format!("PostgreSQL at {}", mask_url(url)),
            Backend::Sqlite { path } => format!("SQLite in {}", path.display()),
        }
    }
}

/// Without the password in the URL.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("data_dir", &self.data_dir)
            .field("url", &self.url())
            .field("connections", &self.connections)
            .finish()
    }
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Data")]
pub struct DatabaseSettings {
    /// Directory for the SQLite database and the generated token secret; made when it is needed
    #[arg(long, global = true, env = "ORGRAPH_DATA_DIR", value_name = "DIRECTORY", default_value = "./data")]
    data_dir: Setting,

    /// postgres://user:password@host:port/database?sslmode=… (PostgreSQL 13 or later), or sqlite://path/to/file.db
    /// [default: orgraph.db in the data directory]
    #[arg(long, global = true, env = "ORGRAPH_DATABASE_URL", value_name = "URL", value_parser = URL)]
    #[arg(hide_env_values = true)]
    database_url: Option<Setting>,

    /// The most database connections open at once; on PostgreSQL up to half of them write (1 to 500)
    #[arg(long, global = true, env = "ORGRAPH_DATABASE_CONNECTIONS", value_name = "NUMBER", default_value = "16")]
    database_connections: Setting,
}

impl DatabaseSettings {
    pub(super) fn read(&self, problems: &mut Problems) -> Option<Database> {
        let data_dir = problems.read(&self.data_dir, |text| match text {
            "" => Err("must name a directory".into()),
            text if text.contains('\0') => Err("cannot contain a null character".into()),
            text => Ok(PathBuf::from(text)),
        });
        let backend = problems.read_some(self.database_url.as_ref(), Backend::parse);
        let connections = problems.number(&self.database_connections, 1, 500);
        let data_dir = data_dir?;
        Some(Database {
            backend: backend?.unwrap_or_else(|| Backend::Sqlite { path: data_dir.join("orgraph.db") }),
            data_dir,
            connections: connections?,
        })
    }
}
